//! OR11: what it can be asked, which orders answer, and in which order.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::order::Order;
use super::{Place, World};
use crate::payload::Shown;
use crate::reply::Problem;
use crate::state::MarketState;

/// The most orders on a page, and the most ids in one call.
const CAP: usize = 100;
/// Orders on a page where `max` is left out.
const DEFAULT_MAX: usize = 10;

/// What an OR11 asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListQuery {
    pub(crate) order_ids: Option<Vec<String>>,
    states: Option<Vec<MarketState>>,
    created: (Option<Timestamp>, Option<Timestamp>),
    updated: (Option<Timestamp>, Option<Timestamp>),
    payment_workflow: Option<String>,
    customer_debited: Option<bool>,
    has_incident: Option<bool>,
    channels: Option<Vec<String>>,
    no_channel: bool,
    customer_references: Option<Vec<String>>,
    seller_references: Option<Vec<String>>,
    tax_mode: Option<String>,
    pub(crate) max: usize,
    pub(crate) offset: usize,
    descending: bool,
}

/// The orders on a page, and how many there are on all pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) order_ids: Vec<Arc<str>>,
    pub(crate) total: usize,
}

impl ListQuery {
    /// Reads the query's parameters; unknown ones are ignored, as the marketplace does.
    pub(crate) fn read(pairs: &[(String, String)]) -> Result<Self, Problem> {
        let order_ids = list(pairs, "order_ids");
        if order_ids.as_ref().is_some_and(|ids| ids.len() > CAP) {
            return Err(Problem::invalid("order_ids", "at most 100 ids in one call"));
        }
        let states = list(pairs, "order_state_codes")
            .map(|codes| codes.into_iter().map(state).collect())
            .transpose()?;
        if !matches!(text(pairs, "sort"), None | Some("dateCreated")) {
            return Err(Problem::invalid("sort", "must be dateCreated"));
        }
        let descending = match text(pairs, "order") {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(_) => return Err(Problem::invalid("order", "must be asc or desc")),
        };
        let max = match number(pairs, "max")? {
            Some(0) => return Err(Problem::invalid("max", "must be at least 1")),
            max => max.unwrap_or(DEFAULT_MAX).min(CAP),
        };
        Ok(Self {
            order_ids,
            states,
            created: (date(pairs, "start_date")?, date(pairs, "end_date")?),
            updated: (date(pairs, "start_update_date")?, date(pairs, "end_update_date")?),
            payment_workflow: text(pairs, "payment_workflow").map(str::to_owned),
            customer_debited: flag(pairs, "customer_debited")?,
            has_incident: flag(pairs, "has_incident")?,
            channels: list(pairs, "channel_codes"),
            no_channel: flag(pairs, "only_null_channel")?.unwrap_or(false),
            customer_references: list(pairs, "order_references_for_customer"),
            seller_references: list(pairs, "order_references_for_seller"),
            tax_mode: text(pairs, "order_tax_mode").map(str::to_owned),
            max,
            offset: number(pairs, "offset")?.unwrap_or(0),
            descending,
        })
    }

    /// Whether anything beyond ids and states is asked for.
    fn has_more_filters(&self) -> bool {
        self.created != (None, None)
            || self.updated != (None, None)
            || self.payment_workflow.is_some()
            || self.customer_debited.is_some()
            || self.has_incident.is_some()
            || self.channels.is_some()
            || self.no_channel
            || self.customer_references.is_some()
            || self.seller_references.is_some()
            || self.tax_mode.is_some()
    }

    fn wants(&self, order: &Order, shown: &Shown) -> bool {
        let within = |at: Timestamp, (start, end): (Option<Timestamp>, Option<Timestamp>)| {
            start.is_none_or(|start| at >= start) && end.is_none_or(|end| at <= end)
        };
        let one_of = |list: &Option<Vec<String>>, value: Option<&str>| {
            list.as_ref()
                .is_none_or(|list| value.is_some_and(|value| list.iter().any(|listed| listed == value)))
        };
        let channel = order.blueprint.channel();
        let channel_fits = if self.no_channel {
            channel.is_none()
        } else {
            one_of(&self.channels, channel)
        };
        let (for_customer, for_seller) = order.blueprint.references();
        self.states.as_ref().is_none_or(|states| states.contains(&shown.state))
            && within(order.created_at, self.created)
            && within(shown.updated_at, self.updated)
            && self
                .payment_workflow
                .as_deref()
                .is_none_or(|workflow| order.blueprint.workflow() == Some(workflow))
            && self
                .customer_debited
                .is_none_or(|debited| shown.paid_at.is_some() == debited)
            && self.has_incident != Some(true)
            && channel_fits
            && one_of(&self.customer_references, for_customer.as_deref())
            && one_of(&self.seller_references, for_seller.as_deref())
            && self.tax_mode.as_deref().is_none_or(|mode| mode == "TAX_EXCLUDED")
    }

    /// Cuts this call's page out of everything that answers.
    fn cut<'a>(&self, places: impl DoubleEndedIterator<Item = &'a Place>, total: usize) -> Page {
        let id = |place: &Place| place.1.clone();
        let order_ids = if self.descending {
            let page = places.rev().skip(self.offset).take(self.max);
            page.map(id).collect()
        } else {
            places.skip(self.offset).take(self.max).map(id).collect()
        };
        Page { order_ids, total }
    }
}

impl World {
    /// The page that answers a query of this shop; `stale` shows the past, by milliseconds and calls.
    pub(super) fn page(&self, shop_id: i64, query: &ListQuery, stale: Option<(u64, u64)>, call: u64) -> Page {
        let by_index = stale.is_none() && query.order_ids.is_none() && !query.has_more_filters();
        match query.states.as_deref() {
            None if by_index => {
                return match self.by_shop.get(&shop_id) {
                    Some(set) => query.cut(set.iter(), set.len()),
                    None => query.cut(std::iter::empty(), 0),
                };
            }
            Some([state]) if by_index => {
                return match self.by_state.get(&(shop_id, state.clone())) {
                    Some(set) => query.cut(set.iter(), set.len()),
                    None => query.cut(std::iter::empty(), 0),
                };
            }
            _ => {}
        }
        let now = self.now();
        let mut places: Vec<&Place> = Vec::new();
        let named;
        if let Some(ids) = &query.order_ids {
            named = self.named(shop_id, ids);
            places.extend(named.iter());
        } else if let (Some(states), None) = (&query.states, stale) {
            let unlike: HashSet<&MarketState> = states.iter().collect();
            for state in unlike {
                places.extend(self.by_state.get(&(shop_id, state.clone())).into_iter().flatten());
            }
        } else {
            places.extend(self.by_shop.get(&shop_id).into_iter().flatten());
        }
        places.retain(|(_, id)| {
            self.orders.get(id).is_some_and(|order| {
                let shown = match stale {
                    Some((ms, calls)) => order.shown_before(ms, calls, now, call),
                    None => order.shown(),
                };
                query.wants(order, &shown)
            })
        });
        places.sort();
        query.cut(places.iter().copied(), places.len())
    }

    fn named(&self, shop_id: i64, ids: &[String]) -> Vec<Place> {
        let unlike: HashSet<&str> = ids.iter().map(String::as_str).collect();
        unlike
            .into_iter()
            .filter_map(|id| self.orders.get(id))
            .filter(|order| order.shop_id == shop_id)
            .map(|order| (order.created_at, order.id.clone()))
            .collect()
    }
}

fn text<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(key, value)| key == name && !value.is_empty())
        .map(|(_, value)| value.as_str())
}

/// A comma list, or the same parameter several times; empty ones count as left out.
fn list(pairs: &[(String, String)], name: &str) -> Option<Vec<String>> {
    let items: Vec<String> = pairs
        .iter()
        .filter(|(key, _)| key == name)
        .flat_map(|(_, value)| value.split(','))
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(str::to_owned)
        .collect();
    (!items.is_empty()).then_some(items)
}

fn state(code: String) -> Result<MarketState, Problem> {
    let state = MarketState::from(code);
    if state.is_order_state() {
        Ok(state)
    } else {
        let message = format!("{state} is not an order state");
        Err(Problem::invalid("order_state_codes", message))
    }
}

fn number(pairs: &[(String, String)], name: &str) -> Result<Option<usize>, Problem> {
    text(pairs, name)
        .map(|value| value.parse::<usize>())
        .transpose()
        .map_err(|_| Problem::invalid(name, "must be a whole number"))
}

fn date(pairs: &[(String, String)], name: &str) -> Result<Option<Timestamp>, Problem> {
    text(pairs, name)
        .map(str::parse)
        .transpose()
        .map_err(|_| Problem::invalid(name, "must be an ISO 8601 date and time"))
}

fn flag(pairs: &[(String, String)], name: &str) -> Result<Option<bool>, Problem> {
    text(pairs, name)
        .map(str::parse)
        .transpose()
        .map_err(|_| Problem::invalid(name, "must be true or false"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<ListQuery, Problem> {
        let owned: Vec<(String, String)> = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        ListQuery::read(&owned)
    }

    #[test]
    fn pages_hold_ten_by_default_and_a_hundred_at_most() {
        assert_eq!(read(&[]).unwrap().max, 10);
        assert_eq!(read(&[("max", "250")]).unwrap().max, 100);
        assert_eq!(read(&[("max", "7")]).unwrap().max, 7);
    }

    #[test]
    fn unusable_parameters_are_refused() {
        for (name, value) in [
            ("max", "0"),
            ("max", "ten"),
            ("offset", "-1"),
            ("sort", "price"),
            ("order", "up"),
            ("start_date", "yesterday"),
            ("order_state_codes", "WAITING"),
            ("customer_debited", "perhaps"),
        ] {
            assert!(read(&[(name, value)]).is_err(), "{name}={value}");
        }
    }

    #[test]
    fn unknown_and_empty_parameters_are_ignored() {
        let query = read(&[("limit", "100"), ("order_ids", ""), ("max", "")]).unwrap();
        assert_eq!(query, read(&[]).unwrap());
    }

    #[test]
    fn lists_read_with_commas_and_by_repetition() {
        let query = read(&[("order_ids", "A,B"), ("order_ids", "C")]).unwrap();
        assert_eq!(query.order_ids.unwrap(), ["A", "B", "C"]);
    }
}

//! Reads on the marketplace's side: pages and looks, with every damage that an answer can have.

use std::collections::BTreeMap;
use std::time::Duration;

use ackord::call::{CallId, SeenState};
use ackord::order::{Order, OrderId};
use ackord::ports::{Listing, UnreadableOrder};
use ackord::reading::Seen;
use ackord::state::MarketplaceState as Place;
use serde_json::json;

use crate::facts::{Served, Shown};
use crate::faults::{FaultKind, Op};
use crate::market::{is_accepted, is_lost};
use crate::sim::{Sim, State, number_of};
use crate::times::{MINUTE, SECOND, micros};

/// How a read ends.
pub(crate) enum Answer {
    /// Answered and understood.
    Sheet(Sheet),
    /// No usable answer; it may pass.
    Passing(&'static str),
    /// Not JSON.
    Spoilt,
    /// Something else than the service answered.
    Strange,
    /// 429.
    Throttled(Option<Duration>),
    /// 401.
    Credentials,
}

/// What an answer holds.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    orders: Vec<Order>,
    unreadable: Vec<UnreadableOrder>,
    missing: Vec<OrderId>,
    /// Where the next page begins.
    pub(crate) next: Option<usize>,
    pub(crate) total: Option<u64>,
}

impl Sheet {
    /// For the record.
    pub(crate) fn seen(&self) -> Vec<SeenState> {
        let good = self.orders.iter().map(|order| SeenState {
            order_id: order.id.clone(),
            state: Seen::from(order).recorded_state().map(str::to_owned),
        });
        let bad = self.unreadable.iter().filter_map(|order| {
            Some(SeenState {
                order_id: order.order_id.clone()?,
                state: Some("(unreadable)".into()),
            })
        });
        let missing = self.missing.iter().map(|id| SeenState {
            order_id: id.clone(),
            state: None,
        });
        good.chain(bad).chain(missing).collect()
    }

    pub(crate) fn listing(self, call: CallId, began_at: Duration) -> Listing {
        Listing {
            call,
            began_at,
            orders: self.orders,
            unreadable: self.unreadable,
        }
    }
}

impl Sim {
    /// One page of the list of waiting orders.
    pub(crate) fn list(&self, now: u64, offset: usize) -> Answer {
        if let Some(answer) = self.out(now, Op::Waiting) {
            return answer;
        }
        let (numbers, empty, shifted, behind, page_size) = {
            let mut state = self.state();
            let faults = if state.storm { state.profile.read_faults * 2 } else { 0 };
            let (empty, shifted) = (state.rng.once_in(faults), state.rng.once_in(faults));
            let behind = behind(&mut state);
            // The list follows its index, which may be behind as a whole.
            let shown_at = now.saturating_sub(behind);
            let waiting = state.market.orders.iter().enumerate();
            let waiting = waiting.filter(|(_, order)| order.at(shown_at) == Some(&Place::WaitingAcceptance));
            let numbers: Vec<usize> = waiting.map(|(number, _)| number).collect();
            (numbers, empty, shifted, behind, state.profile.page_size)
        };
        let total = numbers.len();
        let skip = if shifted { offset + page_size / 2 + 1 } else { offset };
        let page: Vec<usize> = if empty {
            Vec::new()
        } else {
            numbers.iter().copied().skip(skip).take(page_size).collect()
        };
        for (struck, fault) in [(empty, FaultKind::EmptyListing), (shifted, FaultKind::PageShift)] {
            for number in numbers
                .iter()
                .filter(|_| struck)
                .filter(|number| !page.contains(number))
            {
                self.strikes_order(fault, *number);
            }
        }
        let mut sheet = self.sheet(now, &page, Some(behind));
        let next = offset + page_size;
        sheet.next = (!empty && next < total).then_some(next);
        sheet.total = Some(total as u64);
        Answer::Sheet(sheet)
    }

    /// Fresh states of some orders.
    pub(crate) fn show(&self, now: u64, asked: &[usize]) -> Answer {
        match self.out(now, Op::Look) {
            Some(answer) => answer,
            None => Answer::Sheet(self.sheet(now, asked, None)),
        }
    }

    /// Whether the marketplace as a whole does not answer well.
    fn out(&self, now: u64, op: Op) -> Option<Answer> {
        let mut state = self.state();
        let (throttled, key_refused, out) = (state.spans.throttled, state.spans.key_refused, state.spans.market_out);
        if throttled > now {
            Some(Answer::Throttled(Some(Duration::from_micros(throttled - now))))
        } else if key_refused > now {
            self.strikes_call(&mut state, FaultKind::CredentialsSpan, op, 0);
            Some(Answer::Credentials)
        } else if out > now {
            self.strikes_call(&mut state, FaultKind::MarketOutage, op, 0);
            Some(Answer::Passing("HTTP 503"))
        } else {
            None
        }
    }

    /// Shows orders, each with its own damage; those of a list all as old as the list.
    fn sheet(&self, now: u64, numbers: &[usize], list_behind: Option<u64>) -> Sheet {
        let mut sheet = Sheet::default();
        for number in numbers {
            let (state_shown, damage, stale) = self.look_of(now, *number, list_behind);
            if stale {
                self.strikes_order(FaultKind::StaleRead, *number);
            }
            if let Some(damage) = damage {
                self.strikes_order(damage, *number);
            }
            let id = &self.ids[*number];
            let (Some(shown), false) = (state_shown, damage == Some(FaultKind::OrderMissing)) else {
                sheet.missing.push(id.clone());
                continue;
            };
            if damage == Some(FaultKind::OrderUnreadable) {
                sheet.unreadable.push(UnreadableOrder {
                    order_id: Some(id.clone()),
                    stand_in: format!("sha256:{number}"),
                    redacted: json!({}),
                    problem: "order_state: it is missing".into(),
                });
                continue;
            }
            let mut order = self.state().market.orders[*number].shown(id, shown);
            match damage {
                Some(FaultKind::UnknownState) => order.state = Place::Other("ON_HOLD".into()),
                Some(FaultKind::NoLines) => order.lines.clear(),
                Some(FaultKind::LinesReordered) => order.lines.reverse(),
                _ => {}
            }
            sheet.orders.push(order);
        }
        sheet
    }

    /// The state in which one order is shown, its damage, and whether the state is an old one.
    fn look_of(&self, now: u64, number: usize, list_behind: Option<u64>) -> (Option<Place>, Option<FaultKind>, bool) {
        let mut state = self.state();
        let state = &mut *state;
        let damages = if state.storm { state.profile.damages } else { 0 };
        let behind = list_behind.unwrap_or_else(|| behind(state));
        let order = &state.market.orders[number];
        let true_state = order.at(now).cloned();
        // An order that is younger than the answer is old is shown as it first was.
        let shown_at = now.saturating_sub(behind).max(order.appears_at.min(now));
        let shown = order.at(shown_at).cloned();
        let stale = shown != true_state;
        let lines = order.lines.len();
        let damage = state.rng.once_in(damages).then(|| {
            let kind = state.rng.pick(&[
                FaultKind::UnknownState,
                FaultKind::OrderUnreadable,
                FaultKind::NoLines,
                FaultKind::LinesReordered,
                FaultKind::LinesReordered,
                FaultKind::OrderMissing,
            ]);
            if kind == FaultKind::LinesReordered && lines < 2 {
                FaultKind::OrderMissing
            } else {
                kind
            }
        });
        (shown, damage, stale)
    }

    /// Notes what a read showed, under the call that it stands as on record.
    pub(crate) fn served(&self, call: CallId, began: u64, sheet: &Sheet) {
        let class = |order: &Order| match &order.state {
            state if is_accepted(state) => Shown::Accepted,
            state if is_lost(state) => Shown::Lost,
            Place::WaitingAcceptance if !order.lines.is_empty() => Shown::Waiting,
            _ => Shown::Other,
        };
        let shown: BTreeMap<usize, Shown> = sheet
            .orders
            .iter()
            .filter_map(|order| Some((number_of(order.id.as_str())?, class(order))))
            .collect();
        let mut state = self.state();
        for number in shown.keys() {
            state.facts.orders[*number].looks.push(began);
        }
        state.facts.served.insert(call, Served { began, shown });
    }
}

/// How far behind a read is.
fn behind(state: &mut State) -> u64 {
    let State {
        rng, profile, storm, ..
    } = state;
    let allowed = micros(profile.settings.read_staleness);
    if !*storm || !rng.once_in(profile.stale_reads) {
        0
    } else if profile.beyond_staleness {
        rng.pick(&[allowed, 30 * SECOND, 3 * MINUTE])
    } else {
        rng.pick(&[allowed, allowed / 2, 0])
    }
}

//! One call from its arrival to its answer, in two steps: what arrives and what the faults decide, then what it does.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::header;
use jiff::Timestamp;

use super::accept::read_decision;
use super::account::fingerprint;
use super::{Caller, ListQuery, World};
use crate::faults::{Endpoint, Target, Verdict, damage_page};
use crate::ledger::{Decision, DecisionOutcome};
use crate::reply::{Problem, Reply};

/// A call as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) endpoint: Endpoint,
    /// OR12's and OR21's order.
    pub(crate) order_id: Option<String>,
    /// The raw query, and its parameters decoded.
    pub(crate) raw_query: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) key: Option<String>,
    pub(crate) is_json: bool,
    /// Scheme and host under which the caller knows the server.
    pub(crate) origin: String,
    pub(crate) body: Bytes,
    /// The answer to a call that no endpoint serves.
    pub(crate) unserved: Option<Reply>,
}

/// What was noted when a call arrived.
#[derive(Debug)]
pub(crate) struct Receipt {
    pub(crate) call: u64,
    pub(crate) verdict: Verdict,
    /// The place of an OR21 among its order's.
    pub(crate) decision: Option<usize>,
}

impl Received {
    fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl World {
    /// Notes a call's arrival and asks the fault rules about it.
    pub(crate) fn receive(&mut self, received: &Received) -> Receipt {
        self.tick();
        let call = self.record_call(received.endpoint);
        let decision = match (&received.order_id, received.endpoint) {
            (Some(order_id), Endpoint::Or21) => {
                let decision = Decision {
                    received_at: self.now(),
                    call,
                    key_fingerprint: received.key.as_deref().map(fingerprint),
                    body: String::from_utf8_lossy(&received.body).into_owned(),
                    lines: read_decision(&received.body).unwrap_or_default(),
                    outcome: DecisionOutcome::Underway,
                };
                Some(self.record_arrival(order_id, decision))
            }
            _ => None,
        };
        let verdict = if self.armory.is_empty() {
            Verdict::default()
        } else {
            let order_ids = self.concerned(received, call);
            self.armory.consult(Target {
                endpoint: received.endpoint,
                order_ids: &order_ids,
            })
        };
        Receipt {
            call,
            verdict,
            decision,
        }
    }

    /// The orders that a call is about: its own, or those that would stand on its page.
    fn concerned(&self, received: &Received, call: u64) -> Vec<String> {
        if received.endpoint != Endpoint::Or11 {
            return received.order_id.iter().cloned().collect();
        }
        let caller = self.admit(received.key.as_deref(), received.parameter("shop_id"));
        match (caller, ListQuery::read(&received.query)) {
            (Ok(caller), Ok(query)) => {
                let page = self.page(caller.shop_id, &query, None, call);
                page.order_ids.iter().map(|id| id.to_string()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Carries a call out and says what it answers.
    pub(crate) fn carry_out(&mut self, received: &Received, receipt: &Receipt) -> Reply {
        self.tick();
        let verdict = &receipt.verdict;
        if !verdict.hands_before.is_empty() {
            let concerned = self.concerned(received, receipt.call);
            self.let_hands_act(&verdict.hands_before, &concerned);
        }
        let answer = self.serve(received, receipt);
        if let (Some(nth), Some(order_id)) = (receipt.decision, &received.order_id) {
            let outcome = match &answer {
                Ok(_) => DecisionOutcome::Applied,
                Err(problem) => DecisionOutcome::Refused {
                    status: problem.status,
                    code: problem.code.map(str::to_owned),
                },
            };
            self.record_outcome(order_id, nth, outcome);
        }
        let (reply, shown) = match answer {
            Ok(served) => served,
            Err(problem) => (problem.reply(self.options.errors), Vec::new()),
        };
        if !verdict.hands_after.is_empty() {
            let concerned = match &received.order_id {
                Some(order_id) => vec![order_id.clone()],
                None => shown,
            };
            self.let_hands_act(&verdict.hands_after, &concerned);
        }
        reply
    }

    /// The answer, and the orders that stand in it.
    fn serve(&mut self, received: &Received, receipt: &Receipt) -> Result<(Reply, Vec<String>), Problem> {
        if let Some(reply) = &received.unserved {
            return Ok((reply.clone(), Vec::new()));
        }
        let caller = self.admit(received.key.as_deref(), received.parameter("shop_id"))?;
        let order_id = received.order_id.as_deref().unwrap_or_default();
        let reply = match received.endpoint {
            Endpoint::Or11 => return self.list(caller, received, receipt),
            Endpoint::Or12 => {
                self.admit_orders(caller)?;
                return self.single(caller, order_id, receipt);
            }
            Endpoint::Or21 => {
                self.admit_orders(caller)?;
                if !received.is_json {
                    return Err(Problem::plain(415, "The body must be application/json"));
                }
                self.accept(caller, order_id, &received.body)?;
                Reply::empty(204)
            }
            Endpoint::A01 => Reply::json(200, &self.account(caller)),
            Endpoint::A21 => Reply::json(200, &self.statistics(caller)),
            Endpoint::Pc01 => Reply::json(200, &self.platform()),
            Endpoint::Other => Problem::plain(404, "Not found").reply(self.options.errors),
        };
        Ok((reply, Vec::new()))
    }

    fn list(
        &mut self,
        caller: Caller,
        received: &Received,
        receipt: &Receipt,
    ) -> Result<(Reply, Vec<String>), Problem> {
        self.admit_orders(caller)?;
        let query = ListQuery::read(&received.query)?;
        self.record_ids_asked(query.order_ids.as_ref().map_or(0, Vec::len));
        let page = self.page(caller.shop_id, &query, receipt.verdict.stale, receipt.call);
        let mut orders = self.texts(&page.order_ids, receipt);
        damage_page(&mut orders, &receipt.verdict.damages);
        let shown = self.show(orders.iter().map(|(id, _)| id.as_str()), receipt);
        let mut reply = Reply::text(200, "application/json", page_text(&orders, page.total));
        if let Some(links) = links(received, &query, page.total) {
            reply = reply.header(header::LINK, links);
        }
        Ok((reply, shown))
    }

    fn single(&mut self, caller: Caller, order_id: &str, receipt: &Receipt) -> Result<(Reply, Vec<String>), Problem> {
        let order = self.orders.get(order_id);
        let Some(order) = order.filter(|order| order.shop_id == caller.shop_id) else {
            return Err(Problem::coded(404, "ORDER_NOT_FOUND", "There is no such order"));
        };
        let id = order.id.clone();
        let mut orders = self.texts(&[id], receipt);
        damage_page(&mut orders, &receipt.verdict.damages);
        let Some((_, text)) = orders.first() else {
            return Err(Problem::coded(404, "ORDER_NOT_FOUND", "There is no such order"));
        };
        let reply = Reply::text(200, "application/json", text.to_string());
        let shown = self.show(std::iter::once(order_id), receipt);
        Ok((reply, shown))
    }

    /// The orders' JSON texts, as they are or, for a stale read, as they were.
    fn texts(&mut self, ids: &[Arc<str>], receipt: &Receipt) -> Vec<(String, Arc<str>)> {
        let (now, shape) = (self.now(), self.options.payloads);
        ids.iter()
            .filter_map(|id| {
                let order = self.orders.get_mut(id)?;
                let text = match receipt.verdict.stale {
                    None => order.text(shape),
                    Some((ms, calls)) => {
                        let shown = order.shown_before(ms, calls, now, receipt.call);
                        order.text_of(&shown, shape)
                    }
                };
                Some((id.to_string(), text))
            })
            .collect()
    }

    /// Notes a look for every order in an answer that is really sent, and lets the look move them.
    fn show<'a>(&mut self, ids: impl Iterator<Item = &'a str>, receipt: &Receipt) -> Vec<String> {
        let ids: Vec<String> = ids.map(str::to_owned).collect();
        if receipt.verdict.ending.is_none() {
            let now: Timestamp = self.now();
            for id in &ids {
                let Some(state) = self.orders.get(id.as_str()).map(|o| o.life.state().clone()) else {
                    continue;
                };
                self.record_look(id, now, receipt.call, state);
                self.move_order(id, |life, _| life.looked(now));
            }
        }
        ids
    }
}

fn page_text(orders: &[(String, Arc<str>)], total: usize) -> String {
    let size: usize = orders.iter().map(|(_, text)| text.len() + 1).sum();
    let mut body = String::with_capacity(size + 48);
    body.push_str("{\"orders\":[");
    for (nth, (_, text)) in orders.iter().enumerate() {
        if nth > 0 {
            body.push(',');
        }
        body.push_str(text);
    }
    body.push_str("],\"total_count\":");
    body.push_str(&total.to_string());
    body.push('}');
    body
}

/// The `Link` header's text: the pages before and after this one, as far as there are any.
fn links(received: &Received, query: &ListQuery, total: usize) -> Option<String> {
    let kept: Vec<&str> = received
        .raw_query
        .split('&')
        .filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            !matches!(name, "" | "max" | "offset")
        })
        .collect();
    let link = |offset: usize, rel: &str| {
        let mut parameters = kept.join("&");
        if !parameters.is_empty() {
            parameters.push('&');
        }
        let (origin, max) = (&received.origin, query.max);
        format!("<{origin}/api/orders?{parameters}max={max}&offset={offset}>; rel=\"{rel}\"")
    };
    let mut links = Vec::new();
    if query.offset > 0 {
        links.push(link(query.offset.saturating_sub(query.max), "previous"));
    }
    let next = query.offset.saturating_add(query.max);
    if next < total {
        links.push(link(next, "next"));
    }
    (!links.is_empty()).then(|| links.join(", "))
}

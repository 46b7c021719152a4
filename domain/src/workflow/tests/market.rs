//! A scripted marketplace with a ledger of its own: what was received, and what took effect by its own state changes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::drive::yield_now;
use super::gate::{Gate, Op, When};
pub(super) use super::ledger::{Answer, FakeOrder, Ledger, ReadFault};
use crate::call::{CallEnd, CallId, CallOutcome, Endpoint, NewCall, SeenState};
use crate::memory::ManualClock;
use crate::order::{Decision, Order, OrderId};
use crate::ports::{
    Account, CallLog, Clock as _, Listing, Look, Marketplace, MarketplaceError, MarketplaceResult, Page, PageCursor,
    SendAnswer, SendPermit, SendVerdict, ShopFigures, ShopKey, UnreadableOrder,
};
use crate::reading::Seen;
use crate::state::MarketplaceState;
use crate::time;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) orders: BTreeMap<OrderId, FakeOrder>,
    pub(super) ledger: Ledger,
    pub(super) page_faults: VecDeque<ReadFault>,
    pub(super) look_faults: VecDeque<ReadFault>,
    /// What becomes of every acceptance that no order's own script speaks of.
    pub(super) outage: Option<Answer>,
    /// What is said of the shop itself.
    pub(super) shop_state: Option<String>,
    pub(super) figures: ShopFigures,
    /// How the next questions about the shop fail.
    pub(super) account_faults: VecDeque<ReadFault>,
    /// How often the shop's state, and its figures, were asked for.
    pub(super) account_asked: [usize; 2],
    /// The acceptances on their way: what a worker that dies leaves to chance.
    pub(super) on_their_way: Vec<(OrderId, Decision)>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct FakeMarket {
    pub(super) clock: ManualClock,
    pub(super) log: Arc<dyn CallLog>,
    pub(super) gate: Gate,
    pub(super) state: Mutex<State>,
    pub(super) page_size: usize,
    /// Whether acceptances are on their way for a while, several at once.
    pub(super) slow_to_accept: bool,
    pub(super) send_takes: Mutex<Duration>,
    pub(super) read_takes: Mutex<Duration>,
}

impl FakeMarket {
    pub(super) fn new(clock: ManualClock, log: Arc<dyn CallLog>, gate: Gate) -> Self {
        Self {
            clock,
            log,
            gate,
            state: Mutex::default(),
            page_size: 100,
            slow_to_accept: false,
            send_takes: Mutex::default(),
            read_takes: Mutex::default(),
        }
    }

    /// The marketplace as it is now: acceptances that take effect late have done so by their time.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        let now = self.clock.now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { orders, ledger, .. } = &mut *state;
        for (id, order) in orders {
            if let Some((at, body)) = order.effect_at.take_if(|(at, _)| *at <= now)
                && order.state == MarketplaceState::WaitingAcceptance
            {
                order.state = order.accepted_as.clone();
                order.moved_at = Some(at);
                ledger.effects.push((id.clone(), body));
                ledger.moved.push((id.clone(), at));
            }
        }
        state
    }

    /// Changes an order, as a person on the marketplace could.
    pub(super) fn change(&self, id: &str, change: impl FnOnce(&mut FakeOrder)) {
        let id = OrderId::new(id).unwrap();
        change(
            self.state()
                .orders
                .get_mut(&id)
                .expect("the order is on the marketplace"),
        );
    }

    /// A person accepts the order on the marketplace, if it still waits.
    pub(super) fn accepted_by_a_person(&self, id: &str) {
        let now = self.clock.now();
        let id = OrderId::new(id).unwrap();
        let mut state = self.state();
        let order = state.orders.get_mut(&id).expect("the order is on the marketplace");
        if order.state == MarketplaceState::WaitingAcceptance {
            order.state = MarketplaceState::Shipping;
            order.moved_at = Some(now);
        }
    }

    fn takes(&self, time: &Mutex<Duration>) {
        self.clock.advance(*time.lock().unwrap());
    }

    async fn begin(&self, request: Value) -> MarketplaceResult<(CallId, Duration)> {
        let now = self.clock.now();
        let call = NewCall {
            endpoint: Endpoint::Or11,
            related_id: None,
            request,
            started_at: now,
            answer_by: time::plus(now, Duration::from_secs(10)),
        };
        let id = self.log.begin(&call).await.map_err(MarketplaceError::Unrecorded)?;
        Ok((id, self.clock.monotonic()))
    }

    async fn finish(&self, id: CallId, fault: Option<&ReadFault>, seen: &[SeenState]) -> MarketplaceResult<()> {
        let outcome = match fault {
            None | Some(ReadFault::Empty) => CallOutcome::Answered,
            Some(ReadFault::Unreachable) => CallOutcome::Unknown,
            Some(ReadFault::Throttled(_)) => CallOutcome::Throttled,
            Some(ReadFault::Credentials) => CallOutcome::Credentials,
        };
        let end = end(outcome);
        self.log
            .finish(id, &end, seen)
            .await
            .map_err(MarketplaceError::Unrecorded)?;
        failed(fault)
    }

    /// The acceptance is on its way for a while, beside others.
    async fn travel(&self, id: &OrderId, decision: &Decision) {
        if self.slow_to_accept {
            self.state().on_their_way.push((id.clone(), decision.clone()));
            self.gate.pass(Op::Accept, When::OnItsWay).await.unwrap();
            yield_now().await;
            self.state().on_their_way.retain(|(order, _)| order != id);
        }
    }

    pub(super) fn accept_now(&self, id: &OrderId, decision: &Decision) -> SendVerdict {
        let mut state = self.state();
        let State {
            orders, ledger, outage, ..
        } = &mut *state;
        let order = orders.get_mut(id).expect("the order is on the marketplace");
        let answer = order.script.pop_front().or(outage.clone());
        if let Some(answer @ (Answer::NotSent | Answer::LostWithoutEffect | Answer::Refused)) = &answer {
            ledger.in_vain.push((id.clone(), answer.clone()));
        }
        if matches!(answer, Some(Answer::NotSent)) {
            return SendVerdict::NotSent;
        }
        if order.effect_at.is_some() || ledger.effects_on(id.as_str()) > 0 {
            ledger.again.push(id.clone());
        }
        let takes_effect = matches!(answer, None | Some(Answer::LostAfterEffect));
        let legal = order.state == MarketplaceState::WaitingAcceptance;
        if takes_effect && legal {
            order.state = order.accepted_as.clone();
            order.moved_at = Some(self.clock.now());
        }
        if let Some(Answer::EffectLater(wait)) = &answer
            && legal
        {
            order.effect_at = Some((time::plus(self.clock.now(), *wait), decision.to_json()));
        }
        ledger.received.push((id.clone(), decision.to_json()));
        if takes_effect && legal {
            let now = self.clock.now();
            ledger.effects.push((id.clone(), decision.to_json()));
            ledger.moved.push((id.clone(), now));
        }
        match answer {
            None if legal => SendVerdict::Applied,
            None | Some(Answer::Precondition) => SendVerdict::Precondition,
            Some(Answer::EmptyPromise) => SendVerdict::Applied,
            Some(Answer::LostAfterEffect | Answer::LostWithoutEffect | Answer::EffectLater(_)) => SendVerdict::Unknown,
            Some(Answer::Refused) => SendVerdict::Refused,
            Some(Answer::Throttled(rest)) => SendVerdict::Throttled(rest),
            Some(Answer::Credentials) => SendVerdict::Credentials,
            Some(Answer::NotSent) => SendVerdict::NotSent,
        }
    }
}

/// What a read with this fault comes to.
fn failed(fault: Option<&ReadFault>) -> MarketplaceResult<()> {
    match fault {
        None | Some(ReadFault::Empty) => Ok(()),
        Some(ReadFault::Unreachable) => Err(MarketplaceError::Unreachable {
            what: "HTTP 503".into(),
            source: None,
        }),
        Some(ReadFault::Throttled(retry_after)) => Err(MarketplaceError::Throttled {
            retry_after: *retry_after,
        }),
        Some(ReadFault::Credentials) => Err(MarketplaceError::Credentials { status: 401 }),
    }
}

fn unreadable(id: &OrderId) -> UnreadableOrder {
    UnreadableOrder {
        order_id: Some(id.clone()),
        stand_in: "sha256:0".into(),
        redacted: json!({"order_id": id.as_str()}),
        problem: "`order_lines` is a number".into(),
    }
}

fn end(outcome: CallOutcome) -> CallEnd {
    CallEnd {
        outcome,
        status_code: None,
        response: None,
        duration: Duration::from_millis(5),
    }
}

#[async_trait]
impl Marketplace for FakeMarket {
    fn shop_key(&self) -> ShopKey {
        ShopKey("a shop".into())
    }

    async fn waiting(&self, cursor: Option<PageCursor>) -> MarketplaceResult<Page> {
        self.gate
            .pass(Op::Waiting, When::Before)
            .await
            .map_err(MarketplaceError::Unrecorded)?;
        let offset = cursor.map_or(0, |cursor| cursor.offset);
        let (call, began_at) = self.begin(json!({"offset": offset})).await?;
        let (fault, orders, unreadable, total) = {
            let mut state = self.state();
            state.ledger.pages += 1;
            let fault = state.page_faults.pop_front();
            let mut listed: Vec<_> = state
                .orders
                .iter()
                .filter(|(_, order)| {
                    (order.state == MarketplaceState::WaitingAcceptance || order.always_listed) && !order.hidden
                })
                .map(|(id, order)| (order.placed_at, id.clone(), order.clone()))
                .collect();
            listed.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
            let total = listed.len() as u64;
            let page: Vec<_> = listed
                .into_iter()
                .skip(usize::try_from(offset).unwrap())
                .take(self.page_size)
                .collect();
            let (bad, good): (Vec<_>, Vec<_>) = page.into_iter().partition(|(_, _, order)| order.unreadable);
            let good: Vec<_> = good
                .iter()
                .map(|(_, id, order)| order.as_order(id, order.state.clone()))
                .collect();
            (
                fault,
                good,
                bad.iter().map(|(_, id, _)| unreadable(id)).collect::<Vec<_>>(),
                total,
            )
        };
        self.takes(&self.read_takes);
        let seen: Vec<_> = orders.iter().map(seen_state).collect();
        self.finish(call, fault.as_ref(), &seen).await?;
        let next = offset + self.page_size as u64;
        Ok(Page {
            listing: Listing {
                call,
                began_at,
                orders,
                unreadable,
            },
            next: (next < total).then_some(PageCursor { offset: next }),
            total: Some(total),
        })
    }

    async fn look(&self, ids: &[OrderId]) -> MarketplaceResult<Look> {
        self.gate
            .pass(Op::Look, When::Before)
            .await
            .map_err(MarketplaceError::Unrecorded)?;
        assert!(ids.len() <= 100, "{} ids in one call", ids.len());
        let (call, began_at) = self.begin(json!({"ids": ids.len()})).await?;
        let (mut orders, mut bad) = (Vec::new(), Vec::new());
        let fault = {
            let mut state = self.state();
            state.ledger.looks.push(ids.len());
            let now = self.clock.now();
            state.ledger.look_times.push(now);
            let fault = state.look_faults.pop_front();
            for id in ids.iter().filter(|_| fault.is_none()) {
                match state.orders.get_mut(id).filter(|order| !order.hidden) {
                    None => {}
                    Some(order) if order.unreadable => bad.push(unreadable(id)),
                    Some(order) => {
                        let shown = order.shown(now);
                        orders.push(order.as_order(id, shown));
                    }
                }
            }
            fault
        };
        self.takes(&self.read_takes);
        let seen: Vec<_> = orders.iter().map(seen_state).collect();
        self.finish(call, fault.as_ref(), &seen).await?;
        self.gate
            .pass(Op::Look, When::After)
            .await
            .map_err(MarketplaceError::Unrecorded)?;
        Ok(Listing {
            call,
            began_at,
            orders,
            unreadable: bad,
        })
    }

    async fn accept(&self, id: &OrderId, decision: &Decision, permit: Arc<dyn SendPermit>) -> SendAnswer {
        self.gate.taste(Op::Accept, std::iter::once(id));
        self.gate.pass(Op::Accept, When::Before).await.unwrap();
        let verdict = if permit.holds() {
            self.travel(id, decision).await;
            self.accept_now(id, decision)
        } else {
            SendVerdict::Withdrawn
        };
        self.takes(&self.send_takes);
        self.gate.pass(Op::Accept, When::After).await.unwrap();
        SendAnswer {
            end: end(verdict.outcome()),
            detail: format!("answered: {verdict:?}"),
            verdict,
        }
    }

    async fn account(&self) -> MarketplaceResult<Account> {
        let mut state = self.state();
        state.account_asked[0] += 1;
        failed(state.account_faults.pop_front().as_ref())?;
        Ok(Account {
            shop_id: None,
            shop_name: None,
            shop_state: state.shop_state.clone(),
        })
    }

    async fn figures(&self) -> MarketplaceResult<ShopFigures> {
        let mut state = self.state();
        state.account_asked[1] += 1;
        failed(state.account_faults.pop_front().as_ref())?;
        Ok(state.figures)
    }
}

fn seen_state(order: &Order) -> SeenState {
    SeenState {
        order_id: order.id.clone(),
        state: Seen::from(order).recorded_state().map(str::to_owned),
    }
}

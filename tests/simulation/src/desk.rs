//! The marketplace port as one worker has it: a client that behaves as the shipped one does, over a faulty network.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ackord::call::{CallEnd, CallId, CallOutcome, Endpoint, NewCall, SeenState};
use ackord::order::{Decision, OrderId};
use ackord::ports::{
    Account, CallLog as _, Clock as _, Look, Marketplace, MarketplaceError, MarketplaceResult, Page, PageCursor,
    SendAnswer, SendPermit, SendVerdict, SharedBudget, ShopFigures, ShopKey,
};
use ackord::time;
use async_trait::async_trait;
use serde_json::{Value, json};

use crate::faults::{FaultKind, Op};
use crate::flight::{Call, Journey};
use crate::reads::{Answer, Sheet};
use crate::sends::{SendPlan, plan_send};
use crate::sim::{Sim, number_of};
use crate::store::SimStore;
use crate::times::{MILLI, SECOND, WorkerClock, micros};

/// How often a read is made again after an answer that may pass.
const READ_RETRIES: u32 = 2;

/// The marketplace as one worker reaches it.
pub(crate) struct Desk {
    pub(crate) sim: Arc<Sim>,
    pub(crate) slot: usize,
    pub(crate) clock: Arc<WorkerClock>,
    pub(crate) log: SimStore,
    pub(crate) call_timeout: Duration,
    pub(crate) budget: Option<SharedBudget>,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

/// A read that was answered and understood.
struct Read {
    call: CallId,
    began_at: Duration,
    /// When it began, truly.
    began: u64,
    sheet: Sheet,
}

impl Desk {
    /// True time of the end of a call that starts now and is not answered.
    fn deadline(&self) -> u64 {
        self.sim.now() + self.clock.true_time(micros(self.call_timeout))
    }

    /// Makes a read, again where that can help, each time as a call of its own on record.
    async fn read(
        &self,
        op: Op,
        request: Value,
        serve: impl Fn(&Sim, u64) -> Answer + Send + Sync + Clone + 'static,
    ) -> MarketplaceResult<Read> {
        let mut left = READ_RETRIES;
        loop {
            let began_at = self.clock.monotonic();
            let began = self.sim.now();
            let started_at = self.clock.now();
            let call = NewCall {
                endpoint: Endpoint::Or11,
                related_id: None,
                request: request.clone(),
                started_at,
                answer_by: time::plus(started_at, self.call_timeout),
            };
            let call = self.log.begin(&call).await.map_err(MarketplaceError::Unrecorded)?;
            let answer = self.ask(op, serve.clone()).await;
            let outcome = match &answer {
                Answer::Sheet(_) => CallOutcome::Answered,
                Answer::Throttled(_) => CallOutcome::Throttled,
                Answer::Credentials => CallOutcome::Credentials,
                Answer::Passing(_) | Answer::Spoilt | Answer::Strange => CallOutcome::Unknown,
            };
            let seen: Vec<SeenState> = match &answer {
                Answer::Sheet(sheet) => sheet.seen(),
                _ => Vec::new(),
            };
            if let Answer::Sheet(sheet) = &answer {
                self.sim.served(call, began, sheet);
            }
            let finished = self.log.finish(call, &end(outcome, None), &seen).await;
            finished.map_err(MarketplaceError::Unrecorded)?;
            let error = match answer {
                Answer::Sheet(sheet) => {
                    return Ok(Read {
                        call,
                        began_at,
                        began,
                        sheet,
                    });
                }
                Answer::Throttled(retry_after) => return Err(MarketplaceError::Throttled { retry_after }),
                Answer::Credentials => return Err(MarketplaceError::Credentials { status: 401 }),
                Answer::Strange => return Err(MarketplaceError::Unreadable { what: "a page".into() }),
                Answer::Spoilt => MarketplaceError::Unreadable {
                    what: "not JSON".into(),
                },
                Answer::Passing(what) => MarketplaceError::Unreachable {
                    what: what.into(),
                    source: None,
                },
            };
            if left == 0 {
                return Err(error);
            }
            left -= if matches!(error, MarketplaceError::Unreadable { .. }) {
                left
            } else {
                1
            };
            let pause = self.sim.state().rng.between(100 * MILLI, SECOND);
            self.sim.sleep(pause).await;
            if let Some(budget) = &self.budget {
                let drawn = budget.draw_one(&self.shop_key()).await;
                if !drawn.map_err(MarketplaceError::Unrecorded)? {
                    return Err(error);
                }
            }
        }
    }

    async fn ask(&self, op: Op, serve: impl Fn(&Sim, u64) -> Answer + Send + 'static) -> Answer {
        let now = self.sim.now();
        let deadline = self.deadline();
        let (there, back, instead) = {
            let mut state = self.sim.state();
            self.sim.calls_the_marketplace(&mut state, self.slot, op);
            let (there, back) = (
                state.rng.between(5 * MILLI, 300 * MILLI),
                state.rng.between(5 * MILLI, 300 * MILLI),
            );
            let faults = state.profile.read_faults;
            if state.storm && state.rng.once_in(faults) {
                self.read_fault(&mut state, op, there, back)
            } else {
                (there, back, None)
            }
        };
        let answered_at = now + there + back;
        let in_time = answered_at <= deadline;
        let call = Call {
            slot: self.slot,
            op,
            order: None,
            journey: Journey {
                effect_at: Some(now + there),
                reply_at: answered_at.min(deadline),
            },
            effect: Box::new(move |sim| serve(sim, sim.now())),
            instead: instead.or((!in_time).then_some(Answer::Passing("a timeout"))),
            broken: |_| None,
        };
        self.sim.dispatch(call).await
    }

    fn read_fault(&self, state: &mut crate::sim::State, op: Op, there: u64, back: u64) -> (u64, u64, Option<Answer>) {
        let kinds = [
            FaultKind::ReadSlow,
            FaultKind::ReadError,
            FaultKind::ReadError,
            FaultKind::ReadThrottled,
            FaultKind::ReadBadJson,
            FaultKind::ReadHtml,
            FaultKind::ReadReset,
            FaultKind::ReadCredentials,
        ];
        let fault = state.rng.pick(&kinds);
        self.sim.strikes_call(state, fault, op, self.slot);
        let (mut far, mut home, mut instead) = (there, back, None);
        match fault {
            FaultKind::ReadSlow => {
                let slow = state.rng.pick(&[SECOND, 6 * SECOND, 20 * SECOND]);
                (far, home) = (state.rng.between(1, slow), state.rng.between(1, slow));
            }
            FaultKind::ReadThrottled => {
                let seconds = state.rng.pick(&[1, 5, 30, 90]);
                let named = state.rng.once_in(2);
                state.spans.throttled = self.sim.now() + there + seconds * SECOND;
                instead = Some(Answer::Throttled(named.then(|| Duration::from_secs(seconds))));
            }
            FaultKind::ReadBadJson => instead = Some(Answer::Spoilt),
            FaultKind::ReadHtml => instead = Some(Answer::Strange),
            FaultKind::ReadCredentials => instead = Some(Answer::Credentials),
            _ => instead = Some(Answer::Passing(fault.name())),
        }
        (far, home, instead)
    }
}

fn end(outcome: CallOutcome, response: Option<String>) -> CallEnd {
    CallEnd {
        outcome,
        status_code: None,
        response,
        duration: Duration::from_millis(5),
    }
}

fn answer(verdict: SendVerdict) -> SendAnswer {
    SendAnswer {
        end: end(verdict.outcome(), None),
        detail: verdict.outcome().as_str().to_owned(),
        verdict,
    }
}

#[async_trait]
impl Marketplace for Desk {
    fn shop_key(&self) -> ShopKey {
        ShopKey("a shop".into())
    }

    async fn waiting(&self, cursor: Option<PageCursor>) -> MarketplaceResult<Page> {
        let offset = cursor.map_or(0, |cursor| cursor.offset);
        let read = self
            .read(Op::Waiting, json!({ "offset": offset }), move |sim, now| {
                sim.list(now, usize::try_from(offset).unwrap_or(usize::MAX))
            })
            .await?;
        let next = read.sheet.next.map(|offset| PageCursor { offset: offset as u64 });
        Ok(Page {
            next,
            total: read.sheet.total,
            listing: read.sheet.listing(read.call, read.began_at),
        })
    }

    async fn look(&self, ids: &[OrderId]) -> MarketplaceResult<Look> {
        self.sim.looks_at(self.slot, ids);
        let asked: Vec<usize> = ids.iter().filter_map(|id| number_of(id.as_str())).collect();
        let shown = asked.clone();
        let read = self
            .read(Op::Look, json!({ "ids": ids.len() }), move |sim, now| {
                sim.show(now, &shown)
            })
            .await?;
        self.sim.looked_at(&asked, read.began);
        Ok(read.sheet.listing(read.call, read.began_at))
    }

    async fn accept(&self, id: &OrderId, decision: &Decision, permit: Arc<dyn SendPermit>) -> SendAnswer {
        let sim = &self.sim;
        let order = number_of(id.as_str()).unwrap_or(0);
        if !permit.holds() {
            return answer(SendVerdict::Withdrawn);
        }
        let (started, deadline) = (sim.now(), self.deadline());
        let plan = plan_send(&mut sim.state(), started, order);
        if plan.frozen > 0 {
            sim.freeze_process(self.slot, started + plan.frozen);
        }
        sim.sleep(plan.connecting).await;
        if plan.fault == Some(FaultKind::NotSent) {
            sim.strikes_order(FaultKind::NotSent, order);
            return answer(SendVerdict::NotSent);
        }
        // After a freeze both the timeout and the connection may be ready; which is seen first is chance.
        if sim.now() >= deadline && sim.state().rng.once_in(2) {
            return answer(SendVerdict::NotSent);
        }
        if !permit.holds() {
            return answer(SendVerdict::Withdrawn);
        }
        self.bytes_leave(order, decision, plan, started, deadline).await
    }

    async fn account(&self) -> MarketplaceResult<Account> {
        Ok(Account {
            shop_id: None,
            shop_name: None,
            shop_state: None,
        })
    }

    async fn figures(&self) -> MarketplaceResult<ShopFigures> {
        Ok(ShopFigures::default())
    }
}

impl Desk {
    /// From here on the acceptance is under way, whatever becomes of this worker.
    async fn bytes_leave(
        &self,
        order: usize,
        decision: &Decision,
        plan: SendPlan,
        started: u64,
        deadline: u64,
    ) -> SendAnswer {
        let sim = &self.sim;
        let now = sim.now();
        let body = body_hash(decision);
        let arrives_at = now + plan.travelling;
        let answered_at = arrives_at + plan.coming_back;
        {
            let mut state = sim.state();
            sim.calls_the_marketplace(&mut state, self.slot, Op::Accept);
            state.trace.tell(now, || {
                format!("   worker {}: the acceptance of {} leaves", self.slot, sim.ids[order])
            });
        }
        if plan.fault == Some(FaultKind::FrozenInSend) {
            sim.freeze_process(self.slot, arrives_at);
        }
        sim.bytes_left(self.slot, order, body);
        let late_until = started + micros(self.call_timeout) * 9 / 10;
        let lost = plan.fault == Some(FaultKind::SendReset);
        let in_time = answered_at <= deadline.max(now);
        let call = Call {
            slot: self.slot,
            op: Op::Accept,
            order: Some(order),
            journey: Journey {
                effect_at: Some(arrives_at),
                reply_at: answered_at.min(deadline.max(now + 1)),
            },
            effect: Box::new(move |sim| {
                sim.state().facts.orders[order].under_way -= 1;
                if lost {
                    sim.strikes_order(FaultKind::SendReset, order);
                    return SendVerdict::Unknown;
                }
                sim.arrives(order, body, plan.fault, late_until)
            }),
            instead: (!in_time).then_some(SendVerdict::Unknown),
            broken: |_| None,
        };
        let verdict = sim.dispatch(call).await;
        sim.tell(|| format!("   worker {}: {} is answered: {verdict:?}", self.slot, sim.ids[order]));
        answer(verdict)
    }
}

/// The decision's bytes, as a hash.
pub(crate) fn body_hash(decision: &Decision) -> u64 {
    let mut hash = 17u64;
    for (line, accepted) in decision.lines() {
        for byte in line.as_str().bytes().chain([u8::from(*accepted), 0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
    }
    hash
}

//! A call of a history made definite: the ports' own arguments, leases and calls looked up where the reference stands.
//!
//! Calls on record have other ids on each store. Here they bear their place in the history, as a negative number, which
//! each side turns into its own id.

use ackord::call::{CallEnd, CallId, Endpoint, NewCall, SeenState};
use ackord::failure::NewFailure;
use ackord::memory::MemoryStore;
use ackord::order::{Decision, LineId, OrderId, OrderLine};
use ackord::ports::{
    self, ClaimRequest, InboxEntry, Intent, NewOrder, RecordedAnswer, Recovery as _, RenewRequest, TakeUp,
};
use ackord::time::{Timestamp, plus};
use ackord::work::{Epoch, Fence, Lease, NewEntry, OperationId, Settlement, Standing, Version};
use futures_util::FutureExt as _;
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

use super::call::{At, Call, CallRef, Ending, Entering, Failing, Hold, Intending, Listed, Op, Settling};
use super::names::{Names, STRANGER, place};

/// A write or a read with the ports' own arguments; calls that need none of these pass as they are.
#[derive(Debug, Clone)]
pub(super) enum Bound {
    Ingest(Vec<NewOrder>, Timestamp, OperationId),
    Claim(ClaimRequest),
    Renew(RenewRequest),
    Intend(Vec<Intent>, OperationId),
    Answer(Vec<RecordedAnswer>),
    Settle(Vec<Settlement>, Timestamp, OperationId),
    Begin(NewCall),
    Finish(CallId, CallEnd, Vec<SeenState>),
    OpenInbox(Vec<InboxEntry>),
    Lookup(CallId),
    CallsBefore(Option<CallId>, Call),
    AllowSending(ports::Hold),
    TakeUp(TakeUp),
    Other(Call),
}

/// The order of that name.
pub(super) fn order(name: &str) -> OrderId {
    OrderId::new(name).expect("the names of a history are ids")
}

/// Where calls are looked up.
pub(super) struct Binder<'a> {
    pub(super) reference: &'a MemoryStore,
    pub(super) names: &'a Names,
}

impl Binder<'_> {
    /// Makes a call definite.
    pub(super) fn bind(&self, call: &Call) -> Bound {
        match call {
            Call::Ingest { op, now, orders } => {
                let orders = orders.iter().map(|listed| self.new_order(listed)).collect();
                Bound::Ingest(orders, now.timestamp(), operation(*op))
            }
            Call::Claim {
                op,
                now,
                phases,
                lease,
                worker,
                limit,
                suspects,
            } => Bound::Claim(ClaimRequest {
                phases: phases.clone(),
                now: now.timestamp(),
                lease: *lease,
                worker: (*worker).to_owned(),
                limit: *limit,
                suspects: *suspects,
                operation: operation(*op),
            }),
            Call::Renew { holds, now, lease } => {
                let leases = holds.iter().map(|hold| {
                    let (fence, version) = self.hold(*hold);
                    Lease {
                        order_id: order(hold.order),
                        fence,
                        version,
                    }
                });
                Bound::Renew(RenewRequest {
                    leases: leases.collect(),
                    now: now.timestamp(),
                    lease: *lease,
                })
            }
            Call::Intend { op, intents } => Bound::Intend(
                intents.iter().map(|intent| self.intent(intent)).collect(),
                operation(*op),
            ),
            Call::Answer { answers } => {
                let answers = answers.iter().map(|ending| RecordedAnswer {
                    call: self.call(ending.call),
                    end: end(ending),
                });
                Bound::Answer(answers.collect())
            }
            Call::Settle { op, now, settlements } => {
                let settlements = settlements.iter().map(|settling| self.settlement(settling)).collect();
                Bound::Settle(settlements, now.timestamp(), operation(*op))
            }
            Call::Begin {
                endpoint,
                related,
                text,
                at,
            } => Bound::Begin(new_call(
                *endpoint,
                related.map(str::to_owned),
                json!({"text": text, "max": 100}),
                *at,
            )),
            Call::Finish { ending, seen } => {
                let seen = seen.iter().map(|(name, state)| SeenState {
                    order_id: order(name),
                    state: state.map(str::to_owned),
                });
                Bound::Finish(self.call(ending.call), end(ending), seen.collect())
            }
            Call::OpenInbox { entries } => Bound::OpenInbox(entries.iter().map(entry).collect()),
            Call::Lookup { call } => Bound::Lookup(self.call(*call)),
            Call::AllowSending { epoch_off } => Bound::AllowSending(self.hold_on_sending(*epoch_off)),
            Call::TakeUp { op, orders, now, lease } => Bound::TakeUp(TakeUp {
                ids: orders.iter().map(|name| order(name)).collect(),
                now: now.timestamp(),
                lease: *lease,
                worker: "reconciler".to_owned(),
                operation: operation(*op),
            }),
            Call::ListCalls { before, .. } => Bound::CallsBefore(before.map(|call| self.call(call)), call.clone()),
            _ => Bound::Other(call.clone()),
        }
    }

    fn new_order(&self, listed: &Listed) -> NewOrder {
        NewOrder {
            order_id: order(listed.order),
            raw: json!({"order_id": listed.order, "total_price": 12.5, "note": listed.note})
                .to_string()
                .into(),
            placed_at: listed.placed_at.map(At::timestamp),
            note: listed.note.to_owned(),
            look: self.call(listed.look),
        }
    }

    fn intent(&self, intending: &Intending) -> Intent {
        let (fence, version) = self.hold(intending.hold);
        let decision = decision(intending.hold.order, intending.lines.max(1)).expect("it has lines");
        let related = Some(intending.related.to_owned());
        Intent {
            order_id: order(intending.hold.order),
            fence,
            version,
            call: new_call(Endpoint::Or21, related, decision.to_json(), intending.at),
            decision,
        }
    }

    fn settlement(&self, settling: &Settling) -> Settlement {
        let (fence, version) = self.hold(settling.hold);
        let id = order(settling.hold.order);
        let from = self.reference.work(&id).map(|row| row.status);
        let [attempt, looks, waiting_looks, slow_looks] = settling.counts;
        Settlement {
            fence,
            version,
            from: from.unwrap_or(ackord::OrderStatus::PendingAcceptance),
            entry: settling.entry.as_ref().map(|entering| self.new_entry(entering)),
            failure: settling.failure.as_ref().map(|failing| entry(failing).failure),
            resolution: settling.resolution.map(str::to_owned),
            close_call: settling.close.map(|call| self.call(call)),
            standing: Standing {
                phase: settling.phase,
                due_at: settling.due_at.map(At::timestamp),
                attempt,
                looks,
                waiting_looks,
                slow_looks,
                since: settling.since.timestamp(),
                call_open: settling.call_open,
                decision: decision(settling.hold.order, settling.lines),
                reason: settling.reason.map(str::to_owned),
            },
            order_id: id,
            keeps_count: settling.keeps_count,
        }
    }

    fn new_entry(&self, entering: &Entering) -> NewEntry {
        NewEntry {
            status: entering.status.clone(),
            note: entering.note.to_owned(),
            attempt: entering.attempt,
            retry_at: entering.retry_at.map(At::timestamp),
            send: entering.send.map(|call| self.call(call)),
            look: entering.look.map(|call| self.call(call)),
        }
    }

    fn hold(&self, hold: Hold) -> (Fence, Version) {
        let row = self.reference.work(&order(hold.order));
        let (fence, version) = row.map_or((0, 1), |row| (row.fence.0, row.version.0));
        (Fence(fence + hold.fence_off), Version(version + hold.version_off))
    }

    /// The hold that stands, or would if the store's epoch were one; so many epochs off.
    fn hold_on_sending(&self, epoch_off: i64) -> ports::Hold {
        let sending = self.reference.sending().now_or_never();
        let sending = sending
            .and_then(Result::ok)
            .expect("the store in memory answers at once");
        let epoch = sending.hold.map_or(sending.epoch, |hold| hold.epoch);
        ports::Hold {
            epoch: Epoch(epoch.0 + epoch_off),
            since: At(0).timestamp(),
        }
    }

    fn call(&self, call: CallRef) -> CallId {
        match call {
            CallRef::Stranger => STRANGER,
            CallRef::Nth(nth) => self.names.calls().checked_rem_of(nth).map_or(STRANGER, place),
            CallRef::LastOf(name) => {
                let last = self.reference.work(&order(name)).and_then(|row| row.call);
                last.and_then(|id| self.names.place_of(id)).map_or(STRANGER, place)
            }
        }
    }
}

/// The operation of that number; each history has a store of its own.
fn operation(op: Op) -> OperationId {
    OperationId(Uuid::from_u128(
        0xACC0_4D00_0000_4000_8000_0000_0000_0000 + u128::from(op),
    ))
}

fn new_call(endpoint: Endpoint, related_id: Option<String>, request: serde_json::Value, at: At) -> NewCall {
    NewCall {
        endpoint,
        related_id,
        request,
        started_at: at.timestamp(),
        answer_by: plus(at.timestamp(), Duration::from_secs(10)),
    }
}

fn end(ending: &Ending) -> CallEnd {
    CallEnd {
        outcome: ending.outcome,
        status_code: ending.status,
        response: ending.response.map(str::to_owned),
        duration: ending.duration,
    }
}

fn entry(failing: &Failing) -> InboxEntry {
    InboxEntry {
        failure: NewFailure {
            related_id: failing.related.to_owned(),
            cause: failing.cause,
            details: failing.details.to_owned(),
            payload: json!({"order_id": failing.related, "price": 19.99}),
            needs_person: failing.needs_person,
        },
        version: failing.version.map(Version),
    }
}

fn decision(name: &str, lines: u8) -> Option<Decision> {
    let line = |number: u8| OrderLine {
        id: LineId::new(format!("{name}-{number}")).expect("an id"),
        state: None,
    };
    Decision::accept_all(&(0..lines).rev().map(line).collect::<Vec<_>>())
}

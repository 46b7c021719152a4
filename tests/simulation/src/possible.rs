//! Which (state, fault) pairs there can be at all, and why there are no others.

use crate::faults::{FaultKind, Op, OrderPlace, Place};

/// What a fault strikes, and with it the pairs that there can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// Any call to the store.
    StoreCall,
    /// A call that writes to the store: a read needs no disk, and has no commit whose acknowledgement could be lost.
    StoreWrite,
    /// Any call under way: a jump of the store's clock matters to nobody else.
    AnyCall,
    /// A read of the marketplace.
    MarketRead,
    /// Any call to the marketplace.
    MarketCall,
    /// An order of which an acceptance is under way: it has been taken in. Other programs, or workers that take it over
    /// from one that is frozen, may have moved it on meanwhile.
    OrderSent,
    /// An order as it is shown or as others move it on the marketplace, however it stands with us.
    AnyOrder,
    /// An order that is stored: another program can't append to one that is not, and only these have work rows.
    StoredOrder,
    /// A worker, whatever it is doing.
    Worker,
    /// A worker with a call under way: without one nothing can have been done, or be done later.
    WorkerInCall,
}

fn target(fault: FaultKind) -> Target {
    use FaultKind as Kind;
    match fault {
        Kind::StoreUnreachable | Kind::StoreBusy | Kind::StoreSlow | Kind::StoreOutage | Kind::StoreRestart => {
            Target::StoreCall
        }
        Kind::StoreFull | Kind::AckLostDone | Kind::AckLostNotDone | Kind::CommitLate => Target::StoreWrite,
        Kind::StoreClockForward | Kind::StoreClockBack => Target::AnyCall,
        Kind::SendSlow
        | Kind::SendErrorBefore
        | Kind::SendErrorAfter
        | Kind::SendThrottled
        | Kind::SendThrottledNoTime
        | Kind::AnswerLost
        | Kind::EffectLate
        | Kind::EffectAfterSuccess
        | Kind::SendReset
        | Kind::NotSent
        | Kind::SendHtml
        | Kind::SendCredentials
        | Kind::FalsePrecondition
        | Kind::Refused
        | Kind::EmptyPromise
        | Kind::FrozenInSend => Target::OrderSent,
        Kind::ReadSlow
        | Kind::ReadError
        | Kind::ReadThrottled
        | Kind::ReadBadJson
        | Kind::ReadHtml
        | Kind::ReadReset
        | Kind::ReadCredentials => Target::MarketRead,
        Kind::MarketOutage | Kind::CredentialsSpan => Target::MarketCall,
        Kind::UnknownState
        | Kind::OrderUnreadable
        | Kind::NoLines
        | Kind::LinesReordered
        | Kind::OrderMissing
        | Kind::StaleRead
        | Kind::EmptyListing
        | Kind::PageShift
        | Kind::PersonAccepts
        | Kind::PersonRefuses
        | Kind::CustomerCancels
        | Kind::DeadlinePasses => Target::AnyOrder,
        Kind::ForeignPending
        | Kind::ForeignFailed
        | Kind::ForeignRetry
        | Kind::ForeignAccepted
        | Kind::ForeignCancelled
        | Kind::ForeignLabel
        | Kind::ForeignShipped
        | Kind::Rebuilt => Target::StoredOrder,
        Kind::CrashDone | Kind::CrashDoneLater => Target::WorkerInCall,
        Kind::CrashNothingDone | Kind::GracefulStop | Kind::Freeze | Kind::WallJump => Target::Worker,
    }
}

/// Whether a fault can strike there.
#[must_use]
pub fn is_possible(fault: FaultKind, place: Place) -> bool {
    match (target(fault), place) {
        (Target::StoreCall, Place::Call(op)) => is_of_the_store(op),
        (Target::StoreWrite, Place::Call(op)) => op.writes(),
        (Target::AnyCall | Target::WorkerInCall, Place::Call(op)) => op != Op::Between,
        (Target::MarketRead, Place::Call(op)) => matches!(op, Op::Waiting | Op::Look),
        (Target::MarketCall, Place::Call(op)) => matches!(op, Op::Waiting | Op::Look | Op::Accept),
        (Target::Worker, Place::Call(_)) | (Target::AnyOrder, Place::Order(_)) => true,
        (Target::OrderSent | Target::StoredOrder, Place::Order(place)) => place != OrderPlace::New,
        _ => false,
    }
}

/// Every place.
pub fn places() -> impl Iterator<Item = Place> {
    let orders = OrderPlace::ALL.iter().map(|place| Place::Order(*place));
    orders.chain(Op::ALL.iter().map(|op| Place::Call(*op)))
}

fn is_of_the_store(op: Op) -> bool {
    !matches!(op, Op::Between | Op::Waiting | Op::Look | Op::Accept)
}

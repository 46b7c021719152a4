//! The orders that a worker is given, and how each has to end whatever happens to the worker.

use ackord_sandbox::{Act, Endpoint, Fault, FaultRule, Moment, OrderSeed, RetryAfter, Sandbox};

/// How an order has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Accepted, without an attempt that was said to have failed.
    Accepted,
    /// Accepted; attempts before that may have failed.
    AcceptedAfterAll,
    /// Cancelled, and never accepted.
    Cancelled,
    /// Refused: failed, with an open entry for a person.
    Refused,
    /// For a person, and never sent.
    ForAPerson,
}

/// Stored by another program as accepted, while the marketplace still waits for it.
pub(super) const CONTRADICTION: &str = "X-1";

/// Every order, with its end.
pub(super) const ORDERS: [(&str, End); 9] = [
    ("P-1", End::Accepted),
    ("P-2", End::Accepted),
    ("D-1", End::Accepted),
    ("L-1", End::Accepted),
    ("T-1", End::Accepted),
    ("F-1", End::AcceptedAfterAll),
    ("C-1", End::Cancelled),
    ("R-1", End::Refused),
    (CONTRADICTION, End::ForAPerson),
];

/// The marketplace with these orders, and what goes wrong with them.
pub(super) fn sandbox() -> Sandbox {
    let seed = |(id, _): &(&str, End)| match id.split('-').next() {
        Some("D") => OrderSeed::slow_debit(*id),
        _ => OrderSeed::plain(*id),
    };
    let on = |order: &str, fault| FaultRule::on(Endpoint::Or21, fault).order(order);
    let status = |status| Fault::Status {
        status,
        moment: Moment::Before,
    };
    let late = Fault::Latency {
        ms: 200,
        to_ms: None,
        moment: Moment::Before,
    };
    let rest = Fault::TooManyRequests {
        retry_after: Some(RetryAfter::Seconds(0)),
    };
    Sandbox::builder().orders(ORDERS.iter().map(seed)).faults([
        on("L-1", Fault::AnswerLost).once(),
        on("T-1", rest).once(),
        on("F-1", status(503)).once(),
        // So late that it comes after all others: a run of unanswered calls is counted from the last answer on.
        on("F-1", late).once(),
        on("R-1", status(404)),
        FaultRule::hands(Endpoint::Or21, Act::CancelByCustomer, Moment::Before)
            .order("C-1")
            .once(),
    ])
}

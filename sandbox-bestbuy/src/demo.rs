//! A set of orders of every kind, with the faults that make each of them its kind, for a first look at what can happen.

use crate::faults::{Act, Endpoint, Fault, FaultRule, Moment};
use crate::seed::{OrderKind, OrderSeed};

/// One order of the set, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoScenario {
    /// The order.
    pub order_id: &'static str,
    /// What happens to it, in a few words.
    pub label: &'static str,
    /// What a client that works well makes of it.
    pub expectation: &'static str,
}

/// The whole set.
#[derive(Debug, Clone)]
pub struct DemoSet {
    /// The orders to put in.
    pub orders: Vec<OrderSeed>,
    /// The faults to add.
    pub faults: Vec<FaultRule>,
    /// The set in words, in the order of `orders`.
    pub scenarios: Vec<DemoScenario>,
}

/// One order: its words, its seed, its faults.
type Entry = (DemoScenario, OrderSeed, Vec<FaultRule>);

/// Orders of every kind: plain ones, slow debits, cancellations, failing and lost answers, other people's hands.
#[must_use]
pub fn demo_set() -> DemoSet {
    let mut set = DemoSet {
        orders: Vec::new(),
        faults: Vec::new(),
        scenarios: Vec::new(),
    };
    let entries = plain_entries()
        .into_iter()
        .chain(lost_entries())
        .chain(faulty_entries());
    for (scenario, seed, faults) in entries {
        set.orders.push(seed);
        set.faults.extend(faults);
        set.scenarios.push(scenario);
    }
    set
}

fn scenario(order_id: &'static str, label: &'static str, expectation: &'static str) -> DemoScenario {
    DemoScenario {
        order_id,
        label,
        expectation,
    }
}

/// Orders to which nothing happens.
fn plain_entries() -> Vec<Entry> {
    let plain = |id| {
        let words = scenario(id, "plain", "accepted at the first look");
        (words, OrderSeed::plain(id), Vec::new())
    };
    vec![
        plain("DEMO-1001-A"),
        plain("DEMO-1002-A"),
        plain("DEMO-1003-A"),
        (
            scenario(
                "DEMO-1004-A",
                "three lines, moves by the second look",
                "accepted with one decision for all its lines",
            ),
            OrderSeed::plain("DEMO-1004-A").lines(3).moves_by_look(2),
            Vec::new(),
        ),
        (
            scenario("DEMO-2001-A", "slow debit", "waits in WAITING_DEBIT, then accepted"),
            OrderSeed::slow_debit("DEMO-2001-A"),
            Vec::new(),
        ),
        (
            scenario(
                "DEMO-2002-A",
                "payment refused after acceptance",
                "cancelled, although it was accepted",
            ),
            OrderSeed::of(OrderKind::PaymentRefused, "DEMO-2002-A"),
            Vec::new(),
        ),
    ]
}

/// Orders that other hands take away or take over.
fn lost_entries() -> Vec<Entry> {
    let before_decision =
        |id: &'static str, act| vec![FaultRule::hands(Endpoint::Or21, act, Moment::Before).order(id).once()];
    vec![
        (
            scenario(
                "DEMO-3001-A",
                "cancelled by the customer before anyone looked",
                "never comes in, nothing is sent",
            ),
            OrderSeed::of(OrderKind::Canceled, "DEMO-3001-A"),
            Vec::new(),
        ),
        (
            scenario(
                "DEMO-3002-A",
                "cancelled by the customer between look and send",
                "cancelled, no failure",
            ),
            OrderSeed::plain("DEMO-3002-A"),
            before_decision("DEMO-3002-A", Act::CancelByCustomer),
        ),
        (
            scenario(
                "DEMO-3003-A",
                "refused at the deadline just before the send",
                "cancelled, with an entry that says the deadline was missed",
            ),
            OrderSeed::plain("DEMO-3003-A"),
            before_decision("DEMO-3003-A", Act::PassDeadline),
        ),
        (
            scenario(
                "DEMO-3004-A",
                "already accepted by a person",
                "accepted, although OR21 was answered with an error",
            ),
            OrderSeed::plain("DEMO-3004-A"),
            before_decision("DEMO-3004-A", Act::Accept),
        ),
    ]
}

/// Orders with which something goes wrong on the way.
fn faulty_entries() -> Vec<Entry> {
    let once = |id: &'static str, fault| vec![FaultRule::on(Endpoint::Or21, fault).order(id).once()];
    vec![
        (
            scenario(
                "DEMO-4001-A",
                "503 at the first try, then well",
                "a failed attempt, accepted on a later one",
            ),
            OrderSeed::plain("DEMO-4001-A"),
            once(
                "DEMO-4001-A",
                Fault::Status {
                    status: 503,
                    moment: Moment::Before,
                },
            ),
        ),
        (
            scenario(
                "DEMO-4002-A",
                "answer lost after it took effect",
                "accepted with one decision, never sent twice",
            ),
            OrderSeed::plain("DEMO-4002-A"),
            once("DEMO-4002-A", Fault::AnswerLost),
        ),
        (
            scenario(
                "DEMO-4003-A",
                "500 after it took effect",
                "accepted with one decision, never sent twice",
            ),
            OrderSeed::plain("DEMO-4003-A"),
            once(
                "DEMO-4003-A",
                Fault::Status {
                    status: 500,
                    moment: Moment::After,
                },
            ),
        ),
        (
            scenario(
                "DEMO-4004-A",
                "goes to a state that nobody knows",
                "stays with a person, the state named",
            ),
            OrderSeed::of(OrderKind::UnknownState, "DEMO-4004-A"),
            Vec::new(),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_has_its_order_and_every_fault_its_scenario() {
        let set = demo_set();
        let named: Vec<&str> = set.scenarios.iter().map(|words| words.order_id).collect();
        let put: Vec<&str> = set.orders.iter().map(|seed| seed.order_id.as_str()).collect();
        assert_eq!(named, put);
        for rule in &set.faults {
            assert!(named.contains(&rule.order_id.as_deref().unwrap()));
            assert_eq!(rule.complaint(), None);
        }
    }
}

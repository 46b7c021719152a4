//! How the store stands, as gauges.

use std::time::Duration;

use ackord::Timestamp;
use ackord::budget::{CallRate, left};
use ackord::failure::FailureCause;
use ackord::ports::{ShopState, StoreStanding};
use ackord::time::{plus, until};
use ackord::work::Phase;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::{ByOne, Count, Label, Seconds};

/// Stands for the causes of entries that this program did not write.
const OTHER_CAUSE: &str = "other";

/// What was read from a store.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The store's own time then.
    pub now: Timestamp,
    /// How it stood; the oldest unaccepted order is enough of [`StoreStanding::oldest`].
    pub standing: StoreStanding,
    /// The shop: its rest, its next poll, its budget of calls.
    pub shop: ShopState,
    /// How its calls are drawn, where it has a budget.
    pub call_rate: Option<CallRate>,
    /// How long after it was placed an order has to be accepted.
    pub deadline: Duration,
}

/// The gauges.
#[derive(Debug, Default)]
pub(super) struct StoreGauges {
    up: Count,
    orders: ByOne<Count>,
    leases: Count,
    oldest: Seconds,
    /// Without a label: empty where there is nothing to tell.
    nearest: Family<[Label; 0], Seconds>,
    inbox: ByOne<Count>,
    paused: Seconds,
    next_poll: Seconds,
    /// Without a label: empty where there is no budget.
    calls_left: Family<[Label; 0], Count>,
}

impl StoreGauges {
    /// All at zero, registered.
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let gauges = Self::default();
        gauges.show_counts(&StoreStanding::default());
        let help = "Whether the store could be read when last tried; if not, the figures about it are old";
        registry.register("store_up", help, gauges.up.clone());
        let help = "Unsettled orders, by what comes next for them";
        registry.register("orders", help, gauges.orders.clone());
        registry.register("leases", "Orders that some worker has in hand", gauges.leases.clone());
        let help = "The age of the oldest order that is not known to be accepted";
        registry.register("oldest_unaccepted_age_seconds", help, gauges.oldest.clone());
        let help = "The time left to that order's acceptance deadline, negative once past; absent where there is none";
        registry.register("nearest_deadline_seconds", help, gauges.nearest.clone());
        let help = "Entries of the failures inbox that wait for a person, by cause";
        registry.register("inbox_open", help, gauges.inbox.clone());
        let help = "How much longer the shop rests because the marketplace asked for it";
        registry.register("paused_seconds", help, gauges.paused.clone());
        let help = "How much longer until orders in flight may be looked at again";
        registry.register("next_poll_seconds", help, gauges.next_poll.clone());
        let help = "Calls to the marketplace that the shop's budget has left at once; absent where there is no budget";
        registry.register("calls_left", help, gauges.calls_left.clone());
        gauges
    }

    /// Shows what was read.
    pub(super) fn show(&self, reading: &Reading) {
        self.up.set(1);
        self.show_counts(&reading.standing);
        let ahead = |end: Option<Timestamp>| end.map_or(0.0, |end| until(reading.now, end).as_secs_f64());
        self.paused.set(ahead(reading.shop.paused_until));
        self.next_poll.set(ahead(reading.shop.next_poll_at));
        if let Some(rate) = reading.call_rate {
            let calls = left(reading.shop.budget_full_at, reading.now, rate);
            self.calls_left.get_or_create(&[]).set(u64::from(calls));
        }
        match reading.standing.oldest.first() {
            Some(oldest) => {
                self.oldest.set(until(oldest.placed_at, reading.now).as_secs_f64());
                let left = plus(oldest.placed_at, reading.deadline).duration_since(reading.now);
                self.nearest.get_or_create(&[]).set(left.as_secs_f64());
            }
            None => {
                self.oldest.set(0.0);
                self.nearest.clear();
            }
        }
    }

    /// Shows that nothing could be read.
    pub(super) fn is_down(&self) {
        self.up.set(0);
    }

    fn show_counts(&self, standing: &StoreStanding) {
        self.leases.set(standing.leased);
        for phase in Phase::all().filter(|phase| *phase != Phase::Settled) {
            let orders = standing.phases.iter().filter(|count| count.phase == phase);
            let orders = orders.map(|count| count.orders).sum();
            self.orders.get_or_create(&[("phase", phase.as_str())]).set(orders);
        }
        let known = FailureCause::all().map(FailureCause::as_str);
        for cause in known.chain([OTHER_CAUSE]) {
            let waiting = standing.open.iter().filter(|group| group.needs_person);
            let of_cause = waiting.filter(|group| cause_of(&group.cause) == cause);
            let entries = of_cause.map(|group| group.entries).sum();
            self.inbox.get_or_create(&[("cause", cause)]).set(entries);
        }
    }
}

/// The cause as a label: what other programs write as one may be any text.
fn cause_of(written: &str) -> &'static str {
    FailureCause::parse(written).map_or(OTHER_CAUSE, FailureCause::as_str)
}

#[cfg(test)]
pub(super) mod tests {
    use ackord::OrderId;
    use ackord::failure::PROCESS;
    use ackord::ports::{OpenGroup, PhaseCount, StoreError, Unaccepted};
    use ackord::time::minus;

    use super::super::Metrics;
    use super::super::tests::tells;
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn now() -> Timestamp {
        "2026-11-23T08:00:00Z".parse().unwrap()
    }

    fn group(cause: &str, needs_person: bool, entries: u64) -> OpenGroup {
        OpenGroup {
            process_name: PROCESS.to_owned(),
            cause: cause.to_owned(),
            needs_person,
            entries,
            oldest_at: now(),
            first: Vec::new(),
        }
    }

    /// Two orders to be sent and one in review; the oldest was placed 20 hours ago and has 24.
    pub(in crate::metrics) fn reading() -> Reading {
        let phases = [(Phase::Ready, 2), (Phase::Review, 1)];
        let standing = StoreStanding {
            phases: phases
                .into_iter()
                .map(|(phase, orders)| PhaseCount { phase, orders })
                .collect(),
            leased: 2,
            unaccepted: 3,
            oldest: vec![Unaccepted {
                order_id: OrderId::new("A-1").unwrap(),
                placed_at: minus(now(), HOUR * 20),
            }],
            open: vec![
                group("no_lines", true, 1),
                group("refused", false, 4),
                group("of its own", true, 2),
                group("", true, 3),
            ],
            ..StoreStanding::default()
        };
        Reading {
            now: now(),
            standing,
            shop: ShopState {
                paused_until: Some(plus(now(), Duration::from_secs(90))),
                next_poll_at: Some(plus(now(), Duration::from_secs(30))),
                budget_full_at: Some(plus(now(), Duration::from_secs(40))),
                ..ShopState::default()
            },
            call_rate: Some(CallRate {
                interval: Duration::from_secs(10),
                burst: 50,
            }),
            deadline: HOUR * 24,
        }
    }

    #[test]
    fn a_store_is_shown_as_it_stands() {
        let metrics = Metrics::default();
        metrics.store(&Ok(reading()));
        tells(
            &metrics,
            &[
                "ackord_store_up 1",
                "ackord_orders{phase=\"ready\"} 2",
                "ackord_orders{phase=\"review\"} 1",
                "ackord_orders{phase=\"sending\"} 0",
                "ackord_leases 2",
                "ackord_oldest_unaccepted_age_seconds 72000.0",
                "ackord_nearest_deadline_seconds 14400.0",
                "ackord_inbox_open{cause=\"no_lines\"} 1",
                "ackord_inbox_open{cause=\"refused\"} 0",
                "ackord_inbox_open{cause=\"other\"} 5",
                "ackord_paused_seconds 90.0",
                "ackord_next_poll_seconds 30.0",
                "ackord_calls_left 46",
            ],
        );
        assert!(!metrics.text().contains("of its own"));
    }

    #[test]
    fn a_deadline_that_is_past_counts_below_zero_and_goes_with_the_last_order() {
        let metrics = Metrics::default();
        let mut reading = reading();
        reading.deadline = HOUR * 19;
        metrics.store(&Ok(reading.clone()));
        tells(&metrics, &["ackord_nearest_deadline_seconds -3600.0"]);
        reading.standing = StoreStanding::default();
        reading.shop = ShopState::default();
        metrics.store(&Ok(reading));
        assert!(!metrics.text().contains("ackord_nearest_deadline_seconds"));
        tells(
            &metrics,
            &[
                "ackord_oldest_unaccepted_age_seconds 0.0",
                "ackord_inbox_open{cause=\"no_lines\"} 0",
                "ackord_orders{phase=\"ready\"} 0",
                "ackord_paused_seconds 0.0",
                "ackord_next_poll_seconds 0.0",
                "ackord_calls_left 50",
            ],
        );
    }

    #[test]
    fn a_store_that_cannot_be_read_leaves_what_was_known() {
        let metrics = Metrics::default();
        metrics.store(&Ok(reading()));
        metrics.store(&Err(StoreError::Full("disk".into())));
        tells(&metrics, &["ackord_store_up 0", "ackord_orders{phase=\"ready\"} 2"]);
        metrics.store(&Ok(reading()));
        tells(&metrics, &["ackord_store_up 1"]);
    }
}

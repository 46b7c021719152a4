//! The marketplace: orders are fed to it in portions, people act on them, it goes wrong, and it goes away and comes back.

use std::collections::BTreeSet;
use std::time::Duration;

use ackord_sandbox::{
    Act, Endpoint, Fault, FaultRule, Ledger, MarketState, Moment, OrderKind, OrderSeed, Pace, RetryAfter, Sandbox,
    SandboxError, SandboxHandle,
};
use tokio::sync::Mutex;

use super::{Chance, Kind, Tally};

/// How long an effect may stay unseen here, at the most: a stale read, and an order that goes on reading as waiting.
/// The workers are told of twice that.
const UNSEEN: Duration = Duration::from_millis(100);

/// The read staleness that the workers are told of.
pub const READ_STALENESS: Duration = Duration::from_millis(250);

/// How often the marketplace tries to listen again at its address.
const COME_BACK_TRIES: u32 = 100;

/// A running marketplace.
#[derive(Debug)]
pub struct Market {
    sandbox: Mutex<SandboxHandle>,
    ledger: Ledger,
    url: std::net::SocketAddr,
    key: String,
    prefix: String,
    tally: Tally,
    state: std::sync::Mutex<Fed>,
}

/// What was fed, and what other hands took away.
#[derive(Debug, Default)]
struct Fed {
    orders: u64,
    by_hand: u64,
}

impl Market {
    /// Starts an empty one whose orders' ids begin with `prefix`.
    ///
    /// # Errors
    /// Where no port can be listened on.
    pub async fn start(prefix: &str, seed: u64, tally: Tally) -> Result<Self, SandboxError> {
        let sandbox = Sandbox::builder().seed(seed).start().await?;
        Ok(Self {
            ledger: sandbox.ledger(),
            url: sandbox.address(),
            key: sandbox.api_key().to_owned(),
            prefix: prefix.to_owned(),
            sandbox: Mutex::new(sandbox),
            tally,
            state: std::sync::Mutex::default(),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> std::net::SocketAddr {
        self.url
    }

    /// The key of its shop.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What really happened.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// How many orders were fed.
    #[must_use]
    pub fn fed(&self) -> u64 {
        self.locked().orders
    }

    /// The ids of all orders that were fed.
    pub fn ids(&self) -> impl Iterator<Item = String> + use<'_> {
        (1..=self.fed()).map(|number| self.id(number))
    }

    /// The orders that are still to be decided, or not even to be decided yet.
    #[must_use]
    pub fn waiting(&self) -> BTreeSet<String> {
        let waits = |id: &String| {
            let state = self.ledger.state(id);
            matches!(state, Some(MarketState::WaitingAcceptance | MarketState::Staging))
        };
        self.ids().filter(waits).collect()
    }

    /// About how many orders nobody has decided yet.
    #[must_use]
    pub fn undecided(&self) -> u64 {
        let fed = self.locked();
        let decided = self.ledger.counts().decisions_applied + fed.by_hand;
        fed.orders.saturating_sub(decided)
    }

    /// Feeds more orders.
    ///
    /// # Errors
    /// Where an id is taken.
    pub async fn feed(&self, count: u64, chance: &mut Chance) -> Result<(), SandboxError> {
        let sandbox = self.sandbox.lock().await;
        for _ in 0..count {
            let number = self.fed() + 1;
            sandbox.put_order(seed(self.id(number), chance))?;
            self.locked().orders = number;
        }
        Ok(())
    }

    /// Lets the marketplace itself go wrong from now on.
    ///
    /// # Errors
    /// Where a rule makes no sense.
    pub async fn go_wrong(&self, more_often: f64) -> Result<(), SandboxError> {
        let sandbox = self.sandbox.lock().await;
        rules(more_often)
            .into_iter()
            .try_for_each(|(_, rule)| sandbox.add_fault(rule).map(drop))
    }

    /// The kinds of its own faults that have struck and are not counted yet.
    pub async fn struck(&self) -> Vec<Kind> {
        let faults = self.sandbox.lock().await.faults();
        let kinds = rules(1.0).into_iter().map(|(kind, _)| kind);
        kinds
            .zip(faults)
            .filter(|(_, armed)| armed.struck > 0)
            .map(|(kind, _)| kind)
            .collect()
    }

    /// Takes all faults away, and counts how often each struck.
    pub async fn go_right(&self) {
        let sandbox = self.sandbox.lock().await;
        let kinds = rules(1.0).into_iter().map(|(kind, _)| kind);
        for (kind, armed) in kinds.zip(sandbox.faults()) {
            self.tally.add(kind, armed.struck);
        }
        sandbox.clear_faults();
        sandbox.release_held();
    }

    /// Goes away for a while, and comes back.
    ///
    /// # Errors
    /// Where its address is taken meanwhile.
    pub async fn restart(&self, rest: Duration) -> Result<(), SandboxError> {
        let mut sandbox = self.sandbox.lock().await;
        sandbox.go_down().await;
        tokio::time::sleep(rest).await;
        let mut tries = 0;
        while let Err(error) = sandbox.come_back().await {
            // Somebody else's connection may have been given the port meanwhile.
            tries += 1;
            if tries == COME_BACK_TRIES {
                return Err(error);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.tally.count(Kind::MarketRestarted);
        Ok(())
    }

    /// Somebody does something to one of the newest orders, if it is still waiting.
    pub async fn lend_a_hand(&self, chance: &mut Chance) {
        const ACTS: [(Act, Kind); 3] = [
            (Act::CancelByCustomer, Kind::CancelledByHand),
            (Act::Accept, Kind::AcceptedByHand),
            (Act::Refuse, Kind::RefusedByHand),
        ];
        let fed = self.fed();
        let Some(number) = fed.checked_sub(chance.below(400)).filter(|number| *number > 0) else {
            return;
        };
        let (act, kind) = &ACTS[chance.place(ACTS.len())];
        let id = self.id(number);
        if self.ledger.state(&id) != Some(MarketState::WaitingAcceptance) || self.ledger.decisions_applied(&id) > 0 {
            return;
        }
        // It may have come too late by now.
        if self.sandbox.lock().await.act(&id, act).is_ok() {
            self.locked().by_hand += 1;
            self.tally.count(*kind);
        }
    }

    fn id(&self, number: u64) -> String {
        format!("{}-{number:06}", self.prefix)
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Fed> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// An order: mostly plain, some with a way of their own.
fn seed(id: String, chance: &mut Chance) -> OrderSeed {
    match chance.below(20) {
        0 => OrderSeed::of(OrderKind::TwoLines, id),
        1 => OrderSeed::slow_debit(id),
        2 => OrderSeed::of(OrderKind::PaymentRefused, id),
        3 => OrderSeed::plain(id).staging(Pace::Ms(chance.below(500))),
        4 => {
            let millis = u64::try_from(UNSEEN.as_millis()).unwrap_or(0);
            OrderSeed::plain(id).reads_waiting(Pace::Ms(millis))
        }
        _ => OrderSeed::plain(id),
    }
}

/// What goes wrong at the marketplace. The first kind that ends a call decides how.
fn rules(more_often: f64) -> Vec<(Kind, FaultRule)> {
    let or21 = |kind, probability: f64, fault| (kind, Endpoint::Or21, probability, fault);
    let or11 = |kind, probability: f64, fault| (kind, Endpoint::Or11, probability, fault);
    let slow = |to_ms| Fault::Latency {
        ms: 0,
        to_ms: Some(to_ms),
        moment: Moment::Before,
    };
    let stale = Fault::StaleRead {
        ms: u64::try_from(UNSEEN.as_millis()).unwrap_or(0),
        calls: 0,
    };
    let status = |status, moment| Fault::Status { status, moment };
    let throttled = Fault::TooManyRequests {
        retry_after: Some(RetryAfter::Seconds(1)),
    };
    [
        or21(Kind::Slow, 0.3, slow(60)),
        or21(Kind::AnswerLost, 0.015, Fault::AnswerLost),
        or21(Kind::ServerError, 0.01, status(502, Moment::After)),
        or21(Kind::ServerError, 0.01, status(503, Moment::Before)),
        or21(Kind::MarketReset, 0.005, Fault::Reset { moment: Moment::After }),
        or21(Kind::MarketReset, 0.005, Fault::Reset { moment: Moment::Before }),
        or21(Kind::Unreadable, 0.005, Fault::Html { status: 502 }),
        or21(Kind::Throttled, 0.001, throttled.clone()),
        or11(Kind::Slow, 0.3, slow(40)),
        or11(Kind::StaleRead, 0.25, stale),
        or11(Kind::ServerError, 0.01, status(500, Moment::Before)),
        or11(Kind::MarketReset, 0.005, Fault::Reset { moment: Moment::After }),
        or11(Kind::Unreadable, 0.01, Fault::TruncatedJson),
        or11(Kind::Throttled, 0.004, throttled),
    ]
    .into_iter()
    .map(|(kind, endpoint, probability, fault)| {
        let probability = (probability * more_often).min(1.0);
        (kind, FaultRule::on(endpoint, fault).probability(probability))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effect_is_never_unseen_for_longer_than_the_workers_are_told() {
        assert!(UNSEEN * 2 <= READ_STALENESS);
    }

    #[tokio::test]
    async fn orders_are_fed_and_taken_away_by_hand_and_all_is_counted() {
        let tally = Tally::default();
        let market = Market::start("T", 1, tally.clone()).await.expect("it starts");
        let mut chance = Chance::new(1);
        market.feed(50, &mut chance).await.expect("fed");
        assert_eq!((market.fed(), market.undecided()), (50, 50));
        for _ in 0..500 {
            market.lend_a_hand(&mut chance).await;
        }
        let by_hand = [Kind::CancelledByHand, Kind::AcceptedByHand, Kind::RefusedByHand].map(|kind| tally.of(kind));
        assert!(by_hand.iter().all(|count| *count > 0), "{by_hand:?}");
        assert_eq!(market.undecided(), 50 - by_hand.iter().sum::<u64>());
        market.restart(Duration::ZERO).await.expect("it comes back");
        assert_eq!(
            market.ids().filter(|id| market.ledger().order(id).is_some()).count(),
            50
        );
        assert_eq!(tally.of(Kind::MarketRestarted), 1);
    }
}

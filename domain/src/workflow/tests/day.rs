//! A day of a shop, with all that goes wrong in one, and what its operator hears of it.
//!
//! Two thousand orders; an outage of two hours, a key that expires, a shop that is throttled and later suspended; three in a hundred
//! fail once; five need a person. The deadline is three hours, so that the outage brings orders past half of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::drive::{block_on, block_on_patiently};
use super::ledger::{Answer, ReadFault};
use super::world::{World, seconds};
use crate::alerts::{AlertRules, Kind, Message, RunNote, Severity, Watch};
use crate::failure::FailureCause;
use crate::memory::SeededRandom;
use crate::order::OrderId;
use crate::ports::{Clock as _, Decided, Desk as _, ManualEntry, Notifier, NotifyError, ShopFigures};
use crate::settings::Settings;
use crate::status::OrderStatus;
use crate::time::{self, Timestamp};
use crate::workflow::StopSignal;
use crate::workflow::Wait;

const TICK: u64 = 300;
const TICKS: usize = 288;
const ORDERS: usize = 2000;
const DEADLINE_HOURS: u64 = 3;
/// Five orders from this one on are refused once.
const FIRST_FOR_A_PERSON: usize = 140;

/// What happens in which ticks of five minutes.
const PEOPLE_DECIDE: usize = 30;
const OUTAGE: std::ops::Range<usize> = 60..84;
const EXPIRED: std::ops::Range<usize> = 130..142;
const THROTTLED: std::ops::Range<usize> = 190..202;
const SUSPENDED: std::ops::Range<usize> = 240..252;

#[derive(Debug, Default)]
struct Operator {
    heard: Mutex<Vec<(usize, Message)>>,
    tick: Mutex<usize>,
}

#[async_trait]
impl Notifier for Operator {
    fn name(&self) -> &str {
        "operator"
    }

    async fn deliver(&self, _: &str, message: &Message) -> Result<(), NotifyError> {
        let tick = *self.tick.lock().unwrap();
        self.heard.lock().unwrap().push((tick, message.clone()));
        Ok(())
    }
}

struct Day {
    world: World,
    operator: Arc<Operator>,
    watch: Watch,
    orders: Vec<OrderId>,
}

impl Day {
    fn new() -> Self {
        let deadline = seconds(DEADLINE_HOURS * 3600);
        let world = World::patient(Settings {
            acceptance_deadline: deadline,
            ..Settings::default()
        });
        let operator = Arc::new(Operator::default());
        let rules = AlertRules {
            deadline,
            ..AlertRules::default()
        };
        let watch = Watch::new(
            Arc::new(world.memory.clone()),
            Arc::new(world.clock.clone()),
            Arc::new(SeededRandom::new(11)),
            vec![Arc::<Operator>::clone(&operator) as Arc<dyn Notifier>],
            rules,
            "the shop".to_owned(),
        )
        .asking(world.worker(), StopSignal::new());
        world.market.state().figures = ShopFigures {
            approval_rate: Some(1_000_000),
            auto_refused_rate: Some(0),
            refused_in_row: Some(0),
        };
        Self {
            world,
            operator,
            watch,
            orders: Vec::new(),
        }
    }

    /// The orders that come in with this tick.
    fn arrive(&mut self, tick: usize) {
        let until = (ORDERS * (tick + 1) / TICKS).min(ORDERS);
        let now = self.world.clock.now();
        while self.orders.len() < until {
            let number = self.orders.len();
            let answers: &[Answer] = match number {
                _ if number % 33 == 7 => &[Answer::LostWithoutEffect],
                _ if (FIRST_FOR_A_PERSON..FIRST_FOR_A_PERSON + 5).contains(&number) => &[Answer::Refused],
                _ => &[],
            };
            let order = self.world.order_like(&format!("D{number:05}-A"), |order| {
                order.placed_at = now;
                order.script = answers.to_vec().into();
            });
            self.orders.push(order);
        }
    }

    /// What the marketplace answers reads with in this tick.
    fn weather(&self, tick: usize) {
        let fault = match tick {
            _ if OUTAGE.contains(&tick) => Some(ReadFault::Unreachable),
            _ if EXPIRED.contains(&tick) => Some(ReadFault::Credentials),
            _ if THROTTLED.contains(&tick) => Some(ReadFault::Throttled(Some(seconds(1800)))),
            _ => None,
        };
        // The calls of a suspended shop are refused, whatever its key; but for the one that tells its state.
        let barred = SUSPENDED.contains(&tick);
        let mut state = self.world.market.state();
        state.shop_state = Some(if barred { "SUSPENDED" } else { "OPEN" }.to_owned());
        state.account_faults = fault.clone().into_iter().cycle().take(50).collect();
        let fault = fault.or(barred.then_some(ReadFault::Credentials));
        state.page_faults = fault.clone().into_iter().cycle().take(50).collect();
        state.look_faults = fault.clone().into_iter().cycle().take(50).collect();
        state.outage = OUTAGE.contains(&tick).then_some(Answer::NotSent);
    }

    /// A run in the weather of a tick, a round of the watch, and the rest until the next tick.
    fn tick(&self, tick: usize) {
        *self.operator.tick.lock().unwrap() = tick;
        self.weather(tick);
        let began = self.world.clock.now();
        self.world.gate.allow(200_000);
        let report = block_on_patiently(self.world.one_run(Wait::ForValidations), &self.world.clock);
        if let Some(note) = RunNote::of(report.halt.as_ref()) {
            block_on(self.watch.note_run(&note)).unwrap();
        }
        block_on(self.watch.round()).unwrap();
        let next = time::plus(began, seconds(TICK));
        self.world.clock.advance(time::until(self.world.clock.now(), next));
    }

    /// The operator looks into the inbox and gives each order another attempt: a decision each.
    fn decide(&self) -> usize {
        let open: Vec<OrderId> = self
            .orders
            .iter()
            .filter(|order| self.world.open_causes(order) == [FailureCause::Refused.as_str()])
            .cloned()
            .collect();
        for order in &open {
            let entry = ManualEntry {
                order_id: order.clone(),
                version: self.world.work(order).version,
                status: OrderStatus::PendingAcceptance,
                note: "another attempt, asked for by kim".to_owned(),
                resolution: Some("another attempt".to_owned()),
            };
            assert_eq!(
                block_on(self.world.memory.add_entries(&[entry], "kim")).unwrap(),
                [Decided::Written]
            );
        }
        open.len()
    }
}

#[test]
fn of_a_day_the_operator_hears_each_cause_once_and_its_end() {
    let mut day = Day::new();
    let mut decisions = 0;
    for tick in 0..TICKS + 12 {
        day.arrive(tick);
        day.tick(tick);
        if tick == PEOPLE_DECIDE {
            decisions = day.decide();
        }
    }
    assert_eq!(decisions, 5);
    assert_eq!(day.orders.len(), ORDERS);
    for order in &day.orders {
        assert_eq!(day.world.status(order), "accepted", "{order}");
    }

    let heard = day.operator.heard.lock().unwrap();
    let mut by_key: BTreeMap<&str, Vec<Kind>> = BTreeMap::new();
    for (_, message) in heard.iter() {
        by_key.entry(&message.key).or_default().push(message.kind);
    }
    let told: Vec<(&str, &[Kind])> = by_key.iter().map(|(key, kinds)| (*key, &**kinds)).collect();
    let once: &[Kind] = &[Kind::Raised, Kind::Cleared];
    assert_eq!(
        told,
        [
            ("deadline", once),
            ("inbox:refused", once),
            ("shop:state", once),
            ("trouble:credentials", once),
            ("trouble:marketplace_down", once),
            ("trouble:throttled", once),
        ],
        "{heard:#?}"
    );

    // Each in time: a refused key at once, an outage within its patience and a run.
    let raised_at = |key: &str| {
        let raised = heard.iter().find(|(_, message)| message.key == key);
        raised.map(|(tick, message)| (*tick, message.severity)).unwrap()
    };
    assert_eq!(raised_at("trouble:credentials"), (EXPIRED.start, Severity::Critical));
    assert_eq!(raised_at("shop:state"), (SUSPENDED.start, Severity::Critical));
    assert!((OUTAGE.start..OUTAGE.start + 5).contains(&raised_at("trouble:marketplace_down").0));
    assert_eq!(raised_at("deadline").1, Severity::Warning);
    super::audit::audit(&day.world);
}

#[test]
fn no_order_passes_its_deadline_unannounced() {
    let mut day = Day::new();
    day.arrive(0);
    let order = day.orders[0].clone();
    let placed_at: Timestamp = day.world.clock.now();
    // It can be listed once; then an outage begins that does not end.
    day.world
        .market
        .change(order.as_str(), |order| order.script = vec![Answer::NotSent].into());
    day.tick(0);
    for _ in 0..40 {
        day.tick(OUTAGE.start);
    }
    let heard = day.operator.heard.lock().unwrap();
    let about: Vec<_> = heard
        .iter()
        .filter(|(_, message)| message.key == "deadline")
        .map(|(_, message)| {
            let age = time::until(placed_at, message.at).as_secs() * 100 / (DEADLINE_HOURS * 3600);
            (message.kind, message.severity, age)
        })
        .collect();
    assert_eq!(about.len(), 2, "{about:?}");
    let (kind, severity, age) = about[0];
    assert_eq!((kind, severity), (Kind::Raised, Severity::Warning));
    assert!((50..55).contains(&age), "{about:?}");
    let (kind, severity, age) = about[1];
    assert_eq!((kind, severity), (Kind::Worse, Severity::Critical));
    assert!((80..85).contains(&age), "{about:?}");
    assert_ne!(day.world.status(&order), "accepted");
}

//! A service: a run at once, then one after another on a schedule or by the trigger, never two, until it is stopped.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::drive::block_on_patiently;
use super::gate::{Op, When};
use super::world::{World, seconds};
use crate::ports::Clock as _;
use crate::settings::Settings;
use crate::time::{Timestamp, until};
use crate::workflow::{Event, Every, Observer, ServeOptions, ServiceObserver, StopSignal, Trigger, Turn};

/// What was told, and what to do at a turn.
struct Watch<'a> {
    begun: Mutex<Vec<Timestamp>>,
    ended: Mutex<Vec<u64>>,
    told: Mutex<Vec<&'static str>>,
    at_turn: &'a (dyn Fn(&Turn<'_>, usize) + Send + Sync),
}

impl<'a> Watch<'a> {
    fn new(at_turn: &'a (dyn Fn(&Turn<'_>, usize) + Send + Sync)) -> Self {
        Self {
            begun: Mutex::default(),
            ended: Mutex::default(),
            told: Mutex::default(),
            at_turn,
        }
    }

    fn gaps(&self) -> Vec<u64> {
        let begun = self.begun.lock().unwrap();
        begun.windows(2).map(|pair| until(pair[0], pair[1]).as_secs()).collect()
    }
}

impl Observer for Watch<'_> {
    fn on_event(&self, _: &Event) {}
}

impl ServiceObserver for Watch<'_> {
    fn on_turn(&self, turn: &Turn<'_>) {
        let word = match turn {
            Turn::Begins { at } => {
                self.begun.lock().unwrap().push(*at);
                "begins"
            }
            Turn::Working { .. } => "working",
            Turn::Ended { report, .. } => {
                self.ended.lock().unwrap().push(report.accepted);
                "ended"
            }
            Turn::Resting { .. } => "resting",
            Turn::Stopped => "stopped",
        };
        self.told.lock().unwrap().push(word);
        (self.at_turn)(turn, self.begun.lock().unwrap().len());
    }
}

fn every(seconds_: u64) -> ServeOptions {
    ServeOptions {
        schedule: Arc::new(Every {
            interval: seconds(seconds_),
            jitter: Duration::ZERO,
        }),
        ..ServeOptions::default()
    }
}

fn serve(world: &World, options: &ServeOptions, watch: &Watch<'_>) {
    world.gate.allow(200_000);
    block_on_patiently(world.worker().serve(options, watch), &world.clock);
    super::audit::audit(world);
}

#[test]
fn a_service_runs_at_once_and_then_on_its_schedule() {
    let world = World::patient(Settings::default());
    let first = world.order("A-1");
    let options = every(300);
    let stop = options.stop.clone();
    let at_turn = |turn: &Turn<'_>, runs: usize| {
        if matches!(turn, Turn::Ended { .. }) {
            match runs {
                1 => drop(world.order("A-2")),
                3 => stop.stop(),
                _ => {}
            }
        }
    };
    let watch = Watch::new(&at_turn);
    let began = world.clock.now();
    serve(&world, &options, &watch);
    assert_eq!(watch.begun.lock().unwrap()[0], began);
    assert_eq!(watch.gaps(), [300, 300]);
    assert_eq!(*watch.ended.lock().unwrap(), [1, 1, 0]);
    assert_eq!(world.status(&first), "accepted");
    assert_eq!(watch.told.lock().unwrap().last(), Some(&"stopped"));
}

#[test]
fn a_run_that_takes_longer_than_the_interval_is_followed_by_one() {
    let world = World::patient(Settings::default());
    // Its looks take five poll intervals.
    world.order_like("A-1", |order| order.lag = 4);
    let options = every(90);
    let stop = options.stop.clone();
    let at_turn = |turn: &Turn<'_>, runs: usize| {
        if runs == 3 && matches!(turn, Turn::Ended { .. }) {
            stop.stop();
        }
    };
    let watch = Watch::new(&at_turn);
    serve(&world, &options, &watch);
    let gaps = watch.gaps();
    assert!(gaps[0] > 180, "{gaps:?}");
    assert_eq!(gaps[1], 90, "what was missed is not made up for twice: {gaps:?}");
}

#[test]
fn the_loop_tells_that_it_turns_whatever_it_does() {
    let world = World::patient(Settings::default());
    world.order_like("A-1", |order| order.lag = 2);
    let options = every(300);
    let stop = options.stop.clone();
    let last = Mutex::new(world.clock.now());
    let longest = Mutex::new(Duration::ZERO);
    let at_turn = |turn: &Turn<'_>, runs: usize| {
        let now = world.clock.now();
        let quiet = until(std::mem::replace(&mut *last.lock().unwrap(), now), now);
        let mut longest = longest.lock().unwrap();
        *longest = quiet.max(*longest);
        if runs == 2 && matches!(turn, Turn::Ended { .. }) {
            stop.stop();
        }
    };
    let watch = Watch::new(&at_turn);
    serve(&world, &options, &watch);
    let told = watch.told.lock().unwrap();
    assert!(told.contains(&"working") && told.contains(&"resting"), "{told:?}");
    assert!(*longest.lock().unwrap() <= seconds(5), "{longest:?}");
}

#[test]
fn the_trigger_begins_a_run_at_once() {
    let world = World::patient(Settings::default());
    let options = every(3600);
    let (stop, trigger) = (options.stop.clone(), options.trigger.clone());
    let rests = Mutex::new(0);
    let at_turn = |turn: &Turn<'_>, runs: usize| {
        if matches!(turn, Turn::Resting { .. }) {
            let mut rests = rests.lock().unwrap();
            *rests += 1;
            match (runs, *rests) {
                (1, 3) => trigger.pull(),
                (2, _) => stop.stop(),
                _ => {}
            }
        }
    };
    let watch = Watch::new(&at_turn);
    serve(&world, &options, &watch);
    let gaps = watch.gaps();
    assert_eq!(gaps.len(), 1);
    assert!(gaps[0] < 60, "{gaps:?}");
}

#[test]
fn a_trigger_pulled_in_the_middle_of_a_run_is_remembered_once() {
    let world = World::patient(Settings::default());
    world.order("A-1");
    let options = every(3600);
    let (stop, trigger) = (options.stop.clone(), options.trigger.clone());
    world.gate.at(Op::Settle, When::After, 0, move || {
        trigger.pull();
        trigger.pull();
    });
    let rested = Mutex::new(false);
    let at_turn = |turn: &Turn<'_>, runs: usize| {
        if runs == 2 && matches!(turn, Turn::Resting { .. }) {
            *rested.lock().unwrap() = true;
            stop.stop();
        }
    };
    let watch = Watch::new(&at_turn);
    serve(&world, &options, &watch);
    assert_eq!(watch.begun.lock().unwrap().len(), 2);
    assert!(*rested.lock().unwrap(), "two pulls are one run");
    assert!(watch.gaps()[0] < 600);
}

#[test]
fn a_stop_ends_the_rest_and_a_run_under_way() {
    let world = World::patient(Settings::default());
    world.orders(60);
    let options = every(3600);
    let given = options.stop.clone();
    world.gate.at(Op::Accept, When::Before, 3, move || given.stop());
    let watch = Watch::new(&|_, _| {});
    serve(&world, &options, &watch);
    assert_eq!(watch.begun.lock().unwrap().len(), 1);
    let leases = world
        .memory
        .work_rows()
        .values()
        .filter(|row| row.lease_until.is_some())
        .count();
    assert_eq!(leases, 0);

    let world = World::patient(Settings::default());
    let options = every(3600);
    let stop = options.stop.clone();
    let began = world.clock.now();
    let at_turn = |turn: &Turn<'_>, _: usize| {
        if matches!(turn, Turn::Resting { .. }) {
            stop.stop();
        }
    };
    serve(&world, &options, &Watch::new(&at_turn));
    assert!(until(began, world.clock.now()) < seconds(10));
}

#[test]
fn a_service_that_was_stopped_before_runs_nothing() {
    let world = World::patient(Settings::default());
    world.order("A-1");
    let stop = StopSignal::new();
    stop.stop();
    let options = ServeOptions {
        stop,
        trigger: Trigger::new(),
        ..ServeOptions::default()
    };
    let watch = Watch::new(&|_, _| {});
    serve(&world, &options, &watch);
    assert_eq!(*watch.told.lock().unwrap(), ["stopped"]);
    assert_eq!(world.ledger(|ledger| ledger.calls()), 0);
}

#[test]
fn what_stops_a_run_does_not_stop_the_service() {
    let world = World::patient(Settings::default());
    let order = world.order("A-1");
    world
        .gate
        .fail(Op::Now, When::Before, 0, super::gate::Fault::Unreachable);
    let options = every(300);
    let stop = options.stop.clone();
    let halts = Mutex::new(Vec::new());
    let at_turn = |turn: &Turn<'_>, runs: usize| {
        if let Turn::Ended { report, .. } = turn {
            halts.lock().unwrap().push(report.halt.is_some());
            if runs == 2 {
                stop.stop();
            }
        }
    };
    serve(&world, &options, &Watch::new(&at_turn));
    assert_eq!(*halts.lock().unwrap(), [true, false]);
    assert_eq!(world.status(&order), "accepted");
}

//! A watch that asks the marketplace about the shop itself.

use super::*;
use crate::ports::{Account, MarketplaceError, MockMarketplace, ShopFigures, ShopKey};
use crate::settings::Settings;
use crate::workflow::Ports;

/// What the marketplace says when it is asked, and how often it was.
#[derive(Debug, Clone)]
struct Shop {
    /// `None` where the key is refused.
    state: Arc<Mutex<Option<&'static str>>>,
    figures: Arc<Mutex<ShopFigures>>,
    asked: Arc<Mutex<[usize; 2]>>,
    /// The refusal is a passing one.
    is_away: Arc<Mutex<bool>>,
    /// What is stopped as it is asked next.
    stops: Arc<Mutex<Option<StopSignal>>>,
}

impl Shop {
    fn open() -> Self {
        let figures = ShopFigures {
            approval_rate: Some(990_000),
            auto_refused_rate: Some(0),
            refused_in_row: Some(0),
        };
        Self {
            state: Arc::new(Mutex::new(Some("OPEN"))),
            figures: Arc::new(Mutex::new(figures)),
            asked: Arc::default(),
            is_away: Arc::default(),
            stops: Arc::default(),
        }
    }

    fn is(&self, state: Option<&'static str>) {
        *self.state.lock().unwrap() = state;
    }

    /// It does not answer.
    fn is_away(&self) {
        self.is(None);
        *self.is_away.lock().unwrap() = true;
    }

    fn asked(&self) -> [usize; 2] {
        *self.asked.lock().unwrap()
    }

    fn marketplace(&self) -> MockMarketplace {
        let mut marketplace = MockMarketplace::new();
        marketplace.expect_shop_key().returning(|| ShopKey("shop".to_owned()));
        let shop = self.clone();
        marketplace.expect_account().returning(move || {
            shop.asked.lock().unwrap()[0] += 1;
            if let Some(stop) = shop.stops.lock().unwrap().take() {
                stop.stop();
            }
            match *shop.state.lock().unwrap() {
                None if *shop.is_away.lock().unwrap() => Err(MarketplaceError::Throttled { retry_after: None }),
                None => Err(MarketplaceError::Credentials { status: 401 }),
                Some(state) => Ok(Account {
                    shop_id: None,
                    shop_name: None,
                    shop_state: Some(state.to_owned()),
                }),
            }
        });
        let shop = self.clone();
        marketplace.expect_figures().returning(move || {
            shop.asked.lock().unwrap()[1] += 1;
            Ok(*shop.figures.lock().unwrap())
        });
        marketplace
    }
}

impl Scene {
    fn watch_asking(&self, shop: &Shop) -> Watch {
        self.watch_asking_until(shop, StopSignal::new())
    }

    fn watch_asking_until(&self, shop: &Shop, stop: StopSignal) -> Watch {
        let ports = Ports {
            store: Arc::new(self.shaky.store.clone()),
            marketplace: Arc::new(shop.marketplace()),
            clock: Arc::new(self.clock.clone()),
            randomness: Arc::new(SeededRandom::new(5)),
        };
        let workflow = AcceptanceWorkflow::new(ports, Settings::default(), "watch").unwrap();
        self.watch().asking(workflow, stop)
    }

    /// A run that fared like this, and a round, every five minutes for so long.
    fn hours(&self, watch: &Watch, hours: usize, note: &RunNote) {
        self.runs(watch, 12 * hours, note);
    }

    fn runs(&self, watch: &Watch, runs: usize, note: &RunNote) {
        for _ in 0..runs {
            now(watch.note_run(note)).unwrap();
            now(watch.round()).unwrap();
            self.minutes(5);
        }
    }
}

#[test]
fn the_state_is_asked_for_each_hour_and_the_figures_each_day_by_one_of_two_watches() {
    let (scene, shop) = (Scene::new(), Shop::open());
    let (one, other) = (scene.watch_asking(&shop), scene.watch_asking(&shop));
    for _ in 0..24 {
        scene.hours(&one, 1, &RunNote::Done);
        now(other.round()).unwrap();
    }
    assert_eq!(shop.asked(), [25, 2], "of a day and five minutes");
    scene.both_heard(&[]);
}

#[test]
fn a_suspended_shop_is_told_once_and_its_end_too() {
    let (scene, shop) = (Scene::new(), Shop::open());
    let watch = scene.watch_asking(&shop);
    scene.hours(&watch, 1, &RunNote::Done);
    shop.is(Some("SUSPENDED"));
    scene.hours(&watch, 2, &RunNote::Done);
    scene.both_heard(&[(Kind::Raised, "shop:state")]);
    shop.is(Some("OPEN"));
    scene.hours(&watch, 2, &RunNote::Done);
    scene.both_heard(&[(Kind::Cleared, "shop:state")]);
}

#[test]
fn a_key_refused_because_the_shop_is_suspended_is_told_as_that() {
    let (scene, shop) = (Scene::new(), Shop::open());
    let watch = scene.watch_asking(&shop);
    // It was asked half an hour ago.
    scene.runs(&watch, 6, &RunNote::Done);
    shop.is(Some("SUSPENDED"));
    scene.hours(&watch, 2, &hindered(Trouble::Credentials));
    scene.both_heard(&[(Kind::Raised, "shop:state")]);
}

#[test]
fn a_key_that_is_refused_is_told_as_such_while_the_shop_can_not_be_asked_about() {
    let (scene, shop) = (Scene::new(), Shop::open());
    let watch = scene.watch_asking(&shop);
    scene.hours(&watch, 1, &RunNote::Done);
    shop.is(None);
    scene.hours(&watch, 3, &hindered(Trouble::Credentials));
    scene.both_heard(&[(Kind::Raised, "trouble:credentials")]);
    assert_eq!(shop.asked()[0], 4, "each hour");
}

#[test]
fn figures_that_fall_are_told_with_the_days_and_their_end_when_they_are_back() {
    let (scene, shop) = (Scene::new(), Shop::open());
    let watch = scene.watch_asking(&shop);
    scene.hours(&watch, 24, &RunNote::Done);
    scene.both_heard(&[]);
    shop.figures.lock().unwrap().approval_rate = Some(900_000);
    scene.hours(&watch, 20, &RunNote::Done);
    // Asked for at the first round of the day; reminders since.
    let heard = scene.webhook.heard();
    assert_eq!(heard[0], (Kind::Raised, "shop:figures".to_owned()));
    assert!(heard[1..].iter().all(|(kind, _)| *kind == Kind::Reminder), "{heard:?}");
    shop.figures.lock().unwrap().approval_rate = Some(985_000);
    scene.hours(&watch, 24, &RunNote::Done);
    let heard = scene.webhook.heard();
    assert_eq!(heard.last(), Some(&(Kind::Cleared, "shop:figures".to_owned())));
    scene.mail.heard();
}

#[test]
fn a_key_that_is_refused_right_after_the_shop_was_asked_about_is_told_once_and_right() {
    let (scene, shop) = (Scene::new(), Shop::open());
    let watch = scene.watch_asking(&shop);
    scene.minutes(58);
    now(watch.note_run(&RunNote::Done)).unwrap();
    now(watch.round()).unwrap();
    scene.minutes(2);
    shop.is(Some("SUSPENDED"));
    scene.hours(&watch, 2, &hindered(Trouble::Credentials));
    scene.both_heard(&[(Kind::Raised, "shop:state")]);
    // Let in again, and asked about before the next run.
    shop.is(Some("OPEN"));
    scene.minutes(6);
    now(watch.round()).unwrap();
    scene.both_heard(&[(Kind::Cleared, "shop:state")]);
    scene.hours(&watch, 1, &RunNote::Done);
    scene.both_heard(&[]);
}

#[test]
fn a_key_that_is_refused_while_the_shop_can_not_be_asked_about_waits_a_little_for_the_answer() {
    let (scene, shop) = (Scene::new(), Shop::open());
    let watch = scene.watch_asking(&shop);
    scene.hours(&watch, 1, &RunNote::Done);
    scene.minutes(1);
    // Suspended; the question itself gets no answer.
    shop.is_away();
    now(watch.note_run(&hindered(Trouble::Credentials))).unwrap();
    now(watch.round()).unwrap();
    scene.both_heard(&[]);
    // A service of the same shop that did not ask sees no more.
    now(scene.watch_asking(&shop).round()).unwrap();
    scene.both_heard(&[]);
    shop.is(Some("SUSPENDED"));
    scene.clock.advance(Duration::from_secs(299));
    now(watch.round()).unwrap();
    scene.both_heard(&[]);
    scene.clock.advance(Duration::from_secs(1));
    now(watch.round()).unwrap();
    scene.both_heard(&[(Kind::Raised, "shop:state")]);
}

#[test]
fn a_key_of_which_nobody_learns_more_is_told_after_a_little() {
    let (scene, shop) = (Scene::new(), Shop::open());
    let watch = scene.watch_asking(&shop);
    scene.hours(&watch, 1, &RunNote::Done);
    shop.is_away();
    scene.runs(&watch, 3, &hindered(Trouble::Credentials));
    scene.both_heard(&[(Kind::Raised, "trouble:credentials")]);
}

#[test]
fn figures_that_could_not_be_asked_for_are_with_the_next_state() {
    let (scene, shop) = (Scene::new(), Shop::open());
    let watch = scene.watch_asking(&shop);
    shop.is_away();
    now(watch.round()).unwrap();
    assert_eq!(shop.asked(), [1, 0]);
    shop.is(Some("OPEN"));
    scene.hours(&watch, 1, &RunNote::Done);
    now(watch.round()).unwrap();
    assert_eq!(shop.asked(), [2, 1], "an hour later, not a day");
}

#[test]
fn watches_whose_clocks_differ_ask_no_more_often() {
    let (scene, shop) = (Scene::new(), Shop::open());
    let one = scene.watch_asking(&shop);
    let mut other = scene.watch_asking(&shop);
    let later = time::plus(scene.clock.now(), Duration::from_secs(2 * 3600));
    other.clock = Arc::new(ManualClock::new(later));
    for _ in 0..4 {
        now(one.round()).unwrap();
        now(other.round()).unwrap();
    }
    assert_eq!(shop.asked(), [1, 1]);
}

#[test]
fn a_watch_that_is_to_stop_asks_no_more_and_tells_what_it_knows() {
    let (scene, shop) = (Scene::new(), Shop::open());
    let stop = StopSignal::new();
    let watch = scene.watch_asking_until(&shop, stop.clone());
    scene.refused("A-1");
    *shop.stops.lock().unwrap() = Some(stop);
    now(watch.round()).unwrap();
    assert_eq!(shop.asked()[0], 1);
    scene.both_heard(&[(Kind::Raised, "inbox:refused")]);
    scene.hours(&watch, 3, &RunNote::Done);
    assert_eq!(shop.asked()[0], 1, "it is stopped");
}

#[test]
fn a_store_that_is_down_has_nobody_ask() {
    let (scene, shop) = (Scene::new(), Shop::open());
    let watch = scene.watch_asking(&shop);
    scene.shaky.down.store(true, Ordering::SeqCst);
    assert!(now(watch.round()).is_err());
    assert_eq!(shop.asked(), [0, 0]);
}

//! What the marketplace said of shops, and when it is asked again: [`ackord::ports::AccountStore`].

use std::time::Duration;

use ackord::ports::{AccountCheck, AccountRecord, Check, CheckDue, DayFigures, ShopFigures};
use ackord::time::{Timestamp, minus, plus};
use tokio::task::JoinSet;

use super::StoreFixture;
use super::given::at;

const SHOP: &str = "https://marketplace.example?shop_id=7";
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

/// Hourly, with figures every day.
fn due(now: Timestamp) -> CheckDue {
    CheckDue {
        now,
        asked_by: minus(now, Duration::from_secs(HOUR)),
        figures_by: minus(now, Duration::from_secs(DAY)),
        ahead: plus(now, Duration::from_secs(HOUR)),
    }
}

fn figures(approved: i64) -> ShopFigures {
    ShopFigures {
        approval_rate: Some(approved),
        auto_refused_rate: None,
        refused_in_row: Some(0),
    }
}

fn open_with(figures: Option<ShopFigures>) -> AccountCheck {
    AccountCheck {
        state: Some("OPEN".to_owned()),
        figures_asked: figures.is_some(),
        figures,
    }
}

/// A shop that was asked about, and nothing was told.
fn only_asked(at: Timestamp) -> AccountRecord {
    AccountRecord {
        asked_at: Some(at),
        ..AccountRecord::default()
    }
}

impl StoreFixture {
    async fn may_ask(&self, now: Timestamp) -> Option<Check> {
        self.store.reserve_check(SHOP, &due(now)).await.unwrap()
    }

    async fn said(&self, now: Timestamp, said: &AccountCheck) {
        self.store.note_check(SHOP, now, said).await.unwrap();
    }

    async fn known(&self, since: Timestamp) -> AccountRecord {
        self.other.account_record(SHOP, since).await.unwrap()
    }
}

pub(super) async fn a_shop_never_asked_about_is_due_with_its_figures(f: &StoreFixture) {
    let now = f.base().await;
    assert_eq!(f.known(now).await, AccountRecord::default());
    assert_eq!(f.may_ask(now).await, Some(Check { figures: true }));
    assert_eq!(f.known(now).await, only_asked(now));
}

pub(super) async fn of_many_that_want_to_ask_at_once_one_may(f: &StoreFixture) {
    let now = f.base().await;
    for round in 0..5 {
        let now = at(now, round * HOUR as i64);
        let mut asking = JoinSet::new();
        for number in 0..8 {
            let store = if number % 2 == 0 { &f.store } else { &f.other };
            let store = std::sync::Arc::clone(store);
            asking.spawn(async move { store.reserve_check(SHOP, &due(now)).await.unwrap() });
        }
        let given = asking.join_all().await.into_iter().flatten().count();
        assert_eq!(given, 1, "round {round}");
    }
}

pub(super) async fn a_shop_is_asked_about_again_when_that_is_due(f: &StoreFixture) {
    let now = f.base().await;
    f.may_ask(now).await;
    assert_eq!(f.may_ask(at(now, 3599)).await, None);
    assert_eq!(f.may_ask(at(now, 3600)).await, Some(Check { figures: false }));
    assert_eq!(f.may_ask(at(now, 3601)).await, None);
}

pub(super) async fn a_check_whose_answer_never_came_is_not_made_again_before_its_time(f: &StoreFixture) {
    let now = f.base().await;
    assert!(f.may_ask(now).await.is_some());
    assert_eq!(
        f.may_ask(at(now, 60)).await,
        None,
        "nothing was noted, and still it was asked"
    );
}

pub(super) async fn figures_are_asked_for_less_often_than_the_state(f: &StoreFixture) {
    let now = f.base().await;
    let mut asked = Vec::new();
    for hour in 0..50_i64 {
        if f.may_ask(at(now, hour * 3600)).await == Some(Check { figures: true }) {
            asked.push(hour);
        }
    }
    assert_eq!(asked, [0, 24, 48]);
}

pub(super) async fn figures_that_were_not_asked_for_after_all_are_due_again(f: &StoreFixture) {
    let now = f.base().await;
    f.store.set_figures_asked(SHOP, now).await.unwrap();
    assert_eq!(f.known(now).await, AccountRecord::default(), "it was never asked about");
    f.may_ask(now).await;
    f.said(now, &open_with(None)).await;
    let before = f.known(now).await;
    f.store.set_figures_asked(SHOP, at(now, -23 * 3600)).await.unwrap();
    assert_eq!(f.known(now).await, before);
    assert_eq!(f.may_ask(at(now, 3599)).await, None);
    assert_eq!(f.may_ask(at(now, 3600)).await, Some(Check { figures: true }));
}

pub(super) async fn a_time_of_asking_that_lies_ahead_holds_nobody_up(f: &StoreFixture) {
    let now = f.base().await;
    f.may_ask(at(now, 900)).await;
    assert_eq!(f.may_ask(now).await, None, "other clocks may be a little ahead");
    f.may_ask(at(now, 40 * DAY as i64)).await;
    assert_eq!(f.may_ask(now).await, Some(Check { figures: true }));
    assert_eq!(f.may_ask(at(now, 60)).await, None);
}

pub(super) async fn a_state_keeps_since_when_it_is_so(f: &StoreFixture) {
    let now = f.base().await;
    f.may_ask(now).await;
    f.said(now, &open_with(None)).await;
    f.said(at(now, 60), &open_with(None)).await;
    let known = f.known(now).await;
    assert_eq!((known.state.as_deref(), known.state_since), (Some("OPEN"), Some(now)));
    assert_eq!(known.state_told_at, Some(at(now, 60)));
    let suspended = AccountCheck {
        state: Some("SUSPENDED \u{e9}'\"".to_owned()),
        ..AccountCheck::default()
    };
    f.said(at(now, 120), &suspended).await;
    f.said(at(now, 180), &suspended).await;
    let known = f.known(now).await;
    assert_eq!((known.state, known.state_since), (suspended.state, Some(at(now, 120))));
    assert_eq!(known.state_before.as_deref(), Some("OPEN"));
    assert_eq!(known.state_told_at, Some(at(now, 180)));
}

pub(super) async fn a_state_that_was_not_told_leaves_the_one_before(f: &StoreFixture) {
    let now = f.base().await;
    f.may_ask(now).await;
    f.said(at(now, 1), &AccountCheck::default()).await;
    let answered = AccountRecord {
        answered_at: Some(at(now, 1)),
        ..only_asked(now)
    };
    assert_eq!(f.known(now).await, answered);
    f.said(at(now, 60), &open_with(None)).await;
    f.said(at(now, 120), &AccountCheck::default()).await;
    let known = f.known(now).await;
    assert_eq!(
        (known.state.as_deref(), known.state_since, known.state_told_at),
        (Some("OPEN"), Some(at(now, 60)), Some(at(now, 60)))
    );
    assert_eq!((known.answered_at, known.state_before), (Some(at(now, 120)), None));
}

pub(super) async fn figures_are_told_oldest_first_and_since_a_time(f: &StoreFixture) {
    let now = f.base().await;
    f.may_ask(now).await;
    let days: Vec<DayFigures> = (0..4)
        .map(|day| DayFigures {
            read_at: at(now, day * DAY as i64),
            figures: figures(day * 10_000),
        })
        .collect();
    for day in [2, 0, 3, 1] {
        f.said(days[day].read_at, &open_with(Some(days[day].figures))).await;
    }
    assert_eq!(f.known(now).await.figures, days);
    assert_eq!(f.known(days[2].read_at).await.figures, days[2..]);
    let known = f.known(at(now, 400 * DAY as i64)).await;
    assert_eq!((known.state.as_deref(), known.figures), (Some("OPEN"), Vec::new()));
}

pub(super) async fn a_note_written_twice_stands_once(f: &StoreFixture) {
    let now = f.base().await;
    f.may_ask(now).await;
    for _ in 0..2 {
        f.said(now, &open_with(Some(figures(7)))).await;
    }
    assert_eq!(f.known(now).await.figures.len(), 1);
}

pub(super) async fn shops_are_asked_about_one_by_one(f: &StoreFixture) {
    let now = f.base().await;
    f.may_ask(now).await;
    f.said(now, &open_with(Some(figures(7)))).await;
    let other = "https://marketplace.example?shop_id=8";
    assert_eq!(
        f.store.account_record(other, now).await.unwrap(),
        AccountRecord::default()
    );
    let given = f.store.reserve_check(other, &due(now)).await.unwrap();
    assert_eq!(given, Some(Check { figures: true }));
}

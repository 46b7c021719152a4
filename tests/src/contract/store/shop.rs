//! [`ackord::ports::ShopStore`].

use std::sync::Arc;
use std::time::Duration;

use ackord::budget::{CallRate, Wanted, left};
use ackord::ports::{PollSlot, ShopKey, ShopState};
use tokio::task::JoinSet;

use super::StoreFixture;
use super::given::at;

const MINUTE: Duration = Duration::from_secs(60);

fn key(name: &str) -> ShopKey {
    ShopKey(name.to_owned())
}

pub(super) async fn a_shop_never_seen_has_nothing_against_it(f: &StoreFixture) {
    assert_eq!(f.store.shop(&key("s")).await.unwrap(), ShopState::default());
}

pub(super) async fn a_poll_slot_is_granted_once_an_interval(f: &StoreFixture) {
    let now = f.base().await;
    let ask = async |seconds| f.other.reserve_poll(&key("s"), at(now, seconds), MINUTE).await.unwrap();
    assert_eq!(
        f.store.reserve_poll(&key("s"), now, MINUTE).await.unwrap(),
        PollSlot::Granted
    );
    assert_eq!(ask(0).await, PollSlot::NotBefore(at(now, 60)));
    assert_eq!(ask(59).await, PollSlot::NotBefore(at(now, 60)));
    assert_eq!(ask(60).await, PollSlot::Granted);
    assert_eq!(ask(61).await, PollSlot::NotBefore(at(now, 120)));
    let shop = f.store.shop(&key("s")).await.unwrap();
    assert_eq!(shop.next_poll_at, Some(at(now, 120)));
}

pub(super) async fn of_many_workers_that_ask_at_once_one_is_granted_the_slot(f: &StoreFixture) {
    let now = f.base().await;
    for round in 0..3 {
        let now = at(now, round * 60);
        let mut tasks = JoinSet::new();
        for number in 0..20 {
            let store = Arc::clone(if number % 2 == 0 { &f.store } else { &f.other });
            tasks.spawn(async move { store.reserve_poll(&key("s"), now, MINUTE).await.unwrap() });
        }
        let told = tasks.join_all().await;
        let granted = told.iter().filter(|slot| **slot == PollSlot::Granted).count();
        assert_eq!(granted, 1, "{told:?}");
        let rest = told.iter().filter(|slot| **slot != PollSlot::Granted);
        for slot in rest {
            assert_eq!(*slot, PollSlot::NotBefore(at(now, 60)));
        }
    }
}

pub(super) async fn a_next_poll_too_far_away_holds_nobody_up(f: &StoreFixture) {
    let now = f.base().await;
    let ask = async |seconds| f.store.reserve_poll(&key("s"), at(now, seconds), MINUTE).await.unwrap();
    assert_eq!(ask(3600).await, PollSlot::Granted);
    assert_eq!(ask(0).await, PollSlot::Granted);
    assert_eq!(ask(1).await, PollSlot::NotBefore(at(now, 60)));
}

pub(super) async fn a_slot_granted_a_moment_ago_holds_against_a_clock_a_little_behind(f: &StoreFixture) {
    let now = f.base().await;
    let granted = f.store.reserve_poll(&key("s"), at(now, 1), MINUTE).await.unwrap();
    assert_eq!(granted, PollSlot::Granted);
    let slot = f.other.reserve_poll(&key("s"), now, MINUTE).await.unwrap();
    assert_eq!(slot, PollSlot::NotBefore(at(now, 61)));
}

pub(super) async fn with_no_interval_every_slot_is_granted(f: &StoreFixture) {
    let now = f.base().await;
    for _ in 0..3 {
        let slot = f.store.reserve_poll(&key("s"), now, Duration::ZERO).await.unwrap();
        assert_eq!(slot, PollSlot::Granted);
    }
}

pub(super) async fn a_pause_is_never_shortened(f: &StoreFixture) {
    let now = f.base().await;
    let paused = async |seconds| {
        f.store.pause(&key("s"), at(now, seconds)).await.unwrap();
        f.other.shop(&key("s")).await.unwrap().paused_until
    };
    assert_eq!(paused(60).await, Some(at(now, 60)));
    assert_eq!(paused(30).await, Some(at(now, 60)));
    assert_eq!(paused(90).await, Some(at(now, 90)));
}

pub(super) async fn of_pauses_set_at_once_the_longest_stands(f: &StoreFixture) {
    let now = f.base().await;
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let store = Arc::clone(if number % 2 == 0 { &f.store } else { &f.other });
        let until = at(now, (number * 7) % 20);
        tasks.spawn(async move { store.pause(&key("s"), until).await.unwrap() });
    }
    tasks.join_all().await;
    assert_eq!(f.store.shop(&key("s")).await.unwrap().paused_until, Some(at(now, 19)));
}

pub(super) async fn unanswered_calls_are_counted_since_the_last_answer(f: &StoreFixture) {
    let count = async |answered, unanswered| {
        let shop = f.store.count_unanswered(&key("s"), answered, unanswered).await.unwrap();
        assert_eq!(f.other.shop(&key("s")).await.unwrap(), shop);
        shop.unanswered_in_row
    };
    assert_eq!(count(false, 2).await, 2);
    assert_eq!(count(false, 3).await, 5);
    assert_eq!(count(false, 0).await, 5);
    assert_eq!(count(true, 1).await, 1);
    assert_eq!(count(true, 0).await, 0);
}

pub(super) async fn unanswered_calls_counted_at_once_are_all_counted(f: &StoreFixture) {
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let store = Arc::clone(if number % 2 == 0 { &f.store } else { &f.other });
        tasks.spawn(async move { store.count_unanswered(&key("s"), false, 3).await.unwrap() });
    }
    tasks.join_all().await;
    assert_eq!(f.store.shop(&key("s")).await.unwrap().unanswered_in_row, 60);
}

pub(super) async fn pause_poll_and_count_leave_each_other_alone(f: &StoreFixture) {
    let now = f.base().await;
    f.store.pause(&key("s"), at(now, 10)).await.unwrap();
    f.store.reserve_poll(&key("s"), now, MINUTE).await.unwrap();
    f.store.count_unanswered(&key("s"), false, 4).await.unwrap();
    f.store.draw_calls(&key("s"), RATE, Wanted::at_once(4)).await.unwrap();
    f.store.pause(&key("s"), at(now, 20)).await.unwrap();
    let counted = f.store.count_unanswered(&key("s"), false, 1).await.unwrap();
    let shop = f.store.shop(&key("s")).await.unwrap();
    assert_eq!(shop, counted);
    let expected = ShopState {
        paused_until: Some(at(now, 20)),
        next_poll_at: Some(at(now, 60)),
        unanswered_in_row: 5,
        budget_full_at: shop.budget_full_at,
    };
    assert_eq!(shop, expected);
    assert_eq!(left(shop.budget_full_at, f.store.now().await.unwrap(), RATE), 6);
}

pub(super) async fn the_budget_of_calls_can_be_read_without_drawing(f: &StoreFixture) {
    let calls_left = async || {
        let shop = f.other.shop(&key("s")).await.unwrap();
        left(shop.budget_full_at, f.other.now().await.unwrap(), RATE)
    };
    assert_eq!(calls_left().await, 10);
    for drawn in 1..=10 {
        f.store.draw_calls(&key("s"), RATE, Wanted::at_once(1)).await.unwrap();
        assert_eq!((calls_left().await, calls_left().await), (10 - drawn, 10 - drawn));
    }
    let ahead = Wanted {
        within: 120 * MINUTE,
        ..Wanted::at_once(1)
    };
    f.store.draw_calls(&key("s"), RATE, ahead).await.unwrap();
    assert_eq!(calls_left().await, 0);
}

pub(super) async fn shops_know_nothing_of_each_other(f: &StoreFixture) {
    let now = f.base().await;
    f.store.pause(&key("s"), at(now, 10)).await.unwrap();
    f.store.reserve_poll(&key("s"), now, MINUTE).await.unwrap();
    f.store.count_unanswered(&key("s"), false, 4).await.unwrap();
    assert_eq!(f.store.shop(&key("t")).await.unwrap(), ShopState::default());
    let slot = f.store.reserve_poll(&key("t"), now, MINUTE).await.unwrap();
    assert_eq!(slot, PollSlot::Granted);
}

/// Ten calls, and none comes back while a test runs.
const RATE: CallRate = CallRate {
    interval: Duration::from_secs(1800),
    burst: 10,
};

pub(super) async fn calls_are_drawn_from_one_budget_by_all_workers(f: &StoreFixture) {
    assert_eq!(
        f.store
            .draw_calls(&key("s"), RATE, Wanted::at_once(4))
            .await
            .unwrap()
            .calls,
        4
    );
    assert_eq!(
        f.other
            .draw_calls(&key("s"), RATE, Wanted::at_once(4))
            .await
            .unwrap()
            .calls,
        4
    );
    assert_eq!(
        f.store
            .draw_calls(&key("s"), RATE, Wanted::at_once(4))
            .await
            .unwrap()
            .calls,
        2
    );
    let none = f.other.draw_calls(&key("s"), RATE, Wanted::at_once(4)).await.unwrap();
    assert_eq!(none.calls, 0);
    assert!(none.wait > 25 * MINUTE && none.wait <= 30 * MINUTE, "{none:?}");
}

pub(super) async fn less_calls_than_the_least_are_not_drawn(f: &StoreFixture) {
    let two = Wanted {
        least: 2,
        ..Wanted::at_once(5)
    };
    assert_eq!(
        f.store
            .draw_calls(&key("s"), RATE, Wanted::at_once(9))
            .await
            .unwrap()
            .calls,
        9
    );
    assert_eq!(f.other.draw_calls(&key("s"), RATE, two).await.unwrap().calls, 0);
    assert_eq!(
        f.other
            .draw_calls(&key("s"), RATE, Wanted::at_once(5))
            .await
            .unwrap()
            .calls,
        1
    );
}

pub(super) async fn who_waits_for_calls_has_a_place_in_the_row(f: &StoreFixture) {
    let patient = Wanted {
        within: 120 * MINUTE,
        ..Wanted::at_once(1)
    };
    assert_eq!(
        f.store
            .draw_calls(&key("s"), RATE, Wanted::at_once(10))
            .await
            .unwrap()
            .calls,
        10
    );
    let first = f.store.draw_calls(&key("s"), RATE, patient).await.unwrap();
    assert_eq!(first.calls, 1);
    assert!(first.wait > 25 * MINUTE && first.wait <= 30 * MINUTE, "{first:?}");
    let second = f.other.draw_calls(&key("s"), RATE, patient).await.unwrap();
    assert_eq!(second.calls, 1);
    assert!(second.wait > 55 * MINUTE && second.wait <= 60 * MINUTE, "{second:?}");
    assert_eq!(
        f.other
            .draw_calls(&key("s"), RATE, Wanted::at_once(1))
            .await
            .unwrap()
            .calls,
        0
    );
}

pub(super) async fn of_many_workers_that_draw_at_once_each_gets_its_own(f: &StoreFixture) {
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let store = Arc::clone(if number % 2 == 0 { &f.store } else { &f.other });
        tasks.spawn(async move {
            store
                .draw_calls(&key("s"), RATE, Wanted::at_once(3))
                .await
                .unwrap()
                .calls
        });
    }
    let drawn = tasks.join_all().await;
    assert_eq!(drawn.iter().sum::<u32>(), RATE.burst, "{drawn:?}");
}

pub(super) async fn budgets_of_shops_are_their_own(f: &StoreFixture) {
    f.store.pause(&key("s"), at(f.base().await, 10)).await.unwrap();
    let before = f.store.shop(&key("s")).await.unwrap();
    assert_eq!(
        f.store
            .draw_calls(&key("s"), RATE, Wanted::at_once(10))
            .await
            .unwrap()
            .calls,
        10
    );
    assert_eq!(
        f.store
            .draw_calls(&key("t"), RATE, Wanted::at_once(10))
            .await
            .unwrap()
            .calls,
        10
    );
    let after = f.other.shop(&key("s")).await.unwrap();
    let but_for_the_budget = ShopState {
        budget_full_at: None,
        ..after
    };
    assert_eq!(but_for_the_budget, before, "and touch nothing else");
}

//! A watch over a store in memory, heard by an ear.

mod asking;
mod scene;

use std::sync::atomic::Ordering;
use std::time::Duration;

use self::scene::*;
use super::*;
use crate::memory::{ManualClock, SeededRandom};

#[test]
fn an_alert_is_told_once_and_its_end_too() {
    let scene = Scene::new();
    let watch = scene.watch();
    scene.refused("A-1");
    let round = now(watch.round()).unwrap();
    assert_eq!((round.told, round.delivered), (1, 2));
    scene.both_heard(&[(Kind::Raised, "inbox:refused")]);
    scene.minutes(1);
    let quiet = now(watch.round()).unwrap();
    assert_eq!((quiet.told, quiet.cleared, quiet.delivered, quiet.failed), (0, 0, 0, 0));
    assert_eq!(quiet.open, [Severity::Urgent]);
    scene.settle_inbox();
    assert_eq!(now(watch.round()).unwrap().cleared, 1);
    scene.both_heard(&[(Kind::Cleared, "inbox:refused")]);
}

#[test]
fn a_hundred_orders_of_one_cause_are_one_alert() {
    let scene = Scene::new();
    for number in 0..100 {
        scene.refused(&format!("A-{number:03}"));
    }
    now(scene.watch().round()).unwrap();
    scene.both_heard(&[(Kind::Raised, "inbox:refused")]);
    let log = now(scene.shaky.store.deliveries(SHOP, 10)).unwrap();
    assert_eq!(
        log[0].message.title,
        "100 orders: the marketplace refused the acceptance"
    );
}

#[test]
fn a_process_that_begins_anew_tells_nothing_twice() {
    let scene = Scene::new();
    scene.refused("A-1");
    now(scene.watch().round()).unwrap();
    scene.both_heard(&[(Kind::Raised, "inbox:refused")]);
    for _ in 0..3 {
        scene.minutes(2);
        now(scene.watch().round()).unwrap();
    }
    scene.both_heard(&[]);
}

#[test]
fn what_a_process_wrote_before_it_ended_is_delivered_by_the_next() {
    let scene = Scene::new();
    scene.webhook.deaf.store(true, Ordering::SeqCst);
    scene.refused("A-1");
    assert_eq!(now(scene.watch().round()).unwrap().failed, 1);
    scene.webhook.deaf.store(false, Ordering::SeqCst);
    scene.minutes(1);
    now(scene.watch().round()).unwrap();
    scene.both_heard(&[(Kind::Raised, "inbox:refused")]);
}

#[test]
fn a_short_outage_is_no_alert_and_a_long_one_has_an_end() {
    let scene = Scene::new();
    let watch = scene.watch();
    let down = hindered(Trouble::MarketplaceDown);
    for _ in 0..3 {
        now(watch.note_run(&down)).unwrap();
        now(watch.round()).unwrap();
        scene.minutes(5);
    }
    scene.both_heard(&[]);
    now(watch.note_run(&RunNote::Done)).unwrap();
    now(watch.round()).unwrap();
    scene.both_heard(&[]);
    for _ in 0..5 {
        now(watch.note_run(&down)).unwrap();
        now(watch.round()).unwrap();
        scene.minutes(5);
    }
    scene.both_heard(&[(Kind::Raised, "trouble:marketplace_down")]);
    now(watch.note_run(&RunNote::Done)).unwrap();
    now(watch.round()).unwrap();
    scene.both_heard(&[(Kind::Cleared, "trouble:marketplace_down")]);
}

#[test]
fn a_refused_key_is_told_at_once_and_its_end_under_the_new_one() {
    let scene = Scene::new();
    now(scene.watch().note_run(&hindered(Trouble::Credentials))).unwrap();
    now(scene.watch().round()).unwrap();
    scene.both_heard(&[(Kind::Raised, "trouble:credentials")]);
    scene.minutes(30);
    now(scene.watch().note_run(&RunNote::Done)).unwrap();
    now(scene.watch().round()).unwrap();
    scene.both_heard(&[(Kind::Cleared, "trouble:credentials")]);
}

#[test]
fn that_nothing_runs_is_told_by_whoever_watches() {
    let scene = Scene::new();
    now(scene.watch().note_run(&RunNote::Done)).unwrap();
    scene.minutes(29);
    now(scene.watch().round()).unwrap();
    scene.both_heard(&[]);
    scene.minutes(1);
    now(scene.watch().round()).unwrap();
    scene.both_heard(&[(Kind::Raised, "silence")]);
}

#[test]
fn a_store_that_is_down_is_told_directly_after_a_while_and_so_is_its_end() {
    let scene = Scene::new();
    let watch = scene.watch();
    scene.shaky.down.store(true, Ordering::SeqCst);
    assert!(now(watch.round()).is_err());
    scene.minutes(14);
    assert!(now(watch.round()).is_err());
    scene.both_heard(&[]);
    scene.minutes(1);
    scene.mail.deaf.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        assert!(now(watch.round()).is_err());
    }
    assert_eq!(scene.webhook.heard(), [(Kind::Raised, "trouble:store_down".to_owned())]);
    scene.mail.deaf.store(false, Ordering::SeqCst);
    assert!(now(watch.round()).is_err());
    assert_eq!(scene.mail.heard(), [(Kind::Raised, "trouble:store_down".to_owned())]);
    scene.shaky.down.store(false, Ordering::SeqCst);
    scene.webhook.deaf.store(true, Ordering::SeqCst);
    now(watch.round()).unwrap();
    assert_eq!(scene.mail.heard(), [(Kind::Cleared, "trouble:store_down".to_owned())]);
    scene.webhook.deaf.store(false, Ordering::SeqCst);
    now(watch.round()).unwrap();
    assert_eq!(
        scene.webhook.heard(),
        [(Kind::Cleared, "trouble:store_down".to_owned())]
    );
    now(watch.round()).unwrap();
    scene.both_heard(&[]);
}

#[test]
fn what_arrived_while_the_store_failed_is_not_sent_again() {
    let scene = Scene::new();
    let watch = scene.watch();
    scene.refused("A-1");
    scene.webhook.cuts(&scene.shaky);
    assert!(now(watch.round()).is_err(), "that it arrived can't be noted");
    scene.both_heard(&[(Kind::Raised, "inbox:refused")]);
    scene.minutes(5);
    assert!(now(watch.round()).is_err());
    scene.shaky.down.store(false, Ordering::SeqCst);
    // Its end comes first, or the all-clear would go to nobody.
    scene.settle_inbox();
    now(watch.round()).unwrap();
    scene.both_heard(&[(Kind::Cleared, "inbox:refused")]);
    scene.minutes(5);
    now(watch.round()).unwrap();
    scene.both_heard(&[]);
}

#[test]
fn an_outage_of_the_store_is_told_once_although_a_run_notes_it_afterwards() {
    let scene = Scene::new();
    let watch = scene.watch();
    scene.shaky.down.store(true, Ordering::SeqCst);
    assert!(now(watch.round()).is_err());
    scene.minutes(15);
    assert!(now(watch.round()).is_err());
    scene.both_heard(&[(Kind::Raised, "trouble:store_down")]);
    scene.shaky.down.store(false, Ordering::SeqCst);
    // The run that met it could not say so before; the next one is hours away.
    now(watch.note_run(&hindered(Trouble::StoreDown))).unwrap();
    now(watch.round()).unwrap();
    scene.both_heard(&[(Kind::Cleared, "trouble:store_down")]);
    scene.minutes(20);
    now(watch.round()).unwrap();
    scene.both_heard(&[]);
    // It really is broken, in a way that lets notes through.
    now(watch.note_run(&hindered(Trouble::StoreDown))).unwrap();
    now(watch.round()).unwrap();
    scene.both_heard(&[(Kind::Raised, "trouble:store_down")]);
}

#[test]
fn what_another_watch_has_just_raised_is_not_over() {
    let scene = Scene::new();
    *scene.shaky.meanwhile.lock().unwrap() = Some(Arc::new(scene.watch()));
    let behind = now(scene.watch().round()).unwrap();
    assert_eq!(behind.cleared, 0);
    scene.both_heard(&[(Kind::Raised, "inbox:refused")]);
}

#[test]
fn two_watches_over_one_store_tell_once() {
    let scene = Scene::new();
    let (one, other) = (scene.watch(), scene.watch());
    scene.refused("A-1");
    now(one.round()).unwrap();
    now(other.round()).unwrap();
    scene.both_heard(&[(Kind::Raised, "inbox:refused")]);
}

#[test]
fn without_a_channel_alerts_are_on_record_all_the_same() {
    let scene = Scene::new();
    scene.refused("A-1");
    let watch = Watch::new(
        Arc::new(scene.shaky.clone()),
        Arc::new(scene.clock.clone()),
        Arc::new(SeededRandom::new(5)),
        Vec::new(),
        AlertRules::default(),
        SHOP.to_owned(),
    );
    assert_eq!(now(watch.round()).unwrap().told, 1);
    let rows = now(scene.shaky.store.alerts(SHOP, Timestamp::MIN)).unwrap();
    assert_eq!(rows.len(), 1);
}

//! Given how things stand, what is wrong.

use super::*;
use crate::order::OrderId;
use crate::ports::Unaccepted;

const NOW: &str = "2026-11-23T12:00:00Z";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn group(process: &str, cause: &str, entries: u64) -> OpenGroup {
    OpenGroup {
        process_name: process.to_owned(),
        cause: cause.to_owned(),
        needs_person: true,
        entries,
        oldest_at: time("2026-11-23T11:00:00Z"),
        first: vec!["A-1".to_owned(), "A-2".to_owned()],
    }
}

fn found(standing: &StoreStanding, health: &ShopHealth) -> Vec<Condition> {
    let facts = Facts {
        shop: "shop",
        now: time(NOW),
        store_now: time(NOW),
        standing,
        health,
        account: &AccountRecord::default(),
    };
    conditions(&facts, &AlertRules::default())
}

fn keys(found: &[Condition]) -> Vec<(&str, Severity)> {
    found
        .iter()
        .map(|condition| (&*condition.key, condition.severity))
        .collect()
}

#[test]
fn where_all_is_well_nothing_is_told() {
    assert_eq!(found(&StoreStanding::default(), &ShopHealth::default()), []);
    let ran = ShopHealth {
        last_run_at: Some(time("2026-11-23T11:45:00Z")),
        last_done_at: Some(time("2026-11-23T11:45:00Z")),
        ..ShopHealth::default()
    };
    assert_eq!(found(&StoreStanding::default(), &ran), []);
}

#[test]
fn entries_that_wait_for_a_person_are_told_by_cause() {
    let mut retried = group(PROCESS, "not_sent", 7);
    retried.needs_person = false;
    let standing = StoreStanding {
        open: vec![
            group(PROCESS, "refused", 12),
            group(PROCESS, "refused_at_deadline", 1),
            group(PROCESS, "debit_overdue", 2),
            group("Labels", "", 1),
            retried,
        ],
        ..StoreStanding::default()
    };
    let found = found(&standing, &ShopHealth::default());
    assert_eq!(
        keys(&found),
        [
            ("inbox:refused", Severity::Urgent),
            ("inbox:refused_at_deadline", Severity::Critical),
            ("inbox:debit_overdue", Severity::Warning),
            ("inbox:Labels/", Severity::Urgent),
        ]
    );
    let refused = &found[0].message;
    assert_eq!(refused.title, "12 orders: the marketplace refused the acceptance");
    assert_eq!(refused.lines, ["A-1", "A-2", "and 10 more"]);
    assert_eq!(refused.remedy, "ackord failures list --open --cause refused");
    assert_eq!((refused.count, found[0].since), (12, time("2026-11-23T11:00:00Z")));
    assert!(found[1].message.title.contains("LOST"), "the loudest there is");
    assert_eq!(found[3].message.title, "1 entry of Labels in the inbox");
}

fn at_risk(placed_at: &str, half: u64, late: u64, past: u64) -> StoreStanding {
    StoreStanding {
        unaccepted: half,
        half,
        late,
        past,
        oldest: vec![Unaccepted {
            order_id: OrderId::new("A-1").unwrap(),
            placed_at: time(placed_at),
        }],
        ..StoreStanding::default()
    }
}

#[test]
fn orders_near_their_deadline_are_one_alert_as_severe_as_the_worst() {
    let health = ShopHealth::default();
    assert_eq!(found(&at_risk("2026-11-23T11:00:00Z", 0, 0, 0), &health), []);
    let half = &found(&at_risk("2026-11-22T23:30:00Z", 3, 0, 0), &health)[0];
    assert_eq!((&*half.key, half.severity), ("deadline", Severity::Warning));
    assert_eq!(
        half.message.title,
        "3 orders are not accepted yet: half of the time is gone"
    );
    assert_eq!(half.since, time("2026-11-23T11:30:00Z"));
    assert_eq!(
        half.message.lines,
        ["A-1: to be accepted by 2026-11-23 23:30 UTC", "and 2 more"]
    );
    let late = &found(&at_risk("2026-11-22T16:00:00Z", 3, 1, 0), &health)[0];
    assert_eq!((late.severity, late.message.count), (Severity::Critical, 1));
    assert!(late.message.title.contains("four fifths"), "{}", late.message.title);
    let past = &found(&at_risk("2026-11-22T11:00:00Z", 3, 2, 1), &health)[0];
    assert!(past.message.title.contains("past the acceptance deadline"));
    assert_eq!(past.since, time("2026-11-23T11:00:00Z"));
}

fn hindered(trouble: Trouble) -> ShopHealth {
    ShopHealth {
        last_run_at: Some(time("2026-11-23T11:58:00Z")),
        trouble: Some(trouble.as_str().to_owned()),
        trouble_since: Some(time("2026-11-23T11:50:00Z")),
        detail: Some("what it said".to_owned()),
        ..ShopHealth::default()
    }
}

#[test]
fn what_is_in_the_way_of_runs_has_its_own_patience() {
    for trouble in Trouble::all() {
        let found = found(&StoreStanding::default(), &hindered(trouble));
        assert_eq!(found.len(), 1, "{trouble:?}");
        let waits = found[0].lasting > Duration::ZERO;
        let at_once = matches!(
            trouble,
            Trouble::Credentials | Trouble::WrongShop | Trouble::Settings | Trouble::MarketplaceRefuses
        );
        assert_eq!(waits, !at_once, "{trouble:?}");
        assert_eq!(found[0].message.lines, ["what it said"]);
        assert!(!found[0].message.remedy.is_empty());
        assert_eq!(found[0].since, time("2026-11-23T11:50:00Z"));
    }
}

#[test]
fn that_nothing_runs_is_told_after_a_while() {
    let mut health = hindered(Trouble::Throttled);
    health.trouble = None;
    health.last_run_at = Some(time("2026-11-23T11:30:01Z"));
    assert_eq!(found(&StoreStanding::default(), &health), []);
    health.last_run_at = Some(time("2026-11-23T11:30:00Z"));
    let found = found(&StoreStanding::default(), &health);
    assert_eq!(keys(&found), [("silence", Severity::Critical)]);
}

#[test]
fn no_message_names_more_than_it_was_given() {
    let standing = StoreStanding {
        open: vec![group(PROCESS, "refused", 2)],
        ..StoreStanding::default()
    };
    let found = found(&standing, &ShopHealth::default());
    assert_eq!(found[0].message.lines, ["A-1", "A-2"], "there are no more");
}

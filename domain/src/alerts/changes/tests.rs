//! Given what is wrong and what is on record, what changes.

use std::time::Duration;

use super::*;
use crate::alerts::Severity;
use crate::ports::AlertId;

fn time(minutes: u64) -> Timestamp {
    let start: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
    time::plus(start, Duration::from_secs(60 * minutes))
}

fn message(key: &str, count: u64, kind: Kind) -> Message {
    Message {
        kind,
        key: key.to_owned(),
        severity: Severity::Urgent,
        shop: "shop".to_owned(),
        title: format!("{count} orders"),
        lines: vec!["A-1".to_owned()],
        remedy: "look".to_owned(),
        count,
        since: time(0),
        at: time(0),
    }
}

fn condition(key: &str, count: u64) -> Condition {
    Condition {
        key: key.to_owned(),
        severity: Severity::Urgent,
        since: time(0),
        lasting: Duration::ZERO,
        message: message(key, count, Kind::Raised),
    }
}

/// An open alert that people were told of at `told`.
fn row(key: &str, count: u64, told: Option<u64>) -> AlertRow {
    AlertRow {
        alert_id: AlertId(key.bytes().fold(0, |id, byte| id * 31 + i64::from(byte))),
        version: 3,
        key: key.to_owned(),
        severity: Severity::Urgent,
        since: time(0),
        raised_at: told.map(time),
        told_at: told.map(time),
        told_count: count,
        message: message(key, count, Kind::Raised),
        cleared_at: None,
    }
}

fn at(minutes: u64, conditions: &[Condition], rows: &[AlertRow]) -> Vec<AlertChange> {
    changes(conditions, rows, time(minutes), &AlertRules::default())
}

/// The kind that people are told, where they are.
fn told(changes: &[AlertChange]) -> Vec<Option<Kind>> {
    changes
        .iter()
        .map(|change| match change {
            AlertChange::Open { tell, message, .. } | AlertChange::Update { tell, message, .. } => {
                tell.then_some(message.kind)
            }
            AlertChange::Clear { message, .. } => Some(message.kind),
        })
        .collect()
}

#[test]
fn something_new_is_told_once() {
    let first = at(0, &[condition("a", 1)], &[]);
    assert_eq!(told(&first), [Some(Kind::Raised)]);
    assert_eq!(at(1, &[condition("a", 1)], &[row("a", 1, Some(0))]), []);
}

#[test]
fn what_has_to_last_is_told_when_it_has() {
    let mut outage = condition("a", 1);
    outage.lasting = Duration::from_secs(15 * 60);
    let first = at(0, std::slice::from_ref(&outage), &[]);
    assert_eq!(told(&first), [None], "it is on record");
    let open = row("a", 1, None);
    assert_eq!(at(14, std::slice::from_ref(&outage), std::slice::from_ref(&open)), []);
    let later = at(15, std::slice::from_ref(&outage), std::slice::from_ref(&open));
    assert_eq!(told(&later), [Some(Kind::Raised)]);
    let over = at(10, &[], std::slice::from_ref(&open));
    assert!(matches!(over[..], [AlertChange::Clear { .. }]));
}

#[test]
fn what_grows_is_told_again_after_a_while() {
    let open = row("a", 1, Some(0));
    let soon = at(10, &[condition("a", 2)], std::slice::from_ref(&open));
    assert_eq!(told(&soon), [None], "what it says now is on record");
    let later = at(30, &[condition("a", 2)], std::slice::from_ref(&open));
    assert_eq!(told(&later), [Some(Kind::Worse)]);
    let shrunk = at(30, &[condition("a", 1)], &[row("a", 2, Some(0))]);
    assert_eq!(told(&shrunk), [None]);
}

#[test]
fn what_becomes_worse_is_told_at_once() {
    let mut worse = condition("a", 1);
    worse.severity = Severity::Critical;
    assert_eq!(
        told(&at(1, std::slice::from_ref(&worse), &[row("a", 1, Some(0))])),
        [Some(Kind::Worse)]
    );
    let mut better = condition("a", 1);
    better.severity = Severity::Warning;
    assert_eq!(
        told(&at(1, std::slice::from_ref(&better), &[row("a", 1, Some(0))])),
        [None]
    );
}

#[test]
fn people_are_reminded() {
    let open = row("a", 1, Some(0));
    assert_eq!(at(239, &[condition("a", 1)], std::slice::from_ref(&open)), []);
    let reminded = at(240, &[condition("a", 1)], std::slice::from_ref(&open));
    assert_eq!(told(&reminded), [Some(Kind::Reminder)]);
    let AlertChange::Update { version, message, .. } = &reminded[0] else {
        panic!("{reminded:?}");
    };
    assert_eq!((*version, message.since), (3, time(0)));
}

#[test]
fn what_is_over_is_cleared_with_its_own_words() {
    let over = at(60, &[condition("b", 1)], &[row("a", 4, Some(0)), row("b", 1, Some(59))]);
    assert_eq!(over.len(), 1);
    let AlertChange::Clear { message, version, .. } = &over[0] else {
        panic!("{over:?}");
    };
    assert_eq!(
        (message.kind, &*message.title, message.at, *version),
        (Kind::Cleared, "4 orders", time(60), 3)
    );
    assert!(message.lines.is_empty() && message.remedy.is_empty());
}

#[test]
fn what_is_back_at_once_is_not_told_again_before_a_while() {
    let mut cleared = row("a", 1, Some(0));
    cleared.cleared_at = Some(time(5));
    let back = at(10, &[condition("a", 1)], std::slice::from_ref(&cleared));
    assert_eq!(told(&back), [None], "people just heard of it");
    let back = at(30, &[condition("a", 1)], std::slice::from_ref(&cleared));
    assert_eq!(told(&back), [Some(Kind::Raised)]);
    let mut worse = condition("a", 1);
    worse.severity = Severity::Critical;
    let back = at(10, std::slice::from_ref(&worse), std::slice::from_ref(&cleared));
    assert_eq!(told(&back), [Some(Kind::Raised)], "worse than what people heard of");
    // It goes on for long, and then people are told.
    let reopened = row("a", 1, None);
    let rows = [cleared, reopened];
    assert_eq!(at(20, &[condition("a", 1)], &rows), []);
    assert_eq!(told(&at(30, &[condition("a", 1)], &rows)), [Some(Kind::Raised)]);
}

/// Conditions `c-00`, `c-01`, …
fn flood(count: usize) -> Vec<Condition> {
    (0..count)
        .map(|number| condition(&format!("c-{number:02}"), 1))
        .collect()
}

/// Those that people are told of.
fn told_keys(changes: &[AlertChange]) -> Vec<&str> {
    changes
        .iter()
        .filter_map(|change| match change {
            AlertChange::Open { key, tell: true, .. } => Some(&**key),
            AlertChange::Update {
                message, tell: true, ..
            } => Some(&*message.key),
            _ => None,
        })
        .collect()
}

#[test]
fn beyond_so_many_an_hour_alerts_are_on_record_and_told_later() {
    let conditions = flood(23);
    let first = at(0, &conditions, &[]);
    assert_eq!(first.len(), 23, "each is on record");
    assert_eq!(told_keys(&first).len(), 20);
    let AlertChange::Open { message, .. } = &first[19] else {
        panic!("{first:?}")
    };
    assert_eq!(
        message.lines.last().unwrap(),
        "more alerts than are told within an hour: 3 wait, `ackord alerts list` shows them"
    );
    let rows: Vec<AlertRow> = conditions
        .iter()
        .enumerate()
        .map(|(number, condition)| row(&condition.key, 1, (number < 20).then_some(0)))
        .collect();
    assert_eq!(told_keys(&at(59, &conditions, &rows)), [""; 0]);
    assert_eq!(told_keys(&at(60, &conditions, &rows)), ["c-20", "c-21", "c-22"]);
}

#[test]
fn what_is_put_off_is_told_as_what_it_is_when_there_is_room() {
    let mut conditions = flood(21);
    conditions[20].message.count = 9;
    let rows: Vec<AlertRow> = conditions.iter().map(|one| row(&one.key, 1, Some(40))).collect();
    let mut rows_before = rows.clone();
    rows_before[20].told_at = Some(time(0));
    let grown = at(41, &conditions, &rows_before);
    assert_eq!(told(&grown), [None], "there is no room");
    let [AlertChange::Update { message, .. }] = &grown[..] else {
        panic!("{grown:?}")
    };
    assert_eq!((message.count, message.kind), (9, Kind::Raised), "the record tells it");
    rows_before[20].message = message.clone();
    assert_eq!(at(42, &conditions, &rows_before), [], "and that is written once");
    let later = at(100, &conditions, &rows_before);
    assert_eq!(told(&later), [Some(Kind::Worse)]);
}

#[test]
fn what_becomes_worse_while_there_is_no_room_is_found_to_be_so_later() {
    let mut conditions = flood(21);
    conditions[20].message.count = 2;
    let mut rows: Vec<AlertRow> = conditions.iter().map(|one| row(&one.key, 1, Some(40))).collect();
    rows[20].severity = Severity::Warning;
    let first = at(41, &conditions, &rows);
    let [AlertChange::Update { severity, message, .. }] = &first[..] else {
        panic!("{first:?}")
    };
    assert_eq!((told(&first), *severity), (vec![None], Severity::Warning));
    rows[20].message = message.clone();
    assert_eq!(told(&at(100, &conditions, &rows)), [Some(Kind::Worse)]);
}

#[test]
fn what_was_critical_and_is_critical_again_is_told_though_it_grew_without_room_in_between() {
    let rules = AlertRules {
        hourly: 0,
        ..AlertRules::default()
    };
    let mut critical = row("a", 1, Some(0));
    critical.severity = Severity::Critical;
    let grown = changes(&[condition("a", 3)], std::slice::from_ref(&critical), time(31), &rules);
    let [AlertChange::Update { severity, .. }] = &grown[..] else {
        panic!("{grown:?}")
    };
    assert_eq!(
        (told(&grown), *severity),
        (vec![None], Severity::Urgent),
        "less severe, and no room"
    );
    critical.severity = *severity;
    let mut again = condition("a", 1);
    again.severity = Severity::Critical;
    let again = changes(&[again], &[critical], time(40), &rules);
    assert_eq!(told(&again), [Some(Kind::Worse)]);
}

#[test]
fn what_is_new_goes_before_reminders_however_often_those_come() {
    let rules = AlertRules {
        reminder: Duration::from_secs(3600),
        ..AlertRules::default()
    };
    let mut conditions = flood(25);
    conditions[24].severity = Severity::Warning;
    let mut rows: Vec<AlertRow> = conditions
        .iter()
        .enumerate()
        .map(|(number, condition)| row(&condition.key, 1, (number < 20).then_some(number as u64 % 2)))
        .collect();
    rows[24].severity = Severity::Warning;
    let changes = changes(&conditions, &rows, time(61), &rules);
    let mut told = told_keys(&changes);
    assert_eq!(told.len(), 20);
    told.retain(|key| *key >= "c-20");
    assert_eq!(told, ["c-20", "c-21", "c-22", "c-23", "c-24"]);
    let reminded = told_keys(&changes).into_iter().filter(|key| *key < "c-20");
    let reminded: Vec<usize> = reminded.map(|key| key[2..].parse().unwrap()).collect();
    assert_eq!(
        reminded.iter().filter(|number| *number % 2 == 0).count(),
        10,
        "those that were told longest ago: {reminded:?}"
    );
}

#[test]
fn what_was_told_under_a_clock_that_has_jumped_holds_nothing_up() {
    let ahead: Vec<AlertRow> = flood(20).iter().map(|one| row(&one.key, 1, Some(50_000))).collect();
    let mut now = flood(20);
    now.push(condition("new", 1));
    let changes = at(10, &now, &ahead);
    assert_eq!(told_keys(&changes).len(), 20);
    assert!(told_keys(&changes).contains(&"new"));
}

#[test]
fn the_most_severe_are_told_first_and_critical_ones_always() {
    let mut conditions = flood(25);
    for (number, condition) in conditions.iter_mut().enumerate() {
        condition.severity = match number {
            23 => Severity::Warning,
            24 => Severity::Critical,
            _ => Severity::Urgent,
        };
    }
    conditions.rotate_right(2);
    let first = at(0, &conditions, &[]);
    let told = told_keys(&first);
    assert_eq!(told.len(), 21);
    assert!(told.contains(&"c-24") && !told.contains(&"c-23"), "{told:?}");
    let all_told: Vec<AlertRow> = flood(20).iter().map(|one| row(&one.key, 1, Some(0))).collect();
    let mut critical = condition("critical", 1);
    critical.severity = Severity::Critical;
    let mut now = flood(20);
    now.push(critical);
    assert_eq!(told_keys(&at(1, &now, &all_told)), ["critical"]);
}

#[test]
fn alerts_that_are_over_count_for_their_hour() {
    let over: Vec<AlertRow> = flood(20)
        .iter()
        .map(|one| AlertRow {
            cleared_at: Some(time(5)),
            ..row(&one.key, 1, Some(0))
        })
        .collect();
    assert_eq!(told_keys(&at(40, &[condition("new", 1)], &over)), [""; 0]);
    assert_eq!(told_keys(&at(60, &[condition("new", 1)], &over)), ["new"]);
}

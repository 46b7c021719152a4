//! Given what the marketplace said of the shop, what people are told, and when it is asked again.

use super::*;
use crate::alerts::conditions::conditions;
use crate::alerts::rules::AlertRules;
use crate::ports::StoreStanding;

const NOW: &str = "2026-11-23T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn hours_ago(hours: u64) -> Timestamp {
    time::minus(now(), Duration::from_secs(hours * 3600))
}

fn minutes_ago(minutes: u64) -> Timestamp {
    time::minus(now(), Duration::from_secs(minutes * 60))
}

fn found(account: &AccountRecord, health: &ShopHealth) -> Vec<Condition> {
    let facts = Facts {
        shop: "shop",
        now: now(),
        store_now: now(),
        standing: &StoreStanding::default(),
        health,
        account,
    };
    conditions(&facts, &AlertRules::default())
}

fn in_state(state: &str) -> AccountRecord {
    AccountRecord {
        state: Some(state.to_owned()),
        state_since: Some(hours_ago(2)),
        state_told_at: Some(minutes_ago(10)),
        asked_at: Some(minutes_ago(10)),
        answered_at: Some(minutes_ago(10)),
        state_before: None,
        figures: Vec::new(),
    }
}

fn refused_key() -> ShopHealth {
    ShopHealth {
        last_run_at: Some(now()),
        trouble: Some(Trouble::Credentials.as_str().to_owned()),
        trouble_since: Some(hours_ago(1)),
        ..ShopHealth::default()
    }
}

fn told(found: &[Condition]) -> Vec<(&str, Severity)> {
    found.iter().map(|one| (&*one.key, one.severity)).collect()
}

#[test]
fn an_open_shop_and_one_never_asked_about_are_well() {
    for account in [in_state("OPEN"), in_state("open"), AccountRecord::default()] {
        assert_eq!(found(&account, &ShopHealth::default()), []);
    }
}

#[test]
fn a_shop_that_is_not_open_is_told_by_what_that_costs() {
    for (state, severity) in [
        ("SUSPENDED", Severity::Critical),
        ("TERMINATED", Severity::Critical),
        ("CLOSE", Severity::Warning),
        ("ON_HOLIDAY", Severity::Warning),
    ] {
        let found = found(&in_state(state), &ShopHealth::default());
        assert_eq!(told(&found), [("shop:state", severity)], "{state}");
        assert_eq!(found[0].since, hours_ago(2));
    }
}

#[test]
fn a_state_is_told_as_a_word_and_nothing_else() {
    let found = found(
        &in_state("<b>Kim</b> \u{1b}[31m, call 555-0100"),
        &ShopHealth::default(),
    );
    assert_eq!(
        found[0].message.title,
        "the shop is in a state that is not known: bKimb31mcall5550100"
    );
}

#[test]
fn of_a_barred_shop_nobody_is_told_that_its_key_is_wrong() {
    assert_eq!(
        told(&found(&in_state("SUSPENDED"), &refused_key())),
        [("shop:state", Severity::Critical)]
    );
    assert_eq!(
        told(&found(&in_state("OPEN"), &refused_key())),
        [("trouble:credentials", Severity::Critical)]
    );
}

#[test]
fn a_state_that_nobody_could_confirm_for_hours_hides_no_key() {
    let mut long_ago = in_state("SUSPENDED");
    long_ago.state_told_at = Some(minutes_ago(181));
    assert_eq!(
        told(&found(&long_ago, &refused_key())),
        [
            ("trouble:credentials", Severity::Critical),
            ("shop:state", Severity::Critical)
        ]
    );
}

#[test]
fn a_key_that_was_refused_before_the_shop_was_let_in_again_waits_for_the_next_run() {
    let mut back = in_state("OPEN");
    back.state_since = Some(minutes_ago(1));
    back.state_before = Some("SUSPENDED".to_owned());
    let ran = |minutes| ShopHealth {
        last_run_at: Some(minutes_ago(minutes)),
        ..refused_key()
    };
    assert_eq!(found(&back, &ran(4)), []);
    let first_told = AccountRecord {
        state_before: None,
        ..back.clone()
    };
    let under_another_clock = AccountRecord {
        state_since: Some(time::plus(now(), Duration::from_secs(3600))),
        ..back.clone()
    };
    for account in [first_told, under_another_clock] {
        let found = found(&account, &ran(4));
        assert_eq!(
            told(&found),
            [("trouble:credentials", Severity::Critical)],
            "{account:?}"
        );
        assert_eq!(found[0].lasting, Duration::ZERO);
    }
    assert_eq!(
        told(&found(&back, &ran(0))),
        [("trouble:credentials", Severity::Critical)]
    );
}

#[test]
fn a_refused_key_waits_for_what_the_shop_is_asked_about_soon() {
    let account = |answered_at| AccountRecord {
        answered_at,
        ..in_state("OPEN")
    };
    let lasting = |account: &AccountRecord| found(account, &refused_key())[0].lasting;
    let before = account(Some(minutes_ago(61)));
    assert_eq!(lasting(&before), STATE_AT_MOST_EVERY, "before it was refused");
    assert_eq!(
        lasting(&account(None)),
        STATE_AT_MOST_EVERY,
        "asked, and not answered yet"
    );
    assert_eq!(lasting(&account(Some(minutes_ago(59)))), Duration::ZERO);
    let clock_behind = time::minus(minutes_ago(60), Duration::from_secs(5));
    assert_eq!(lasting(&account(Some(clock_behind))), Duration::ZERO);
    assert_eq!(lasting(&AccountRecord::default()), Duration::ZERO, "nobody asks");
    let ahead = ShopHealth {
        trouble_since: Some(time::plus(now(), Duration::from_secs(3600))),
        ..refused_key()
    };
    assert_eq!(
        found(&before, &ahead)[0].lasting,
        Duration::ZERO,
        "a clock that has jumped"
    );
}

fn days(figures: &[(i64, i64, i64)]) -> AccountRecord {
    let day = |(number, (approved, late, in_row)): (usize, &(i64, i64, i64))| DayFigures {
        read_at: hours_ago(24 * (figures.len() - 1 - number) as u64),
        figures: ShopFigures {
            approval_rate: Some(*approved),
            auto_refused_rate: Some(*late),
            refused_in_row: Some(*in_row),
        },
    };
    AccountRecord {
        figures: figures.iter().enumerate().map(day).collect(),
        ..AccountRecord::default()
    }
}

fn lines(figures: &[(i64, i64, i64)]) -> Vec<String> {
    let found = found(&days(figures), &ShopHealth::default());
    assert!(found.iter().all(|one| one.key == "shop:figures"));
    found.into_iter().flat_map(|one| one.message.lines).collect()
}

#[test]
fn figures_that_stay_as_they_are_are_well() {
    assert_eq!(lines(&[]), [""; 0]);
    assert_eq!(
        lines(&[(980_000, 5_000, 0)]),
        [""; 0],
        "there is nothing to compare the first with"
    );
    assert_eq!(lines(&[(980_000, 5_000, 1), (970_000, 5_000, 1)]), [""; 0]);
    assert_eq!(lines(&[(900_000, 5_000, 0), (980_000, 4_000, 0)]), [""; 0]);
}

#[test]
fn an_approval_rate_that_falls_is_told_in_any_unit() {
    assert_eq!(
        lines(&[(990_000, 0, 0), (985_000, 0, 0), (962_500, 0, 0)])[0],
        "approval rate: 96.25, and 99 not long ago"
    );
    assert_eq!(
        lines(&[(9_900, 0, 0), (9_600, 0, 0)])[0],
        "approval rate: 0.96, and 0.99 not long ago"
    );
}

#[test]
fn any_more_that_is_refused_at_the_deadline_is_told() {
    assert_eq!(
        lines(&[(990_000, 0, 0), (990_000, 12_500, 0)])[0],
        "refused automatically at the deadline: 1.25, and 0 not long ago"
    );
}

#[test]
fn refusals_one_after_another_are_told_also_on_the_first_day() {
    let told = lines(&[(990_000, 0, 3)]);
    assert_eq!(
        told,
        [
            "3 orders refused one after another",
            "told by the marketplace at 2026-11-23 12:00 UTC"
        ]
    );
}

#[test]
fn figures_that_were_not_told_are_no_fall() {
    let mut account = days(&[(990_000, 0, 0), (0, 0, 0)]);
    account.figures[1].figures = ShopFigures::default();
    assert_eq!(found(&account, &ShopHealth::default()), []);
}

#[test]
fn figures_that_are_not_told_again_stay_as_bad_as_they_were() {
    let mut account = days(&[(990_000, 0, 0), (900_000, 0, 0), (0, 0, 0)]);
    account.figures[2].figures = ShopFigures::default();
    let found = found(&account, &ShopHealth::default());
    assert_eq!(
        found[0].message.lines,
        [
            "approval rate: 90, and 99 not long ago",
            "told by the marketplace at 2026-11-23 12:00 UTC"
        ]
    );
}

#[test]
fn figures_told_under_a_clock_that_has_jumped_hide_nothing() {
    let mut account = days(&[(990_000, 0, 0), (900_000, 0, 0), (990_000, 0, 0)]);
    account.figures[2].read_at = time::plus(now(), Duration::from_secs(40 * 24 * 3600));
    assert_eq!(
        told(&found(&account, &ShopHealth::default())),
        [("shop:figures", Severity::Urgent)]
    );
}

#[test]
fn the_state_is_asked_for_each_hour_and_the_figures_each_day() {
    let due = due(now(), &ShopHealth::default(), &in_state("OPEN"));
    assert_eq!(due.asked_by, hours_ago(1));
    assert_eq!(due.figures_by, hours_ago(24));
}

#[test]
fn a_key_that_is_refused_has_the_state_asked_for_once_more() {
    // Refused for an hour: whoever asked since then knows.
    assert_eq!(due(now(), &refused_key(), &in_state("OPEN")).asked_by, hours_ago(1));
    let just_now = ShopHealth {
        trouble_since: Some(time::minus(now(), Duration::from_secs(10))),
        ..refused_key()
    };
    let asked_by = due(now(), &just_now, &in_state("OPEN")).asked_by;
    assert_eq!(
        asked_by,
        time::minus(now(), STATE_AT_MOST_EVERY),
        "and never at once again"
    );
    let a_while_ago = ShopHealth {
        trouble_since: Some(time::minus(now(), Duration::from_secs(1200))),
        ..refused_key()
    };
    assert_eq!(
        due(now(), &a_while_ago, &in_state("OPEN")).asked_by,
        hours_ago(1),
        "it was answered since"
    );
    let not_answered = AccountRecord {
        answered_at: Some(minutes_ago(30)),
        ..in_state("OPEN")
    };
    assert_eq!(
        due(now(), &a_while_ago, &not_answered).asked_by,
        time::minus(now(), STATE_AT_MOST_EVERY),
        "until it is"
    );
}

#[test]
fn a_run_that_gets_through_has_a_barred_shop_asked_about_soon() {
    let well = ShopHealth {
        last_run_at: Some(now()),
        last_done_at: Some(now()),
        ..ShopHealth::default()
    };
    let five_minutes_ago = time::minus(now(), STATE_AT_MOST_EVERY);
    assert_eq!(due(now(), &well, &in_state("SUSPENDED")).asked_by, five_minutes_ago);
    assert_eq!(due(now(), &well, &in_state("CLOSE")).asked_by, hours_ago(1));
    assert_eq!(due(now(), &well, &in_state("OPEN")).asked_by, hours_ago(1));
}

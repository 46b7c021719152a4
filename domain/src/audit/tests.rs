//! The checks and the rebuild, on records written by hand.

mod given;
mod planted;
mod rebuilding;

use super::{ViolationKind, check};
use given::{accepted, debit_overdue, failed, found_accepted, in_flight, new, now, refused, resent};

#[test]
fn records_as_the_workflow_leaves_them_are_clean() {
    for record in [
        new(),
        in_flight(),
        accepted(),
        failed(),
        refused(),
        resent(),
        debit_overdue(),
        found_accepted(),
    ] {
        assert_eq!(check(&record, now()), [], "{record:#?}");
    }
}

#[test]
fn the_names_of_the_kinds_are_kebab_case_and_each_its_own() {
    let mut names: Vec<_> = ViolationKind::all().map(ViolationKind::as_str).collect();
    let kebab = |name: &&str| name.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase());
    assert!(names.iter().all(kebab));
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn entries_by_other_programs_are_believed() {
    let mut record = accepted();
    record.entries[1].source = "external".to_owned();
    (record.entries[1].look, record.entries[1].send) = (None, None);
    let work = record.work.as_mut().unwrap();
    work.standing.call_open = true;
    assert_eq!(check(&record, now()), []);
}

#[test]
fn a_review_that_a_person_resolved_asks_nobody_again() {
    let mut record = debit_overdue();
    record.failures[0].resolved_at = Some(now());
    record.failures[0].resolved_by = Some("somebody".to_owned());
    assert_eq!(check(&record, now()), []);
}

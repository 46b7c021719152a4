//! What must hold after every run, whatever happened.

use super::world::World;
use crate::audit::{self, OrderRecord, WorkRecord, check};
use crate::call::Endpoint;
use crate::order::OrderId;
use crate::ports::{Clock as _, Entry};
use crate::status::{OrderStatus, check_move};
use crate::time::Timestamp;
use crate::work::Phase;

/// Panics where the promise is broken.
pub(super) fn audit(world: &World) {
    let rows = world.memory.work_rows();
    for order in world.memory.order_rows().keys() {
        against_itself(&world.memory.order_record(order), world.clock.now());
    }
    for (order, row) in &rows {
        let entries = world.entries(order);
        timeline(order, &entries);
        let newest = entries.last().expect("a work row means an entry");
        assert_eq!(
            (newest.version, &newest.status),
            (row.version, &row.status),
            "{order}: the work row keeps step"
        );
        let standing = &row.standing;
        assert_eq!(
            standing.phase == Phase::Settled,
            standing.due_at.is_none(),
            "{order}: whoever is not settled has a next action: {standing:?}"
        );
        let pending = newest.status == OrderStatus::PendingAcceptance;
        match standing.phase {
            Phase::Ready | Phase::Sending | Phase::Validating => assert!(pending, "{order}: {standing:?}"),
            Phase::Retry | Phase::Unfiled => assert_eq!(newest.status, OrderStatus::AcceptanceFailed, "{order}"),
            Phase::Review => {
                assert!(newest.status.is_unsettled(), "{order}");
                let waits =
                    |filed: &crate::memory::FiledFailure| filed.row.resolved_at.is_none() && filed.row.needs_person;
                assert!(
                    world.failures(order).iter().any(waits),
                    "{order}: review without an entry for a person"
                );
            }
            Phase::Settled => assert!(!newest.status.is_unsettled(), "{order}: {standing:?}"),
        }
        failed_entries(world, order, &entries);
    }
    ledger(world);
}

/// The record agrees with itself, and so does the work row that is made anew from it.
fn against_itself(record: &OrderRecord, now: Timestamp) {
    let found = check(record, now);
    assert!(found.is_empty(), "{found:#?}");
    let anew = audit::rebuilt(record, now).map(|row| WorkRecord {
        version: row.version,
        status: row.status,
        status_at: row.status_at,
        placed_at: row.placed_at,
        standing: row.standing,
        call: row.call,
        fence: row.least_fence,
        lease_until: None,
    });
    assert_eq!(anew.is_some(), record.work.is_some());
    let anew = OrderRecord {
        work: anew,
        ..record.clone()
    };
    let found = check(&anew, now);
    assert!(found.is_empty(), "made anew: {found:#?}");
}

fn timeline(order: &OrderId, entries: &[Entry]) {
    let mut before: Option<&OrderStatus> = None;
    for (index, entry) in entries.iter().enumerate() {
        assert_eq!(entry.version.0, index as i64 + 1, "{order}: versions without gaps");
        if entry.source == "ackord" {
            check_move(before, &entry.status).unwrap_or_else(|error| panic!("{order}: {error}"));
        }
        before = Some(&entry.status);
    }
}

/// Each `acceptance_failed` of ours has its inbox entry, and either a time for the retry or a person to wait for.
fn failed_entries(world: &World, order: &OrderId, entries: &[Entry]) {
    let failures = world.failures(order);
    let failed = |entry: &&Entry| entry.source == "ackord" && entry.status == OrderStatus::AcceptanceFailed;
    for entry in entries.iter().filter(failed) {
        let filed = failures.iter().find(|filed| filed.version == Some(entry.version));
        let filed = filed.unwrap_or_else(|| panic!("{order}: a failure that is in no inbox: {entry:?}"));
        assert_eq!(filed.row.needs_person, entry.retry_at.is_none(), "{order}: {entry:?}");
    }
}

/// No decision took effect twice, the same decision was sent each time, and each send stands on record.
fn ledger(world: &World) {
    let calls = world.memory.logged_calls();
    world.ledger(|ledger| {
        for (order, _) in &ledger.effects {
            assert_eq!(ledger.effects_on(order.as_str()), 1, "{order}: decided twice");
        }
        for (order, body) in &ledger.received {
            let on_record = calls
                .iter()
                .filter(|call| call.row.endpoint == Endpoint::Or21.as_str())
                .filter(|call| call.row.related_id.as_deref() == Some(order.as_str()));
            let on_record: Vec<_> = on_record.collect();
            assert!(
                on_record.len() >= ledger.received_for(order.as_str()),
                "{order}: a send without an intent"
            );
            assert!(
                on_record.iter().any(|call| call.row.request.as_ref() == Some(body)),
                "{order}: sent something else than was intended"
            );
        }
    });
}

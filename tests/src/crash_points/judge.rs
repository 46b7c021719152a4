//! Judges a shop once all work is done: nothing lost, nothing twice, no failure that was none, each call intended.

use ackord::OrderStatus;
use ackord::order::OrderId;
use ackord::ports::OrderStory;

use super::shop::Shop;
use super::workload::{End, ORDERS};
use crate::verify::violations;

/// What is wrong, in words.
pub(super) async fn judge(shop: &Shop) -> Vec<String> {
    let mut wrong = match violations(&*shop.fixture.store).await {
        Ok(violations) => violations,
        Err(error) => vec![error.to_string()],
    };
    for (name, end) in ORDERS {
        let id = OrderId::new(name).expect("an id");
        match shop.fixture.store.story(&id).await {
            Ok(Some(story)) => wrong.extend(of_order(shop, name, end, &story)),
            Ok(None) => wrong.push(format!("{name} is lost: it was never stored")),
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    wrong
}

fn of_order(shop: &Shop, name: &str, end: End, story: &OrderStory) -> Vec<String> {
    let ledger = shop.sandbox.ledger();
    let statuses: Vec<_> = story.entries.iter().map(|entry| entry.status.as_str()).collect();
    let failed = statuses.contains(&OrderStatus::AcceptanceFailed.as_str());
    let newest = statuses.last().copied().unwrap_or_default();
    let open = story.failures.iter().filter(|row| row.resolved_at.is_none()).count();
    let intended = story.calls.iter().filter(|call| call.endpoint == "OR21").count();
    let (received, applied) = (ledger.acceptances_received(name), ledger.decisions_applied(name));
    let as_it_should = match end {
        End::Accepted => newest == "accepted" && applied == 1 && !failed && open == 0,
        End::AcceptedAfterAll => newest == "accepted" && applied == 1 && open == 0,
        End::Cancelled => newest == "cancelled" && applied == 0 && !failed,
        End::Refused => newest == "acceptance_failed" && applied == 0 && open == 1,
        End::ForAPerson => newest == "accepted" && received == 0 && open == 1,
    };
    let mut wrong = Vec::new();
    if !as_it_should {
        wrong.push(format!(
            "{name} was to end {end:?}: {statuses:?}, {received} received, {applied} applied, {open} open entries"
        ));
    }
    if received > intended {
        wrong.push(format!(
            "{name}: {received} acceptances were received and {intended} intended"
        ));
    }
    let versions = story.entries.iter().map(|entry| entry.version.0);
    if !versions.eq(1..=story.entries.len() as i64) {
        wrong.push(format!("{name}: the versions have gaps"));
    }
    wrong
}

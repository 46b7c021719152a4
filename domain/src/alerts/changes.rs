//! What is new, told again, and over: what is wrong against the alerts on record.

use super::conditions::Condition;
use super::rules::AlertRules;
use super::{Kind, Message};
use crate::ports::{AlertChange, AlertRow};
use crate::time::{self, Timestamp};

/// The changes by which the alerts on record come to say what is wrong now. `rows` are those that are open, and those that were over
/// not longer ago than [`AlertRules::quiet`].
#[must_use]
pub fn changes(conditions: &[Condition], rows: &[AlertRow], now: Timestamp, rules: &AlertRules) -> Vec<AlertChange> {
    let open = |key: &str| rows.iter().find(|row| row.cleared_at.is_none() && row.key == key);
    let mut found: Vec<AlertChange> = conditions
        .iter()
        .filter_map(|condition| match open(&condition.key) {
            None => Some(opened(condition, rows, now, rules)),
            Some(row) => updated(condition, row, rows, now, rules),
        })
        .collect();
    let is_over =
        |row: &&AlertRow| row.cleared_at.is_none() && !conditions.iter().any(|condition| condition.key == row.key);
    found.extend(rows.iter().filter(is_over).map(|row| cleared(row, now)));
    found
}

fn opened(condition: &Condition, rows: &[AlertRow], now: Timestamp, rules: &AlertRules) -> AlertChange {
    AlertChange::Open {
        key: condition.key.clone(),
        severity: condition.severity,
        since: condition.since,
        message: condition.message.clone(),
        tell: is_to_be_raised(condition, rows, now, rules),
    }
}

/// Whether it has lasted, and is not just back after people were told of it and of its end.
fn is_to_be_raised(condition: &Condition, rows: &[AlertRow], now: Timestamp, rules: &AlertRules) -> bool {
    let told_lately = rows
        .iter()
        .filter(|row| row.cleared_at.is_some() && row.key == condition.key && row.severity >= condition.severity)
        .filter_map(|row| row.told_at)
        .any(|told_at| time::until(told_at, now) < rules.quiet);
    time::until(condition.since, now) >= condition.lasting && !told_lately
}

fn updated(
    condition: &Condition,
    row: &AlertRow,
    rows: &[AlertRow],
    now: Timestamp,
    rules: &AlertRules,
) -> Option<AlertChange> {
    let kind = match row.told_at {
        None => is_to_be_raised(condition, rows, now, rules).then_some(Kind::Raised),
        Some(_) if condition.severity > row.severity => Some(Kind::Worse),
        Some(told_at) => {
            let ago = time::until(told_at, now);
            if condition.message.count > row.told_count && ago >= rules.quiet {
                Some(Kind::Worse)
            } else {
                (ago >= rules.reminder).then_some(Kind::Reminder)
            }
        }
    };
    if kind.is_none() && condition.severity == row.severity && says_the_same(&condition.message, &row.message) {
        return None;
    }
    // It began when it was first seen, whatever is the oldest of what it is about now.
    let message = Message {
        kind: kind.unwrap_or(row.message.kind),
        since: row.since,
        ..condition.message.clone()
    };
    Some(AlertChange::Update {
        alert_id: row.alert_id,
        version: row.version,
        severity: condition.severity,
        message,
        tell: kind.is_some(),
    })
}

fn says_the_same(one: &Message, other: &Message) -> bool {
    (&one.title, &one.lines, one.count) == (&other.title, &other.lines, other.count)
}

fn cleared(row: &AlertRow, now: Timestamp) -> AlertChange {
    AlertChange::Clear {
        alert_id: row.alert_id,
        version: row.version,
        message: Message {
            kind: Kind::Cleared,
            lines: Vec::new(),
            remedy: String::new(),
            since: row.since,
            at: now,
            ..row.message.clone()
        },
    }
}

#[cfg(test)]
mod tests;

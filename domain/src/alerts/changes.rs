//! What is new, told again, and over: what is wrong against the alerts on record.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::conditions::Condition;
use super::rules::{AlertRules, HOUR};
use super::{Kind, Message, Severity};
use crate::ports::{AlertChange, AlertRow};
use crate::time::{self, Timestamp};

/// The changes by which the alerts on record come to say what is wrong now. `rows` are those that are open, and those that were over
/// not longer ago than [`AlertRules::remembered`].
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
    put_off(&mut found, rows, now, rules);
    found.extend(rows.iter().filter(is_over).map(|row| cleared(row, now)));
    found
}

/// Leaves to a later round what people would be told beyond [`AlertRules::hourly`], the least severe first. A flood of causes, each with
/// an alert of its own, would have them switch the channel off.
fn put_off(found: &mut Vec<AlertChange>, rows: &[AlertRow], now: Timestamp, rules: &AlertRules) {
    let lately = |row: &&AlertRow| {
        row.severity < Severity::Critical && row.told_at.is_some_and(|at| time::until(at, now) < HOUR)
    };
    let told_lately = rows.iter().filter(lately).count();
    let left = usize::try_from(rules.hourly)
        .unwrap_or(usize::MAX)
        .saturating_sub(told_lately);
    let mut telling: Vec<(Severity, usize)> = found
        .iter()
        .enumerate()
        .filter_map(|(place, change)| Some((told_severity(change)?, place)))
        .filter(|(severity, _)| *severity < Severity::Critical)
        .collect();
    telling.sort_by_key(|(severity, place)| (Reverse(*severity), *place));
    let beyond: BTreeSet<usize> = telling.iter().skip(left).map(|(_, place)| *place).collect();
    if beyond.is_empty() {
        return;
    }
    if let Some((_, last)) = telling.iter().take(left).next_back()
        && let AlertChange::Open { message, .. } | AlertChange::Update { message, .. } = &mut found[*last]
    {
        let more = beyond.len();
        message.lines.push(format!(
            "more alerts than are told within an hour: {more} wait, `ackord alerts list` shows them"
        ));
    }
    let mut place = 0;
    found.retain_mut(|change| {
        let is_beyond = beyond.contains(&place);
        place += 1;
        match change {
            // It is on record, and told when there is room.
            AlertChange::Open { tell, .. } if is_beyond => {
                *tell = false;
                true
            }
            // As it stands on record it will be found to be worse, or due for a reminder, again.
            _ => !is_beyond,
        }
    });
}

/// How severe what people are told by this is; `None` where they are told nothing.
fn told_severity(change: &AlertChange) -> Option<Severity> {
    match change {
        AlertChange::Open { severity, tell, .. } | AlertChange::Update { severity, tell, .. } => {
            tell.then_some(*severity)
        }
        AlertChange::Clear { .. } => None,
    }
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

//! What is new, told again, and over: what is wrong against the alerts on record.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::time::Duration;

use super::conditions::Condition;
use super::rules::{AlertRules, HOUR};
use super::{Kind, Message, Severity};
use crate::ports::{AlertChange, AlertId, AlertRow};
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

/// How long ago something was told. What lies too far ahead was told under a clock that has jumped since: it holds nothing up.
fn ago(told_at: Timestamp, now: Timestamp) -> Duration {
    if told_at > time::plus(now, HOUR) {
        return Duration::MAX;
    }
    time::until(told_at, now)
}

/// Leaves to a later round what people would be told beyond [`AlertRules::hourly`]: what they know already before what is new to them,
/// the least severe first, what they were told of last first. A flood of causes, each with an alert of its own, would have them
/// switch the channel off.
fn put_off(found: &mut Vec<AlertChange>, rows: &[AlertRow], now: Timestamp, rules: &AlertRules) {
    let lately =
        |row: &&AlertRow| row.severity < Severity::Critical && row.told_at.is_some_and(|at| ago(at, now) < HOUR);
    let told_lately = rows.iter().filter(lately).count();
    let left = usize::try_from(rules.hourly)
        .unwrap_or(usize::MAX)
        .saturating_sub(told_lately);
    let read = |id: AlertId| rows.iter().find(|row| row.alert_id == id);
    let mut telling: Vec<(Urgency, usize)> = found
        .iter()
        .enumerate()
        .filter_map(|(place, change)| Some((urgency(change, read)?, place)))
        .filter(|(urgency, _)| urgency.severity.0 < Severity::Critical)
        .collect();
    telling.sort_unstable();
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
            // What it is about is kept up to date. By its severity, and by when and of how many people were told, it will be found to be
            // worse, or due for a reminder, again.
            AlertChange::Update {
                alert_id,
                severity,
                message,
                tell,
                ..
            } if is_beyond => {
                *tell = false;
                let Some(row) = read(*alert_id) else { return false };
                *severity = row.severity.min(*severity);
                message.severity = row.message.severity.min(message.severity);
                message.kind = row.message.kind;
                *severity != row.severity || !says_the_same(message, &row.message)
            }
            _ => true,
        }
    });
}

/// What goes first where there is not room for all. The least of them does.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Urgency {
    is_reminder: bool,
    severity: Reverse<Severity>,
    told_at: Option<Timestamp>,
}

/// How urgent what people are told by this is; `None` where they are told nothing.
fn urgency<'a>(change: &AlertChange, read: impl Fn(AlertId) -> Option<&'a AlertRow>) -> Option<Urgency> {
    let (severity, message, told_at) = match change {
        AlertChange::Open {
            severity,
            message,
            tell: true,
            ..
        } => (*severity, message, None),
        AlertChange::Update {
            alert_id,
            severity,
            message,
            tell: true,
            ..
        } => (*severity, message, read(*alert_id).and_then(|row| row.told_at)),
        _ => return None,
    };
    Some(Urgency {
        is_reminder: message.kind == Kind::Reminder,
        severity: Reverse(severity),
        told_at,
    })
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
        .any(|told_at| ago(told_at, now) < rules.quiet);
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
            let ago = ago(told_at, now);
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

//! What is wrong with the shop itself, by what the marketplace says of it.

use std::time::Duration;

use super::conditions::{Condition, Facts, Told, condition};
use super::health::Trouble;
use super::{Severity, words};
use crate::ports::{AccountRecord, CheckDue, DayFigures, ShopFigures, ShopHealth};
use crate::time::{self, Timestamp};

/// So often the marketplace is asked for the shop's state.
const STATE_EVERY: Duration = Duration::from_secs(3600);
/// So often at the most, where a run was told that the key is not taken, and a barred shop may be why, or a run got through that a barred
/// shop's could not.
const STATE_AT_MOST_EVERY: Duration = Duration::from_secs(5 * 60);
/// So often for its figures: the marketplace wants it no more often.
const FIGURES_EVERY: Duration = Duration::from_secs(24 * 3600);
/// Figures are compared with those of so long before.
const COMPARED: Duration = Duration::from_secs(8 * 24 * 3600);
/// An approval rate has fallen when it is below so many hundredths of the best that it is compared with.
const APPROVAL_KEPT: i64 = 98;
/// So many refusals one after another are told of.
const REFUSED_IN_ROW: i64 = 2;

/// A state that nobody could confirm for so long may be another by now.
const STATE_HOLDS: Duration = Duration::from_secs(3 * 3600);
/// What was answered so shortly before a key was refused was answered after it: the store's clock tells the one, a worker's the other.
/// What lies further ahead was written under a clock that has jumped since.
const CLOCKS_APART: Duration = Duration::from_secs(10);
/// Figures that were told so much later than now were told under a clock that has jumped since.
const AHEAD: Duration = Duration::from_secs(3600);

/// When the marketplace is to be asked about the shop again.
pub(super) fn due(now: Timestamp, health: &ShopHealth, record: &AccountRecord) -> CheckDue {
    let not_taken = health.trouble.as_deref() == Some(Trouble::Credentials.as_str());
    let doubtful_since = match health.trouble {
        Some(_) => health.trouble_since.filter(|_| not_taken),
        None => health.last_done_at.filter(|_| is_barred(record)),
    };
    let is_doubtful = doubtful_since.is_some_and(|since| !is_answered_since(record, since));
    let every = if is_doubtful { STATE_AT_MOST_EVERY } else { STATE_EVERY };
    CheckDue {
        now,
        asked_by: time::minus(now, every),
        figures_by: time::minus(now, FIGURES_EVERY),
        ahead: time::plus(now, STATE_EVERY),
    }
}

/// When figures would have been asked for that are due again with the state that is asked for next.
pub(super) fn with_the_next_state(now: Timestamp) -> Timestamp {
    time::minus(now, FIGURES_EVERY - STATE_EVERY)
}

/// From when on figures are compared.
pub(super) fn figures_since(now: Timestamp) -> Timestamp {
    time::minus(now, COMPARED)
}

/// What the marketplace lets a shop do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Open,
    Closed,
    /// It takes no acceptances from it.
    Barred,
    Unknown,
}

fn standing(state: Option<&str>) -> Option<Standing> {
    Some(match state?.to_ascii_uppercase().as_str() {
        "OPEN" => Standing::Open,
        "CLOSE" | "CLOSED" => Standing::Closed,
        "SUSPENDED" | "TERMINATED" => Standing::Barred,
        _ => Standing::Unknown,
    })
}

/// Whether the marketplace has barred the shop: then it refuses its calls, whatever the key.
pub(super) fn is_barred(record: &AccountRecord) -> bool {
    standing(record.state.as_deref()) == Some(Standing::Barred)
}

/// Whether the marketplace has answered since then.
fn is_answered_since(record: &AccountRecord, since: Timestamp) -> bool {
    record
        .answered_at
        .is_some_and(|at| time::plus(at, CLOCKS_APART) >= since)
}

/// For how long a refused key has to be one before that is told; `None` where it is no fault of the key, as far as anybody knows.
pub(super) fn refused_key_lasts(facts: &Facts<'_>) -> Option<Duration> {
    let (record, health, now) = (facts.account, facts.health, facts.store_now);
    let is_past = |at: &Timestamp| *at <= time::plus(now, CLOCKS_APART);
    let told_at = record.state_told_at.filter(is_past);
    if is_barred(record) && told_at.is_some_and(|at| time::until(at, now) <= STATE_HOLDS) {
        // It is told as the state of the shop.
        return None;
    }
    let was_barred = standing(record.state_before.as_deref()) == Some(Standing::Barred);
    if was_barred && record.state_since.filter(is_past) > health.last_run_at {
        // It was let in again since: the next run tells whether the key is taken now.
        return None;
    }
    // Whoever asks about the shop is about to be told whether it is that.
    let refused_since = health.trouble_since.filter(is_past);
    let is_open = record.asked_at.is_some() && refused_since.is_some_and(|since| !is_answered_since(record, since));
    Some(if is_open { STATE_AT_MOST_EVERY } else { Duration::ZERO })
}

/// That the shop is not open.
pub(super) fn state(facts: &Facts<'_>) -> Option<Condition> {
    let record = facts.account;
    let (severity, title, remedy) = match standing(record.state.as_deref())? {
        Standing::Open => return None,
        Standing::Closed => (
            Severity::Warning,
            "the shop is closed on the marketplace".to_owned(),
            "open it in the marketplace's back office if that is not meant; orders that are there are accepted all the same",
        ),
        Standing::Barred => (
            Severity::Critical,
            format!("the marketplace has the shop {}: nothing is accepted", word(record)),
            "ask the marketplace's operator why, and what lifts it; orders wait until then, and their deadlines go on",
        ),
        Standing::Unknown => (
            Severity::Warning,
            format!("the shop is in a state that is not known: {}", word(record)),
            "look it up in the marketplace's back office",
        ),
    };
    let told = Told {
        title,
        lines: record.state_told_at.map(told_line).into_iter().collect(),
        remedy: remedy.to_owned(),
        count: 1,
    };
    let since = record.state_since.unwrap_or(facts.now);
    Some(condition(facts, "shop:state".to_owned(), severity, since, told))
}

/// The state's own word, as far as it is one.
fn word(record: &AccountRecord) -> String {
    let state = record.state.as_deref().unwrap_or_default();
    state
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_')
        .take(32)
        .collect()
}

/// When the marketplace said it.
fn told_line(at: Timestamp) -> String {
    format!("told by the marketplace at {}", words::minute(at))
}

/// That the shop's figures have become worse than they were in the days before.
pub(super) fn figures(facts: &Facts<'_>) -> Option<Condition> {
    let latest_by = time::plus(facts.store_now, AHEAD);
    let days: Vec<&DayFigures> = facts
        .account
        .figures
        .iter()
        .filter(|day| day.read_at <= latest_by)
        .collect();
    let latest = days.last()?;
    let worse = worse(&days);
    if worse.is_empty() {
        return None;
    }
    let told = Told {
        title: "the shop's acceptance figures on the marketplace have become worse".to_owned(),
        count: worse.len() as u64,
        lines: [worse, vec![told_line(latest.read_at)]].concat(),
        remedy: "`ackord stats --by day` and `ackord failures list` show which orders were refused or came late"
            .to_owned(),
    };
    let severity = Severity::Urgent;
    Some(condition(
        facts,
        "shop:figures".to_owned(),
        severity,
        latest.read_at,
        told,
    ))
}

/// A line for each figure that has become worse. Any of them may be missing on a day: what was told last holds.
fn worse(days: &[&DayFigures]) -> Vec<String> {
    let told = |figure: fn(&ShopFigures) -> Option<i64>| -> Vec<i64> {
        days.iter().filter_map(|day| figure(&day.figures)).collect()
    };
    let mut lines = Vec::new();
    if let Some((now, before)) = told(|figures| figures.approval_rate).split_last()
        && let Some(best) = before.iter().max()
        && now.saturating_mul(100) < best.saturating_mul(APPROVAL_KEPT)
    {
        lines.push(format!(
            "approval rate: {}, and {} not long ago",
            rate(*now),
            rate(*best)
        ));
    }
    if let Some((now, before)) = told(|figures| figures.auto_refused_rate).split_last()
        && let Some(best) = before.iter().min()
        && now > best
    {
        lines.push(format!(
            "refused automatically at the deadline: {}, and {} not long ago",
            rate(*now),
            rate(*best)
        ));
    }
    if let Some(count) = told(|figures| figures.refused_in_row)
        .last()
        .filter(|count| **count >= REFUSED_IN_ROW)
    {
        lines.push(format!("{count} orders refused one after another"));
    }
    lines
}

/// A rate in the marketplace's own unit.
fn rate(ten_thousandths: i64) -> String {
    let text = format!("{}.{:04}", ten_thousandths / 10_000, ten_thousandths % 10_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests;

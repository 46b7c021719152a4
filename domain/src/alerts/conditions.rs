//! What is wrong, of all that people are told of.

use std::time::Duration;

use super::health::Trouble;
use super::rules::AlertRules;
use super::{Kind, Message, Severity};
use super::{account, words};
use crate::failure::{FailureCause, PROCESS};
use crate::ports::{AccountRecord, OpenGroup, OverviewRequest, ShopHealth, StoreStanding};
use crate::time::{self, Timestamp};

/// All that is known when somebody asks what is wrong.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Which shop, in the operator's words.
    pub shop: &'a str,
    /// Now.
    pub now: Timestamp,
    /// Now by the store's clock, by which the marketplace's answers are noted.
    pub store_now: Timestamp,
    /// How the store stands.
    pub standing: &'a StoreStanding,
    /// How its runs fared.
    pub health: &'a ShopHealth,
    /// What the marketplace said of the shop itself.
    pub account: &'a AccountRecord,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// What: one alert at a time is open for each.
    pub key: String,
    /// How much it matters.
    pub severity: Severity,
    /// Since when it is so.
    pub since: Timestamp,
    /// How long it has to last before anybody is told.
    pub lasting: Duration,
    /// What people are told.
    pub message: Message,
}

impl AlertRules {
    /// What to ask of the store.
    #[must_use]
    pub fn overview(&self, now: Timestamp) -> OverviewRequest {
        OverviewRequest {
            now,
            half_by: time::minus(now, self.half()),
            late_by: time::minus(now, self.late()),
            past_by: time::minus(now, self.deadline),
            names: self.names,
        }
    }
}

/// What is wrong. Each key stands there once.
#[must_use]
pub fn conditions(facts: &Facts<'_>, rules: &AlertRules) -> Vec<Condition> {
    let mut found: Vec<Condition> = Vec::new();
    for group in facts.standing.open.iter().filter(|group| group.needs_person) {
        found.push(waits_for_a_person(facts, group));
    }
    found.extend(deadline(facts, rules));
    found.extend(in_the_way(facts, rules));
    found.extend(silence(facts, rules));
    found.extend(account::state(facts));
    found.extend(account::figures(facts));
    found
}

/// Entries of the inbox that wait for a person, a condition for each cause.
fn waits_for_a_person(facts: &Facts<'_>, group: &OpenGroup) -> Condition {
    let cause = FailureCause::parse(&group.cause).filter(|_| group.process_name == PROCESS);
    let severity = match cause {
        Some(FailureCause::RefusedAtDeadline) => Severity::Critical,
        Some(FailureCause::DebitOverdue | FailureCause::Foreign) => Severity::Warning,
        _ => Severity::Urgent,
    };
    let key = match &*group.process_name {
        PROCESS => format!("inbox:{}", group.cause),
        process => format!("inbox:{process}/{}", group.cause),
    };
    let (title, remedy) = words::of_inbox(group, cause);
    condition(
        facts,
        key,
        severity,
        group.oldest_at,
        Told {
            title,
            lines: words::names(&group.first, group.entries),
            remedy,
            count: group.entries,
        },
    )
}

/// Orders that come near their deadline, or are past it: one condition, as severe as the worst of them.
fn deadline(facts: &Facts<'_>, rules: &AlertRules) -> Option<Condition> {
    let standing = facts.standing;
    let oldest = standing.oldest.first().filter(|_| standing.half > 0)?;
    let (severity, count, named, after) = if standing.past > 0 {
        (Severity::Critical, standing.past, "past", rules.deadline)
    } else if standing.late > 0 {
        (Severity::Critical, standing.late, "late", rules.late())
    } else {
        (Severity::Warning, standing.half, "half", rules.half())
    };
    let since = time::plus(oldest.placed_at, after);
    let shown = usize::try_from(count).unwrap_or(usize::MAX);
    let lines = standing.oldest.iter().take(shown).map(|order| {
        let by = time::plus(order.placed_at, rules.deadline);
        format!("{}: to be accepted by {}", order.order_id, words::minute(by))
    });
    let told = Told {
        title: words::of_deadline(named, count),
        lines: words::and_more(lines.collect(), count),
        remedy: "ackord orders list --status pending_acceptance".to_owned(),
        count,
    };
    Some(condition(facts, "deadline".to_owned(), severity, since, told))
}

/// What was in the way of the last run.
fn in_the_way(facts: &Facts<'_>, rules: &AlertRules) -> Option<Condition> {
    let health = facts.health;
    let trouble = Trouble::parse(health.trouble.as_deref()?)?;
    let since = health.trouble_since.unwrap_or(facts.now);
    let (severity, lasting) = match trouble {
        Trouble::Credentials => (Severity::Critical, account::refused_key_lasts(facts)?),
        Trouble::WrongShop | Trouble::Settings => (Severity::Critical, Duration::ZERO),
        Trouble::MarketplaceRefuses => (Severity::Urgent, Duration::ZERO),
        Trouble::MarketplaceDown | Trouble::TooSlow => (Severity::Urgent, rules.outage_after),
        Trouble::SendingHeld => (Severity::Urgent, rules.outage_after),
        // The store took the note of it. So it is told once runs meet it for so long: what one run met may be over.
        Trouble::StoreDown => {
            let last = health.last_run_at.unwrap_or(facts.now);
            let lasting = rules.outage_after.saturating_add(time::until(last, facts.now));
            (Severity::Urgent, lasting)
        }
        Trouble::Throttled | Trouble::OutOfBudget => (Severity::Warning, rules.outage_after),
    };
    let (title, remedy) = words::of_trouble(trouble);
    let told = Told {
        title: title.to_owned(),
        lines: health.detail.iter().cloned().collect(),
        remedy: remedy.to_owned(),
        count: 1,
    };
    let mut condition = condition(facts, format!("trouble:{}", trouble.as_str()), severity, since, told);
    condition.lasting = lasting;
    Some(condition)
}

/// That nothing has run for too long. A shop that never ran is not waited for.
fn silence(facts: &Facts<'_>, rules: &AlertRules) -> Option<Condition> {
    let last = facts.health.last_run_at?;
    if time::until(last, facts.now) < rules.silent_after {
        return None;
    }
    let told = Told {
        title: "nothing has run for too long".to_owned(),
        lines: vec![format!("the last run ended at {}", words::minute(last))],
        remedy: "is `ackord serve` running? Its log says what keeps it".to_owned(),
        count: 1,
    };
    Some(condition(facts, "silence".to_owned(), Severity::Critical, last, told))
}

/// What people are told of a condition.
pub(super) struct Told {
    pub(super) title: String,
    pub(super) lines: Vec<String>,
    pub(super) remedy: String,
    pub(super) count: u64,
}

/// A condition that is told of at once.
pub(super) fn condition(facts: &Facts<'_>, key: String, severity: Severity, since: Timestamp, told: Told) -> Condition {
    let message = Message {
        kind: Kind::Raised,
        key: key.clone(),
        severity,
        shop: facts.shop.to_owned(),
        title: told.title,
        lines: told.lines,
        remedy: told.remedy,
        count: told.count,
        since,
        at: facts.now,
    };
    Condition {
        key,
        severity,
        since,
        lasting: Duration::ZERO,
        message,
    }
}

#[cfg(test)]
mod tests;

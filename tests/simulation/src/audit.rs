//! The auditor: after every step it looks at the orders that changed, and at nothing else.

use ackord::memory::{FiledFailure, OrderRows};
use ackord::ports::Entry;
use ackord::status::{OrderStatus, check_move};
use ackord::work::Phase;

use crate::facts::{Facts, Shown};
use crate::market::MarketOrder;
use crate::profile::Profile;
use crate::sim::{Sim, State};
use crate::times::{SECOND, micros};

impl Sim {
    /// Checks whatever changed since the last time.
    pub(crate) fn audit(&self) {
        loop {
            let next = self.state().dirty.pop_first();
            let Some(order) = next else { return };
            let id = &self.ids[order];
            let found = self.memory.inspect(id, |rows| {
                let mut state = self.state();
                let State {
                    facts,
                    market,
                    profile,
                    trace,
                    ..
                } = &mut *state;
                let seen = facts.orders[order].entries.len();
                for entry in rows.entries.iter().skip(seen) {
                    trace.mix_text(entry.status.as_str());
                    trace.mix_text(entry.note.as_deref().unwrap_or_default());
                    trace.tell(self.now(), || told(id.as_str(), entry));
                }
                let case = Case {
                    order,
                    rows,
                    facts,
                    market: &market.orders[order],
                    profile,
                };
                let grown = rows.entries.len() > seen;
                let found = case.check().map(|()| grown);
                facts.orders[order].entries = rows.entries.iter().map(hash).collect();
                found
            });
            match found {
                Err(what) => self.violate(|| format!("{id}: {what}")),
                Ok(true) => {
                    if let Err(what) = self.by_the_record(order) {
                        self.violate(|| what);
                    }
                }
                Ok(false) => {}
            }
        }
    }

    /// The record of every order agrees with itself.
    pub(crate) fn whole_record(&self) -> Result<(), String> {
        (0..self.ids.len()).try_for_each(|order| self.by_the_record(order))
    }

    /// What `verify` says of one order.
    fn by_the_record(&self, order: usize) -> Result<(), String> {
        let record = self.memory.order_record(&self.ids[order]);
        match ackord::audit::check(&record, self.times.store_now()).first() {
            None => Ok(()),
            Some(violation) => Err(format!("verify: {violation:?}")),
        }
    }
}

fn told(id: &str, entry: &Entry) -> String {
    let note = entry.note.as_deref().unwrap_or_default();
    format!(
        "=> {id} version {} '{}' by {}: {note}",
        entry.version, entry.status, entry.source
    )
}

/// One order, with all that is known of it.
struct Case<'a> {
    order: usize,
    rows: &'a OrderRows<'a>,
    facts: &'a Facts,
    market: &'a MarketOrder,
    profile: &'a Profile,
}

impl Case<'_> {
    fn check(&self) -> Result<(), String> {
        self.timeline()?;
        self.standing()?;
        let seen = self.facts.orders[self.order].entries.len();
        for entry in self
            .rows
            .entries
            .iter()
            .skip(seen)
            .filter(|entry| entry.source == "ackord")
        {
            self.evidence(entry)?;
        }
        Ok(())
    }

    /// Promise 4: versions without gaps, lawful moves, nothing rewritten.
    fn timeline(&self) -> Result<(), String> {
        let known = &self.facts.orders[self.order].entries;
        if self.rows.entries.len() < known.len() {
            return Err("promise 4: an entry is gone".to_owned());
        }
        let mut before: Option<&OrderStatus> = None;
        for (index, entry) in self.rows.entries.iter().enumerate() {
            if entry.version.0 != index as i64 + 1 {
                return Err(format!("promise 4: version {} at place {}", entry.version, index + 1));
            }
            if known.get(index).is_some_and(|known| *known != hash(entry)) {
                return Err(format!("promise 4: version {} was rewritten", entry.version));
            }
            if entry.source == "ackord" {
                check_move(before, &entry.status).map_err(|unlawful| format!("promise 4: {unlawful}"))?;
            }
            before = Some(&entry.status);
        }
        Ok(())
    }

    /// Promise 2: settled, or a next action with a time, or in the inbox.
    fn standing(&self) -> Result<(), String> {
        let (Some(row), Some(newest)) = (self.rows.work, self.rows.entries.last()) else {
            if self.rows.work.is_some() || !self.rows.entries.is_empty() {
                return Err("promise 2: entries without a work row, or the other way round".to_owned());
            }
            return Ok(());
        };
        if (row.version, &row.status) != (newest.version, &newest.status) {
            return Err("the work row does not keep step with the timeline".to_owned());
        }
        let standing = &row.standing;
        if (standing.phase == Phase::Settled) != standing.due_at.is_none() {
            return Err(format!("promise 2: in limbo: {standing:?}"));
        }
        let fits = match standing.phase {
            Phase::Ready | Phase::Sending | Phase::Validating => newest.status == OrderStatus::PendingAcceptance,
            Phase::Retry | Phase::Unfiled => newest.status == OrderStatus::AcceptanceFailed,
            Phase::Review => newest.status.is_unsettled(),
            Phase::Settled => !newest.status.is_unsettled(),
        };
        if !fits {
            return Err(format!("promise 2: '{}' stands in {}", newest.status, standing.phase));
        }
        let waits = |filed: &&&FiledFailure| filed.row.resolved_at.is_none() && filed.row.needs_person;
        if standing.phase == Phase::Review && self.rows.failures.iter().find(waits).is_none() {
            return Err("promise 2: in review without an inbox entry for a person".to_owned());
        }
        Ok(())
    }

    /// Promise 3: what a new entry of ours says is what was seen.
    fn evidence(&self, entry: &Entry) -> Result<(), String> {
        let shown = entry.look.and_then(|look| self.facts.served.get(&look));
        let shown_as = shown.and_then(|served| served.shown.get(&self.order)).copied();
        match entry.status {
            OrderStatus::Accepted if shown_as != Some(Shown::Accepted) => Err(format!(
                "promise 3: 'accepted' without having been seen as such (look {:?}: {shown_as:?})",
                entry.look
            )),
            OrderStatus::Cancelled if shown_as != Some(Shown::Lost) => Err(format!(
                "promise 3: 'cancelled' without having been seen as such (look {:?}: {shown_as:?})",
                entry.look
            )),
            OrderStatus::AcceptanceFailed => {
                self.filed(entry)?;
                self.failed(entry, shown.map(|served| served.began), shown_as)
            }
            _ => Ok(()),
        }
    }

    /// Each failure of ours has its inbox entry, and either a time for the retry or a person to wait for.
    fn filed(&self, entry: &Entry) -> Result<(), String> {
        let filed = self
            .rows
            .failures
            .iter()
            .find(|filed| filed.version == Some(entry.version));
        match filed {
            None => Err("promise 2: a failure that is in no inbox".to_owned()),
            Some(filed) if filed.row.needs_person != entry.retry_at.is_none() => {
                Err("promise 2: a failure with neither a retry nor a person".to_owned())
            }
            Some(_) => Ok(()),
        }
    }

    /// Promise 3: "failed" only of orders that were not accepted, as far as that could be seen.
    fn failed(&self, entry: &Entry, look_began: Option<u64>, shown_as: Option<Shown>) -> Result<(), String> {
        if entry.look.is_some() && !matches!(shown_as, Some(Shown::Waiting | Shown::Other)) {
            return Err(format!("promise 3: 'failed' by a look that showed it as {shown_as:?}"));
        }
        let settings = &self.profile.settings;
        self.attempts(entry)?;
        let intent = entry.send.and_then(|send| self.facts.intents.get(&send));
        let deciding = match (look_began, intent) {
            (Some(began), _) => began,
            // What decided is the look behind the send: no older than its freshness when the intent was written.
            (None, Some(intent)) => intent
                .at
                .saturating_sub(micros(settings.look_freshness) + micros(settings.lease_margin) + 2 * SECOND),
            (None, None) => return Err("promise 3: 'failed' with neither a look nor a send".to_owned()),
        };
        if self.profile.strict && self.facts.orders[self.order].under_way > 0 {
            return Err("promise 3: 'failed' is said while an acceptance is still under way".to_owned());
        }
        let accepted_at = self
            .market
            .past
            .iter()
            .find(|(_, state)| crate::market::is_accepted(state));
        let Some((accepted_at, _)) = accepted_at else {
            return Ok(());
        };
        let visible = accepted_at + micros(settings.read_staleness) <= deciding;
        if visible && !self.profile.beyond_staleness {
            return Err("promise 3: 'failed' is said of an order that was accepted before".to_owned());
        }
        Ok(())
    }
}

impl Case<'_> {
    /// Attempts end at their limit, save in an outage.
    fn attempts(&self, entry: &Entry) -> Result<(), String> {
        let settings = &self.profile.settings;
        let attempt = entry.attempt.unwrap_or(0);
        let outages = settings.breaker_threshold < 1000;
        if entry.retry_at.is_some() && attempt >= settings.retry.attempts && !outages {
            return Err(format!(
                "attempt {attempt} of {} is to be retried",
                settings.retry.attempts
            ));
        }
        let unanswered = self
            .rows
            .failures
            .iter()
            .any(|filed| filed.version == Some(entry.version) && filed.row.cause.as_deref() == Some("unanswered"));
        match entry.send {
            Some(send) if unanswered => self.facts.decided_by_looks(self.order, send, self.profile),
            _ => Ok(()),
        }
    }
}

/// A hash of an entry as it stands.
fn hash(entry: &Entry) -> u64 {
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    let mut mix = |value: u64| hash = (hash ^ value).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(17);
    let texts = [
        entry.status.as_str(),
        entry.note.as_deref().unwrap_or("-"),
        entry.source.as_str(),
        entry.actor.as_deref().unwrap_or("-"),
    ];
    for text in texts {
        text.bytes().for_each(|byte| mix(u64::from(byte)));
        mix(256);
    }
    let time = |at: Option<ackord::time::Timestamp>| at.map_or(1, |at| at.as_microsecond().cast_unsigned());
    mix(entry.version.0.cast_unsigned());
    mix(time(Some(entry.at)));
    mix(time(entry.retry_at));
    mix(entry.attempt.map_or(0, |attempt| u64::from(attempt) + 1));
    mix(entry.send.map_or(0, |call| call.0.cast_unsigned()));
    mix(entry.look.map_or(0, |call| call.0.cast_unsigned()));
    hash
}

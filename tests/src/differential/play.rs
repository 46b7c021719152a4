//! Plays a history on both stores, and compares after each call what they answered and all that they hold.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use serde_json::Value;

use super::bound::{Binder, Bound};
use super::call::{Call, Op};
use super::pair::Pair;
use super::side::Answer;
use super::state::{State, differences};

/// The most differences that are told of one call.
const TOLD: usize = 12;

/// A database's clock may tell no more than milliseconds: what has to come later is this much later.
const TICK: Duration = Duration::from_millis(2);

/// Two stores that came apart.
#[derive(Debug, Clone)]
pub(super) struct Difference {
    /// After which call of the history.
    pub(super) at: usize,
    /// Where they differ, the store in memory first.
    pub(super) words: Vec<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "they differ after call {} (in memory against the other):",
            self.at + 1
        )?;
        self.words
            .iter()
            .take(TOLD)
            .try_for_each(|words| writeln!(f, "    {words}"))
    }
}

/// What became of the calls of a kind.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) made: u64,
    pub(super) changed_something: u64,
    pub(super) refused: u64,
}

/// The calls of each kind.
pub(super) type Tallies = std::collections::BTreeMap<String, Tally>;

/// Plays a history; tells where the stores came apart, if they did.
pub(super) async fn play(pair: &mut Pair, history: &[Call], tallies: &mut Tallies) -> Option<Difference> {
    let mut before = pair.reference.state().await;
    pair.subject.state().await;
    let mut done: HashMap<Op, Bound> = HashMap::new();
    for (at, call) in history.iter().enumerate() {
        let Some(bound) = bind(pair, call, &mut done) else {
            continue;
        };
        if matches!(call, Call::ForeignOrder { .. }) {
            tokio::time::sleep(TICK).await;
        }
        let reference = pair.reference.make(&bound).await;
        let subject = pair.subject.make(&bound).await;
        let mut words = of_answers(&reference, &subject);
        let (state, other) = (pair.reference.state().await, pair.subject.state().await);
        of_states(&state, &other, &mut words);
        if reference.is_err() && state != before {
            words.push("a call that was refused changed something".to_owned());
        }
        if !words.is_empty() {
            return Some(Difference { at, words });
        }
        let tally = tallies.entry(call.kind()).or_default();
        tally.made += 1;
        tally.changed_something += u64::from(state != before);
        tally.refused += u64::from(reference.is_err());
        before = state;
    }
    None
}

/// The call with what it needs from the stores as they are; a repetition with what it had then.
fn bind(pair: &Pair, call: &Call, done: &mut HashMap<Op, Bound>) -> Option<Bound> {
    if let Call::Repeat { op } = call {
        return done.get(op).cloned();
    }
    let binder = Binder {
        reference: &pair.memory,
        names: &pair.reference.names,
    };
    let bound = binder.bind(call);
    if let Some(op) = call.op() {
        done.insert(op, bound.clone());
    }
    Some(bound)
}

fn of_answers(reference: &Answer, subject: &Answer) -> Vec<String> {
    let mut words = Vec::new();
    match (reference, subject) {
        (Ok(one), Ok(other)) => differences("answer", one, other, &mut words),
        (Err(one), Err(other)) if one == other => {}
        _ => words.push(format!("answer: {reference:?} against {subject:?}")),
    }
    words
}

fn of_states(reference: &State, subject: &State, words: &mut Vec<String>) {
    if reference == subject {
        return;
    }
    for (table, rows) in reference {
        let others = subject.get(table).cloned().unwrap_or_default();
        if rows.len() == others.len() {
            differences(table, &Value::from(rows.clone()), &Value::from(others), words);
        } else {
            let only = |rows: &[Value], others: &[Value]| -> Vec<String> {
                let only = rows.iter().filter(|row| !others.contains(row));
                only.map(Value::to_string).collect()
            };
            words.push(format!(
                "{table}: only in memory {:?}; only in the other {:?}",
                only(rows, &others),
                only(&others, rows)
            ));
        }
    }
}

//! The names of what bears another id on each store: calls by the order in which they were told, inbox entries by the
//! order in which they came up.

use std::collections::HashMap;

use ackord::call::CallId;
use ackord::failure::FailureId;
use serde_json::Value;

/// A call that is on no store's record.
pub(super) const STRANGER: CallId = CallId(9_999_999_999);

/// The id that stands for the call at this place, until a side puts its own in.
pub(super) fn place(place: usize) -> CallId {
    CallId(-1 - place as i64)
}

/// One side's ids.
#[derive(Debug, Default)]
pub(super) struct Names {
    calls: Vec<CallId>,
    places: HashMap<CallId, usize>,
    failures: HashMap<i64, usize>,
}

/// The calls that a side knows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known(usize);

impl Known {
    /// A place among them, whatever the number; `None` where there is none.
    pub(super) fn checked_rem_of(self, number: usize) -> Option<usize> {
        number.checked_rem(self.0)
    }
}

impl Names {
    pub(super) fn calls(&self) -> Known {
        Known(self.calls.len())
    }

    /// Where a call of this side stands.
    pub(super) fn place_of(&self, id: CallId) -> Option<usize> {
        self.places.get(&id).copied()
    }

    /// Takes note of a call that the side told of; one told before keeps its place.
    pub(super) fn told(&mut self, id: CallId) {
        let next = self.calls.len();
        if *self.places.entry(id).or_insert(next) == next {
            self.calls.push(id);
        }
    }

    /// This side's id for a place; any other id as it is.
    pub(super) fn own(&self, id: CallId) -> CallId {
        let place = usize::try_from(-1 - id.0).ok();
        place.map_or(id, |place| self.calls.get(place).copied().unwrap_or(STRANGER))
    }

    /// What a call of this side is called on all sides.
    pub(super) fn call(&self, id: CallId) -> Value {
        match self.place_of(id) {
            Some(place) => format!("call {place:03}").into(),
            None if id == STRANGER => "no call".into(),
            None => format!("call of no name, {id}").into(),
        }
    }

    /// What an inbox entry is called; `None` for one that has no name yet.
    pub(super) fn failure(&self, id: i64) -> Option<Value> {
        self.failures.get(&id).map(|place| format!("failure {place:03}").into())
    }

    /// This side's id of the inbox entry at a place; that of none where there is nothing.
    pub(super) fn failure_at(&self, place: usize) -> FailureId {
        let found = self.failures.iter().find(|(_, at)| **at == place);
        FailureId(found.map_or(STRANGER.0, |(id, _)| *id))
    }

    /// Names new inbox entries: their ids, in the order of their contents.
    pub(super) fn name_failures(&mut self, mut new: Vec<(String, i64)>) {
        new.sort();
        for (_, id) in new {
            let next = self.failures.len();
            self.failures.insert(id, next);
        }
    }
}

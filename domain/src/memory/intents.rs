//! Intents and their answers: an acceptance stands on record before it leaves, and its answer afterwards.

use super::store::refused;
use super::tables::Tables;
use crate::call::CallId;
use crate::ports::{Intent, RecordedAnswer, StoreResult};
use crate::work::Phase;

impl Tables {
    /// [`crate::ports::WorkStore::record_intents`].
    pub(super) fn record_intents(&mut self, intents: &[Intent]) -> Vec<Option<CallId>> {
        intents.iter().map(|intent| self.record_intent(intent)).collect()
    }

    fn record_intent(&mut self, intent: &Intent) -> Option<CallId> {
        let row = self.work.get(&intent.order_id)?;
        if !row.is_held_by(intent.fence, intent.version) {
            return None;
        }
        let call = self.append_call(&intent.call, Some(intent.fence));
        self.work.change(&intent.order_id, |row| {
            row.call = Some(call);
            row.standing.phase = Phase::Sending;
            row.standing.due_at = Some(intent.call.started_at);
            row.standing.call_open = true;
            row.standing.decision = Some(intent.decision.clone());
        });
        Some(call)
    }

    /// [`crate::ports::WorkStore::record_answers`]: no lease is asked for.
    pub(super) fn record_answers(&mut self, answers: &[RecordedAnswer]) -> StoreResult<()> {
        if let Some(answer) = answers.iter().find(|answer| !self.calls.contains_key(&answer.call)) {
            return Err(refused(format!("there is no call {} to answer", answer.call)));
        }
        for answer in answers {
            self.complete_call(answer.call, &answer.end);
        }
        Ok(())
    }
}

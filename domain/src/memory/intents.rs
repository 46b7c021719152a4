//! Intents and their answers: an acceptance stands on record before it leaves, and its answer afterwards.

use std::collections::BTreeSet;

use super::store::refused;
use super::tables::Tables;
use crate::call::CallId;
use crate::guards::{Guard, dropped};
use crate::order::OrderId;
use crate::ports::{Intent, RecordedAnswer, StoreResult};
use crate::work::{OperationId, Phase};

impl Tables {
    /// [`crate::ports::WorkStore::record_intents`]. Of several intents for one order the first alone can stand.
    pub(super) fn record_intents(&mut self, intents: &[Intent], operation: OperationId) -> Vec<Option<CallId>> {
        let mut mentioned: BTreeSet<&OrderId> = BTreeSet::new();
        let mut calls = Vec::with_capacity(intents.len());
        for intent in intents {
            let first = mentioned.insert(&intent.order_id);
            calls.push(first.then(|| self.record_intent(intent, operation)).flatten());
        }
        calls
    }

    fn record_intent(&mut self, intent: &Intent, operation: OperationId) -> Option<CallId> {
        let row = self.work.get(&intent.order_id)?;
        if let Some(call) = row.call
            && self.operations.has_intended(call, operation)
        {
            return Some(call);
        }
        let ours = row.fence == intent.fence || dropped(Guard::FenceOnIntent);
        let seen = row.version == intent.version || dropped(Guard::VersionOnIntent);
        let held = self.hold.is_some() && !dropped(Guard::HoldOnIntents);
        if held || !ours || !seen {
            return None;
        }
        let call = self.append_call(&intent.call, Some(intent.fence));
        self.operations.intended(call, operation);
        self.operations.worked(&intent.order_id, Some(operation));
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
            if dropped(Guard::LateAnswerIsKept) && !self.is_under_its_lease(answer.call) {
                continue;
            }
            self.complete_call(answer.call, &answer.end);
        }
        Ok(())
    }

    /// Whether the order of a call is still under the lease under which the call was intended.
    fn is_under_its_lease(&self, call: CallId) -> bool {
        let fence = self.calls.get(&call).and_then(|call| call.fence);
        let mut rows = self.work.iter();
        rows.any(|(_, row)| row.call == Some(call) && Some(row.fence) == fence)
    }
}

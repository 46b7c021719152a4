//! [`CallLog`]: reads, begun and finished.

use async_trait::async_trait;

use super::store::{MemoryStore, refused};
use crate::call::{CallEnd, CallId, NewCall, SeenState};
use crate::ports::{CallLog, StoreResult};

#[async_trait]
impl CallLog for MemoryStore {
    async fn begin(&self, call: &NewCall) -> StoreResult<CallId> {
        Ok(self.tables().append_call(call, None))
    }

    async fn finish(&self, id: CallId, end: &CallEnd, seen: &[SeenState]) -> StoreResult<()> {
        let mut tables = self.tables();
        if !tables.calls.contains_key(&id) {
            return Err(refused(format!("there is no call {id} to finish")));
        }
        if tables.complete_call(id, end) {
            tables.note_seen(id, seen);
        }
        Ok(())
    }
}

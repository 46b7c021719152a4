//! The call log: every call stands there before it leaves and after it ended.

use std::fmt::Debug;

use async_trait::async_trait;

use super::StoreResult;
use crate::call::{CallEnd, CallId, NewCall, SeenState};

/// Where reads are logged by the marketplace client. (Acceptances are logged by the workflow, as intents.)
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait CallLog: Debug + Send + Sync + 'static {
    /// Records a call that is about to start. It MUST be durable when this returns.
    ///
    /// # Errors
    /// A [`super::StoreError`]; the call then MUST NOT be made.
    async fn begin(&self, call: &NewCall) -> StoreResult<CallId>;

    /// Completes a call, with what it showed of each order, in one transaction. A call MUST be completed once only:
    /// what stands is never rewritten, and the same end again changes nothing.
    ///
    /// # Errors
    /// A [`super::StoreError`]; what the call showed MUST then not be acted on.
    async fn finish(&self, id: CallId, end: &CallEnd, seen: &[SeenState]) -> StoreResult<()>;
}

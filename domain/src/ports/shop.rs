//! What all workers of a shop share: its pause, the next poll, the run of unanswered calls.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{ShopKey, StoreResult};
use crate::budget::{CallRate, Drawn, Wanted};
use crate::time::Timestamp;

/// The shop as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ShopState {
    /// No call before this time: the marketplace asked for a rest.
    pub paused_until: Option<Timestamp>,
    /// No look at the orders in flight before this time.
    pub next_poll_at: Option<Timestamp>,
    /// Acceptances in a row that were not sent or not answered.
    pub unanswered_in_row: u32,
    /// When its budget of calls is full again, by [`crate::budget::draw`]; `None` where none was ever drawn.
    pub budget_full_at: Option<Timestamp>,
}

/// The answer to asking for a look at the orders in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PollSlot {
    /// The look is ours; nobody else gets one before the interval is over.
    Granted,
    /// Somebody looked not long ago: not before this time.
    NotBefore(Timestamp),
}

/// A shop's budget of calls, for a client of the marketplace that repeats reads by itself. What the workflow asks for it has
/// drawn already; each repetition MUST be drawn here, and not made where there is no call.
#[derive(Debug, Clone)]
pub struct SharedBudget {
    /// Where it is kept.
    pub store: Arc<dyn ShopStore>,
    /// How it is drawn from: [`crate::settings::Settings::call_rate`].
    pub rate: CallRate,
}

impl SharedBudget {
    /// Draws one call, without waiting for it; whether there was one.
    ///
    /// # Errors
    /// A [`super::StoreError`]; then none counts as drawn.
    pub async fn draw_one(&self, key: &ShopKey) -> StoreResult<bool> {
        let drawn = self.store.draw_calls(key, self.rate, Wanted::at_once(1)).await?;
        Ok(drawn.calls > 0)
    }
}

/// The state of each shop, shared by all workers and the next run.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait ShopStore: Debug + Send + Sync + 'static {
    /// The shop's state; the default for a shop never seen.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn shop(&self, key: &ShopKey) -> StoreResult<ShopState>;

    /// Asks for the look that is due at `now`. Of several workers that ask at once exactly one MUST be granted it, and
    /// nobody again before `now + interval`. A next poll further away than two intervals MUST NOT hold anybody up (a clock
    /// jumped; one interval is too little, for two workers read the clock a little apart): it is then due.
    ///
    /// # Errors
    /// A [`super::StoreError`]; then the slot counts as not granted.
    async fn reserve_poll(&self, key: &ShopKey, now: Timestamp, interval: Duration) -> StoreResult<PollSlot>;

    /// Pauses the shop until `until`. A pause MUST NOT be shortened by this.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn pause(&self, key: &ShopKey, until: Timestamp) -> StoreResult<()>;

    /// Draws from the shop's budget, at the store's own time: [`crate::budget::draw`] says what, and what becomes of the
    /// bucket. Of workers that draw at once each MUST get its own.
    ///
    /// # Errors
    /// A [`super::StoreError`]; then none counts as drawn.
    async fn draw_calls(&self, key: &ShopKey, rate: CallRate, wanted: Wanted) -> StoreResult<Drawn>;

    /// Counts acceptances that were not sent or not answered: `unanswered` more of them, after setting the count back
    /// to zero where `answered` says that one before them was answered. Tells the state afterwards.
    ///
    /// # Errors
    /// A [`super::StoreError`].
    async fn count_unanswered(&self, key: &ShopKey, answered: bool, unanswered: u32) -> StoreResult<ShopState>;
}

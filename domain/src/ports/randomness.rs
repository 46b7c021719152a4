//! Randomness for jitter and ids.

use std::fmt::Debug;

use crate::time::Timestamp;
use crate::work::OperationId;

/// A source of random numbers; none of them guards a secret.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
pub trait Randomness: Debug + Send + Sync + 'static {
    /// A number, evenly spread over all of `u64`. Two workers MUST NOT share their sequence.
    fn next_u64(&self) -> u64;
}

/// A new operation id (UUID version 7) for a write at `now`.
#[must_use]
pub fn new_operation(now: Timestamp, random: &dyn Randomness) -> OperationId {
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&random.next_u64().to_be_bytes());
    bytes[8..].copy_from_slice(&random.next_u64().to_be_bytes()[..2]);
    OperationId(uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid())
}

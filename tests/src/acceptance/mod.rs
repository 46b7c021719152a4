//! Acceptance end to end: the shipped workflow and client over real HTTP against the sandbox, on a real store.
//!
//! The ledger of the sandbox judges: it counts what it received and what took effect, whatever it answered.

mod crashes;
mod damage;
mod failing;
mod input;
mod others;
mod plain;
mod rig;
mod states;

pub use rig::{Rig, Worker};

use crate::contract::store::StoreFixture;
use crate::harness::Case;

/// Every case, for one store.
#[must_use]
pub fn cases() -> Vec<Case<StoreFixture>> {
    let mut cases = plain::cases();
    cases.extend(states::cases());
    cases.extend(failing::cases());
    cases.extend(crashes::cases());
    cases.extend(others::cases());
    cases.extend(input::cases());
    cases.extend(damage::cases());
    cases
}

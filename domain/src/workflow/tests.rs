//! The workflow over the in-memory store and a scripted marketplace.

mod audit;
pub(super) mod drive;
mod gate;
mod ledger;
mod market;
mod store;
mod world;

mod breaker;
mod crashes;
mod endings;
mod foreign;
mod inbox;
mod mocked;
mod pacing;
mod plain;
mod rests;
mod stops;
mod store_faults;
mod storms;
mod unknown;
mod validation;
mod workers;

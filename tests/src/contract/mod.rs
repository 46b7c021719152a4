//! The contract suites: what each port promises, as cases that run for every adapter.

#![expect(clippy::unwrap_used, reason = "a case fails by panicking")]

pub mod marketplace;
pub mod store;

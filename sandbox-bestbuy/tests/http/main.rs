//! The sandbox over real HTTP: each endpoint, each error code, each fault.

#![expect(clippy::unwrap_used, reason = "tests may unwrap, and so may the client they share")]

mod account;
mod broken_answers;
mod client;
mod clock_and_paces;
mod connection_faults;
mod control;
mod decisions;
mod hands;
mod ledger;
mod lifetime;
mod listing;
mod speed;

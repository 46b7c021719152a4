//! The workflow over the in-memory store and a scripted marketplace.

mod audit;
pub(super) mod drive;
mod gate;
mod ledger;
mod market;
mod store;
mod world;

mod account;
mod breaker;
mod budget;
mod crash_points;
mod crashes;
mod day;
mod endings;
mod foreign;
mod holds;
mod inbox;
mod inquiry;
mod leases;
mod mocked;
mod mutants;
mod pacing;
mod plain;
mod reconcile;
mod rests;
mod serving;
mod stops;
mod store_faults;
mod storms;
mod suspects;
mod unknown;
mod validation;
mod workers;

//! Given, when, then: one case for each row of the tables.

mod after_answer;
mod before_send;
mod given;
mod lawful;
mod others;
mod reconciling;
pub(in crate::workflow) mod validating;

//! Faults: what can go wrong on the way to the marketplace, in it, and on the way back.

mod armory;
mod damage;
mod fault;
mod rule;

pub(crate) use armory::{Armory, Ending, Target, Verdict};
pub(crate) use damage::{damage_page, html_page, huge_body};
pub use fault::{Act, Endpoint, Fault, Moment, RetryAfter};
pub use rule::{ArmedFault, FaultRule};

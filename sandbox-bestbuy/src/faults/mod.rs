//! Faults: what can go wrong on the way to the marketplace, in it, and on the way back.

mod armory;
mod damage;
mod rule;

pub(crate) use armory::{Armory, Ending, Target, Verdict};
pub(crate) use damage::{damage_page, html_page, huge_body};
pub use rule::{Act, ArmedFault, Endpoint, Fault, FaultRule, Moment, RetryAfter};

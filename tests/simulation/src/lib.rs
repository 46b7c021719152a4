//! A fleet of workers in a seeded simulation.
//!
//! The shipped workflow, unmodified, runs through its ports: several workers on one thread, polled in an order that the
//! seed decides; virtual clocks that run wrong and jump; a store in memory behind transaction faults; a marketplace with a
//! state machine and a ledger of its own, every fault of the sandbox, people and other programs; workers that are killed,
//! frozen and stopped anywhere. After each step an auditor checks the promises of the design. When the faults stop,
//! everything must settle. The same seed gives the same trace.
//!
//! ```
//! let outcome = ackord_simulation::simulate(1, &ackord_simulation::Options::default()).unwrap();
//! assert!(outcome.steps >= 500);
//! ```

mod acts;
mod audit;
mod checks;
mod coverage;
mod desk;
mod end;
mod facts;
mod faults;
mod fleet;
mod flight;
mod holds;
mod market;
mod possible;
mod profile;
mod reads;
mod rebuild;
mod rng;
mod sends;
mod sim;
mod simulate;
mod store;
mod sweep;
mod times;
mod trace;

pub use coverage::{Coverage, matrix};
pub use faults::{FaultKind, Op, OrderPlace, Place};
pub use possible::{is_possible, places};
pub use simulate::{Failure, LEAST_STEPS, Options, Outcome, simulate};
pub use sweep::{Sweep, Totals, sweep};

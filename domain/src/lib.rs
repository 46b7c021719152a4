//! Accepts a seller's marketplace orders, proves that each acceptance took, and keeps the story of every order.
//!
//! This crate is the pure core: order and line types, the statuses and their lawful moves, what each marketplace state
//! means, the retry policy, the [`ports`] through which the outside is reached, and the [`workflow`] that ties them
//! together. It knows no runtime, no SQL and no HTTP; time, randomness and ids come in through ports as well.

pub mod advice;
pub mod alerts;
pub mod audit;
pub mod budget;
pub mod call;
pub mod diagnosis;
pub mod failure;
pub mod figures;
pub mod guards;
pub mod order;
pub mod ports;
pub mod reading;
pub mod retention;
pub mod retry;
pub mod settings;
pub mod state;
pub mod status;
pub mod time;
pub mod timeline;
pub mod work;
pub mod workflow;

#[cfg(any(test, feature = "test-util"))]
pub mod memory;

pub use order::{LineId, Order, OrderId, OrderLine};
pub use settings::Settings;
pub use state::MarketplaceState;
pub use status::OrderStatus;
pub use time::Timestamp;
pub use workflow::{AcceptanceWorkflow, RunOptions, RunReport};

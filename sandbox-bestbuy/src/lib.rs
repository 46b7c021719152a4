//! A marketplace on your desk: an HTTP server that behaves as Mirakl does, faults included.
//!
//! A [`Sandbox`] serves the operations that a seller's order acceptance needs, by the published shapes: OR11, OR12, OR21,
//! A01, A21 and PC01. Its orders move through the marketplace's states at a pace of your choosing, its [`FaultRule`]s
//! spoil calls on the way there and back, repeatably for a seed, and its [`Ledger`] tells what was received and what took
//! effect, so that a client can be judged by what it did and not by what it says.
//!
//! It shares no type with the client that it tries, so that one mistake can't hide in both.
//!
//! ```
//! use ackord_sandbox::{Endpoint, Fault, FaultRule, OrderSeed, Sandbox};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), ackord_sandbox::SandboxError> {
//! let sandbox = Sandbox::builder()
//!     .seed(1)
//!     .key("my-key")
//!     .order(OrderSeed::plain("A-1"))
//!     .fault(FaultRule::on(Endpoint::Or21, Fault::AnswerLost).once())
//!     .start()
//!     .await?;
//! // Point a client at `sandbox.url()` with `sandbox.api_key()`, then ask what really happened:
//! assert_eq!(sandbox.ledger().decisions_applied("A-1"), 0);
//! sandbox.stop().await;
//! # Ok(())
//! # }
//! ```

mod builder;
mod chance;
mod clock;
mod control;
mod demo;
mod error;
mod faults;
mod gateway;
mod handle;
mod ledger;
mod lifecycle;
mod options;
mod payload;
mod reply;
mod routes;
mod seed;
mod server;
mod state;
mod wire;
mod world;

pub use builder::{Sandbox, serve};
pub use clock::SandboxClock;
pub use demo::{DemoScenario, DemoSet, demo_set};
pub use error::SandboxError;
pub use faults::{Act, ArmedFault, Endpoint, Fault, FaultRule, Moment, RetryAfter};
pub use handle::SandboxHandle;
pub use ledger::{
    Counts, Decision, DecisionOutcome, Ledger, LedgerReport, LineDecision, Look, OrderLedger, Transition,
};
pub use lifecycle::Cause;
pub use options::{
    DEFAULT_KEY, DEFAULT_SHOP, ErrorForm, OrderAcceptance, PayloadShape, RepeatedDecision, SandboxOptions, Shop,
    ShopState,
};
pub use seed::{OrderKind, OrderSeed, Pace, Step};
pub use state::MarketState;

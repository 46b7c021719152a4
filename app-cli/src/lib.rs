//! The ackord command line as a library: `main` hands it the arguments, the environment and the streams of the process,
//! tests hand it their own.
//!
//! It is thin. [`settings`] turns flags, environment and `ackord.toml` into validated settings, [`wiring`] builds the
//! adapters from them, each verb under [`commands`] does its one thing, and [`report_error`] alone says how an error is
//! told and with which code the process ends.

mod alerting;
pub mod cli;
pub mod commands;
mod environment;
mod exit;
mod launch;
mod logs;
pub mod metrics;
mod nearest;
mod progress;
pub mod render;
pub mod report_error;
mod schedule;
pub mod settings;
mod signals;
mod span;
mod streams;
pub mod wiring;

pub use environment::Environment;
pub use exit::Exit;
pub use launch::launch;
pub use streams::{Colour, Sink, Streams};

//! Contract suites run against every adapter, end-to-end and fault tests, and what they stand on.

pub mod acceptance;
pub mod binary;
pub mod chaos;
pub mod contract;
pub mod crash_points;
pub mod differential;
pub mod harness;
pub mod postgres;
pub mod verify;
pub mod worker;

/// The examples of the docs compile.
#[cfg(doctest)]
#[doc = include_str!("../../docs/embedding.md")]
pub struct Embedding;

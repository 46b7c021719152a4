//! Contract suites run against every adapter, end-to-end and fault tests, and what they stand on.

pub mod acceptance;
pub mod binary;
pub mod contract;
pub mod harness;
pub mod postgres;

/// The examples of the docs compile.
#[cfg(doctest)]
#[doc = include_str!("../../docs/embedding.md")]
pub struct Embedding;

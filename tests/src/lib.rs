//! Contract suites run against every adapter, end-to-end and fault tests, and what they stand on.

pub mod contract;
pub mod harness;
pub mod postgres;

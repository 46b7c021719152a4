//! What the figures are compared with: the same HTTP calls without a store, the same rows without the ports, and a plain
//! worker that takes one order after another.

pub mod bare_http;
pub mod bare_rows;
pub mod pgbench;
pub mod sequential;
pub mod shop;

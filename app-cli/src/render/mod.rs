//! How things look: text, times, tables, stories, JSON.

mod call;
pub mod csv;
mod diagnosis;
mod failure;
pub mod figures;
pub mod json;
mod order;
mod pruning;
mod story;
pub(crate) mod style;
mod table;
mod text;
mod times;
mod wrap;

pub use call::{call_page, call_rows};
pub use diagnosis::{diagnosis_block, diagnosis_json};
pub use failure::{About, failure_facts, failure_payload, failure_rows};
pub use order::{deadline_words, order_rows};
pub use pruning::{pruning_rows, size};
pub use story::{entry_line, story_page};
pub(crate) use style::status;
pub use table::Listing;
pub use text::{clean, clean_block, prose};
pub use times::{clock_time, stamp, stamp_exact};
pub use wrap::{fitted, hung};

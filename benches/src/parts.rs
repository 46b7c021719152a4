//! The parts: each prepares what it needs, measures, and gives a section of the report.

pub mod append;
pub mod calls;
pub mod churn;
pub mod claim;
pub mod memory;
pub mod startup;
pub mod throughput;

mod workload;

use anyhow::Result;

use crate::cli::{Options, Part};
use crate::place::Servers;
use crate::report::Section;

/// What every part is given.
#[derive(Debug)]
pub struct Context {
    /// What was asked for.
    pub options: Options,
    /// The throwaway server.
    pub servers: Servers,
}

/// Measures a part.
///
/// # Errors
/// What kept it from being measured.
pub async fn measure(part: Part, context: &Context) -> Result<Section> {
    match part {
        Part::Claim => claim::measure(context).await,
        Part::Append => append::measure(context).await,
        Part::Throughput => throughput::measure(context).await,
        Part::Calls => calls::measure(context).await,
        Part::Memory => memory::measure(context).await,
        Part::Startup => startup::measure(context).await,
        Part::Churn => churn::measure(context).await,
    }
}

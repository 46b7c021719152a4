//! What was measured, as it is written: a report to read, the raw figures, and plots.

mod markdown;
mod plot;
mod write;

pub use plot::{Plot, Scale, Series};
pub use write::Report;

use serde::Serialize;
use serde_json::Value;

/// What one part measured.
#[derive(Debug, Clone, Default)]
pub struct Section {
    /// The part's name.
    pub name: String,
    /// What it is about, in a line.
    pub title: String,
    /// Paragraphs before the tables.
    pub text: Vec<String>,
    /// The tables.
    pub tables: Vec<Table>,
    /// The bars, and whether they were met.
    pub bars: Vec<Bar>,
    /// The plots.
    pub plots: Vec<Plot>,
    /// The machine's load in the minute before the part began, where the system tells it.
    pub load_before: Option<f64>,
    /// All figures.
    pub raw: Value,
}

/// A table.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// The heads of its columns.
    pub head: Vec<String>,
    /// Its rows, each as long as the head.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    pub fn new(caption: impl Into<String>, head: &[&str]) -> Self {
        Self {
            caption: caption.into(),
            head: head.iter().map(|text| (*text).to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }
}

/// What was asked for, what came out.
#[derive(Debug, Clone, Serialize)]
pub struct Bar {
    /// What was measured.
    pub what: String,
    /// What was asked for.
    pub bar: String,
    /// What came out.
    pub figure: String,
    /// Whether that meets it.
    pub met: bool,
}

impl Bar {
    /// A figure that must not exceed `most`.
    pub fn at_most(what: impl Into<String>, most: f64, figure: f64, unit: &str) -> Self {
        Self {
            what: what.into(),
            bar: format!("≤ {most}{unit}"),
            figure: format!("{figure:.2}{unit}"),
            met: figure <= most,
        }
    }

    /// A figure that must reach `least`.
    pub fn at_least(what: impl Into<String>, least: f64, figure: f64, unit: &str) -> Self {
        Self {
            what: what.into(),
            bar: format!("≥ {least}{unit}"),
            figure: format!("{figure:.2}{unit}"),
            met: figure >= least,
        }
    }
}

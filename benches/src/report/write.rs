//! The report's directory, written anew after each part, so that a run that is cut short has reported what it measured.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde_json::{Map, json};

use crate::machine::Machine;

use super::{Section, markdown};

/// The report of one run.
#[derive(Debug)]
pub struct Report {
    directory: PathBuf,
    machine: Machine,
    sections: Vec<Section>,
}

impl Report {
    /// An empty report in a directory that is made where it is missing.
    ///
    /// # Errors
    /// Where the directory can't be made.
    pub fn new(directory: PathBuf, machine: Machine) -> Result<Self> {
        fs::create_dir_all(&directory).with_context(|| format!("{} can't be made", directory.display()))?;
        Ok(Self {
            directory,
            machine,
            sections: Vec::new(),
        })
    }

    /// The facts about the machine, for what is learnt on the way.
    pub fn machine(&mut self) -> &mut Machine {
        &mut self.machine
    }

    /// Adds what a part measured, and writes all of it.
    ///
    /// # Errors
    /// Where a file can't be written.
    pub fn add(&mut self, section: Section) -> Result<()> {
        for plot in &section.plots {
            plot.draw(&self.directory)?;
        }
        self.sections.push(section);
        self.write("report.md", &markdown::whole(&self.machine, &self.sections))?;
        let parts: Map<_, _> = self
            .sections
            .iter()
            .map(|section| {
                let part = json!({
                    "load_before": section.load_before,
                    "figures": section.raw,
                    "bars": section.bars,
                    "plots": section.plots,
                });
                (section.name.clone(), part)
            })
            .collect();
        let raw = json!({"machine": self.machine, "parts": parts});
        self.write("raw.json", &format!("{raw:#}\n"))
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.directory.join(name);
        fs::write(&path, text).with_context(|| format!("{} can't be written", path.display()))
    }
}

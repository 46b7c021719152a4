//! The report as Markdown.

use std::fmt::Write as _;

use crate::machine::Machine;

use super::{Bar, Section, Table};

/// The whole report.
pub(super) fn whole(machine: &Machine, sections: &[Section]) -> String {
    let mut text = String::from("# Ackord: measured\n\n");
    text.push_str(&on(machine));
    text.push_str(
        "\nTimes are noisy on shared machines: read medians and ratios within this run. Each limit was measured in the \
         same run.\n\n## Bars\n\n",
    );
    text.push_str(&bars(sections.iter().flat_map(|section| &section.bars)));
    for section in sections {
        text.push_str(&self::section(section));
    }
    text
}

fn on(machine: &Machine) -> String {
    let cpu = machine.cpu.as_deref().unwrap_or("unknown processor");
    let memory = machine
        .memory_mib
        .map_or_else(String::new, |mib| format!(", {mib} MiB of memory"));
    let commit = machine
        .commit
        .as_deref()
        .map_or_else(String::new, |commit| format!(", commit {commit}"));
    let mut text = format!(
        "{}: {} cores ({cpu}){memory}, {}; {} build{commit}.\n",
        machine.date, machine.cores, machine.system, machine.build
    );
    if let Some(postgres) = &machine.postgres {
        let settings: Vec<String> = postgres
            .settings
            .iter()
            .map(|(name, value)| format!("{name} = {value}"))
            .collect();
        // Writing to a text can't fail.
        let _ = writeln!(text, "PostgreSQL {}: {}.", postgres.version, settings.join(", "));
    }
    text
}

fn section(section: &Section) -> String {
    let mut text = format!("\n## {}: {}\n", section.name, section.title);
    for paragraph in &section.text {
        let _ = write!(text, "\n{paragraph}\n");
    }
    if let Some(load) = section.load_before {
        let _ = write!(text, "\nThe machine's load in the minute before was {load:.1}.\n");
    }
    for table in &section.tables {
        let _ = write!(text, "\n{}\n", self::table(table));
    }
    for plot in &section.plots {
        let _ = write!(text, "\n![{}]({})\n", plot.title, plot.file);
    }
    text
}

fn table(table: &Table) -> String {
    let mut text = format!("**{}**\n\n", table.caption);
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    text.push_str(&line(&table.head));
    text.push_str(&line(&vec!["---".to_owned(); table.head.len()]));
    for row in &table.rows {
        text.push_str(&line(row));
    }
    text
}

fn bars<'a>(bars: impl Iterator<Item = &'a Bar>) -> String {
    let mut text = String::from("| what | bar | measured | met |\n| --- | --- | --- | --- |\n");
    for bar in bars {
        let met = if bar.met { "yes" } else { "**no**" };
        let _ = writeln!(text, "| {} | {} | {} | {met} |", bar.what, bar.bar, bar.figure);
    }
    text
}

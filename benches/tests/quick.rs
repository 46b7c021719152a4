//! The program works from end to end at tiny sizes: every part is measured, and the report holds them all.

use std::fs;
use std::path::Path;
use std::process::Command;

use ackord_bench::cluster;
use serde_json::Value;

const PARTS: [&str; 7] = ["claim", "append", "throughput", "calls", "memory", "startup", "churn"];

const PLOTS: [&str; 4] = ["claim.svg", "concurrency.svg", "workers.svg", "memory.svg"];

#[test]
fn a_quick_run_measures_every_part_and_reports_it() {
    let has_postgres = cluster::program("initdb").is_some();
    let must_have = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(has_postgres || !must_have, "PostgreSQL's programs are not installed");
    let program = Path::new(env!("CARGO_BIN_EXE_ackord-bench"));
    let has_program = program.with_file_name("ackord").is_file();
    let stores = if has_postgres { "postgres,sqlite" } else { "sqlite" };

    let directory = tempfile::tempdir().expect("a directory");
    let output = Command::new(program)
        .args(["all", "--quick", "--stores", stores, "--out"])
        .arg(directory.path())
        .output()
        .expect("the program starts");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");

    let text = fs::read_to_string(directory.path().join("report.md")).expect("a report");
    let raw = fs::read_to_string(directory.path().join("raw.json")).expect("the raw figures");
    let raw: Value = serde_json::from_str(&raw).expect("JSON");
    for part in PARTS {
        assert!(text.contains(&format!("## {part}: ")), "{part} is missing:\n{text}");
        // What can't be had here is told in words.
        let left_out = match part {
            "churn" => !has_postgres,
            "startup" => !has_program,
            _ => false,
        };
        let figures = &raw["parts"][part]["figures"];
        assert_eq!(
            figures.is_object() || figures.is_array(),
            !left_out,
            "{part}: {figures}"
        );
        assert!(!left_out || text.contains("Not measured: "), "{text}");
    }
    for plot in PLOTS {
        let svg = fs::read_to_string(directory.path().join(plot)).expect("a plot");
        assert!(svg.contains("<svg") && svg.contains("<circle"), "{plot} is empty");
    }
    assert!(raw["machine"]["cores"].as_u64().is_some_and(|cores| cores > 0));
}

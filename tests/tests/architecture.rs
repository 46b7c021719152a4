//! The absences that hold the house up: what each crate never knows, what each manifest never says, what no file names.
//!
//! Each rule is a function from what it looks at to its findings. It is held against the workspace by one test, and shown
//! by another to find what it is there to find.

#[path = "architecture/dependencies.rs"]
mod dependencies;
#[path = "architecture/manifests.rs"]
mod manifests;
#[path = "architecture/sources.rs"]
mod sources;
#[path = "architecture/sql.rs"]
mod sql;

use std::path::{Path, PathBuf};

/// The crates of the layout by directory and package, save the tests.
const CRATES: [(&str, &str); 8] = [
    ("domain", "ackord"),
    ("adapters-alerts", "ackord-alerts"),
    ("adapters-bestbuy", "ackord-bestbuy"),
    ("adapters-postgres", "ackord-postgres"),
    ("adapters-sqlite", "ackord-sqlite"),
    ("adapters-system", "ackord-system"),
    ("sandbox-bestbuy", "ackord-sandbox"),
    ("app-cli", "ackord-cli"),
];

/// The directories of the unpublished crates that hold tests and benchmarks.
const TESTS: [&str; 3] = ["tests", "tests/simulation", "benches"];

/// The root of the workspace.
fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests
        .parent()
        .expect("the workspace around the test crate")
        .to_path_buf()
}

/// Fails with the findings of a rule, one on each line.
#[track_caller]
fn none(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

/// Every file under `directory`, save what is built, what is git's, and what a checkout ignores.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![directory.to_path_buf()];
    while let Some(directory) = waiting.pop() {
        for entry in std::fs::read_dir(&directory).expect("a directory that can be read") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            match name {
                "target" | ".git" => {}
                _ if path.is_symlink() => {}
                _ if path.is_dir() => waiting.push(path),
                _ => found.push(path),
            }
        }
    }
    found.sort();
    found
}

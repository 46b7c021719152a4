//! Bare inserts by PostgreSQL's own `pgbench`, where it is installed.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;

/// Runs a script again and again on so many connections; gives transactions a second.
///
/// # Errors
/// Where the program fails, or says nothing that can be read.
pub async fn run(program: &Path, url: &str, script: &str, clients: usize, seconds: u64) -> Result<f64> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("script.sql");
    fs::write(&file, script)?;
    let output = Command::new(program)
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--define=round=0"])
        .arg(format!("--client={clients}"))
        .arg(format!("--time={seconds}"))
        .arg(format!("--file={}", file.display()))
        .arg(url)
        .stdin(Stdio::null())
        .output()
        .await
        .context("pgbench can't be started")?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "pgbench failed: {words}");
    let told = String::from_utf8_lossy(&output.stdout);
    rate(&told).with_context(|| format!("pgbench told no rate: {told}"))
}

/// The number of `tps = 123.4 (…)`.
fn rate(told: &str) -> Option<f64> {
    let line = told.lines().find(|line| line.starts_with("tps = "))?;
    line.split_whitespace().nth(2)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_read_from_what_pgbench_tells() {
        let told = "number of clients: 1\ntps = 373.456 (without initial connection time)\n";
        assert_eq!(rate(told), Some(373.456));
        assert_eq!(rate("nothing"), None);
    }
}

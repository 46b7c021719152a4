//! What the figures were measured on.

use std::fs;
use std::thread;

use serde::Serialize;

/// The facts about a machine without which figures say little.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// How many cores this process may use.
    pub cores: usize,
    /// The processor's name, where the system tells it.
    pub cpu: Option<String>,
    /// Its memory in MiB, where the system tells it.
    pub memory_mib: Option<u64>,
    /// The operating system and its release.
    pub system: String,
    /// When the run began.
    pub date: String,
    /// What the programs were built for: `release` or `debug`.
    pub build: &'static str,
    /// The commit, where it was given.
    pub commit: Option<String>,
    /// PostgreSQL's version and settings, once a server was started.
    pub postgres: Option<PostgresFacts>,
}

/// The server that was measured.
#[derive(Debug, Clone, Serialize)]
pub struct PostgresFacts {
    /// Its version.
    pub version: String,
    /// The settings that decide on durability and memory.
    pub settings: Vec<(String, String)>,
}

impl Machine {
    /// Asks the system.
    #[must_use]
    pub fn ask(commit: Option<String>) -> Self {
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Self {
            cores: thread::available_parallelism().map_or(1, usize::from),
            cpu: field_of("/proc/cpuinfo", "model name"),
            memory_mib: field_of("/proc/meminfo", "MemTotal")
                .and_then(|text| kib(&text))
                .map(|kib| kib / 1024),
            system: format!("{} {}", std::env::consts::OS, release.trim()).trim().to_owned(),
            date: format!("{:.0}", jiff::Timestamp::now()),
            build: if cfg!(debug_assertions) { "debug" } else { "release" },
            commit,
            postgres: None,
        }
    }
}

/// How many processes waited for a core over the last minute, by the system's own measure: what others do on the machine
/// shows here.
#[must_use]
pub fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg")
        .ok()?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

/// What stands behind `name:` in a file of such lines.
fn field_of(path: &str, name: &str) -> Option<String> {
    field(&fs::read_to_string(path).ok()?, name)
}

/// What stands behind `name:` in such lines.
pub(crate) fn field(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    })
}

/// The number of `123 kB`.
pub(crate) fn kib(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let text = "MemTotal:       24630656 kB\nMemFree: 1 kB\n";
        assert_eq!(field(text, "MemTotal").and_then(|text| kib(&text)), Some(24_630_656));
        assert_eq!(field(text, "Mem"), None);
    }
}

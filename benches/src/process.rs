//! What a process has used: processor time and memory, by the system's own books (Linux alone keeps these).

use std::fs;

use serde::{Deserialize, Serialize};

use crate::machine::{field, kib};

/// The system's ticks in a second, for times under `/proc`. It is 100 on every Linux that runs this.
const TICKS_A_SECOND: f64 = 100.0;

/// The memory of a process, in KiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// The most that was resident.
    pub peak_kib: u64,
    /// What is resident now.
    pub now_kib: u64,
}

/// The memory of this process, where the system tells it.
#[must_use]
pub fn own_memory() -> Option<Memory> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    Some(Memory {
        peak_kib: kib(&field(&status, "VmHWM")?)?,
        now_kib: kib(&field(&status, "VmRSS")?)?,
    })
}

/// The processor time of a process and of its children that ended, in seconds.
#[must_use]
pub fn cpu_seconds(pid: u32) -> Option<f64> {
    Some(Stat::read(pid)?.ticks / TICKS_A_SECOND)
}

/// The processor time of a process, of its children that ended and of those that live, in seconds.
#[must_use]
pub fn family_cpu_seconds(pid: u32) -> Option<f64> {
    let mut ticks = Stat::read(pid)?.ticks;
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let child = entry.file_name().to_str().and_then(|name| name.parse().ok());
        if let Some(stat) = child.and_then(Stat::read)
            && stat.parent == pid
        {
            ticks += stat.ticks;
        }
    }
    Some(ticks / TICKS_A_SECOND)
}

struct Stat {
    parent: u32,
    ticks: f64,
}

impl Stat {
    fn read(pid: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// The name in the second field may hold anything, so the others are counted from its end.
    fn parse(line: &str) -> Option<Self> {
        let (_, rest) = line.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let ticks = |place: usize| fields.get(place).and_then(|text| text.parse::<f64>().ok());
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            ticks: ticks(11)? + ticks(12)? + ticks(13)? + ticks(14)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_a_name_of_any_form() {
        let line = "42 (a (b) c) S 7 1 1 0 -1 4194304 100 0 0 0 11 22 33 44 20 0 1 0 5 6 7";
        let stat = Stat::parse(line).expect("a line");
        assert_eq!(stat.parent, 7);
        assert!((stat.ticks - 110.0).abs() < 1e-9);
    }
}

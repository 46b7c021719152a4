//! Where a throwaway cluster lies: in memory where there is room, because copying a template there takes a fraction of
//! the time; on the disk where the server is to be durable.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Linux keeps a file system in memory here.
const MEMORY: &str = "/dev/shm";

/// The room in memory that a cluster and its copies of the template are to have, in KiB.
const ROOM_KIB: u64 = 2 * 1024 * 1024;

/// The directory to make a cluster's directory in.
pub(crate) fn of_cluster(durable: bool) -> PathBuf {
    let memory = Path::new(MEMORY);
    if !durable && free_kib(memory).is_some_and(|free| free >= ROOM_KIB) {
        memory.to_path_buf()
    } else {
        env::temp_dir()
    }
}

/// The free room of the file system under `path`, if there is one.
fn free_kib(path: &Path) -> Option<u64> {
    let output = Command::new("df").args(["-P", "-k"]).arg(path).output().ok()?;
    available(&String::from_utf8(output.stdout).ok()?)
}

/// The fourth column of the second line of what `df -P` prints.
fn available(table: &str) -> Option<u64> {
    table.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_free_room_is_read_from_the_table() {
        let table =
            "Filesystem 1024-blocks Used Available Capacity Mounted on\ntmpfs 24630656 5220 24625436 1% /dev/shm\n";
        assert_eq!(available(table), Some(24_625_436));
    }

    #[test]
    fn a_table_without_a_file_system_tells_of_no_room() {
        assert_eq!(
            available("Filesystem 1024-blocks Used Available Capacity Mounted on\n"),
            None
        );
    }

    #[test]
    fn a_durable_cluster_lies_on_the_disk() {
        assert_eq!(of_cluster(true), env::temp_dir());
    }
}

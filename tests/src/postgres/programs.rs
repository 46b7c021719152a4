//! Finds PostgreSQL's own programs: on the search path, where `pg_config` says, or where Debian keeps them.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The directory in which Debian keeps one directory per major version.
const DEBIAN_ROOT: &str = "/usr/lib/postgresql";

/// The two programs that make a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Programs {
    /// Makes a cluster.
    pub(super) initdb: PathBuf,
    /// Serves it.
    pub(super) postgres: PathBuf,
}

impl Programs {
    /// The first pair of programs found, or a sentence that tells where they were looked for.
    pub(super) fn find() -> Result<Self, String> {
        let on_path = env::var_os("PATH")
            .map(|path| env::split_paths(&path).collect::<Vec<_>>())
            .unwrap_or_default();
        let places = on_path
            .iter()
            .cloned()
            .chain(told_by_pg_config())
            .chain(newest_first(Path::new(DEBIAN_ROOT)));
        Self::in_places(places).ok_or_else(|| {
            format!("initdb and postgres are neither in PATH, nor where pg_config points, nor under {DEBIAN_ROOT}")
        })
    }

    /// The pair in the first directory that holds both; a link to one of them is followed to the directory of the other.
    fn in_places(places: impl IntoIterator<Item = PathBuf>) -> Option<Self> {
        places.into_iter().find_map(|place| {
            let initdb = place.join("initdb");
            let real = fs::canonicalize(&initdb).ok();
            let real_place = real.as_deref().and_then(Path::parent).map(Path::to_path_buf);
            [Some(place), real_place].into_iter().flatten().find_map(|directory| {
                let found = Self {
                    initdb: directory.join("initdb"),
                    postgres: directory.join("postgres"),
                };
                (found.initdb.is_file() && found.postgres.is_file()).then_some(found)
            })
        })
    }
}

/// The directory that `pg_config` names, where there is such a program.
fn told_by_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then(|| PathBuf::from(text.trim()))
}

/// The program directories of the versions under `root`, the newest first.
fn newest_first(root: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(root) else {
        return Vec::new();
    };
    let mut versions: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let major = entry.file_name().to_str()?.parse().ok()?;
            Some((major, entry.path().join(OsStr::new("bin"))))
        })
        .collect();
    versions.sort();
    versions.into_iter().rev().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(directory: &Path, name: &str) {
        fs::create_dir_all(directory).unwrap();
        fs::write(directory.join(name), "").unwrap();
    }

    #[test]
    fn the_newest_version_is_a_matter_of_numbers_and_not_of_letters() {
        let root = tempfile::tempdir().unwrap();
        for version in ["9", "17", "15", "extras"] {
            fs::create_dir_all(root.path().join(version)).unwrap();
        }
        let order: Vec<_> = newest_first(root.path())
            .iter()
            .map(|path| path.strip_prefix(root.path()).unwrap().to_owned())
            .collect();
        assert_eq!(order, [Path::new("17/bin"), Path::new("15/bin"), Path::new("9/bin")]);
    }

    #[test]
    fn a_directory_with_only_one_of_the_programs_is_passed_over() {
        let root = tempfile::tempdir().unwrap();
        let (half, whole) = (root.path().join("half"), root.path().join("whole"));
        program(&half, "initdb");
        program(&whole, "initdb");
        program(&whole, "postgres");
        let found = Programs::in_places([half, whole.clone()]).unwrap();
        assert_eq!(found.postgres, whole.join("postgres"));
    }

    #[test]
    fn a_link_to_initdb_alone_leads_to_the_directory_of_both() {
        let root = tempfile::tempdir().unwrap();
        let (links, real) = (root.path().join("links"), root.path().join("real"));
        program(&real, "initdb");
        program(&real, "postgres");
        fs::create_dir(&links).unwrap();
        std::os::unix::fs::symlink(real.join("initdb"), links.join("initdb")).unwrap();
        let found = Programs::in_places([links]).unwrap();
        assert_eq!(found.postgres, fs::canonicalize(real).unwrap().join("postgres"));
    }

    #[test]
    fn places_without_programs_yield_nothing() {
        assert_eq!(Programs::in_places([PathBuf::from("nowhere")]), None);
    }
}

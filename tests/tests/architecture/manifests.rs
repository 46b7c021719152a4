//! What a member's manifest says: all that can be inherited is, and no version is pinned outside the root.

use std::collections::BTreeSet;
use std::fs;

use toml::{Table, Value};

use super::{CRATES, TESTS, none, root};

const INHERITED: [&str; 5] = ["version", "edition", "rust-version", "license", "publish"];
const DEPENDENCY_TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

#[test]
fn every_member_inherits_from_the_workspace() {
    none(&over_members(not_inherited));
}

#[test]
fn no_member_pins_a_dependency_itself() {
    none(&over_members(pinned));
}

#[test]
fn the_members_are_the_crates_of_the_layout_and_the_tests() {
    let manifest: Table = read("Cargo.toml");
    let members = manifest["workspace"]["members"].as_array().expect("the members");
    let named: BTreeSet<&str> = members.iter().filter_map(Value::as_str).collect();
    let known: BTreeSet<&str> = CRATES.iter().map(|(directory, _)| *directory).chain(TESTS).collect();
    assert_eq!(named, known, "a new crate is to be known to these rules");
}

fn over_members(rule: fn(&Table) -> Vec<String>) -> Vec<String> {
    let directories = CRATES.iter().map(|(directory, _)| *directory).chain(TESTS);
    let finding = |directory: &str| {
        let found = rule(&read(&format!("{directory}/Cargo.toml")));
        found
            .into_iter()
            .map(|finding| format!("{directory}: {finding}"))
            .collect::<Vec<_>>()
    };
    directories.flat_map(finding).collect()
}

fn read(path: &str) -> Table {
    fs::read_to_string(root().join(path))
        .expect("a manifest")
        .parse()
        .expect("valid TOML")
}

fn not_inherited(manifest: &Table) -> Vec<String> {
    let package = manifest
        .get("package")
        .and_then(Value::as_table)
        .cloned()
        .unwrap_or_default();
    let fields = INHERITED.iter().filter(|field| !from_workspace(package.get(**field)));
    let lints = (!from_workspace(manifest.get("lints"))).then(|| "lints are not inherited".to_owned());
    fields
        .map(|field| format!("{field} is not inherited"))
        .chain(lints)
        .collect()
}

fn pinned(manifest: &Table) -> Vec<String> {
    let targets = manifest
        .get("target")
        .and_then(Value::as_table)
        .into_iter()
        .flat_map(Table::values);
    let places = targets.filter_map(Value::as_table).chain([manifest]);
    let tables = places.flat_map(|place| DEPENDENCY_TABLES.iter().filter_map(|name| place.get(*name)?.as_table()));
    tables
        .flatten()
        .filter(|(_, value)| !from_workspace(Some(value)))
        .map(|(name, _)| format!("{name} is pinned"))
        .collect()
}

/// Whether a value is a table that says `workspace = true`, with no version, path or repository beside it.
fn from_workspace(value: Option<&Value>) -> bool {
    let Some(table) = value.and_then(Value::as_table) else {
        return false;
    };
    let own = ["version", "path", "git", "registry"]
        .iter()
        .any(|key| table.contains_key(*key));
    table.get("workspace").and_then(Value::as_bool) == Some(true) && !own
}

#[test]
fn a_member_with_a_version_of_its_own_is_found() {
    let text = "[package]\nname = 'x'\nversion = '1.0.0'\nedition.workspace = true\nrust-version.workspace = true\n\
                license.workspace = true\npublish.workspace = true\n";
    let found = not_inherited(&text.parse().expect("valid TOML"));
    assert_eq!(found, ["version is not inherited", "lints are not inherited"]);
}

#[test]
fn a_pinned_dependency_is_found_wherever_it_stands() {
    let text = "[dependencies]\nserde.workspace = true\nurl = '2'\n[dev-dependencies]\ntempfile = { version = '3' }\n\
                [target.'cfg(unix)'.dependencies]\nnear = { path = '../near' }\n\
                both = { workspace = true, version = '1' }\n";
    let mut found = pinned(&text.parse().expect("valid TOML"));
    found.sort();
    assert_eq!(
        found,
        [
            "both is pinned",
            "near is pinned",
            "tempfile is pinned",
            "url is pinned"
        ]
    );
}

//! What crates depend on: the domain on nothing that reaches outside, the adapters never on each other.

use std::collections::BTreeSet;
use std::process::Command;

use cargo_metadata::{DependencyKind, MetadataCommand};

use super::{CRATES, none, root};

/// What reaches outside: runtimes, databases, HTTP, the command line.
const OUTSIDE: [&str; 13] = [
    "tokio",
    "async-std",
    "smol",
    "sqlx",
    "sqlx-core",
    "reqwest",
    "hyper",
    "axum",
    "rustls",
    "clap",
    "tower",
    "mio",
    "libsqlite3-sys",
];

const ADAPTERS: [&str; 5] = [
    "ackord-alerts",
    "ackord-bestbuy",
    "ackord-postgres",
    "ackord-sqlite",
    "ackord-system",
];

/// A dependency of one package of the workspace on another.
#[derive(Clone, Debug)]
struct Link {
    from: String,
    to: String,
    /// Whether it is there in tests alone.
    in_tests: bool,
}

#[test]
fn the_domain_reaches_nothing_outside() {
    let tree = tree_of("ackord");
    assert!(tree.contains("serde_json"), "the tree was not read: {tree:?}");
    none(&reaching_outside(&tree));
}

#[test]
fn the_domain_depends_on_no_other_crate_of_the_house() {
    none(&depending_on_more_than(&["ackord"], &[], &links()));
}

#[test]
fn an_adapter_depends_on_the_domain_alone() {
    none(&depending_on_more_than(&ADAPTERS, &["ackord"], &links()));
}

#[test]
fn no_adapter_knows_another_or_the_command_line_even_in_tests() {
    none(&adapters_that_know_another(&links()));
}

#[test]
fn the_sandbox_depends_on_no_crate_of_the_house_even_in_tests() {
    none(&sandbox_links(&links()));
}

#[test]
fn the_command_line_alone_is_built_with_adapters() {
    none(&built_with_adapters(&links()));
}

#[test]
fn no_program_is_built_with_the_switches_that_drop_guards() {
    for package in ["ackord-cli", "ackord-sandbox"] {
        let features = tree(package, &["--edges", "normal,features", "--all-features"]);
        assert!(features.contains(&format!("{package} ")), "the tree was not read");
        assert!(!has_switches(&features), "{package} is built with `mutants`");
    }
}

#[test]
fn the_program_sends_traces_only_where_that_was_asked_for_and_with_what_is_there() {
    let without = tree("ackord-cli", &["--edges", "normal"]);
    assert_eq!(of_traces(&without), [""; 0], "the feature `otel` is off by default");
    let with_traces = tree("ackord-cli", &["--edges", "normal", "--features", "otel"]);
    assert!(
        of_traces(&with_traces).contains(&"opentelemetry-otlp"),
        "the tree was not read"
    );
    for needless in ["tonic", "aws-lc-rs", "openssl", "native-tls"] {
        assert!(!has(&with_traces, needless), "{needless} is built in for traces");
    }
    for once in ["reqwest", "rustls", "hyper"] {
        assert_eq!(versions(&with_traces, once), 1, "{once} is built in twice for traces");
    }
}

/// The packages of a tree that are there for traces.
fn of_traces(tree: &str) -> Vec<&str> {
    let names = tree.lines().filter_map(|line| line.split_whitespace().next());
    names.filter(|name| name.contains("opentelemetry")).collect()
}

fn has(tree: &str, package: &str) -> bool {
    versions(tree, package) > 0
}

/// In how many versions a tree has a package.
fn versions(tree: &str, package: &str) -> usize {
    let lines = tree.lines().map(|line| line.trim_end_matches(" (*)"));
    let of_package = lines.filter(|line| line.split_whitespace().next() == Some(package));
    of_package.collect::<BTreeSet<_>>().len()
}

fn has_switches(tree: &str) -> bool {
    tree.lines().any(|line| line.starts_with("ackord feature \"mutants\""))
}

/// The packages that `package` is built with, by its default features.
fn tree_of(package: &str) -> BTreeSet<String> {
    tree(package, &["--edges", "normal"])
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

/// What `cargo tree` prints for `package`, one package or feature a line.
fn tree(package: &str, options: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--prefix",
            "none",
            "--format",
            "{p}",
            "--package",
            package,
        ])
        .args(options)
        .current_dir(root())
        .output()
        .expect("cargo tree");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// The dependencies between the packages of the workspace.
fn links() -> Vec<Link> {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .expect("cargo metadata");
    let ours: Vec<String> = metadata
        .packages
        .iter()
        .map(|package| package.name.to_string())
        .collect();
    assert!(
        CRATES
            .iter()
            .all(|(_, package)| ours.iter().any(|name| name == package)),
        "{ours:?}"
    );
    let links = metadata.packages.iter().flat_map(|package| {
        package
            .dependencies
            .iter()
            .filter(|dependency| ours.contains(&dependency.name))
            .map(|dependency| Link {
                from: package.name.to_string(),
                to: dependency.name.clone(),
                in_tests: dependency.kind == DependencyKind::Development,
            })
    });
    links.collect()
}

fn reaching_outside(tree: &BTreeSet<String>) -> Vec<String> {
    OUTSIDE
        .iter()
        .filter(|name| tree.contains(**name))
        .map(|name| format!("the domain is built with {name}"))
        .collect()
}

fn depending_on_more_than(packages: &[&str], allowed: &[&str], links: &[Link]) -> Vec<String> {
    let wrong =
        |link: &&Link| packages.contains(&link.from.as_str()) && !allowed.contains(&link.to.as_str()) && !link.in_tests;
    links
        .iter()
        .filter(wrong)
        .map(|link| format!("{} depends on {}", link.from, link.to))
        .collect()
}

fn adapters_that_know_another(links: &[Link]) -> Vec<String> {
    let wrong = |link: &&Link| {
        let others = ADAPTERS.iter().chain(&["ackord-cli"]).any(|other| *other == link.to);
        ADAPTERS.contains(&link.from.as_str()) && others
    };
    links
        .iter()
        .filter(wrong)
        .map(|link| format!("{} knows {}", link.from, link.to))
        .collect()
}

fn sandbox_links(links: &[Link]) -> Vec<String> {
    let own = links.iter().filter(|link| link.from == "ackord-sandbox");
    own.map(|link| format!("the sandbox depends on {}", link.to)).collect()
}

fn built_with_adapters(links: &[Link]) -> Vec<String> {
    let allowed = ["ackord-cli", "ackord-tests", "ackord-bench"];
    let wrong =
        |link: &&Link| ADAPTERS.contains(&link.to.as_str()) && !allowed.contains(&link.from.as_str()) && !link.in_tests;
    links
        .iter()
        .filter(wrong)
        .map(|link| format!("{} is built with {}", link.from, link.to))
        .collect()
}

fn link(from: &str, to: &str, in_tests: bool) -> Link {
    Link {
        from: from.to_owned(),
        to: to.to_owned(),
        in_tests,
    }
}

#[test]
fn a_domain_built_with_a_runtime_is_found() {
    let tree = BTreeSet::from(["serde".to_owned(), "tokio".to_owned()]);
    assert_eq!(reaching_outside(&tree), ["the domain is built with tokio"]);
}

#[test]
fn the_tree_of_a_crate_with_a_database_holds_the_database() {
    assert!(!reaching_outside(&tree_of("ackord-tests")).is_empty());
}

#[test]
fn a_crate_built_with_the_switches_is_found() {
    let features = tree(
        "ackord",
        &[
            "--edges",
            "normal,features",
            "--features",
            "mutants",
            "--invert",
            "ackord",
        ],
    );
    assert!(has_switches(&features), "{features}");
}

#[test]
fn an_adapter_with_a_further_dependency_is_found() {
    let links = [
        link("ackord-sqlite", "ackord", false),
        link("ackord-sqlite", "ackord-sandbox", false),
    ];
    assert_eq!(depending_on_more_than(&ADAPTERS, &["ackord"], &links).len(), 1);
}

#[test]
fn an_adapter_that_knows_another_in_tests_alone_is_found() {
    let links = [
        link("ackord-sqlite", "ackord-postgres", true),
        link("ackord-bestbuy", "ackord-sandbox", true),
    ];
    assert_eq!(
        adapters_that_know_another(&links),
        ["ackord-sqlite knows ackord-postgres"]
    );
    assert_eq!(
        adapters_that_know_another(&[link("ackord-bestbuy", "ackord-cli", false)]).len(),
        1
    );
}

#[test]
fn a_sandbox_that_shares_a_type_is_found() {
    assert_eq!(
        sandbox_links(&[link("ackord-sandbox", "ackord", true)]),
        ["the sandbox depends on ackord"]
    );
}

#[test]
fn a_domain_built_with_an_adapter_is_found() {
    let links = [
        link("ackord", "ackord-sqlite", false),
        link("ackord-cli", "ackord-sqlite", false),
    ];
    assert_eq!(built_with_adapters(&links), ["ackord is built with ackord-sqlite"]);
}

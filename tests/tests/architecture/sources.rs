//! What sources say: only the command line touches environment, arguments and terminal; each file tells its purpose; and
//! no file names a place of the machine it was written on.

use std::fs;
use std::path::{Path, PathBuf};

use super::{CRATES, files, none, root};

/// What touches the environment, the arguments or the terminal.
const SURROUNDINGS: [&str; 14] = [
    "std::env",
    "env::var",
    "env::args",
    "use std::env",
    "println!",
    "eprintln!",
    "print!",
    "eprint!",
    "dbg!",
    "io::stdout",
    "io::stdin",
    "io::stderr",
    "clap::",
    "std::process::exit",
];

/// The beginnings of paths that only mean something on one machine.
const PRIVATE_PLACES: [&str; 3] = ["/home/", "/root/", "/Users/"];

#[test]
fn only_the_command_line_touches_environment_arguments_and_terminal() {
    let crates = CRATES.iter().filter(|(directory, _)| *directory != "app-cli");
    let sources = |directory: &str| {
        let mut sources = rust_files(&root().join(directory).join("src"));
        sources.retain(|path| !is_of_tests(path));
        sources
    };
    none(
        &crates
            .flat_map(|(directory, _)| over(&sources(directory), touching))
            .collect::<Vec<_>>(),
    );
}

/// Whether a source stands in a folder of a crate's own tests.
fn is_of_tests(path: &Path) -> bool {
    let within = path.strip_prefix(root()).unwrap_or(path);
    within.components().skip(2).any(|part| part.as_os_str() == "tests")
}

#[test]
fn every_source_tells_its_purpose_first() {
    none(&over(&rust_files(&root()), without_purpose));
}

#[test]
fn no_file_names_a_place_of_this_machine() {
    let own = root().display().to_string();
    // A checkout right under the root of the file system has a name too short to be looked for.
    let own = (own.matches('/').count() > 1).then_some(own);
    let rule = |text: &str| naming_places(text, own.as_deref());
    let these: PathBuf = Path::new("tests/architecture/sources.rs").into();
    let others: Vec<PathBuf> = files(&root())
        .into_iter()
        .filter(|path| !path.ends_with(&these))
        .collect();
    none(&over(&others, rule));
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    files(directory)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// The findings of a rule in each file, with the file's name; what is not text is passed over.
fn over(paths: &[PathBuf], rule: impl Fn(&str) -> Vec<String>) -> Vec<String> {
    assert!(!paths.is_empty(), "there is nothing to look at");
    let finding = |path: &PathBuf| {
        let text = fs::read(path)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .unwrap_or_default();
        let name = path.strip_prefix(root()).unwrap_or(path).display().to_string();
        rule(&text)
            .into_iter()
            .map(|finding| format!("{name}: {finding}"))
            .collect::<Vec<_>>()
    };
    paths.iter().flat_map(finding).collect()
}

/// The lines, numbered from 1, that touch the surroundings; comments and a file's tests may.
fn touching(text: &str) -> Vec<String> {
    let mut in_tests = false;
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        in_tests = (in_tests || line == "mod tests {") && line != "}";
        if in_tests || line.trim_start().starts_with("//") {
            continue;
        }
        if let Some(word) = SURROUNDINGS.iter().find(|word| stands_alone(line, word)) {
            found.push(format!("line {}: {word}", number + 1));
        }
    }
    found
}

/// Whether `word` occurs in `line` other than as the end of a longer name.
fn stands_alone(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(place, _)| {
        !line[..place]
            .chars()
            .next_back()
            .is_some_and(|before| before.is_alphanumeric() || before == '_')
    })
}

fn without_purpose(text: &str) -> Vec<String> {
    let told = text.starts_with("//! ");
    (!told)
        .then(|| "does not begin with its purpose (//!)".to_owned())
        .into_iter()
        .collect()
}

fn naming_places(text: &str, own: Option<&str>) -> Vec<String> {
    let private = PRIVATE_PLACES
        .iter()
        .filter(|place| begins_path(text, place))
        .map(|place| (*place).to_owned());
    let own = own.filter(|own| begins_path(text, own)).map(str::to_owned);
    private.chain(own).map(|place| format!("names {place}")).collect()
}

/// Whether `place` occurs in `text` as the beginning of a path, rather than in the midst of one.
fn begins_path(text: &str, place: &str) -> bool {
    text.match_indices(place).any(|(at, _)| {
        let inside = |before: char| before.is_alphanumeric() || "_-.}])>/*".contains(before);
        !text[..at].chars().next_back().is_some_and(inside)
    })
}

#[test]
fn a_library_that_prints_or_reads_the_environment_is_found() {
    assert_eq!(touching("fn a() {\n    println!(\"x\");\n}"), ["line 2: println!"]);
    assert_eq!(touching("use std::env;"), ["line 1: std::env"]);
    assert_eq!(touching("let level = env::var(\"LEVEL\");").len(), 1);
    assert_eq!(touching("use std::io::stdout;").len(), 1);
    assert_eq!(
        touching("#[cfg(test)]\nmod tests {\n}\nfn a() { print!() }"),
        ["line 4: print!"]
    );
}

#[test]
fn comments_tests_and_longer_names_are_not_found() {
    assert!(
        touching("/// println!(\"an example\");\nmy_println!();\nlet version = env!(\"CARGO_PKG_VERSION\");")
            .is_empty()
    );
    assert!(touching("fn a() {}\n#[cfg(test)]\nmod tests {\n    fn a() {\n        println!()\n    }\n}\n").is_empty());
}

#[test]
fn a_source_without_a_purpose_is_found() {
    assert_eq!(without_purpose("use std::fs;\n").len(), 1);
    assert!(without_purpose("//! Why this is here.\n").is_empty());
}

#[test]
fn a_path_of_a_machine_is_found() {
    assert_eq!(naming_places("see /home/somebody/notes", None), ["names /home/"]);
    assert_eq!(
        naming_places("path = \"/a/place/main\"", Some("/a/place")),
        ["names /a/place"]
    );
    assert!(naming_places("$tree/root/etc and https://example.org/home/", Some("/a/place")).is_empty());
}

//! Holds a suite's list against its sources: a case that is written but not listed would never run.

use libtest_mimic::{Failed, Trial};

use super::Case;

/// A trial `SUITE::every_case_is_listed`, which fails if a `pub async fn` of the sources is missing from the list, if a
/// listed one is in none of the sources, or if one is listed twice.
#[must_use]
pub fn every_case_is_listed<F>(suite: &str, cases: &[Case<F>], sources: &[&str]) -> Trial {
    let listed: Vec<&'static str> = cases.iter().map(|case| case.name).collect();
    let written: Vec<String> = sources.iter().flat_map(|source| written_in(source)).collect();
    Trial::test(format!("{suite}::every_case_is_listed"), move || {
        match faults(&listed, &written).as_slice() {
            [] => Ok(()),
            faults => Err(Failed::from(faults.join("\n"))),
        }
    })
}

/// The names of the public asynchronous functions in a source.
fn written_in(source: &str) -> Vec<String> {
    let name = |line: &str| {
        let rest = line.trim_start().strip_prefix("pub")?;
        let rest = if rest.starts_with('(') {
            rest.split_once(')')?.1
        } else {
            rest
        };
        let rest = rest.strip_prefix(" async fn ")?;
        Some(
            rest.chars()
                .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
                .collect(),
        )
    };
    source.lines().filter_map(name).collect()
}

fn faults(listed: &[&str], written: &[String]) -> Vec<String> {
    let unlisted = written.iter().filter(|name| !listed.contains(&name.as_str()));
    let unwritten = listed.iter().filter(|name| !written.iter().any(|other| other == *name));
    let twice = listed
        .iter()
        .enumerate()
        .filter(|(place, name)| listed[..*place].contains(name));
    unlisted
        .map(|name| format!("{name} is written but not listed, so it never runs"))
        .chain(unwritten.map(|name| format!("{name} is listed, but none of the sources that are compared holds it")))
        .chain(twice.map(|(_, name)| format!("{name} is listed twice")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "pub async fn first<F: Fixture>(fixture: &F) {}\nasync fn own_step() {}\npub fn plain() {}\n\
                          pub(crate) async fn second(\n";

    #[test]
    fn the_public_asynchronous_functions_are_the_cases() {
        assert_eq!(written_in(SOURCE), ["first", "second"]);
    }

    #[test]
    fn a_case_missing_from_the_list_is_a_fault() {
        assert_eq!(
            faults(&["first"], &written_in(SOURCE)),
            ["second is written but not listed, so it never runs"]
        );
    }

    #[test]
    fn a_case_listed_twice_or_from_elsewhere_is_a_fault() {
        let faults = faults(&["first", "second", "first", "third"], &written_in(SOURCE));
        assert_eq!(faults.len(), 2, "{faults:?}");
    }

    #[test]
    fn a_whole_list_has_no_fault() {
        assert!(faults(&["first", "second"], &written_in(SOURCE)).is_empty());
    }
}

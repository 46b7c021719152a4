//! `completions` and `man`: what is made from the command line itself.

use std::fs;

use ackord_cli::Exit;
use ackord_cli::cli::Cli;
use clap::{Command, CommandFactory as _};

use super::support::Place;

#[tokio::test]
async fn each_shell_is_told_of_every_command() {
    let place = Place::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = place.ackord(&["completions", shell]).await;
        assert_eq!((ran.exit, ran.err.as_str()), (Exit::Done, ""), "{shell}");
        for word in ["ackord", "reconcile", "resolve", "once-settled"] {
            assert!(ran.out.contains(word), "{word} for {shell}");
        }
    }
    assert!(!place.directory.path().join("record.db").exists());
}

#[tokio::test]
async fn a_shell_that_is_not_known_is_refused_with_those_that_are() {
    let place = Place::new();
    let ran = place.ackord(&["completions", "tcsh"]).await;
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Usage, ""), "{ran:?}");
    assert!(
        ran.err.contains("invalid value 'tcsh'") && ran.err.contains("bash"),
        "{ran:?}"
    );
    assert_eq!(place.ackord(&["completions"]).await.exit, Exit::Usage);
}

#[tokio::test]
async fn the_first_page_of_the_manual_goes_to_stdout() {
    let place = Place::new();
    let ran = place.ackord(&["man"]).await;
    assert_eq!((ran.exit, ran.err.as_str()), (Exit::Done, ""), "{ran:?}");
    for part in [".TH ackord 1", ".SH NAME", ".SH SYNOPSIS", ".SH SUBCOMMANDS"] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
}

/// The names of the pages of a command and of all below it.
fn names(command: &Command, above: &str) -> Vec<String> {
    let name = format!("{above}{}", command.get_name());
    let below = command.get_subcommands().filter(|sub| sub.get_name() != "help");
    let below: Vec<String> = below.flat_map(|sub| names(sub, &format!("{name}-"))).collect();
    [vec![format!("{name}.1")], below].concat()
}

#[tokio::test]
async fn every_command_has_its_page() {
    let place = Place::new();
    let ran = place.ackord(&["man", "--out", "share/man1"]).await;
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Done, ""), "{ran:?}");
    let directory = place.directory.path().join("share/man1");
    let mut written: Vec<String> = fs::read_dir(&directory)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    let mut wanted = names(&Cli::command(), "");
    written.sort();
    wanted.sort();
    assert_eq!(written, wanted);
    let words = format!("{} pages are in ", written.len());
    assert!(ran.err.starts_with(&words), "{ran:?}");
    let page = fs::read_to_string(directory.join("ackord-orders-watch.1")).unwrap();
    for part in [".TH ackord-orders-watch 1", "ackord orders watch", "once"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    // Written again, they are what they were.
    let again = place.ackord(&["--quiet", "man", "--out", "share/man1"]).await;
    assert_eq!((again.exit, again.err.as_str()), (Exit::Done, ""), "{again:?}");
}

#[tokio::test]
async fn pages_that_can_not_be_written_are_told_of() {
    let place = Place::new();
    fs::write(place.directory.path().join("taken"), "a file").unwrap();
    let ran = place.ackord(&["man", "--out", "taken"]).await;
    assert_eq!(ran.exit, Exit::Settings, "{ran:?}");
    assert!(ran.err.contains("the pages can't be written to"), "{ran:?}");
}

//! The command line from outside: through the library with streams of its own, and through the built binary.

#![expect(clippy::unwrap_used, reason = "tests")]

mod decisions;
mod demo;
mod documents;
mod exit_codes;
mod export;
mod first_steps;
mod init;
mod listings;
mod pages;
mod program;
mod prune;
mod runs;
mod stats;
mod support;
mod transcripts;
mod verify;
mod watch;

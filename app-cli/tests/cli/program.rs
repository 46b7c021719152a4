//! The built binary: what only a process can show.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use super::support::store_in;

fn ackord() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ackord"));
    command.env_remove("ACKORD_LOG");
    command
}

#[test]
fn it_tells_its_version() {
    let output = ackord().arg("--version").output().unwrap();
    assert!(output.status.success());
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        format!("ackord {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn its_exit_code_is_the_documented_number() {
    let directory = tempfile::tempdir().unwrap();
    let code = |args: &[&str], store: &str| {
        let run = ackord()
            .args(args)
            .env("ACKORD_STORE", store)
            .current_dir(directory.path())
            .output();
        run.unwrap().status.code().unwrap()
    };
    let store = store_in(directory.path());
    assert_eq!(code(&["migrate"], &store), 0);
    assert_eq!(code(&["run"], &store), 1);
    assert_eq!(code(&["run", "--fast"], &store), 2);
    assert_eq!(code(&["migrate"], "sqlite:/nowhere/at/all/record.db"), 5);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = ackord()
        .arg("--help")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut words = String::new();
    child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
    assert_eq!((child.wait().unwrap().code(), words.as_str()), (Some(0), ""));
}

#[test]
fn the_sandbox_says_where_it_listens_and_a_run_finds_it_there() {
    let mut child = ackord()
        .args(["sandbox", "--port", "0", "--json", "--orders", "3", "--key", "k-1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let told: serde_json::Value = serde_json::from_str(&line).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let run = ackord()
        .args(["run", "--json", "--poll-interval", "20ms"])
        .env("ACKORD_STORE", store_in(directory.path()))
        .env("ACKORD_MARKETPLACE_URL", told["url"].as_str().unwrap())
        .env("ACKORD_API_KEY", told["api_key"].as_str().unwrap())
        .current_dir(directory.path())
        .output()
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
    let did: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(did["accepted"], 3, "{did}");
}

#[test]
fn it_logs_to_stderr_where_it_is_asked_to() {
    let directory = tempfile::tempdir().unwrap();
    let output = ackord()
        .args(["migrate", "--store", &store_in(directory.path())])
        .env("ACKORD_LOG", "nonsense=loud=very")
        .current_dir(directory.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("ACKORD_LOG"));
}

#[test]
fn it_says_all_in_json_lines_where_it_is_asked_to() {
    let directory = tempfile::tempdir().unwrap();
    let output = ackord()
        .args(["run", "--store", &store_in(directory.path())])
        .env("ACKORD_LOG", "debug")
        .env("ACKORD_LOG_FORMAT", "json")
        .current_dir(directory.path())
        .output()
        .unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let lines: Vec<serde_json::Value> = words.lines().map(read).collect();
    let error = lines.iter().find(|line| line["level"] == "ERROR").unwrap();
    assert_eq!(
        (&error["target"], &error["kind"]),
        (&"ackord::words".into(), &"settings".into())
    );
    assert!(error["message"].as_str().unwrap().contains("key"), "{error}");
}

#[test]
fn a_form_of_log_that_it_does_not_know_is_warned_of() {
    let directory = tempfile::tempdir().unwrap();
    let output = ackord()
        .args(["migrate", "--store", &store_in(directory.path())])
        .env("ACKORD_LOG_FORMAT", "xml")
        .current_dir(directory.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(
        words.contains("ACKORD_LOG_FORMAT: `xml` is neither `text` nor `json`"),
        "{words}"
    );
}

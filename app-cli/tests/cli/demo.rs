//! `ackord demo`, as somebody would meet it first.

use std::process::Command;

use ackord_cli::Exit;

use super::support::{Place, sandbox_with, store_in};

#[test]
fn the_demo_ends_well_and_the_commands_it_names_work_when_copied() {
    let directory = tempfile::tempdir().unwrap();
    let demo = Command::new(env!("CARGO_BIN_EXE_ackord"))
        .arg("demo")
        .env("TMPDIR", directory.path())
        // Neither a key nor a store of one's own is touched.
        .env("ACKORD_STORE", "postgres://nowhere.invalid/shop")
        .env("ACKORD_MARKETPLACE_URL", "https://nowhere.invalid")
        .current_dir(directory.path())
        .output()
        .unwrap();
    let (out, err) = (
        String::from_utf8(demo.stdout).unwrap(),
        String::from_utf8_lossy(&demo.stderr),
    );
    assert_eq!(demo.status.code(), Some(0), "{out}\n{err}");
    assert!(out.contains("All 14 orders ended as they must."), "{out}");

    assert!(err.contains("run 1:"), "{err}");

    let commands: Vec<&str> = out
        .lines()
        .map(str::trim)
        .filter(|line| line.contains(" --store "))
        .collect();
    assert!(commands.len() >= 4, "{out}");
    for command in commands {
        let ran = Command::new("sh")
            .args(["-c", command])
            .current_dir(directory.path())
            .output()
            .unwrap();
        assert!(ran.status.success() && !ran.stdout.is_empty(), "{command}: {ran:?}");
    }
}

#[tokio::test]
async fn the_demo_leaves_a_store_with_orders_alone() {
    let sandbox = sandbox_with(1).await;
    let place = Place::at(&sandbox);
    place.ackord(&["run"]).await;
    let store = store_in(place.directory.path());
    let ran = place.ackord(&["demo", "--store", &store]).await;
    assert_eq!(ran.exit, Exit::Settings, "{ran:?}");
    assert!(ran.err.contains("holds orders already"), "{ran:?}");
    let orders = place.ackord(&["orders", "list", "--json"]).await;
    assert_eq!(orders.json()["orders"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_demo_tells_the_same_as_json() {
    let place = Place::new();
    let ran = place
        .ackord(&[
            "demo",
            "--json",
            "--quiet",
            "--store",
            &store_in(place.directory.path()),
        ])
        .await;
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    let told = ran.json();
    assert_eq!(told["as_expected"], true);
    assert!(
        told["orders"]
            .as_array()
            .unwrap()
            .iter()
            .all(|order| order["decisions_applied"].as_u64().unwrap() <= 1)
    );
}

//! `ackord demo`, as somebody would meet it first.

use std::process::Command;

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

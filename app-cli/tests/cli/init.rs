//! `ackord init`: from nothing to a shop that is ready.

use ackord_cli::Exit;
use ackord_sandbox::{OrderKind, OrderSeed, Sandbox};

use super::support::Place;

#[tokio::test]
async fn a_directory_is_set_up_and_accepts_its_first_order() {
    let sandbox = Sandbox::builder()
        .order(OrderSeed::of(OrderKind::Plain, "A-1"))
        .start()
        .await
        .unwrap();
    let place = Place::new();
    let url = sandbox.url().to_string();
    let ran = place.ackord(&["init", "--sandbox", "--marketplace-url", &url]).await;
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    assert!(
        ran.out.contains("ackord.toml") && ran.out.contains("ackord.key"),
        "{ran:?}"
    );
    assert!(ran.out.contains("ready: `ackord serve`"), "{ran:?}");
    let text = std::fs::read_to_string(place.directory.path().join("ackord.toml")).unwrap();
    assert!(!text.contains(sandbox.api_key()), "the key is in its own file");

    let ran = place.ackord(&["run", "--poll-interval", "20ms"]).await;
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    assert!(ran.out.starts_with("1 new · 1 accepted"), "{ran:?}");
}

#[tokio::test]
async fn what_is_there_is_not_written_over() {
    let place = Place::new();
    let path = place.directory.path().join("ackord.toml");
    std::fs::write(&path, "# mine\n").unwrap();
    let ran = place.ackord(&["init", "--sandbox"]).await;
    assert_eq!(ran.exit, Exit::NeedsPerson, "{ran:?}");
    assert!(ran.err.contains("is there already"), "{ran:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "# mine\n");
}

#[tokio::test]
async fn where_nobody_can_be_asked_it_says_so_and_writes_nothing() {
    let place = Place::new();
    let ran = place.ackord(&["init"]).await;
    assert_eq!(ran.exit, Exit::Usage, "{ran:?}");
    assert!(ran.err.contains("--yes"), "{ran:?}");
    assert_eq!(std::fs::read_dir(place.directory.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn flags_and_variables_are_answers() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let place = Place::new().with("ACKORD_API_KEY", sandbox.api_key());
    let url = sandbox.url().to_string();
    let store = format!("sqlite:{}", place.directory.path().join("mine.db").display());
    let arguments = [
        "init",
        "--yes",
        "--marketplace-url",
        &url,
        "--concurrency",
        "3",
        "--store",
        &store,
    ];
    let ran = place.ackord(&arguments).await;
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    let text = std::fs::read_to_string(place.directory.path().join("ackord.toml")).unwrap();
    for line in [&*format!("store = \"{store}\""), "concurrency = 3", "#lease = \"20s\""] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
}

#[tokio::test]
async fn an_answer_that_can_not_be_used_is_told_before_anything_is_written() {
    let place = Place::new();
    let ran = place
        .ackord(&["init", "--yes", "--marketplace-url", "http://far.example"])
        .await;
    assert_eq!(ran.exit, Exit::Usage, "{ran:?}");
    assert!(ran.err.contains("https"), "{ran:?}");
    assert_eq!(std::fs::read_dir(place.directory.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn what_is_missing_is_told_and_the_settings_are_there_to_be_mended() {
    let place = Place::new();
    let ran = place
        .ackord(&["init", "--yes", "--marketplace-url", "http://127.0.0.1:9"])
        .await;
    assert_ne!(ran.exit, Exit::Done, "{ran:?}");
    assert!(ran.out.contains("mend what stands above"), "{ran:?}");
    assert!(place.directory.path().join("ackord.toml").exists());
}

//! Opening a file: what is refused, and with which word; the schema's versions.

use std::error::Error;
use std::fs;
use std::time::Duration;

use crate::support::{Bench, id, operation};
use ackord::ports::{RecordReader, ShopKey, ShopStore, StoreError, WorkStore};
use ackord_sqlite::{SqliteOptions, SqliteStore};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Executor as _};

async fn refusal(url: &str) -> StoreError {
    SqliteStore::connect(url, SqliteOptions::default()).await.unwrap_err()
}

/// The error with all of its causes, as a program would print it.
fn in_full(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// The version of the newest migration.
fn migrations() -> i64 {
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap();
    i64::try_from(files.count()).unwrap()
}

#[tokio::test]
async fn a_missing_directory_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("not here");
    let error = refusal(&format!("sqlite:{}", missing.join("ackord.db").display())).await;
    assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
    assert!(in_full(&error).contains("there is no directory"), "{}", in_full(&error));
    assert!(!missing.exists());
}

#[tokio::test]
async fn a_directory_is_not_taken_for_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let error = refusal(&format!("sqlite:{}", directory.path().display())).await;
    assert!(in_full(&error).contains("it is a directory"), "{}", in_full(&error));
}

#[tokio::test]
async fn a_file_that_was_not_to_be_created_is_reported_as_missing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ackord.db");
    let error = refusal(&format!("sqlite:{}?mode=rw", path.display())).await;
    assert!(in_full(&error).contains("is missing"), "{}", in_full(&error));
    assert!(!path.exists());
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("letter.txt");
    let letter = "Dear Ada, this is not a database. ".repeat(100);
    fs::write(&path, &letter).unwrap();
    let error = refusal(&format!("sqlite:{}", path.display())).await;
    assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
    assert!(
        in_full(&error).contains("is not a SQLite database"),
        "{}",
        in_full(&error)
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), letter);
}

#[tokio::test]
async fn a_store_in_memory_is_refused() {
    let error = refusal("sqlite::memory:").await;
    assert!(
        in_full(&error).contains("name") || in_full(&error).contains("path of a file"),
        "{}",
        in_full(&error)
    );
}

#[tokio::test]
async fn a_path_with_spaces_and_letters_of_any_script_is_taken_as_it_stands() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("Bestellungen für Zoë, 注文.db");
    let url = format!("sqlite:{}", path.display());
    let store = SqliteStore::connect(&url, SqliteOptions::default()).await.unwrap();
    store.migrate().await.unwrap();
    assert!(path.exists());
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_read_and_nothing_else() {
    let bench = Bench::new().await;
    let mut orders = bench.ingest(1).await;
    orders[0].order_id = id("A-1");
    bench.store.close().await;
    let mut permissions = fs::metadata(bench.path()).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(bench.path(), permissions).unwrap();
    // To a privileged user every file can be written; opened as read-only it can't be by anybody.
    let privileged = fs::OpenOptions::new().append(true).open(bench.path()).is_ok();
    let mode = if privileged { "?mode=ro" } else { "" };
    let url = format!("{}{mode}", bench.url());
    let store = SqliteStore::connect(&url, SqliteOptions::default()).await.unwrap();

    store.check_schema().await.unwrap();
    let story = store.story(&id("A-0")).await.unwrap().unwrap();
    assert_eq!(story.entries.len(), 1);
    let now = store.now().await.unwrap();
    let error = store.ingest(&orders, now, operation()).await.unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly(_)), "{error:?}");
    let error = store.pause(&ShopKey("shop".to_owned()), now).await.unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly(_)), "{error:?}");
}

#[tokio::test]
async fn an_empty_file_says_that_it_needs_migrating() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("ackord.db").display());
    let store = SqliteStore::connect(&url, SqliteOptions::default()).await.unwrap();
    let error = store.check_schema().await.unwrap_err();
    assert!(
        matches!(error, StoreError::NotMigrated { found: 0, needed } if needed == migrations()),
        "{error:?}"
    );
    store.migrate().await.unwrap();
    store.check_schema().await.unwrap();
}

#[tokio::test]
async fn a_newer_schema_is_refused_by_check_and_by_migrate() {
    let bench = Bench::new().await;
    let newer = "INSERT INTO ackord_migrations (version, description, success, checksum, execution_time)
        VALUES (9999, 'of a later day', 1, x'00', 0)";
    bench.plain(newer).await.unwrap();
    for result in [bench.store.check_schema().await, bench.store.migrate().await] {
        let error = result.unwrap_err();
        assert!(
            matches!(error, StoreError::NewerSchema { found: 9999, known } if known == migrations()),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn migrations_that_were_changed_since_are_refused() {
    let bench = Bench::new().await;
    bench
        .plain("UPDATE ackord_migrations SET checksum = x'00' WHERE version = 1")
        .await
        .unwrap();
    let error = bench.store.migrate().await.unwrap_err();
    assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
}

#[tokio::test]
async fn programs_that_migrate_at_once_do_it_once() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("ackord.db").display());
    let programs = (0..6).map(|_| {
        let url = url.clone();
        tokio::spawn(async move {
            let store = SqliteStore::connect(&url, SqliteOptions::default()).await.unwrap();
            store.migrate().await.unwrap();
            store.check_schema().await.unwrap();
            store.migrate().await.unwrap();
        })
    });
    for program in programs.collect::<Vec<_>>() {
        program.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_writes_to_a_file_without_a_wal_is_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ackord.db");
    let file = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut writer = file.connect().await.unwrap();
    writer.execute("CREATE TABLE theirs (id INTEGER)").await.unwrap();
    writer.execute("BEGIN IMMEDIATE").await.unwrap();
    let url = format!("sqlite:{}", path.display());
    let mut opened = tokio::spawn(async move { SqliteStore::connect(&url, SqliteOptions::default()).await });
    // SQLite itself would have given up at once.
    let early = tokio::time::timeout(Duration::from_millis(300), &mut opened).await;
    assert!(early.is_err(), "{early:?}");
    writer.execute("COMMIT").await.unwrap();
    opened.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_closed_store_says_that_it_cannot_be_reached() {
    let bench = Bench::new().await;
    bench.store.close().await;
    let error = bench.store.now().await.unwrap_err();
    assert!(matches!(error, StoreError::Unreachable(_)), "{error:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_file_is_for_its_owner_alone_and_one_that_is_there_keeps_its_rights() {
    use std::os::unix::fs::PermissionsExt as _;

    let bench = Bench::new().await;
    let rights = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for suffix in ["", "-wal", "-shm"] {
        let mut path = bench.path().into_os_string();
        path.push(suffix);
        assert_eq!(rights(path.as_ref()), 0o600, "{suffix}");
    }
    let path = bench.path().with_file_name("shared.db");
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let url = format!("sqlite:{}", path.display());
    SqliteStore::connect(&url, SqliteOptions::default()).await.unwrap();
    assert_eq!(rights(&path), 0o640);
}

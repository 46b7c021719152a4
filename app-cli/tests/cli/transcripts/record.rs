//! Time that passes for a record in an instant: everything in it that is a time is moved back.

use std::sync::LazyLock;

use jiff::SignedDuration;
use jiff::civil::DateTime;
use regex::{Captures, Regex};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection, query, query_as, query_scalar};

/// A time to the second, as the record has it, alone or within a text.
static TIME: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d").unwrap());

/// The same for SQLite.
const TIME_GLOB: &str = "*[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]*";

/// Moves every time in the SQLite store at `url` back.
pub(super) async fn move_back(url: &str, by: SignedDuration) {
    let mut store = SqliteConnection::connect(url).await.unwrap();
    execute(&mut store, "BEGIN IMMEDIATE".to_owned()).await;
    // The guards of the record would not have it; they are put back after.
    let guards = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name GLOB '*_keep'";
    let guards: Vec<(String, String)> = query_as(guards).fetch_all(&mut store).await.unwrap();
    for (name, _) in &guards {
        execute(&mut store, format!("DROP TRIGGER {name}")).await;
    }
    let columns = "SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c \
                   WHERE t.type = 'table' AND t.name NOT GLOB '*sql*' AND c.type = 'TEXT'";
    let columns: Vec<(String, String)> = query_as(columns).fetch_all(&mut store).await.unwrap();
    for (table, column) in columns {
        move_column(&mut store, &table, &column, by).await;
    }
    for (_, guard) in guards {
        execute(&mut store, guard).await;
    }
    execute(&mut store, "COMMIT".to_owned()).await;
    store.close().await.unwrap();
}

/// The earliest first: what was moved is not met again.
async fn move_column(store: &mut SqliteConnection, table: &str, column: &str, by: SignedDuration) {
    let texts = format!(r#"SELECT DISTINCT "{column}" FROM {table} WHERE "{column}" GLOB ? ORDER BY 1"#);
    let texts: Vec<String> = query_scalar(AssertSqlSafe(texts))
        .bind(TIME_GLOB)
        .fetch_all(&mut *store)
        .await
        .unwrap();
    for text in texts {
        let update = format!(r#"UPDATE {table} SET "{column}" = ? WHERE "{column}" = ?"#);
        query(AssertSqlSafe(update))
            .bind(moved(&text, by))
            .bind(text)
            .execute(&mut *store)
            .await
            .unwrap();
    }
}

async fn execute(store: &mut SqliteConnection, statement: String) {
    query(AssertSqlSafe(statement)).execute(store).await.unwrap();
}

/// The text with its times moved back by whole seconds; what is behind the seconds stays.
fn moved(text: &str, by: SignedDuration) -> String {
    let back = |time: &Captures<'_>| {
        let time: DateTime = time[0].parse().unwrap();
        (time - by).to_string()
    };
    TIME.replace_all(text, back).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_within_a_text_are_moved_and_keep_their_form() {
        let hour = SignedDuration::from_hours(1);
        assert_eq!(
            moved("2026-02-03T00:10:05.123456Z", hour),
            "2026-02-02T23:10:05.123456Z"
        );
        assert_eq!(
            moved(r#"{"since":"2026-02-03T10:00:00Z","n":1}, 2026-02-03"#, hour),
            r#"{"since":"2026-02-03T09:00:00Z","n":1}, 2026-02-03"#
        );
    }
}

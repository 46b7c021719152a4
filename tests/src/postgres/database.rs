//! The databases of a server: a template with the schema, and a copy of it for each case.

use std::thread;

use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use uuid::Uuid;

use super::address::Address;
use super::{Server, ServerError};

/// What the name of every database of ours begins with; the rest is a version 7 id, so that the name tells its age.
const PREFIX: &str = "ackord_test_";

/// How old a database must be before it counts as left behind by a run that was killed.
const LEFT_BEHIND_AFTER_MS: u64 = 24 * 60 * 60 * 1000;

/// A database of one case's own, dropped with this value.
#[derive(Debug)]
pub struct Database {
    name: String,
    url: String,
    server: Server,
}

impl Database {
    /// Makes an empty database.
    ///
    /// # Errors
    /// [`ServerError::Broken`] if the server refuses.
    pub async fn empty(server: &Server) -> Result<Self, ServerError> {
        Self::copy_of("template0", server).await
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its connection URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The server it lives on.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    async fn copy_of(template: &str, server: &Server) -> Result<Self, ServerError> {
        let name = format!("{PREFIX}{}", Uuid::now_v7().simple());
        // Copying the files takes a tenth of the time that logging each page takes; before version 15 it is the only way.
        let strategy = if server.version() >= 150_000 {
            " STRATEGY file_copy"
        } else {
            ""
        };
        server
            .address()
            .run(&[format!("CREATE DATABASE {name} TEMPLATE {template}{strategy}")])
            .await?;
        let url = server.address().url_of(&name);
        Ok(Self {
            name,
            url,
            server: server.clone(),
        })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let address = self.server.address().clone();
        // On a thread of its own, because dropping may happen inside a runtime, which must not be blocked on from within.
        // A server that a case has stopped cannot drop anything; its databases go away with it.
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .ok()?;
            runtime.block_on(address.run(&[statement])).ok()
        });
        let _ = dropping.join();
    }
}

/// A database with the schema in it, to be copied for each case.
#[derive(Debug)]
pub struct Template(Database);

impl Template {
    /// Seals a database as a template: whoever is still connected is cut off, and nobody comes in any more.
    ///
    /// # Errors
    /// [`ServerError::Broken`] if the server refuses.
    pub async fn seal(database: Database) -> Result<Self, ServerError> {
        let name = &database.name;
        let statements = [
            format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false"),
            format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"),
        ];
        database.server.address().run(&statements).await?;
        Ok(Self(database))
    }

    /// Makes a copy for one case.
    ///
    /// # Errors
    /// [`ServerError::Broken`] if the server refuses.
    pub async fn fresh_database(&self) -> Result<Database, ServerError> {
        Database::copy_of(&self.0.name, &self.0.server).await
    }

    /// The server it lives on.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.0.server
    }
}

/// The version of the server at `address`.
pub(super) async fn version(address: &Address) -> Result<u32, ServerError> {
    let mut connection = address.connect().await?;
    let failed = |error: sqlx::Error| ServerError::broken("asking the server for its version", &error);
    let row = sqlx::query("SELECT current_setting('server_version_num')::int8")
        .fetch_one(&mut connection)
        .await
        .map_err(failed)?;
    let number: i64 = row.try_get(0).map_err(failed)?;
    connection.close().await.map_err(failed)?;
    u32::try_from(number).map_err(|error| ServerError::broken("reading the server's version", &error))
}

/// Drops databases that earlier runs, killed before they could, left on a server that outlives them.
pub(super) async fn sweep(address: &Address) -> Result<(), ServerError> {
    let mut connection = address.connect().await?;
    let failed = |error: sqlx::Error| ServerError::broken("looking for databases left behind", &error);
    let rows = sqlx::query(
        "SELECT datname::text FROM pg_database d WHERE starts_with(datname::text, $1)
         AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datname = d.datname)",
    )
    .bind(PREFIX)
    .fetch_all(&mut connection)
    .await
    .map_err(failed)?;
    let now = Uuid::now_v7();
    for row in rows {
        let name: String = row.try_get(0).map_err(failed)?;
        if left_behind(&name, &now) {
            let statement = AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name}"));
            sqlx::query(statement).execute(&mut connection).await.map_err(failed)?;
        }
    }
    connection.close().await.map_err(failed)
}

/// Whether a name is one of ours, and old.
fn left_behind(name: &str, now: &Uuid) -> bool {
    let made = name
        .strip_prefix(PREFIX)
        .and_then(|id| Uuid::try_parse(id).ok())
        .and_then(|id| millis(&id));
    made.zip(millis(now))
        .is_some_and(|(made, now)| now.saturating_sub(made) > LEFT_BEHIND_AFTER_MS)
}

fn millis(id: &Uuid) -> Option<u64> {
    let (seconds, nanos) = id.get_timestamp()?.to_unix();
    Some(seconds * 1000 + u64::from(nanos) / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made_at(seconds: u64) -> Uuid {
        Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, 0))
    }

    #[test]
    fn a_database_counts_as_left_behind_after_a_day() {
        let now = made_at(1_000_000);
        let named = |seconds| format!("{PREFIX}{}", made_at(seconds).simple());
        assert!(left_behind(&named(1_000_000 - 86_401), &now));
        assert!(!left_behind(&named(1_000_000 - 86_399), &now));
        assert!(!left_behind(&named(1_000_001), &now), "a clock may be set back");
    }

    #[test]
    fn a_name_that_is_not_ours_never_counts() {
        let now = made_at(1_000_000);
        for name in ["ackord", "ackord_test_", "ackord_test_orders", "shop"] {
            assert!(!left_behind(name, &now), "{name}");
        }
    }
}

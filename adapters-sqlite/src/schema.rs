//! The schema: its numbered migrations, and whether the file is at the version that this program knows.

use ackord::ports::{StoreError, StoreResult};
use sqlx::SqliteConnection;
use sqlx::migrate::{Migrate, Migrator};

use crate::errors;
use crate::pool::{self, SqliteStore};

static MIGRATIONS: Migrator = sqlx::migrate!();

impl SqliteStore {
    /// Brings the schema up to the version of this program, all of it or nothing. Running it again, or by several
    /// programs at once, is safe.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] for a file that a newer program has written, which is left as it is.
    pub async fn migrate(&self) -> StoreResult<()> {
        let mut tx = self.begin_write().await?;
        let found = found_version(&mut tx).await?;
        if found > known_version() {
            return Err(newer(found));
        }
        let run = MIGRATIONS.run_direct(None, &mut *tx, false).await;
        run.map_err(errors::of_migration)?;
        pool::commit(tx).await
    }

    /// Checks that the schema is at the version of this program.
    ///
    /// # Errors
    /// [`StoreError::NotMigrated`] or [`StoreError::NewerSchema`].
    pub async fn check_schema(&self) -> StoreResult<()> {
        let mut tx = self.begin_read().await?;
        let found = found_version(&mut tx).await?;
        let known = known_version();
        if found > known {
            return Err(newer(found));
        }
        if found < known {
            return Err(StoreError::NotMigrated { found, needed: known });
        }
        Ok(())
    }
}

fn newer(found: i64) -> StoreError {
    StoreError::NewerSchema {
        found,
        known: known_version(),
    }
}

fn known_version() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// The newest migration in the file; 0 where there is none.
async fn found_version(connection: &mut SqliteConnection) -> StoreResult<i64> {
    let tables =
        sqlx::query_scalar!("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'ackord_migrations'");
    if tables.fetch_one(&mut *connection).await.map_err(errors::of_statement)? == 0 {
        return Ok(0);
    }
    let applied = connection.list_applied_migrations(&MIGRATIONS.table_name).await;
    let applied = applied.map_err(errors::of_migration)?;
    Ok(applied.iter().map(|migration| migration.version).max().unwrap_or(0))
}

//! The schema's versions: bringing it up to date, and refusing one that this program does not know.

use ackord::ports::{StoreError, StoreResult};
use sqlx::migrate::{Migrate as _, MigrateError, Migrator};
use sqlx::{Connection as _, PgConnection};

use crate::errors::{Access, of_statement};
use crate::pool::{Connections, bounded};

/// The numbered files under `migrations/`. Files that were released never change.
static MIGRATIONS: Migrator = sqlx::migrate!();

/// undefined_table.
const NO_SUCH_TABLE: &str = "42P01";

/// The newest migration that this program has.
fn known_version() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Applies what is missing, on a connection without our time limits: a migration may take long on a large store.
pub(crate) async fn migrate(connections: &Connections) -> StoreResult<()> {
    let mut connection = connections.separate().await?;
    let outcome = migrate_on(&mut connection).await;
    // What matters is known by now; a connection that does not close well is dropped.
    drop(connection.close().await);
    outcome
}

async fn migrate_on(connection: &mut PgConnection) -> StoreResult<()> {
    let found = found_version(connection)
        .await
        .map_err(|error| of_migrating(error, Access::Read))?;
    refuse_newer(found)?;
    // Not `run`, whose future can't be spawned.
    MIGRATIONS
        .run_direct(None, connection, false)
        .await
        .map_err(|error| of_migrating(error, Access::Write))
}

/// Compares the store's version with ours.
pub(crate) async fn check(connections: &Connections) -> StoreResult<()> {
    let mut lent = connections.lend().await?;
    let (connection, patience) = lent.parts()?;
    let outcome = bounded(patience, async { Ok(found_version(connection).await) }).await;
    let found = lent
        .end(outcome)
        .map_err(|error| of_statement(error, Access::Read))?
        .map_err(|error| of_migrating(error, Access::Read))?;
    refuse_newer(found)?;
    let needed = known_version();
    if found < needed {
        return Err(StoreError::NotMigrated { found, needed });
    }
    Ok(())
}

fn refuse_newer(found: i64) -> StoreResult<()> {
    let known = known_version();
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    Ok(())
}

/// The newest migration in the store; 0 for an empty one.
async fn found_version(connection: &mut PgConnection) -> Result<i64, MigrateError> {
    match connection.list_applied_migrations(&MIGRATIONS.table_name).await {
        Ok(applied) => Ok(applied.iter().map(|migration| migration.version).max().unwrap_or(0)),
        Err(MigrateError::Execute(error)) if is_missing_table(&error) => Ok(0),
        Err(error) => Err(error),
    }
}

fn is_missing_table(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(|error| error.code())
        .is_some_and(|code| code == NO_SUCH_TABLE)
}

fn of_migrating(error: MigrateError, access: Access) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => of_statement(error, access),
        other => StoreError::Refused {
            what: other.to_string(),
            source: Some(Box::new(other)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_numbered_from_one_without_gaps() {
        let versions: Vec<i64> = MIGRATIONS.iter().map(|migration| migration.version).collect();
        let expected: Vec<i64> = (1..=known_version()).collect();
        assert_eq!(versions, expected);
    }

    #[test]
    fn our_migrations_are_kept_apart_from_those_of_other_programs() {
        assert_eq!(MIGRATIONS.table_name, "ackord_migrations");
    }

    /// The words in quotes that the tables take for a column.
    fn taken(column: &str) -> Vec<&'static str> {
        let rule = format!("CHECK ({column} IN (");
        let text = MIGRATIONS
            .iter()
            .find_map(|migration| migration.sql.as_str().split_once(&rule));
        let list = text.unwrap().1.split_once(')').unwrap().0;
        list.split('\'').skip(1).step_by(2).collect()
    }

    #[test]
    fn the_tables_take_the_phases_and_outcomes_of_the_domain_and_no_others() {
        let phases: Vec<_> = ackord::work::Phase::all().map(|phase| phase.as_str()).collect();
        assert_eq!(taken("phase"), phases);
        let outcomes: Vec<_> = ackord::call::CallOutcome::all()
            .map(|outcome| outcome.as_str())
            .collect();
        assert_eq!(taken("outcome"), outcomes);
    }

    #[test]
    fn a_newer_store_is_refused_and_an_older_one_is_not() {
        let newer = refuse_newer(known_version() + 1).unwrap_err();
        assert!(matches!(newer, StoreError::NewerSchema { .. }), "{newer:?}");
        assert!(refuse_newer(0).is_ok());
    }
}

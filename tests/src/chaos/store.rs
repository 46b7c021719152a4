//! The store under the workers: a database on a server of its own, or a file; and other programs at it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ackord_postgres::{PostgresOptions, PostgresStore};
use ackord_sqlite::{SqliteOptions, SqliteStore};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use tempfile::TempDir;
use url::Url;

use crate::contract::store::AnyStore;
use crate::harness::SetupError;
use crate::postgres::{Database, Server};

/// How often a question is asked again while the server restarts.
const TRIES: usize = 200;

/// A store for one round.
#[derive(Debug)]
pub struct ChaosStore {
    place: Place,
    /// The record, over connections that no harm is done to.
    pub reader: Arc<dyn AnyStore>,
}

#[derive(Debug)]
enum Place {
    Postgres(Box<Database>),
    Sqlite { url: String, _directory: TempDir },
}

fn broken(error: impl std::error::Error) -> SetupError {
    SetupError::Broken(format!("{error}: {error:?}"))
}

impl ChaosStore {
    /// A database with the schema on `server`.
    ///
    /// # Errors
    /// What kept it from being made.
    pub async fn postgres(server: &Server) -> Result<Self, SetupError> {
        let database = Database::empty(server).await?;
        let options = PostgresOptions {
            max_connections: 2,
            application_name: "judge".to_owned(),
            ..PostgresOptions::default()
        };
        let store = PostgresStore::connect(database.url().into(), options)
            .await
            .map_err(broken)?;
        store.migrate().await.map_err(broken)?;
        Ok(Self {
            place: Place::Postgres(Box::new(database)),
            reader: Arc::new(store),
        })
    }

    /// A file with the schema in a directory of its own.
    ///
    /// # Errors
    /// What kept it from being made.
    pub async fn sqlite() -> Result<Self, SetupError> {
        let directory = TempDir::new().map_err(broken)?;
        let url = format!("sqlite:{}", directory.path().join("chaos.db").display());
        let store = SqliteStore::connect(&url, SqliteOptions::default())
            .await
            .map_err(broken)?;
        store.migrate().await.map_err(broken)?;
        Ok(Self {
            place: Place::Sqlite {
                url,
                _directory: directory,
            },
            reader: Arc::new(store),
        })
    }

    /// The server, where there is one.
    #[must_use]
    pub fn server(&self) -> Option<&Server> {
        match &self.place {
            Place::Postgres(database) => Some(database.server()),
            Place::Sqlite { .. } => None,
        }
    }

    /// Where the server listens, if there is one.
    #[must_use]
    pub fn server_address(&self) -> Option<SocketAddr> {
        let url = Url::parse(self.url()).ok()?;
        url.socket_addrs(|| Some(5432)).ok()?.into_iter().next()
    }

    /// The URL for those that no harm is to be done to.
    #[must_use]
    pub fn url(&self) -> &str {
        match &self.place {
            Place::Postgres(database) => database.url(),
            Place::Sqlite { url, .. } => url,
        }
    }

    /// The URL for workers whose connections go through a proxy that listens there.
    #[must_use]
    pub fn url_through(&self, proxy: Option<SocketAddr>) -> String {
        let through = || {
            let mut url = Url::parse(self.url()).ok()?;
            url.set_port(Some(proxy?.port())).ok()?;
            Some(String::from(url))
        };
        match self.place {
            Place::Postgres(_) => through().unwrap_or_else(|| self.url().to_owned()),
            Place::Sqlite { .. } => self.url().to_owned(),
        }
    }

    /// Asks for one number, again while the store is away.
    pub async fn number(&self, query: &'static str) -> i64 {
        self.patiently(async || match &self.place {
            Place::Postgres(database) => {
                let mut connection = PgConnection::connect(database.url()).await?;
                let number = sqlx::query_scalar(AssertSqlSafe(query))
                    .fetch_one(&mut connection)
                    .await?;
                connection.close().await.map(|()| number)
            }
            Place::Sqlite { url, .. } => {
                let mut connection = SqliteConnection::connect(url).await?;
                let number = sqlx::query_scalar(AssertSqlSafe(query))
                    .fetch_one(&mut connection)
                    .await?;
                connection.close().await.map(|()| number)
            }
        })
        .await
    }

    /// Asks for one column of texts, again while the store is away.
    pub async fn texts(&self, query: &'static str) -> Vec<String> {
        self.patiently(async || match &self.place {
            Place::Postgres(database) => {
                let mut connection = PgConnection::connect(database.url()).await?;
                let texts = sqlx::query_scalar(AssertSqlSafe(query))
                    .fetch_all(&mut connection)
                    .await?;
                connection.close().await.map(|()| texts)
            }
            Place::Sqlite { url, .. } => {
                let mut connection = SqliteConnection::connect(url).await?;
                let texts = sqlx::query_scalar(AssertSqlSafe(query))
                    .fetch_all(&mut connection)
                    .await?;
                connection.close().await.map(|()| texts)
            }
        })
        .await
    }

    /// Ends the connection's process of one of the workers, drawn by the server.
    ///
    /// # Errors
    /// Where the server is away.
    pub async fn terminate_a_backend(&self) -> sqlx::Result<bool> {
        let Place::Postgres(database) = &self.place else {
            return Ok(false);
        };
        let mut connection = PgConnection::connect(database.url()).await?;
        let ended: Option<bool> = sqlx::query_scalar(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'ackord'
             ORDER BY random() LIMIT 1",
        )
        .fetch_optional(&mut connection)
        .await?;
        connection.close().await?;
        Ok(ended.unwrap_or(false))
    }

    /// Locks the rows of some unsettled orders (a file: the whole of it), does nothing for a while, and gives up.
    ///
    /// # Errors
    /// Where the server is away, or goes away meanwhile.
    pub async fn lock_rows(&self, rows: i64, span: Duration) -> sqlx::Result<bool> {
        match &self.place {
            Place::Postgres(database) => {
                let mut connection = PgConnection::connect(database.url()).await?;
                let mut transaction = connection.begin().await?;
                let locked: Vec<String> = sqlx::query_scalar(
                    "SELECT order_id FROM order_work WHERE phase <> 'settled' LIMIT $1 FOR UPDATE SKIP LOCKED",
                )
                .bind(rows)
                .fetch_all(&mut *transaction)
                .await?;
                tokio::time::sleep(span).await;
                transaction.rollback().await?;
                connection.close().await?;
                Ok(!locked.is_empty())
            }
            Place::Sqlite { url, .. } => {
                let mut connection = SqliteConnection::connect(url).await?;
                sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await?;
                tokio::time::sleep(span).await;
                sqlx::query("ROLLBACK").execute(&mut connection).await?;
                connection.close().await?;
                Ok(true)
            }
        }
    }

    /// Reads under a snapshot, does nothing for a while, and reads again: the same.
    ///
    /// # Errors
    /// Where the server is away, or goes away meanwhile.
    pub async fn hold_a_snapshot(&self, span: Duration) -> sqlx::Result<bool> {
        const QUESTION: &str = "SELECT count(*) FROM order_status_history";
        let (before, after): (i64, i64) = match &self.place {
            Place::Postgres(database) => {
                let mut connection = PgConnection::connect(database.url()).await?;
                sqlx::query("BEGIN ISOLATION LEVEL REPEATABLE READ")
                    .execute(&mut connection)
                    .await?;
                let before = sqlx::query_scalar(QUESTION).fetch_one(&mut connection).await?;
                tokio::time::sleep(span).await;
                let after = sqlx::query_scalar(QUESTION).fetch_one(&mut connection).await?;
                connection.close().await?;
                (before, after)
            }
            Place::Sqlite { url, .. } => {
                let mut connection = SqliteConnection::connect(url).await?;
                sqlx::query("BEGIN").execute(&mut connection).await?;
                let before = sqlx::query_scalar(QUESTION).fetch_one(&mut connection).await?;
                tokio::time::sleep(span).await;
                let after = sqlx::query_scalar(QUESTION).fetch_one(&mut connection).await?;
                connection.close().await?;
                (before, after)
            }
        };
        Ok(before == after)
    }

    async fn patiently<T>(&self, ask: impl AsyncFn() -> sqlx::Result<T>) -> T {
        let mut tries = 0;
        loop {
            match ask().await {
                Ok(answer) => return answer,
                Err(error) if tries >= TRIES => panic!("the store stays away: {error}"),
                Err(_) => {
                    tries += 1;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }
}

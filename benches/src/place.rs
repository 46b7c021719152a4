//! The stores that are measured: a database on a throwaway server with durable settings, or a file.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ackord::ports::Store;
use ackord_postgres::{PostgresOptions, PostgresStore};
use ackord_sqlite::{SqliteOptions, SqliteStore};
use anyhow::{Context as _, Result};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use sqlx::{Connection as _, PgConnection, Row as _};
use tempfile::TempDir;
use uuid::Uuid;

use crate::cluster::Cluster;
use crate::machine::PostgresFacts;
use crate::sql::Sql;

/// The settings of a server that the report names.
const TOLD: [&str; 6] = [
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_level",
    "shared_buffers",
    "max_wal_size",
];

/// A kind of store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// PostgreSQL, with commits that wait for the disk.
    Postgres,
    /// A SQLite file, with its shipped settings.
    Sqlite,
}

impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postgres => "PostgreSQL",
            Self::Sqlite => "SQLite",
        })
    }
}

/// Where a store is found, for workers in other processes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum StoreAddress {
    /// The URL of a throwaway database.
    Postgres(String),
    /// The path of a file.
    Sqlite(PathBuf),
}

impl StoreAddress {
    /// Opens the store with so many connections (SQLite has its own ways).
    ///
    /// # Errors
    /// Where it can't be opened.
    pub async fn open(&self, connections: u32) -> Result<Arc<dyn Store>> {
        Ok(match self {
            Self::Postgres(url) => Arc::new(postgres(url, connections).await?),
            Self::Sqlite(path) => Arc::new(sqlite(path).await?),
        })
    }
}

/// A store for one measurement; it goes away with [`Place::remove`], or else with the server or this value.
#[derive(Debug)]
pub struct Place {
    kind: StoreKind,
    address: StoreAddress,
    kept: Kept,
}

#[derive(Debug)]
enum Kept {
    Database { name: String, cluster: Arc<Cluster> },
    Directory(TempDir),
}

impl Place {
    /// Makes a store of this kind.
    ///
    /// # Errors
    /// Where it can't be made.
    pub async fn new(kind: StoreKind, servers: &Servers) -> Result<Self> {
        let place = Self::empty(kind, servers).await?;
        match &place.address {
            StoreAddress::Postgres(url) => postgres(url, 1).await?.migrate().await?,
            StoreAddress::Sqlite(path) => {
                let store = sqlite(path).await?;
                store.migrate().await?;
                store.close().await;
            }
        }
        Ok(place)
    }

    /// Makes a database or a file with nothing in it.
    ///
    /// # Errors
    /// Where it can't be made.
    pub async fn empty(kind: StoreKind, servers: &Servers) -> Result<Self> {
        let (address, kept) = match kind {
            StoreKind::Postgres => {
                let cluster = servers.postgres().await?;
                let name = format!("bench_{}", Uuid::now_v7().simple());
                cluster.run(&format!("CREATE DATABASE {name}")).await?;
                let address = StoreAddress::Postgres(cluster.url(&name));
                (address, Kept::Database { name, cluster })
            }
            StoreKind::Sqlite => {
                let directory = tempfile::Builder::new().prefix("ackord-bench-").tempdir()?;
                let address = StoreAddress::Sqlite(directory.path().join("ackord.db"));
                (address, Kept::Directory(directory))
            }
        };
        Ok(Self { kind, address, kept })
    }

    /// Takes it away, with whatever is still connected to it.
    ///
    /// # Errors
    /// Where that fails.
    pub async fn remove(self) -> Result<()> {
        match self.kept {
            Kept::Database { name, cluster } => cluster.run(&format!("DROP DATABASE {name} WITH (FORCE)")).await,
            Kept::Directory(directory) => directory.close().context("a directory can't be removed"),
        }
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> StoreKind {
        self.kind
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> &StoreAddress {
        &self.address
    }

    /// Opens it.
    ///
    /// # Errors
    /// Where it can't be opened.
    pub async fn open(&self, connections: u32) -> Result<Arc<dyn Store>> {
        self.address.open(connections).await
    }

    /// A connection beside the store.
    ///
    /// # Errors
    /// Where it can't be opened.
    pub async fn sql(&self) -> Result<Sql> {
        Sql::connect(&self.address).await
    }
}

async fn postgres(url: &str, connections: u32) -> Result<PostgresStore> {
    let options = PostgresOptions {
        max_connections: connections,
        ..PostgresOptions::default()
    };
    let store = PostgresStore::connect(url.into(), options).await;
    store.context("the PostgreSQL store can't be opened")
}

async fn sqlite(path: &Path) -> Result<SqliteStore> {
    let url = format!("sqlite:{}", path.display());
    let store = SqliteStore::connect(&url, SqliteOptions::default()).await;
    store.context("the SQLite store can't be opened")
}

/// The throwaway server, started when it is first needed.
#[derive(Debug, Default)]
pub struct Servers {
    postgres: tokio::sync::OnceCell<Arc<Cluster>>,
}

impl Servers {
    /// The PostgreSQL server.
    ///
    /// # Errors
    /// Where there is none to be had.
    pub async fn postgres(&self) -> Result<Arc<Cluster>> {
        let start = || async { Cluster::start().await.map(Arc::new) };
        Ok(Arc::clone(self.postgres.get_or_try_init(start).await?))
    }

    /// The process that serves, where it was started and the system tells it.
    #[must_use]
    pub fn postmaster(&self) -> Option<u32> {
        self.postgres.get()?.postmaster()
    }

    /// What the report tells of the server, once it was started.
    ///
    /// # Errors
    /// Where it does not answer.
    pub async fn facts(&self) -> Result<Option<PostgresFacts>> {
        let Some(cluster) = self.postgres.get() else {
            return Ok(None);
        };
        let mut connection = PgConnection::connect(&cluster.url("postgres")).await?;
        let version = sqlx::query_scalar("SHOW server_version")
            .fetch_one(&mut connection)
            .await?;
        let names: Vec<String> = TOLD.iter().map(|name| (*name).to_owned()).collect();
        let rows = sqlx::query("SELECT n, current_setting(n) FROM unnest($1::text[]) AS n").bind(names);
        let settings = rows.fetch_all(&mut connection).await?;
        let settings = settings.into_iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        Ok(Some(PostgresFacts {
            version,
            settings: settings.collect::<sqlx::Result<_>>()?,
        }))
    }
}

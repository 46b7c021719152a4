//! Builds the adapters from the settings and ties them together.

use std::path::PathBuf;
use std::sync::Arc;

use ackord::alerts::AlertRecord;
use ackord::ports::{
    CallLog, Desk, Marketplace, Randomness, RecordAudit, RecordReader, Retention, SharedBudget, Store, StoreError,
    StoreResult,
};
use ackord::workflow::{AcceptanceWorkflow, Ports};
use ackord_bestbuy::{BestBuyClient, ClientPorts, ClientSettings};
use ackord_postgres::{PostgresOptions, PostgresStore};
use ackord_sqlite::{SqliteOptions, SqliteStore};
use ackord_system::{SystemClock, SystemRandom};
use anyhow::{Context as _, Result};
use async_trait::async_trait;

use crate::commands::Context;
use crate::metrics::{Exporter, MeteredMarketplace};
use crate::settings::{Config, StoreUrl};

/// A store with its schema: what the two store adapters have in common besides the ports.
#[async_trait]
pub trait OpenStore: Store + RecordReader + RecordAudit + Retention + Desk + AlertRecord {
    /// Brings the schema up to date.
    async fn migrate(&self) -> StoreResult<()>;
    /// Checks that the schema is the one that this program was made for.
    async fn check_schema(&self) -> StoreResult<()>;
    /// Ends every connection.
    async fn close(&self);
}

#[async_trait]
impl OpenStore for SqliteStore {
    async fn migrate(&self) -> StoreResult<()> {
        Self::migrate(self).await
    }

    async fn check_schema(&self) -> StoreResult<()> {
        Self::check_schema(self).await
    }

    async fn close(&self) {
        Self::close(self).await;
    }
}

#[async_trait]
impl OpenStore for PostgresStore {
    async fn migrate(&self) -> StoreResult<()> {
        Self::migrate(self).await
    }

    async fn check_schema(&self) -> StoreResult<()> {
        Self::check_schema(self).await
    }

    async fn close(&self) {
        Self::close(self).await;
    }
}

/// There is no store there yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no store at {0} yet")]
pub struct NoStoreYet(pub String);

/// Opens the store, whatever its schema. A SQLite file is made where there is none.
///
/// # Errors
/// A [`StoreError`].
pub async fn open(config: &Config) -> StoreResult<Arc<dyn OpenStore>> {
    Ok(match &config.store {
        StoreUrl::Sqlite(path) => {
            let store = SqliteStore::connect(&format!("sqlite:{path}"), SqliteOptions::default()).await?;
            Arc::new(store)
        }
        StoreUrl::Postgres(url) => {
            let options = PostgresOptions {
                max_connections: config.postgres.connections,
                statement_cache: config.postgres.statement_cache,
                claim: config.postgres.claim,
                ..PostgresOptions::default()
            };
            Arc::new(PostgresStore::connect(url.clone(), options).await?)
        }
    })
}

/// Opens the store for a run: an empty one is set up, any other has to be up to date.
///
/// # Errors
/// A [`StoreError`].
pub async fn open_for_work(config: &Config, context: &Context<'_>) -> StoreResult<Arc<dyn OpenStore>> {
    let store = open(config).await?;
    match store.check_schema().await {
        Err(StoreError::NotMigrated { found: 0, .. }) => {
            store.migrate().await?;
            if !context.quiet {
                context
                    .streams
                    .err
                    .line(&format!("{} was empty and has been set up", config.store));
            }
        }
        checked => checked?,
    }
    Ok(store)
}

/// Opens the store to read the record; a SQLite file that is not there is not made.
///
/// # Errors
/// [`NoStoreYet`], or a [`StoreError`].
pub async fn open_for_reading(config: &Config) -> Result<Arc<dyn OpenStore>> {
    if is_missing(&config.store) {
        return Err(NoStoreYet(config.store.to_string()).into());
    }
    let store = open(config).await?;
    store.check_schema().await?;
    Ok(store)
}

/// Whether the store is a SQLite file that is not there.
#[must_use]
pub fn is_missing(store: &StoreUrl) -> bool {
    sqlite_file(store).is_some_and(|file| !file.exists())
}

/// The directory that the file of a SQLite store would be made in, where that is not there either.
#[must_use]
pub fn missing_directory(store: &StoreUrl) -> Option<PathBuf> {
    let directory = sqlite_file(store)?.parent()?.to_path_buf();
    (!directory.as_os_str().is_empty() && !directory.exists()).then_some(directory)
}

/// The file of a SQLite store.
fn sqlite_file(store: &StoreUrl) -> Option<PathBuf> {
    let StoreUrl::Sqlite(path) = store else {
        return None;
    };
    let path = path.split_once('?').map_or(path.as_str(), |(path, _)| path);
    let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    Some(PathBuf::from(path.as_ref()))
}

/// The shop's budget of calls, where the settings have one.
#[must_use]
pub fn budget(config: &Config, store: &Arc<dyn OpenStore>) -> Option<SharedBudget> {
    config.workflow.call_rate().map(|rate| SharedBudget {
        store: Arc::<dyn OpenStore>::clone(store),
        rate,
    })
}

/// The marketplace's client; `calls` is where its reads are logged, `budget` what their repetitions are drawn from.
///
/// # Errors
/// Where there is no key, or the client can't be set up.
pub fn marketplace(
    config: &Config,
    calls: Arc<dyn CallLog>,
    budget: Option<SharedBudget>,
) -> Result<Arc<dyn Marketplace>> {
    let shop = &config.marketplace;
    let settings = ClientSettings::builder(&shop.url, config.api_key()?)
        .shop_id(shop.shop_id)
        .call_timeout(config.workflow.call_timeout)
        .connect_timeout(shop.connect_timeout)
        .max_response_bytes(shop.max_response_bytes)
        .page_size(shop.page_size)
        .read_retries(shop.read_retries)
        .read_time_budget(shop.read_time_budget)
        .build()?;
    let ports = ClientPorts {
        call_log: calls,
        clock: Arc::new(SystemClock),
        randomness: Arc::new(SystemRandom::new()),
        budget,
    };
    let client = BestBuyClient::new(settings, ports).context("the marketplace's client can't be set up")?;
    Ok(Arc::new(client))
}

/// The workflow over this store and the marketplace of the settings.
///
/// # Errors
/// As [`marketplace`].
pub fn workflow(config: &Config, store: &Arc<dyn OpenStore>) -> Result<AcceptanceWorkflow> {
    let calls: Arc<dyn CallLog> = Arc::<dyn OpenStore>::clone(store);
    workflow_at(marketplace(config, calls, budget(config, store))?, config, store)
}

/// The same for a service: what it calls is counted, and from now on `exporter` tells how its store stands.
///
/// # Errors
/// As [`marketplace`].
pub fn metered_workflow(
    config: &Config,
    store: &Arc<dyn OpenStore>,
    exporter: &Exporter,
) -> Result<AcceptanceWorkflow> {
    let calls: Arc<dyn CallLog> = Arc::<dyn OpenStore>::clone(store);
    let marketplace = marketplace(config, calls, budget(config, store))?;
    exporter.watch(Arc::clone(store), marketplace.shop_key(), &config.workflow);
    let metered = MeteredMarketplace::new(marketplace, Arc::clone(exporter.metrics()));
    workflow_at(Arc::new(metered), config, store)
}

fn workflow_at(
    marketplace: Arc<dyn Marketplace>,
    config: &Config,
    store: &Arc<dyn OpenStore>,
) -> Result<AcceptanceWorkflow> {
    let randomness = Arc::new(SystemRandom::new());
    let worker = format!("ackord-{}-{:08x}", std::process::id(), randomness.next_u64() >> 32);
    let ports = Ports {
        store: Arc::<dyn OpenStore>::clone(store),
        marketplace,
        clock: Arc::new(SystemClock),
        randomness,
    };
    Ok(AcceptanceWorkflow::new(ports, config.workflow.clone(), worker)?)
}

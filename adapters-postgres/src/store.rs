//! The store: one value that has all the store ports.

use std::fmt;

use ackord::ports::StoreResult;
use secrecy::SecretString;

use crate::claim::Floor;
use crate::options::{ClaimStrategy, PostgresOptions, address};
use crate::pool::Connections;
use crate::schema;

/// The store ports over PostgreSQL: [`ackord::ports::WorkStore`], [`ackord::ports::ShopStore`],
/// [`ackord::ports::CallLog`], [`ackord::ports::Inbox`] and [`ackord::ports::RecordReader`].
///
/// Clones share their connections.
///
/// ```no_run
/// # async fn example() -> ackord::ports::StoreResult<()> {
/// use ackord::ports::{OrderFilter, RecordReader as _};
/// use ackord_postgres::{PostgresOptions, PostgresStore};
///
/// let url = "postgres://shop:secret@localhost/orders".into();
/// let store = PostgresStore::connect(url, PostgresOptions::default()).await?;
/// store.migrate().await?;
/// let newest = OrderFilter { status: None, since: None, after: None, limit: 10 };
/// for order in store.orders(&newest).await? {
///     println!("{} {:?}", order.order_id, order.status);
/// }
/// store.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PostgresStore {
    pub(crate) connections: Connections,
    pub(crate) claim: ClaimStrategy,
    pub(crate) floor: Floor,
}

impl PostgresStore {
    /// Connects to the database at `url` (`postgres://USER:PASSWORD@HOST:PORT/DATABASE`). The schema is left as it is:
    /// see [`PostgresStore::migrate`] and [`PostgresStore::check_schema`].
    ///
    /// # Errors
    /// [`ackord::ports::StoreError::Refused`] for an address that can't be read, a wrong password or a missing database;
    /// [`ackord::ports::StoreError::Unreachable`] where nobody answers. Neither repeats any part of the address.
    pub async fn connect(url: SecretString, options: PostgresOptions) -> StoreResult<Self> {
        let address = address(&url, &options)?;
        let connections = Connections::open(address, &options).await?;
        let claim = options.claim;
        Ok(Self {
            connections,
            claim,
            floor: Floor::default(),
        })
    }

    /// Brings the schema up to date. Of several programs that do so at once one does the work and the others wait.
    ///
    /// # Errors
    /// [`ackord::ports::StoreError::NewerSchema`] where a newer version of this program was here;
    /// [`ackord::ports::StoreError::Refused`] where the user may not make tables, or tables of these names are there
    /// already; and what a connection can meet with.
    pub async fn migrate(&self) -> StoreResult<()> {
        schema::migrate(&self.connections).await
    }

    /// Checks that the schema is the one that this program was made for.
    ///
    /// # Errors
    /// [`ackord::ports::StoreError::NotMigrated`], [`ackord::ports::StoreError::NewerSchema`], and what a read can meet
    /// with.
    pub async fn check_schema(&self) -> StoreResult<()> {
        schema::check(&self.connections).await
    }

    /// Ends every connection, waiting for what is under way.
    pub async fn close(&self) {
        self.connections.close().await;
    }
}

/// Without the address, which holds the password.
impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}

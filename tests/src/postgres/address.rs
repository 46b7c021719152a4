//! Where a server listens and who may come in: its connection URLs.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};
use url::Url;

use super::ServerError;

/// The name of the role that owns everything on a throwaway server.
pub(super) const ROLE: &str = "ackord_test";

/// The URL of a server's administrative database; the other databases' URLs differ from it in the path alone.
#[derive(Clone, Debug)]
pub(super) struct Address(Url);

impl Address {
    /// The address of a server on the loopback.
    pub(super) fn local(port: u16, password: &str) -> Result<Self, ServerError> {
        Self::parse(&format!("postgres://{ROLE}:{password}@127.0.0.1:{port}/postgres"))
    }

    /// The address that a URL names.
    pub(super) fn parse(text: &str) -> Result<Self, ServerError> {
        // The URL stays out of the message, because it may carry a password.
        let url = Url::parse(text).map_err(|error| ServerError::broken("the server's URL cannot be read", &error))?;
        Ok(Self(url))
    }

    /// The URL of the administrative database.
    pub(super) fn admin_url(&self) -> &str {
        self.0.as_str()
    }

    /// The URL of the database called `name`.
    pub(super) fn url_of(&self, name: &str) -> String {
        let mut url = self.0.clone();
        url.set_path(name);
        url.into()
    }

    /// Opens one connection to the administrative database.
    pub(super) async fn connect(&self) -> Result<PgConnection, ServerError> {
        PgConnection::connect(self.admin_url())
            .await
            .map_err(|error| ServerError::broken("connecting to the server", &error))
    }

    /// Runs statements that take no values, one after the other, on a connection of their own.
    pub(super) async fn run(&self, statements: &[String]) -> Result<(), ServerError> {
        let mut connection = self.connect().await?;
        for statement in statements {
            // The names inside are our own: letters, digits and underscores.
            sqlx::query(AssertSqlSafe(statement.clone()))
                .execute(&mut connection)
                .await
                .map_err(|error| ServerError::broken(statement, &error))?;
        }
        connection
            .close()
            .await
            .map_err(|error| ServerError::broken("closing the connection", &error))
    }
}

/// A password for one throwaway server.
pub(super) fn password() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}

/// A loopback port that was free a moment ago.
pub(super) fn free_port() -> Result<u16, ServerError> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0))
        .map_err(|error| ServerError::broken("no free port on the loopback", &error))?;
    let address = listener
        .local_addr()
        .map_err(|error| ServerError::broken("reading the free port", &error))?;
    Ok(address.port())
}

//! One server for a whole test binary, started by the first case that needs it.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;

use super::{Database, Options, Server, ServerError, Template, error};

type Migration = dyn Fn(String) -> BoxFuture<'static, Result<(), Box<dyn Error + Send + Sync>>> + Send + Sync;
type Start = dyn Fn() -> BoxFuture<'static, Result<Server, ServerError>> + Send + Sync;

/// A server that starts when it is first used, with a template that holds the schema; clones share both.
///
/// The server ends when the last clone and the last [`Database`] are gone.
#[derive(Clone)]
pub struct SharedServer(Arc<Inner>);

struct Inner {
    start: Box<Start>,
    migrate: Box<Migration>,
    template: OnceCell<Result<Template, ServerError>>,
}

impl SharedServer {
    /// Plans a server whose template `migrate` brings to the schema, given the URL of an empty database.
    pub fn new<M, F>(options: Options, migrate: M) -> Self
    where
        M: Fn(String) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        Self::started_by(move || Box::pin(Server::start(options)), migrate)
    }

    /// Plans the same on a container of `image` whose files lie in memory.
    pub fn in_container<M, F>(image: String, migrate: M) -> Self
    where
        M: Fn(String) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        let start = move || -> BoxFuture<'static, _> {
            let image = image.clone();
            Box::pin(async move { Server::start_container_in_memory(&image).await })
        };
        Self::started_by(start, migrate)
    }

    /// Makes a database with the schema for one case; the first call starts the server.
    ///
    /// # Errors
    /// Why there is no server, the same for each caller, or why it refuses.
    pub async fn fresh_database(&self) -> Result<Database, ServerError> {
        self.template().await?.fresh_database().await
    }

    /// Makes a database with nothing in it.
    ///
    /// # Errors
    /// As [`Self::fresh_database`].
    pub async fn empty_database(&self) -> Result<Database, ServerError> {
        Database::empty(self.template().await?.server()).await
    }

    /// The server, started if it is not yet.
    ///
    /// # Errors
    /// As [`Self::fresh_database`].
    pub async fn server(&self) -> Result<&Server, ServerError> {
        Ok(self.template().await?.server())
    }

    fn started_by<S, M, F>(start: S, migrate: M) -> Self
    where
        S: Fn() -> BoxFuture<'static, Result<Server, ServerError>> + Send + Sync + 'static,
        M: Fn(String) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        Self(Arc::new(Inner {
            start: Box::new(start),
            migrate: Box::new(move |url| Box::pin(migrate(url))),
            template: OnceCell::new(),
        }))
    }

    async fn template(&self) -> Result<&Template, ServerError> {
        self.0
            .template
            .get_or_init(|| self.make_template())
            .await
            .as_ref()
            .map_err(Clone::clone)
    }

    async fn make_template(&self) -> Result<Template, ServerError> {
        let server = (self.0.start)().await?;
        let database = Database::empty(&server).await?;
        (self.0.migrate)(database.url().to_owned()).await.map_err(|cause| {
            ServerError::Broken(format!("migrating the template: {}", error::chain(cause.as_ref())))
        })?;
        Template::seal(database).await
    }
}

impl fmt::Debug for SharedServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedServer")
            .field("template", &self.0.template)
            .finish_non_exhaustive()
    }
}

//! A server, wherever it comes from, and what can be asked of it.

use std::env;
use std::path::Path;
use std::sync::Arc;

use super::address::Address;
use super::container::{ContainerServer, Files};
use super::local::LocalServer;
use super::programs::Programs;
use super::{ServerError, database, docker};

/// The environment variable that names a server to use instead of a throwaway one.
pub const URL_VARIABLE: &str = "TEST_DATABASE_URL";

/// How a throwaway server is to be set up; one that [`URL_VARIABLE`] names is taken as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// A commit waits until it is on the disk. Off, tests are quicker and survive everything but a loss of power.
    pub durable: bool,
}

/// How a server is stopped, in the words of `pg_ctl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Whoever is connected is cut off, and what was committed is written out.
    Fast,
    /// In the midst of whatever it does: it recovers when it is started again.
    Immediate,
}

/// A PostgreSQL server for tests; clones share it, and the last one to go takes a throwaway server with it.
#[derive(Clone, Debug)]
pub struct Server(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: Source,
    address: Address,
    version: u32,
}

#[derive(Debug)]
enum Source {
    Named,
    Local(LocalServer),
    Container(ContainerServer),
}

impl Server {
    /// Connects to the server that [`URL_VARIABLE`] names, or starts one.
    ///
    /// # Errors
    /// [`ServerError::Unavailable`] where this machine offers none; [`ServerError::Broken`] where the named one does not
    /// answer.
    pub async fn start(options: Options) -> Result<Self, ServerError> {
        if let Some(url) = env::var(URL_VARIABLE).ok().filter(|url| !url.is_empty()) {
            let server = Self::serve(Source::Named, Address::parse(&url)?).await?;
            database::sweep(&server.0.address).await?;
            return Ok(server);
        }
        let local = match Self::start_local(options).await {
            Ok(server) => return Ok(server),
            Err(error) => error,
        };
        let container = match docker::image_to_run().await {
            Ok(image) => match ContainerServer::start(
                image,
                Files::OnDisk {
                    durable: options.durable,
                },
            )
            .await
            {
                Ok(server) => return Self::contain(server).await,
                Err(error) => error.to_string(),
            },
            Err(reason) => reason,
        };
        let local = match local {
            ServerError::Unavailable { reason, .. } => reason,
            ServerError::Broken(words) => words,
        };
        Err(ServerError::Unavailable {
            reason: format!("{URL_VARIABLE} is not set; {local}; {container}"),
            remedy: format!("install PostgreSQL (on Debian: apt-get install postgresql), or set {URL_VARIABLE}"),
        })
    }

    /// Starts a throwaway server from the programs on this machine, whatever [`URL_VARIABLE`] says.
    ///
    /// # Errors
    /// [`ServerError::Unavailable`] where the programs are missing; [`ServerError::Broken`] where they fail.
    pub async fn start_local(options: Options) -> Result<Self, ServerError> {
        let start = move || {
            let programs = Programs::find().map_err(|reason| ServerError::Unavailable {
                reason,
                remedy: "install PostgreSQL (on Debian: apt-get install postgresql)".to_owned(),
            })?;
            LocalServer::start(&programs, &options)
        };
        let local = tokio::task::spawn_blocking(start)
            .await
            .map_err(|error| ServerError::broken("starting the local server", &error))??;
        let address = local.address().clone();
        Self::serve(Source::Local(local), address).await
    }

    /// Starts a server in a container of `image`, which must be on this machine already.
    ///
    /// # Errors
    /// [`ServerError::Unavailable`] where no Docker engine answers or the image is missing; [`ServerError::Broken`] where
    /// the container does not come to serve.
    pub async fn start_container(image: &str) -> Result<Self, ServerError> {
        Self::start_container_with(image, Files::OnDisk { durable: false }).await
    }

    /// Starts a server in a container whose files lie in memory: quicker, but it cannot be stopped and started again.
    ///
    /// # Errors
    /// As [`Self::start_container`].
    pub async fn start_container_in_memory(image: &str) -> Result<Self, ServerError> {
        Self::start_container_with(image, Files::InMemory).await
    }

    /// The URL of the database that is there from the start.
    #[must_use]
    pub fn admin_url(&self) -> &str {
        self.0.address.admin_url()
    }

    /// The server's version as a number: 150014 is 15.14.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.0.version
    }

    /// The directory of a server started from local programs; it goes away with the server.
    #[must_use]
    pub fn directory(&self) -> Option<&Path> {
        match &self.0.source {
            Source::Local(local) => Some(local.directory()),
            Source::Named | Source::Container(_) => None,
        }
    }

    /// Stops a throwaway server without letting it finish anything. Cases that do this need a server of their own.
    ///
    /// # Errors
    /// [`ServerError::Unavailable`] for a server that is not ours to stop; [`ServerError::Broken`] if it does not stop.
    pub async fn stop_immediately(&self) -> Result<(), ServerError> {
        self.change(LocalServer::stop_immediately, ContainerServer::stop_immediately)
            .await
    }

    /// Starts a stopped throwaway server at the same address, and returns when it accepts connections.
    ///
    /// # Errors
    /// As [`Self::stop_immediately`].
    pub async fn start_again(&self) -> Result<(), ServerError> {
        self.change(LocalServer::start_again, ContainerServer::start_again)
            .await
    }

    /// Stops a throwaway server in the midst of whatever it does, and starts it again.
    ///
    /// # Errors
    /// As [`Self::stop_immediately`].
    pub async fn restart_immediately(&self) -> Result<(), ServerError> {
        self.stop_immediately().await?;
        self.start_again().await
    }

    /// Stops a server started from local programs.
    ///
    /// # Errors
    /// As [`Self::stop_immediately`]; [`ServerError::Unavailable`] for a container, too, which is stopped fast.
    pub async fn stop(&self, how: Stop) -> Result<(), ServerError> {
        match how {
            Stop::Immediate => self.stop_immediately().await,
            Stop::Fast => {
                let in_a_container = |_: &ContainerServer| {
                    Err(ServerError::Unavailable {
                        reason: "a container is not stopped fast".to_owned(),
                        remedy: "use a local server".to_owned(),
                    })
                };
                self.change(LocalServer::stop_fast, in_a_container).await
            }
        }
    }

    /// Stops a server started from local programs, and starts it again.
    ///
    /// # Errors
    /// As [`Self::stop`].
    pub async fn restart(&self, how: Stop) -> Result<(), ServerError> {
        self.stop(how).await?;
        self.start_again().await
    }

    pub(super) fn address(&self) -> &Address {
        &self.0.address
    }

    async fn start_container_with(image: &str, files: Files) -> Result<Self, ServerError> {
        let image = docker::present(image).await?;
        Self::contain(ContainerServer::start(image, files).await?).await
    }

    async fn contain(container: ContainerServer) -> Result<Self, ServerError> {
        let address = container.address().clone();
        Self::serve(Source::Container(container), address).await
    }

    async fn serve(source: Source, address: Address) -> Result<Self, ServerError> {
        let version = database::version(&address).await?;
        Ok(Self(Arc::new(Inner {
            source,
            address,
            version,
        })))
    }

    async fn change(
        &self,
        local: fn(&LocalServer) -> Result<(), ServerError>,
        container: fn(&ContainerServer) -> Result<(), ServerError>,
    ) -> Result<(), ServerError> {
        let inner = Arc::clone(&self.0);
        let change = move || match &inner.source {
            Source::Local(server) => local(server),
            Source::Container(server) => container(server),
            Source::Named => Err(ServerError::Unavailable {
                reason: format!("the server that {URL_VARIABLE} names is not ours to stop"),
                remedy: format!("unset {URL_VARIABLE}"),
            }),
        };
        tokio::task::spawn_blocking(change)
            .await
            .map_err(|error| ServerError::broken("stopping or starting the server", &error))?
    }
}

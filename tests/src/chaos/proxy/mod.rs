//! A TCP proxy that does harm to the connections that pass through it.
//!
//! Between workers and PostgreSQL it understands just enough to cut right before or right after a commit was forwarded.

mod connection;
mod messages;
mod mischief;
#[cfg(test)]
mod tests;

pub use mischief::Mischief;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::{Chance, Tally};
use mischief::Kinds;

/// What is spoken over the connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speech {
    /// PostgreSQL's protocol: commits are found in it.
    Postgres,
    /// Anything, which is passed on as it comes.
    Opaque,
}

/// A proxy before one server; dropping it ends it and its connections.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    server: SocketAddr,
    speech: Speech,
    kinds: Kinds,
    mischief: Mutex<Mischief>,
    chance: Mutex<Chance>,
    tally: Tally,
    /// Rises when the mischief ends.
    calm: watch::Sender<u64>,
}

impl Proxy {
    /// Listens on a free port of the loopback, before `server`.
    ///
    /// # Errors
    /// Where no port can be listened on.
    pub async fn start(server: SocketAddr, speech: Speech, chance: Chance, tally: Tally) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            server,
            speech,
            kinds: match speech {
                Speech::Postgres => Kinds::STORE,
                Speech::Opaque => Kinds::MARKET,
            },
            mischief: Mutex::new(Mischief::NONE),
            chance: Mutex::new(chance),
            tally,
            calm: watch::Sender::new(0),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, task })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Does this harm from now on to new connections and to commits.
    pub fn make_mischief(&self, mischief: Mischief) {
        *locked(&self.shared.mischief) = mischief;
    }

    /// Does no more harm. Connections that stand still are reset.
    pub fn calm_down(&self) {
        self.make_mischief(Mischief::NONE);
        self.shared.calm.send_modify(|count| *count += 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    /// Draws from the mischief in force.
    fn draw<T>(&self, draw: impl FnOnce(&Mischief, &mut Chance) -> T) -> T {
        let mischief = *locked(&self.mischief);
        draw(&mischief, &mut locked(&self.chance))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => {
                    connections.spawn(pass(client, Arc::clone(&shared)));
                }
                // Out of file handles, as a rule: some must be given back before the next try can succeed.
                Err(_) => tokio::task::yield_now().await,
            },
        }
    }
}

/// Passes one connection on. Where the server is not there, the client's is closed.
async fn pass(client: TcpStream, shared: Arc<Shared>) {
    let Ok(server) = TcpStream::connect(shared.server).await else {
        return;
    };
    // Where nobody listens, a connection may come out at its own port and meet itself: it would keep the port taken.
    if server.local_addr().ok() == server.peer_addr().ok() {
        return;
    }
    // Where this is refused, bytes travel a little later.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    connection::Connection::new(client, server, shared).pass().await;
}

//! Listening, and one task for each connection.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::error::SandboxError;
use crate::wire::{Line, Wire};

/// A listening socket that can be closed at once from anywhere, also outside a runtime.
#[derive(Debug)]
pub(crate) struct Door {
    listener: Mutex<Option<TcpListener>>,
}

impl Door {
    /// Starts to listen, and says where.
    ///
    /// # Errors
    /// Where the address can't be listened on.
    pub(crate) async fn open(address: SocketAddr) -> Result<(Arc<Self>, SocketAddr), SandboxError> {
        let failed = |source| SandboxError::Bind { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        let door = Self {
            listener: Mutex::new(Some(listener)),
        };
        Ok((Arc::new(door), bound))
    }

    /// Stops to listen, at once.
    pub(crate) fn close(&self) {
        let listener = self.listener.lock();
        drop(listener.unwrap_or_else(PoisonError::into_inner).take());
    }

    /// The next connection; `None` once the door is closed.
    async fn next(&self) -> Option<std::io::Result<TcpStream>> {
        poll_fn(|cx| {
            let listener = self.listener.lock();
            match &*listener.unwrap_or_else(PoisonError::into_inner) {
                None => Poll::Ready(None),
                Some(open) => open
                    .poll_accept(cx)
                    .map(|accepted| Some(accepted.map(|(stream, _)| stream))),
            }
        })
        .await
    }
}

/// Serves until the gateway closes, then drops every connection.
pub(crate) async fn serve(door: Arc<Door>, router: Router, mut closing: watch::Receiver<u64>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = closing.changed() => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            next = door.next() => match next {
                None => break,
                Some(Ok(stream)) => {
                    connections.spawn(converse(stream, router.clone()));
                }
                Some(Err(refused)) => {
                    tracing::debug!(%refused, "a connection could not be taken");
                    // Out of file handles, as a rule: some must be given back before the next try can succeed.
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                }
            },
        }
    }
    door.close();
    connections.shutdown().await;
}

/// Speaks HTTP over one connection until it ends or is cut.
async fn converse(stream: TcpStream, router: Router) {
    if let Err(refused) = stream.set_nodelay(true) {
        tracing::debug!(%refused, "small answers may be held back");
    }
    let line = Arc::new(Line::default());
    let served = TowerToHyperService::new(router);
    let of_line = Arc::clone(&line);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Arc::clone(&of_line));
        hyper::service::Service::call(&served, request)
    });
    let io = TokioIo::new(Wire::new(stream, Arc::clone(&line)));
    let conversation = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(io, service);
    tokio::select! {
        () = line.until_cut() => {}
        ended = conversation => {
            if let Err(broken) = ended {
                tracing::debug!(%broken, "a connection ended early");
            }
        }
    }
}

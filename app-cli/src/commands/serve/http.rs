//! What a service answers over HTTP: whether it is alive and ready, its metrics, and, to who knows the token, that a run begins.
//!
//! | request | answer |
//! |---|---|
//! | `GET /livez` | 200 while the loop turns, else 503 |
//! | `GET /readyz` | 200 where runs do their work, else 503 with the reason |
//! | `GET /metrics` | 200: numbers for Prometheus; no order, customer or key is named in them |
//! | `POST /run`, `Authorization: Bearer TOKEN` | 202: a run begins, or another follows the one under way |

use std::net::SocketAddr;
use std::sync::Arc;

use ackord::workflow::{StopSignal, Trigger};
use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::routing::{get, post};
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;
use tokio::net::TcpListener;

use super::health::Health;
use crate::metrics::{self, Exporter};

/// What the answers are made from.
#[derive(Clone)]
pub(super) struct Known {
    pub(super) health: Arc<Health>,
    pub(super) exporter: Arc<Exporter>,
    pub(super) trigger: Trigger,
    /// The token for asking for a run; without one nobody can.
    pub(super) token: Option<Arc<SecretString>>,
}

/// Listens; the answers come from a task of their own until `stop` is given. Tells the address.
///
/// # Errors
/// Where nobody can listen there.
pub(super) async fn listen(address: SocketAddr, known: Known, stop: StopSignal) -> Result<SocketAddr> {
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("serve_listen: {address} can't be listened on"))?;
    let address = listener.local_addr()?;
    let routes = Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(scraped))
        .route("/run", post(run))
        .with_state(known);
    tokio::spawn(async move {
        let stopped = async move { stop.given().await };
        if let Err(error) = axum::serve(listener, routes).with_graceful_shutdown(stopped).await {
            tracing::error!(%error, "nothing is answered over HTTP any more");
        }
    });
    Ok(address)
}

async fn livez(State(known): State<Known>) -> (StatusCode, &'static str) {
    match known.health.is_alive() {
        true => (StatusCode::OK, "the loop turns\n"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "the loop stands still\n"),
    }
}

async fn readyz(State(known): State<Known>) -> (StatusCode, String) {
    match known.health.not_ready() {
        None => (StatusCode::OK, "ready\n".to_owned()),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
    }
}

async fn scraped(State(known): State<Known>) -> ([(HeaderName, &'static str); 1], String) {
    ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], known.exporter.text().await)
}

async fn run(State(known): State<Known>, headers: HeaderMap) -> (StatusCode, &'static str) {
    let Some(token) = &known.token else {
        return (StatusCode::FORBIDDEN, "no token is set: see serve_token_file\n");
    };
    if !is_known(&headers, token) {
        return (StatusCode::UNAUTHORIZED, "the token is missing or wrong\n");
    }
    known.trigger.pull();
    (StatusCode::ACCEPTED, "a run is asked for\n")
}

/// Whether the request bears the token; compared in a time that tells nothing of it.
fn is_known(headers: &HeaderMap, token: &SecretString) -> bool {
    let given = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    given.is_some_and(|given| given.ct_eq(token.expose_secret().as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearing(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, value.parse().unwrap());
        headers
    }

    #[test]
    fn the_token_alone_opens() {
        let token = SecretString::from("t-1");
        assert!(is_known(&bearing("Bearer t-1"), &token));
        for wrong in ["Bearer t-2", "Bearer t-1 ", "Bearer ", "t-1", "Basic t-1"] {
            assert!(!is_known(&bearing(wrong), &token), "{wrong}");
        }
        assert!(!is_known(&HeaderMap::new(), &token));
    }
}

//! A run whose collector is away, or takes nothing, is as any other.

use std::time::{Duration, Instant};

use ackord_sandbox::Sandbox;
use axum::Router;
use axum::http::StatusCode;
use tokio::net::TcpListener;

use super::shop::Shop;

/// Longer than any run here takes, whatever else the machine does; nobody is waited for as long.
const BOUND: Duration = Duration::from_secs(60);

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("its address"));
    (listener, endpoint)
}

/// Runs, and expects of it what is expected without a collector, and one warning; returns that.
async fn run_with(endpoint: &str) -> String {
    let shop = Shop::open(Sandbox::builder().bulk(25)).await;
    let began = Instant::now();
    let printed = shop.run(25, &[("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)]).await;
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    let mut told = printed
        .err
        .lines()
        .filter(|line| line.contains("traces could not be sent"));
    let warning = told.next().unwrap_or_else(|| panic!("it is not told: {printed:?}"));
    assert_eq!(told.next(), None, "it is told twice: {printed:?}");
    warning.to_owned()
}

#[tokio::test]
async fn where_the_connection_is_refused() {
    let (listener, endpoint) = listener().await;
    drop(listener);
    let warning = run_with(&endpoint).await;
    assert!(warning.contains("refused"), "{warning}");
}

#[tokio::test]
async fn where_nothing_is_ever_answered() {
    let (listener, endpoint) = listener().await;
    let (_taken, warning) = tokio::join!(listener.accept(), run_with(&endpoint));
    assert!(warning.contains("within 3s"), "{warning}");
}

#[tokio::test]
async fn where_the_collector_refuses_what_is_sent() {
    let (listener, endpoint) = listener().await;
    let router = Router::new().fallback(async || StatusCode::UNAUTHORIZED);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let warning = run_with(&endpoint).await;
    assert!(warning.contains("401"), "{warning}");
}

//! Work that must not grow with the number of orders, told by counts of time far from the edge.

use std::time::{Duration, Instant};

use ackord_sandbox::{Endpoint, Sandbox};
use futures_util::{StreamExt, stream};

use crate::client::start;

#[tokio::test]
async fn ten_thousand_orders_are_listed_accepted_and_looked_at_in_seconds() {
    let (sandbox, client) = start(Sandbox::builder().bulk(10_000)).await;
    let begun = Instant::now();
    let mut ids = Vec::new();
    while ids.len() < 2_000 {
        let path = format!(
            "/api/orders?order_state_codes=WAITING_ACCEPTANCE&max=100&offset={}",
            ids.len()
        );
        ids.extend(client.get(&path).await.order_ids());
    }
    let answers = stream::iter(&ids).map(|id| client.accept(id)).buffer_unordered(32);
    assert!(answers.all(|answer| async move { answer.status == 204 }).await);
    for hundred in ids.chunks(100) {
        let path = format!("/api/orders?max=100&order_ids={}", hundred.join(","));
        assert_eq!(client.get(&path).await.order_ids().len(), 100);
    }
    let ledger = sandbox.ledger();
    assert_eq!(ledger.counts().decisions_applied, 2_000);
    assert_eq!(ledger.calls(Endpoint::Or21), 2_000);
    assert_eq!(ledger.max_ids_in_a_look(), 100);
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

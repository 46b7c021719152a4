//! What `ackord verify` would say of a whole store.

use ackord::audit::check;
use ackord::order::OrderId;
use ackord::ports::StoreResult;

use crate::contract::store::AnyStore;

/// How many orders are read together.
const PAGE: usize = 200;

/// Every violation of the record, in words with its order.
///
/// # Errors
/// What keeps the store from being read.
pub async fn violations(store: &dyn AnyStore) -> StoreResult<Vec<String>> {
    let mut found = Vec::new();
    let mut after: Option<OrderId> = None;
    loop {
        let page = store.records(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(found) };
        let next = last.order_id.clone();
        let now = store.now().await?;
        let of_page = page.iter().flat_map(|record| check(record, now));
        found.extend(of_page.map(|violation| {
            let (id, kind, detail) = (&violation.order_id, violation.kind.as_str(), &violation.detail);
            format!("{id}: verify: {kind}: {detail}")
        }));
        after = Some(next);
    }
}

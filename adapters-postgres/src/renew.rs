//! Renew: a lease goes on for those who still hold it.

use std::collections::HashSet;

use ackord::ports::{RenewRequest, Settled, StoreResult};
use ackord::time::plus;

use crate::columns::{at, ids};
use crate::pool::Connections;

/// [`ackord::ports::WorkStore::renew`].
pub(crate) async fn renew(connections: &Connections, request: &RenewRequest) -> StoreResult<Vec<Settled>> {
    // By id, as all writers of a batch.
    let mut leases: Vec<_> = request.leases.iter().collect();
    leases.sort_by(|one, other| one.order_id.cmp(&other.order_id));
    let order_id = ids(leases.iter().map(|lease| &lease.order_id));
    let fence: Vec<i64> = leases.iter().map(|lease| lease.fence.0).collect();
    let version: Vec<i64> = leases.iter().map(|lease| lease.version.0).collect();
    let until = plus(request.now, request.lease);
    let held = connections
        .write(|| sqlx::query_file_scalar!("queries/renew.sql", &order_id as &[&str], &fence, &version, at(until),));
    let held: HashSet<String> = held.await?.into_iter().collect();
    let told = request
        .leases
        .iter()
        .map(|lease| match held.contains(lease.order_id.as_str()) {
            true => Settled::Written,
            false => Settled::Lost,
        });
    Ok(told.collect())
}

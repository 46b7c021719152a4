//! Mistakes that existing integrations make, and that a store could make: numbers as on the facts page.

use ackord::ports::OrderFilter;
use ackord::status::OrderStatus;
use ackord::work::Phase;

use super::StoreFixture;
use super::given::{at, conclude, foreign_entry, id};

pub(super) async fn mistake_09_the_newest_status_is_told_by_version_and_never_by_time(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["tied", "jumped"], now).await;
    // Two rows of one transaction bear the same time.
    let rows = [foreign_entry("tied", "shipped"), foreign_entry("tied", "received")];
    f.foreign.append(&rows).await.unwrap();
    // A clock that jumped back an hour.
    let claimed = f.claim_of("jumped", Phase::Ready, now).await;
    f.settled(conclude(&claimed, OrderStatus::Cancelled), at(now, -3600))
        .await;

    for (name, status) in [("tied", "received"), ("jumped", "cancelled")] {
        assert_eq!(f.story(name).await.summary.status, Some(OrderStatus::parse(status)));
        let filter = OrderFilter {
            status: Some(OrderStatus::parse(status)),
            since: None,
            after: None,
            limit: 10,
        };
        let listed = f.store.orders(&filter).await.unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].order_id, id(name));
    }
}

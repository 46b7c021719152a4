//! The list of waiting orders, page by page.

use ackord::order::Order;
use ackord::ports::{Marketplace, MarketplaceError, PageCursor};
use wiremock::matchers::{method, path, query_param};
use wiremock::{Mock, MockServer, Request};

use crate::support::answers::{number, page, serve};
use crate::support::{Bench, bench, bench_with, id};

/// All pages, and the ids in them.
async fn all_waiting(bench: &Bench) -> Result<Vec<String>, MarketplaceError> {
    let (mut ids, mut cursor) = (Vec::new(), None);
    loop {
        let page = bench.client.waiting(cursor).await?;
        ids.extend(page.listing.orders.iter().map(|order: &Order| order.id.to_string()));
        cursor = page.next;
        if cursor.is_none() {
            return Ok(ids);
        }
    }
}

fn expected(count: u64) -> Vec<String> {
    (0..count).map(|number| format!("MB-{number}-A")).collect()
}

#[tokio::test]
async fn mistake_05_every_page_is_read() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/api/orders"))
        .and(query_param("order_state_codes", "WAITING_ACCEPTANCE"))
        .and(query_param("max", "100"))
        .and(query_param("sort", "dateCreated"))
        .and(query_param("order", "asc"))
        .and(query_param("shop_id", "7"))
        .respond_with(|request: &Request| {
            let offset = number(request, "offset").unwrap();
            page(offset..(offset + 100).min(250), Some(250))
        })
        .expect(3)
        .mount(&server)
        .await;
    let bench = bench_with(&server.uri(), |settings| settings.shop_id(Some(7)));
    assert_eq!(all_waiting(&bench).await.unwrap(), expected(250));
    assert_eq!(bench.log.outcomes(), ["answered"; 3]);
}

#[tokio::test]
async fn mistake_05_a_page_size_that_is_ignored_loses_no_order() {
    for total in [Some(35), None] {
        let server = MockServer::start().await;
        serve(&server, move |request| {
            let offset = number(request, "offset").unwrap();
            page(offset..(offset + 10).min(35), total)
        })
        .await;
        assert_eq!(
            all_waiting(&bench(&server.uri())).await.unwrap(),
            expected(35),
            "{total:?}"
        );
    }
}

#[tokio::test]
async fn mistake_05_pages_follow_the_link_header_where_there_is_no_total() {
    let server = MockServer::start().await;
    serve(&server, |request| {
        let offset = number(request, "offset").unwrap();
        let answer = page(offset..(offset + 100).min(150), None);
        if offset > 0 {
            return answer;
        }
        answer.insert_header(
            "Link",
            "<https://elsewhere.example/api/orders?offset=100>; rel=\"next\"",
        )
    })
    .await;
    assert_eq!(all_waiting(&bench(&server.uri())).await.unwrap(), expected(150));
}

#[tokio::test]
async fn mistake_05_an_offset_that_is_ignored_ends_in_an_error_and_not_in_a_circle() {
    for total in [Some(100_000), None] {
        let server = MockServer::start().await;
        serve(&server, move |_| page(0..10, total)).await;
        let error = all_waiting(&bench(&server.uri())).await.unwrap_err();
        assert!(
            matches!(&error, MarketplaceError::Unreadable { what } if what.contains("offset")),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_total_that_promises_too_much_ends_at_the_empty_page() {
    let server = MockServer::start().await;
    serve(&server, |request| {
        let offset = number(request, "offset").unwrap();
        page(offset..(offset + 100).min(120).max(offset), Some(9_000_000))
    })
    .await;
    assert_eq!(all_waiting(&bench(&server.uri())).await.unwrap(), expected(120));
}

#[tokio::test]
async fn a_page_begins_where_its_cursor_says() {
    let server = MockServer::start().await;
    serve(&server, |request| page([number(request, "offset").unwrap()], Some(900))).await;
    let bench = bench(&server.uri());
    let page = bench.client.waiting(Some(PageCursor { offset: 300 })).await.unwrap();
    assert_eq!(page.listing.orders[0].id, id("MB-300-A"));
    assert_eq!((page.next, page.total), (Some(PageCursor { offset: 301 }), Some(900)));
}

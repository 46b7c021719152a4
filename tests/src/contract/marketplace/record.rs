//! The call log that every read owes, and what must never be in it.

use std::sync::atomic::Ordering;

use ackord::call::SERVICE;
use ackord::ports::MarketplaceError;
use serde_json::Value;

use super::MarketplaceFixture;
use super::fixture::{Call, GivenOrder, KEY, PEOPLE, Shape, Terms, Trouble, impatient};
use super::given::{accept, id};

pub(super) async fn a_read_is_on_record_before_its_first_byte_leaves(f: &MarketplaceFixture) {
    f.desk.trouble(Call::List, Trouble::Hangs, None);
    let client = f.client();
    let reading = tokio::spawn(async move { client.waiting(None).await });
    f.desk.until_received(Call::List, 1).await;
    assert_eq!(f.log.outcomes(), ["(open)"]);
    reading.abort();
}

pub(super) async fn a_read_is_completed_on_record_before_it_is_returned(f: &MarketplaceFixture) {
    f.desk.put(vec![GivenOrder::waiting("A-1"), GivenOrder::waiting("A-2")]);
    let page = f.client().waiting(None).await.unwrap();
    let call = f.log.calls().remove(0);
    assert_eq!(page.listing.call, call.row.call_id);
    assert_eq!(
        (call.row.service.as_str(), call.row.endpoint.as_str()),
        (SERVICE, "OR11")
    );
    assert_eq!(call.row.is_success, Some(true));
    assert_eq!(call.row.status_code, Some(200));
    assert!(call.row.duration_ms.is_some());
    assert!(call.answer_by > call.row.at);
    let waiting = Some("WAITING_ACCEPTANCE".to_owned());
    let seen = [("A-1".to_owned(), waiting.clone()), ("A-2".to_owned(), waiting)];
    assert_eq!(call.row.seen, seen);
    let body: Value = serde_json::from_str(&call.row.response.unwrap()).unwrap();
    assert_eq!(body["orders"][1]["order_id"], "A-2", "the answer is kept whole");
    assert_eq!(body["orders"][1]["total_price"].to_string(), "24.68");
}

pub(super) async fn mistake_13_a_read_that_can_not_be_recorded_is_not_made(f: &MarketplaceFixture) {
    f.log.refuses_to_begin.store(true, Ordering::SeqCst);
    let client = f.client();
    let error = client.waiting(None).await.unwrap_err();
    assert!(matches!(error, MarketplaceError::Unrecorded(_)), "{error:?}");
    let error = client.look(&[id("A-1")]).await.unwrap_err();
    assert!(matches!(error, MarketplaceError::Unrecorded(_)), "{error:?}");
    let error = client.account().await.unwrap_err();
    assert!(matches!(error, MarketplaceError::Unrecorded(_)), "{error:?}");
    assert_eq!(f.desk.received_in_all(), 0);
}

pub(super) async fn mistake_13_what_can_not_be_recorded_is_not_returned(f: &MarketplaceFixture) {
    f.desk.put(vec![GivenOrder::waiting("A-1")]);
    f.log.refuses_to_finish.store(true, Ordering::SeqCst);
    let error = f.client().waiting(None).await.unwrap_err();
    assert!(matches!(error, MarketplaceError::Unrecorded(_)), "{error:?}");
    assert_eq!(f.log.outcomes(), ["(open)"]);
}

/// All that a call left behind, as text.
fn logged(f: &MarketplaceFixture) -> String {
    format!("{:?}", f.log.calls())
}

fn assert_silent(text: &str, secrets: &[&str]) {
    for secret in secrets {
        assert!(!text.contains(secret), "`{secret}` stands in {text}");
    }
}

pub(super) async fn mistake_14_no_customer_reaches_the_log(f: &MarketplaceFixture) {
    f.desk.put(vec![
        GivenOrder::waiting("A-1"),
        GivenOrder::waiting("A-2").shape(Shape::NoState),
        GivenOrder::waiting("A-3").shape(Shape::NoId),
    ]);
    let client = f.client();
    let page = client.waiting(None).await.unwrap();
    client.look(&["A-1", "A-2"].map(id)).await.unwrap();
    f.desk.trouble(Call::List, Trouble::Truncated, None);
    client.look(&["A-1", "A-2"].map(id)).await.unwrap_err();
    assert_silent(&logged(f), &PEOPLE);
    assert_eq!(page.listing.unreadable.len(), 2);
    assert_silent(&format!("{:?}", page.listing.unreadable), &PEOPLE);
    assert!(
        page.listing.orders[0].raw.contains("Quillfeather"),
        "the order itself is whole"
    );
}

pub(super) async fn mistake_14_the_key_is_in_no_log_no_error_and_no_debug_text(f: &MarketplaceFixture) {
    f.desk.put(vec![GivenOrder::waiting("A-1")]);
    let client = f.connect(&impatient());
    let mut told = vec![format!("{client:?}"), client.shop_key().to_string()];
    client.waiting(None).await.unwrap();
    client.account().await.unwrap();
    told.push(format!("{:?}", accept(&client, "A-1").await));
    for trouble in [
        Trouble::Status(400),
        Trouble::Status(401),
        Trouble::Html(200),
        Trouble::Hangs,
    ] {
        f.desk.trouble(Call::List, trouble, Some(1));
        f.desk.trouble(Call::Accept, trouble, Some(1));
        if let Err(error) = client.look(&[id("A-1")]).await {
            told.push(format!("{error} {error:?}"));
        }
        told.push(format!("{:?}", accept(&client, "A-1").await));
    }
    told.push(logged(f));
    for text in told {
        assert_silent(&text, &[KEY]);
    }
}

pub(super) async fn the_name_of_a_shop_tells_shops_and_keys_apart(f: &MarketplaceFixture) {
    let named = |key: &str, shop_id| {
        let terms = Terms {
            key: key.to_owned(),
            shop_id,
            ..Terms::default()
        };
        f.connect(&terms).shop_key()
    };
    let one = named(KEY, Some(1));
    assert_eq!(one, named(KEY, Some(1)));
    assert_ne!(one, named(KEY, Some(2)));
    assert_ne!(one, named(KEY, None));
    assert_ne!(one, named("k-of-somebody-else", Some(1)));
}

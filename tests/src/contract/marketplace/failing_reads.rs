//! Reads that go wrong: what is retried, what is not, and what the error says.

use std::time::Duration;

use ackord::ports::{MarketplaceError, MarketplaceResult, Page};

use super::MarketplaceFixture;
use super::fixture::{Call, GivenOrder, Terms, Trouble, impatient};
use super::given::{id, names};

/// Lists after `trouble` has struck the list so often.
async fn listed_after(f: &MarketplaceFixture, trouble: Trouble, times: Option<u64>) -> MarketplaceResult<Page> {
    f.desk.put(vec![GivenOrder::waiting("A-1")]);
    f.desk.trouble(Call::List, trouble, times);
    f.connect(&impatient()).waiting(None).await
}

pub(super) async fn a_read_that_failed_for_a_moment_is_made_again(f: &MarketplaceFixture) {
    let page = listed_after(f, Trouble::Status(503), Some(2)).await.unwrap();
    assert_eq!(f.desk.received(Call::List), 3);
    assert_eq!(f.log.outcomes(), ["unknown", "unknown", "answered"]);
    let calls = f.log.calls();
    assert_eq!(
        page.listing.call, calls[2].row.call_id,
        "the call that showed it is named"
    );
    assert!(page.listing.began_at > Duration::ZERO, "and it began after the pauses");
    assert_eq!(names(&[page]), ["A-1"]);
}

pub(super) async fn a_read_that_keeps_failing_ends_in_an_error(f: &MarketplaceFixture) {
    let error = listed_after(f, Trouble::Status(500), None).await.unwrap_err();
    assert!(matches!(error, MarketplaceError::Unreachable { .. }), "{error:?}");
    let received = f.desk.received(Call::List);
    assert!((2..=10).contains(&received), "{received} times");
    assert_eq!(f.log.outcomes(), vec!["unknown"; received]);
}

pub(super) async fn a_read_without_an_answer_ends_with_the_total_time(f: &MarketplaceFixture) {
    let error = listed_after(f, Trouble::Hangs, None).await.unwrap_err();
    assert!(matches!(error, MarketplaceError::Unreachable { .. }), "{error:?}");
    assert!(f.log.outcomes().iter().all(|outcome| *outcome == "unknown"));
}

pub(super) async fn mistake_07_a_throttled_read_names_the_rest_and_is_made_once(f: &MarketplaceFixture) {
    let error = listed_after(f, Trouble::Throttled(Some(40)), None).await.unwrap_err();
    let MarketplaceError::Throttled { retry_after } = error else {
        panic!("{error:?}");
    };
    assert_eq!(retry_after, Some(Duration::from_secs(40)));
    assert_eq!(f.desk.received(Call::List), 1);
    assert_eq!(f.log.outcomes(), ["throttled"]);
}

pub(super) async fn mistake_07_a_refused_read_is_made_once(f: &MarketplaceFixture) {
    for (place, status) in [400, 404, 405, 410, 415].into_iter().enumerate() {
        f.desk.trouble(Call::List, Trouble::Status(status), Some(1));
        let error = f.client().waiting(None).await.unwrap_err();
        assert!(
            matches!(error, MarketplaceError::Refused { status: told, .. } if told == status),
            "{error:?}"
        );
        assert_eq!(f.desk.received(Call::List), place + 1);
    }
    assert_eq!(f.log.outcomes(), ["refused"; 5]);
}

pub(super) async fn a_key_that_is_not_taken_ends_a_read_at_once(f: &MarketplaceFixture) {
    let client = f.connect(&Terms {
        key: "k-of-somebody-else".to_owned(),
        ..Terms::default()
    });
    let error = client.waiting(None).await.unwrap_err();
    assert!(
        matches!(error, MarketplaceError::Credentials { status: 401 }),
        "{error:?}"
    );
    f.desk.trouble(Call::List, Trouble::Status(403), Some(1));
    let error = f.client().look(&[id("A-1")]).await.unwrap_err();
    assert!(
        matches!(error, MarketplaceError::Credentials { status: 403 }),
        "{error:?}"
    );
    assert_eq!(f.desk.received(Call::List), 2);
    assert_eq!(f.log.outcomes(), ["credentials"; 2]);
}

pub(super) async fn an_answer_that_can_not_be_read_is_an_error_and_no_empty_list(f: &MarketplaceFixture) {
    f.desk.put(vec![GivenOrder::waiting("A-1")]);
    for trouble in [
        Trouble::NotJson,
        Trouble::Truncated,
        Trouble::EmptyBody,
        Trouble::Html(200),
    ] {
        f.desk.trouble(Call::List, trouble, None);
        let error = f.client().waiting(None).await.unwrap_err();
        assert!(
            matches!(error, MarketplaceError::Unreadable { .. }),
            "{trouble:?}: {error:?}"
        );
        f.desk.calm();
    }
    assert!(f.log.outcomes().iter().all(|outcome| *outcome == "unknown"));
    assert_eq!(names(&[f.client().waiting(None).await.unwrap()]), ["A-1"]);
}

pub(super) async fn an_answer_past_the_size_limit_is_not_read(f: &MarketplaceFixture) {
    f.desk.trouble(Call::List, Trouble::Large(50 << 20), Some(1));
    let error = f.client().waiting(None).await.unwrap_err();
    assert!(matches!(error, MarketplaceError::Unreadable { .. }), "{error:?}");
    let logged = f.log.calls().remove(0).row.response.unwrap();
    assert!(logged.len() < 1 << 20, "{} bytes were logged", logged.len());
}

pub(super) async fn a_redirect_is_not_followed(f: &MarketplaceFixture) {
    let error = listed_after(f, Trouble::Redirect, None).await.unwrap_err();
    assert!(
        matches!(
            error,
            MarketplaceError::Unreadable { .. } | MarketplaceError::Refused { .. }
        ),
        "{error:?}"
    );
    assert_eq!(f.desk.received_in_all(), f.desk.received(Call::List));
}

pub(super) async fn a_read_without_a_connection_says_so(f: &MarketplaceFixture) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = f.connect(&Terms {
        url: Some(url),
        ..Terms::default()
    });
    let error = client.look(&[id("A-1")]).await.unwrap_err();
    assert!(matches!(error, MarketplaceError::Unreachable { .. }), "{error:?}");
    assert!(f.log.outcomes().iter().all(|outcome| *outcome == "not_sent"));
}

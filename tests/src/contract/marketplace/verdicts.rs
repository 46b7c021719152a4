//! [`ackord::ports::Marketplace::accept`]: how each answer is classed, row by row of the facts table.

use std::time::Duration;

use ackord::ports::SendVerdict;

use super::MarketplaceFixture;
use super::fixture::{Call, GivenOrder, Terms, Trouble, impatient};
use super::given::{Permit, accept, accepting, id};

/// Has acceptances answered with each of `troubles`, and checks their class.
async fn classed(f: &MarketplaceFixture, troubles: &[Trouble], expected: SendVerdict) {
    let client = f.connect(&impatient());
    for (place, trouble) in troubles.iter().enumerate() {
        let name = format!("A-{place}");
        f.desk.put(vec![GivenOrder::waiting(&name)]);
        f.desk.trouble(Call::Accept, *trouble, Some(1));
        let answer = accept(&client, &name).await;
        assert_eq!(answer.verdict, expected, "{trouble:?}: {}", answer.detail);
        assert_eq!(answer.end.outcome, expected.outcome());
        assert!(!answer.detail.is_empty());
    }
}

pub(super) async fn an_order_in_another_state_is_a_precondition(f: &MarketplaceFixture) {
    f.desk
        .put(vec![GivenOrder::waiting("A-1"), GivenOrder::new("A-2", "CANCELED")]);
    let client = f.client();
    accept(&client, "A-1").await;
    for name in ["A-1", "A-2"] {
        let answer = accept(&client, name).await;
        assert_eq!(answer.verdict, SendVerdict::Precondition, "{name}");
        assert_eq!(answer.end.status_code, Some(400));
        assert!(answer.detail.contains("ORDER_INVALID_STATE"), "{}", answer.detail);
    }
    assert_eq!(f.desk.took_effect("A-1"), 1);
}

pub(super) async fn a_decision_that_the_marketplace_can_not_take_is_refused(f: &MarketplaceFixture) {
    f.desk.put(vec![GivenOrder::waiting("A-1")]);
    let client = f.client();
    let stranger = client
        .accept(&id("A-1"), &accepting(&["A-1-1", "nobody"]), Permit::always())
        .await;
    assert_eq!(stranger.verdict, SendVerdict::Refused);
    assert!(stranger.detail.contains("ORDER_LINE_NOT_FOUND"), "{}", stranger.detail);
    let missing = client
        .accept(&id("A-1"), &accepting(&["A-1-1"]), Permit::always())
        .await;
    assert_eq!(missing.verdict, SendVerdict::Refused);
    let nowhere = accept(&client, "nowhere").await;
    assert_eq!(
        (nowhere.verdict, nowhere.end.status_code),
        (SendVerdict::Refused, Some(404))
    );
    assert_eq!(f.desk.took_effect("A-1"), 0);
}

pub(super) async fn other_client_errors_are_refused(f: &MarketplaceFixture) {
    let troubles = [404, 405, 406, 410, 415].map(Trouble::Status);
    classed(f, &troubles, SendVerdict::Refused).await;
}

pub(super) async fn every_other_code_of_an_acceptance_is_refused(f: &MarketplaceFixture) {
    let codes = [
        "ORDER_NOT_FOUND",
        "ORDER_FULFILLED_UNAUTHORIZED",
        "ORDER_PARTIAL_ACCEPTANCE_DISABLED",
        "ORDER_LINE_ACCEPTANCE_DECISION_MISSING",
        "ORDER_LINE_DUPLICATE_ID",
        "ORDER_LINE_NOT_FOUND",
        "ORDER_LINE_NULL_ELEMENT",
        "VALIDATION_ERROR",
    ];
    classed(f, &codes.map(Trouble::Code), SendVerdict::Refused).await;
}

pub(super) async fn a_400_that_names_no_code_lets_the_state_decide(f: &MarketplaceFixture) {
    // It may be the older form of ORDER_INVALID_STATE, after an acceptance that took.
    classed(f, &[Trouble::Status(400)], SendVerdict::Precondition).await;
}

pub(super) async fn a_key_that_is_not_taken_is_a_matter_of_credentials(f: &MarketplaceFixture) {
    f.desk.put(vec![GivenOrder::waiting("own")]);
    let client = f.connect(&Terms {
        key: "k-of-somebody-else".to_owned(),
        ..Terms::default()
    });
    let answer = accept(&client, "own").await;
    assert_eq!(answer.verdict, SendVerdict::Credentials);
    assert_eq!(f.desk.took_effect("own"), 0);
    classed(
        f,
        &[Trouble::Status(401), Trouble::Status(403)],
        SendVerdict::Credentials,
    )
    .await;
}

pub(super) async fn mistake_07_a_rest_that_is_asked_for_is_passed_on(f: &MarketplaceFixture) {
    let seventeen = SendVerdict::Throttled(Some(Duration::from_secs(17)));
    classed(f, &[Trouble::Throttled(Some(17))], seventeen).await;
}

pub(super) async fn a_rest_without_a_time_is_still_a_rest(f: &MarketplaceFixture) {
    classed(f, &[Trouble::Throttled(None)], SendVerdict::Throttled(None)).await;
}

pub(super) async fn mistake_02_answers_that_tell_nothing_leave_the_outcome_unknown(f: &MarketplaceFixture) {
    let troubles = [
        Trouble::Status(408),
        Trouble::Status(500),
        Trouble::Status(502),
        Trouble::Status(503),
        Trouble::Status(504),
        Trouble::Html(502),
        Trouble::Redirect,
        Trouble::Hangs,
    ];
    classed(f, &troubles, SendVerdict::Unknown).await;
}

pub(super) async fn mistake_02_a_lost_answer_leaves_the_outcome_unknown_though_it_took_effect(f: &MarketplaceFixture) {
    f.desk.put(vec![GivenOrder::waiting("A-1")]);
    f.desk.trouble(Call::Accept, Trouble::AnswerLost, Some(1));
    let answer = accept(&f.connect(&impatient()), "A-1").await;
    assert_eq!(answer.verdict, SendVerdict::Unknown);
    assert_eq!(answer.end.status_code, None);
    assert_eq!(f.desk.took_effect("A-1"), 1);
    assert_eq!(f.desk.received(Call::Accept), 1);
}

pub(super) async fn an_acceptance_without_a_connection_was_not_sent(f: &MarketplaceFixture) {
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = f.connect(&Terms {
        url: Some(url),
        ..Terms::default()
    });
    let answer = accept(&client, "A-1").await;
    assert_eq!(answer.verdict, SendVerdict::NotSent);
    assert_eq!(answer.end.status_code, None);
    assert!(!answer.detail.is_empty());
}

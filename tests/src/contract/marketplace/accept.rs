//! [`ackord::ports::Marketplace::accept`]: what leaves, and what must not.

use ackord::call::CallOutcome;
use ackord::ports::SendVerdict;
use serde_json::{Value, json};

use super::MarketplaceFixture;
use super::fixture::{Call, GivenOrder, Terms, Trouble, impatient};
use super::given::{Permit, accept, accepting, decision, id};

pub(super) async fn an_acceptance_takes_effect_once(f: &MarketplaceFixture) {
    f.desk.put(vec![GivenOrder::waiting("A-1"), GivenOrder::waiting("A-2")]);
    let answer = accept(&f.client(), "A-1").await;
    assert_eq!(answer.verdict, SendVerdict::Applied);
    assert_eq!(answer.end.outcome, CallOutcome::Applied);
    assert_eq!(answer.end.status_code, Some(204));
    assert_eq!(f.desk.received(Call::Accept), 1);
    assert_eq!((f.desk.took_effect("A-1"), f.desk.took_effect("A-2")), (1, 0));
}

pub(super) async fn one_request_carries_a_decision_for_every_line(f: &MarketplaceFixture) {
    f.desk.put(vec![GivenOrder::waiting("A-1")]);
    accept(&f.client(), "A-1").await;
    let bodies = f.desk.decisions("A-1");
    assert_eq!(bodies.len(), 1);
    let body: Value = serde_json::from_str(&bodies[0]).unwrap();
    let line = |id: &str| json!({"id": id, "accepted": true});
    assert_eq!(body, json!({"order_lines": [line("A-1-1"), line("A-1-2")]}));
}

pub(super) async fn the_same_decision_leaves_as_the_same_bytes(f: &MarketplaceFixture) {
    f.desk.put(vec![GivenOrder::waiting("A-1")]);
    f.desk.trouble(Call::Accept, Trouble::Status(503), Some(1));
    accept(&f.client(), "A-1").await;
    // By another client, as after a restart, with the decision read back from the record.
    let kept = ackord::order::Decision::from_json(&decision("A-1").to_json()).unwrap();
    f.client().accept(&id("A-1"), &kept, Permit::always()).await;
    let bodies = f.desk.decisions("A-1");
    assert_eq!(bodies.len(), 2);
    assert_eq!(bodies[0], bodies[1]);
    assert_eq!(f.desk.took_effect("A-1"), 1);
}

pub(super) async fn an_acceptance_goes_to_its_order_whatever_the_id(f: &MarketplaceFixture) {
    let ids = [
        "with/slash",
        "with space",
        "Straße-Ü-🛒",
        "a&b=c?d#e%20+",
        "A-1/accept",
        "1,2",
    ];
    f.desk.put(ids.map(GivenOrder::waiting).to_vec());
    let client = f.client();
    for name in ids {
        let answer = accept(&client, name).await;
        assert_eq!(answer.verdict, SendVerdict::Applied, "{name}: {}", answer.detail);
        assert_eq!(f.desk.took_effect(name), 1, "{name}");
    }
    assert_eq!(f.desk.received_in_all(), ids.len());
}

pub(super) async fn the_permit_is_asked_before_the_bytes_leave(f: &MarketplaceFixture) {
    f.desk.put(vec![GivenOrder::waiting("A-1")]);
    let permit = Permit::always();
    f.client().accept(&id("A-1"), &decision("A-1"), permit.clone()).await;
    assert!(permit.asked() >= 1);
}

pub(super) async fn without_a_permit_nothing_leaves(f: &MarketplaceFixture) {
    f.desk.put(vec![GivenOrder::waiting("A-1")]);
    let client = f.client();
    // One that never held, one that ends right before the bytes leave, on a new connection and on a kept one.
    for round in 0..2 {
        for held in [0, 1] {
            let permit = Permit::holding(held);
            let answer = client.accept(&id("A-1"), &decision("A-1"), permit).await;
            assert_eq!(answer.verdict, SendVerdict::Withdrawn, "it held {held} times");
            assert_eq!(answer.end.outcome, CallOutcome::NotSent);
            assert_eq!(answer.end.status_code, None);
        }
        if round == 0 {
            client.account().await.unwrap();
        }
    }
    assert_eq!(f.desk.received(Call::Accept), 0);
    assert_eq!(f.desk.took_effect("A-1"), 0);
}

pub(super) async fn an_acceptance_is_never_sent_twice_from_one_call(f: &MarketplaceFixture) {
    let troubles = [
        Trouble::Status(500),
        Trouble::Status(503),
        Trouble::Status(408),
        Trouble::Throttled(Some(0)),
        Trouble::Html(502),
        Trouble::Redirect,
        Trouble::AnswerLost,
        Trouble::Hangs,
    ];
    let client = f.connect(&impatient());
    for (place, trouble) in troubles.into_iter().enumerate() {
        let name = format!("A-{place}");
        f.desk.put(vec![GivenOrder::waiting(&name)]);
        f.desk.trouble(Call::Accept, trouble, Some(1));
        let answer = accept(&client, &name).await;
        assert_ne!(answer.verdict, SendVerdict::Applied, "{trouble:?}");
        assert_eq!(f.desk.received_in_all(), place + 1, "{trouble:?}");
    }
}

pub(super) async fn the_workflow_logs_acceptances_and_the_client_does_not(f: &MarketplaceFixture) {
    f.desk.put(vec![GivenOrder::waiting("A-1")]);
    let client = f.client();
    accept(&client, "A-1").await;
    accept(&client, "A-1").await;
    assert_eq!(f.log.outcomes(), [""; 0]);
}

pub(super) async fn the_shop_goes_on_acceptances_too(f: &MarketplaceFixture) {
    f.desk.put(vec![GivenOrder::waiting("A-1")]);
    let client = f.connect(&Terms {
        shop_id: Some(super::fixture::SHOP),
        ..Terms::default()
    });
    assert_eq!(accept(&client, "A-1").await.verdict, SendVerdict::Applied);
}

pub(super) async fn many_acceptances_at_once_each_reach_their_order(f: &MarketplaceFixture) {
    let ids: Vec<String> = (0..40).map(|number| format!("A-{number:02}")).collect();
    f.desk.put(ids.iter().map(|name| GivenOrder::waiting(name)).collect());
    let client = f.client();
    let sends = ids.iter().map(|name| accept(&client, name));
    for answer in futures_util::future::join_all(sends).await {
        assert_eq!(answer.verdict, SendVerdict::Applied, "{}", answer.detail);
    }
    for name in &ids {
        let line = |number: u8| format!("{name}-{number}");
        assert_eq!(f.desk.took_effect(name), 1);
        assert!(f.desk.decisions(name)[0].contains(&line(1)));
    }
    let stray = accepting(&["A-00-1"]);
    let answer = client.accept(&id("A-39"), &stray, Permit::always()).await;
    assert_ne!(answer.verdict, SendVerdict::Applied);
}

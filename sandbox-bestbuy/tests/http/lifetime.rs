//! Starting and stopping.

use std::io::ErrorKind;

use ackord_sandbox::{Endpoint, Fault, FaultRule, Moment, OrderSeed, Sandbox, SandboxError, SandboxOptions};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::client::{Client, with_orders};

#[tokio::test]
async fn a_stopped_sandbox_refuses_connections() {
    let (sandbox, client) = with_orders(&["A"]).await;
    assert_eq!(client.get("/api/orders").await.status, 200);
    let address = sandbox.address();
    sandbox.stop().await;
    let refused = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    assert!(client.try_get("/api/orders").await.is_err());
}

#[tokio::test]
async fn a_dropped_sandbox_refuses_connections_at_once() {
    let (sandbox, _client) = with_orders(&[]).await;
    let address = sandbox.address();
    drop(sandbox);
    let refused = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn what_was_held_up_when_the_sandbox_stopped_never_takes_effect() {
    let hang = FaultRule::on(Endpoint::Or21, Fault::Hang { moment: Moment::Before });
    let sandbox = Sandbox::builder()
        .order(OrderSeed::plain("A"))
        .fault(hang)
        .start()
        .await
        .unwrap();
    let client = Client::of(&sandbox);
    let ledger = sandbox.ledger();
    let (answer, ()) = tokio::join!(client.try_accept("A"), async {
        ledger.until(|ledger| ledger.acceptances_received("A") == 1).await;
        sandbox.stop().await;
    });
    assert!(answer.is_err());
    assert_eq!(ledger.decisions_applied("A"), 0);
}

#[tokio::test]
async fn a_sandbox_that_went_down_comes_back_with_its_orders_and_its_ledger() {
    let (mut sandbox, client) = with_orders(&["A", "B"]).await;
    assert_eq!(client.try_accept("A").await.unwrap().status, 204);
    let (address, ledger) = (sandbox.address(), sandbox.ledger());
    for _ in 0..3 {
        sandbox.go_down().await;
        let refused = TcpStream::connect(address).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        sandbox.come_back().await.unwrap();
        assert_eq!(client.get("/api/orders").await.order_ids(), ["A", "B"]);
    }
    assert_eq!(sandbox.address(), address);
    assert_eq!((ledger.decisions_applied("A"), ledger.calls(Endpoint::Or11)), (1, 3));
    assert_eq!(client.try_accept("B").await.unwrap().status, 204);
    assert_eq!(ledger.decisions_applied("B"), 1);
}

#[tokio::test]
async fn what_was_held_up_when_the_sandbox_went_down_never_takes_effect_though_it_comes_back() {
    let hang = FaultRule::on(Endpoint::Or21, Fault::Hang { moment: Moment::Before }).once();
    let mut sandbox = Sandbox::builder()
        .order(OrderSeed::plain("A"))
        .fault(hang)
        .start()
        .await
        .unwrap();
    let client = Client::of(&sandbox);
    let ledger = sandbox.ledger();
    let (answer, ()) = tokio::join!(client.try_accept("A"), async {
        ledger.until(|ledger| ledger.acceptances_received("A") == 1).await;
        sandbox.come_back().await.unwrap();
    });
    assert!(answer.is_err());
    sandbox.release_held();
    assert_eq!(client.get("/api/orders").await.status, 200);
    assert_eq!(ledger.decisions_applied("A"), 0);
}

#[tokio::test]
async fn a_sandbox_serves_until_it_is_told_to_stop() {
    let (started, url) = oneshot::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(ackord_sandbox::serve(
        SandboxOptions {
            bulk: 3,
            ..SandboxOptions::default()
        },
        move |sandbox| {
            started
                .send((sandbox.address(), Client::of(sandbox)))
                .unwrap_or_default()
        },
        async { stopped.await.unwrap_or_default() },
    ));
    let (address, client) = url.await.unwrap();
    assert_eq!(client.get("/api/orders").await.order_ids().len(), 3);
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_taken_address_is_a_clear_error() {
    let (sandbox, _client) = with_orders(&[]).await;
    let second = Sandbox::builder().bind(sandbox.address()).start().await;
    assert!(matches!(second, Err(SandboxError::Bind { address, .. }) if address == sandbox.address()));
}

#[tokio::test]
async fn orders_that_cannot_be_put_in_are_clear_errors() {
    let twice = Sandbox::builder().orders([OrderSeed::plain("A"), OrderSeed::plain("A")]);
    assert!(matches!(twice.start().await, Err(SandboxError::OrderExists { .. })));
    let nameless = Sandbox::builder().order(OrderSeed::plain(""));
    assert!(matches!(nameless.start().await, Err(SandboxError::EmptyOrderId)));
    let nowhere = Sandbox::builder().order(OrderSeed::plain("A").shop(77));
    assert!(matches!(
        nowhere.start().await,
        Err(SandboxError::NoSuchShop { shop_id: 77 })
    ));
    let senseless = Sandbox::builder().fault(FaultRule::always(Fault::EmptyBody).probability(2.0));
    assert!(matches!(senseless.start().await, Err(SandboxError::BadFault { .. })));
}

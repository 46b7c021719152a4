//! Services that end while there is something to tell: asked to, killed, one of two. Nobody is told twice of the same, save where a kill
//! struck before the receiver had answered: then the message comes again, under its id.

use std::path::PathBuf;

use ackord_sandbox::{OrderKind, OrderSeed, Sandbox};
use tokio::net::UnixDatagram;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::ProgramFixture;
use super::receiver::Receiver;
use super::service::Service;
use super::shop::{Shop, audited};
use super::telling::refuses;
use crate::cases_then;
use crate::harness::Case;

pub(super) fn cases() -> Vec<Case<ProgramFixture>> {
    cases_then![audited;
        an_alert_is_told_once_over_services_that_are_asked_to_end,
        a_message_under_way_arrives_once_though_its_service_is_asked_to_end,
        a_message_that_a_kill_cut_off_comes_again_under_its_id,
        two_services_of_which_one_is_killed_and_one_asked_to_end_tell_once
    ]
}

/// A marketplace that refuses the order A-1, which waits.
fn refusing() -> Sandbox {
    Sandbox::builder().order(OrderSeed::plain("A-1")).fault(refuses("A-1"))
}

const RAISED: (&str, &str) = ("raised", "inbox:refused");
const CLEARED: (&str, &str) = ("cleared", "inbox:refused");

async fn an_alert_is_told_once_over_services_that_are_asked_to_end(fixture: &ProgramFixture) {
    let mut receiver = Receiver::new().await;
    let shop = fixture.open(refusing()).await;
    let mut service = shop.serve(&receiver).await;
    assert_eq!(receiver.next().await.what(), RAISED);
    for id in ["B-1", "B-2", "B-3"] {
        service.ended().await;
        shop.order(&[id]);
        service = shop.serve(&receiver).await;
        shop.until_accepted_once(&[id]).await;
        shop.until_listed(2).await;
    }
    assert!(receiver.others().is_empty(), "it was told");
    shop.see_to_the_inbox().await;
    assert_eq!(receiver.next().await.what(), CLEARED);
    service.ended().await;
    service = shop.serve(&receiver).await;
    shop.until_listed(3).await;
    service.ended().await;
    let not_taken = receiver.expect_taken(&[RAISED, CLEARED]);
    assert!(not_taken.is_empty(), "{not_taken:?}");
}

async fn a_message_under_way_arrives_once_though_its_service_is_asked_to_end(fixture: &ProgramFixture) {
    let mut receiver = Receiver::new().await;
    let shop = fixture.open(refusing()).await;
    receiver.hold();
    let (manager, mut told) = manager(fixture);
    let mut command = shop.serving(&receiver);
    command.env("NOTIFY_SOCKET", &manager);
    let mut service = Service::start(command).await;
    assert_eq!(receiver.next().await.what(), RAISED);
    service.ask_to_end().await;
    while !told.recv().await.expect("it tells").contains("STOPPING=1") {}
    // No run is under way any more: it is the message that it waits for.
    let log = shop.ackord(&["alerts", "log", "--json"]).await.json();
    assert!(log["deliveries"][0]["delivered_at"].is_null(), "{log}");
    assert!(service.runs());
    receiver.take();
    service.end().await;
    shop.until_delivered().await;
    let service = shop.serve(&receiver).await;
    shop.order(&["B-1"]);
    shop.until_accepted_once(&["B-1"]).await;
    shop.see_to_the_inbox().await;
    assert_eq!(receiver.next().await.what(), CLEARED);
    shop.until_listed(3).await;
    service.ended().await;
    let not_taken = receiver.expect_taken(&[RAISED, CLEARED]);
    assert!(not_taken.is_empty(), "{not_taken:?}");
}

/// Listens as the system's manager does: where, and what it is told.
fn manager(fixture: &ProgramFixture) -> (PathBuf, UnboundedReceiver<String>) {
    let path = fixture.directory.path().join("manager");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    let (tell, told) = unbounded_channel();
    tokio::spawn(async move {
        let mut words = [0; 1024];
        while let Ok(length) = socket.recv(&mut words).await {
            let words = String::from_utf8_lossy(&words[..length]).into_owned();
            if tell.send(words).is_err() {
                return;
            }
        }
    });
    (path, told)
}

async fn a_message_that_a_kill_cut_off_comes_again_under_its_id(fixture: &ProgramFixture) {
    let mut receiver = Receiver::new().await;
    let shop = fixture.open(refusing()).await;
    receiver.hold();
    let service = shop.serve(&receiver).await;
    let cut_off = receiver.next().await;
    service.killed().await;
    receiver.until_abandoned(&cut_off.id).await;
    receiver.take();
    let service = shop.serve(&receiver).await;
    shop.until_listed(3).await;
    assert!(
        receiver.others().is_empty(),
        "for a minute it is in the hands of the killed"
    );
    fixture.free_messages().await;
    assert_eq!(receiver.next().await.id, cut_off.id);
    shop.until_listed(3).await;
    service.ended().await;
    assert_eq!(receiver.expect_taken(&[RAISED]), [cut_off.id]);
}

async fn two_services_of_which_one_is_killed_and_one_asked_to_end_tell_once(fixture: &ProgramFixture) {
    two_services_tell_once(fixture, async || ()).await;
}

/// Two services on one store; whatever `happens` to that does so while a message is under way, while none is, and after a kill.
pub(super) async fn two_services_tell_once(fixture: &ProgramFixture, happens: impl AsyncFn()) {
    let mut receiver = Receiver::new().await;
    let shop = fixture.open(Sandbox::builder().fault(refuses("A-1"))).await;
    assert_eq!(shop.ackord(&["migrate"]).await.code, 0);
    let (one, other) = (shop.serve(&receiver).await, shop.serve(&receiver).await);
    shop.order(&["B-1"]);
    shop.until_accepted_once(&["B-1"]).await;

    receiver.hold();
    shop.order(&["A-1"]);
    assert_eq!(receiver.next().await.what(), RAISED);
    happens().await;
    // The service that has not got it in hand leaves it alone.
    shop.until_listed(4).await;
    receiver.take();
    shop.until_delivered().await;

    // Nothing is under way: neither end may have anything told again.
    one.killed().await;
    other.ended().await;
    let (one, other) = (shop.serve(&receiver).await, shop.serve(&receiver).await);
    happens().await;
    shop.order(&["B-2"]);
    shop.until_accepted_once(&["B-2"]).await;
    shop.until_listed(4).await;
    let not_taken = receiver.expect_taken(&[RAISED]);
    assert!(not_taken.is_empty(), "{not_taken:?}");
    other.ended().await;

    let cut_off = killed_while_it_tells(&shop, &mut receiver, one).await;
    happens().await;
    fixture.free_messages().await;
    let (one, other) = (shop.serve(&receiver).await, shop.serve(&receiver).await);
    assert_eq!(receiver.next().await.id, cut_off);
    shop.until_delivered().await;

    shop.see_to_the_inbox().await;
    for _ in 0..2 {
        assert_eq!(receiver.next().await.what().0, "cleared");
    }
    shop.until_listed(4).await;
    one.ended().await;
    other.ended().await;
    let no_lines = "inbox:no_lines";
    let not_taken = receiver.expect_taken(&[RAISED, ("raised", no_lines), CLEARED, ("cleared", no_lines)]);
    assert_eq!(not_taken, [cut_off], "the kill alone has one told again");
}

/// Kills a service that just tells of a new alert; the id of that message.
async fn killed_while_it_tells(shop: &Shop<'_>, receiver: &mut Receiver, service: Service) -> String {
    receiver.hold();
    let without_lines = OrderSeed::of(OrderKind::NoLines, "C-1");
    shop.sandbox.put_order(without_lines).expect("an order");
    let cut_off = receiver.next().await;
    assert_eq!(cut_off.what(), ("raised", "inbox:no_lines"));
    service.killed().await;
    receiver.until_abandoned(&cut_off.id).await;
    receiver.take();
    cut_off.id
}

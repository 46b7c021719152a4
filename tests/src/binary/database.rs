//! A database that is restarted, or is away for longer, under `ackord serve`: the same process goes on by itself, each order gets one
//! acceptance, and nobody is told twice of the same. Each case has a server of its own.

use ackord_sandbox::{Endpoint, Fault, FaultRule, Moment, OrderSeed, Sandbox};
use sqlx::Connection as _;
use uuid::Uuid;

use super::ProgramFixture;
use super::alerting_ends::two_services_tell_once;
use super::receiver::Receiver;
use super::service::Service;
use super::shop::{Shop, audited};
use super::telling::refuses;
use crate::cases_then;
use crate::harness::Case;
use crate::postgres::Stop;

pub(super) fn cases() -> Vec<Case<ProgramFixture>> {
    cases_then![audited;
        a_service_goes_on_over_restarts_of_its_database_and_tells_nothing_twice,
        a_service_whose_database_goes_in_the_middle_of_an_acceptance_sends_it_once,
        a_service_goes_on_after_a_longer_outage_of_its_database,
        a_message_that_waits_while_the_database_restarts_arrives_once,
        a_message_under_way_while_the_database_restarts_arrives_once,
        a_message_that_arrives_while_the_database_is_away_is_not_sent_again,
        a_service_that_is_started_before_its_database_waits_for_it,
        a_restart_while_the_store_is_set_up_is_lived_through,
        a_service_is_asked_to_end_while_its_database_is_away,
        two_services_and_their_database_end_each_in_its_way_and_tell_once
    ]
}

const RAISED: (&str, &str) = ("raised", "inbox:refused");
const CLEARED: (&str, &str) = ("cleared", "inbox:refused");

/// What a service says that can't reach its store at the start.
const WAITS: &str = "it is tried again until it can be reached";

/// A marketplace that refuses the order A-1, which waits.
fn refusing() -> Sandbox {
    Sandbox::builder().order(OrderSeed::plain("A-1")).fault(refuses("A-1"))
}

impl ProgramFixture {
    async fn restart(&self, how: Stop) {
        self.server().restart(how).await.expect("a restart");
    }

    async fn stop(&self, how: Stop) {
        self.server().stop(how).await.expect("a stop");
    }

    async fn start_again(&self) {
        self.server().start_again().await.expect("a start");
    }
}

impl Shop<'_> {
    /// Sees to the inbox, hears of it, and lets the service end after some more runs.
    async fn all_clear(&self, receiver: &mut Receiver, mut service: Service) {
        self.see_to_the_inbox().await;
        assert_eq!(receiver.next().await.what(), CLEARED);
        self.until_listed(3).await;
        assert!(service.runs(), "it is the process of before");
        service.ended().await;
    }
}

/// Acceptances take effect at once and are answered later.
fn answered_late() -> FaultRule {
    let late = Fault::Latency {
        ms: 300,
        to_ms: None,
        moment: Moment::After,
    };
    FaultRule::on(Endpoint::Or21, late)
}

async fn a_service_goes_on_over_restarts_of_its_database_and_tells_nothing_twice(fixture: &ProgramFixture) {
    let mut receiver = Receiver::new().await;
    let shop = fixture.open(refusing().fault(answered_late())).await;
    let service = shop.serve(&receiver).await;
    assert_eq!(receiver.next().await.what(), RAISED);
    for how in [Stop::Immediate, Stop::Fast, Stop::Immediate, Stop::Fast] {
        let ids = [
            format!("{how:?}-{}", Uuid::now_v7()),
            format!("{how:?}-{}", Uuid::now_v7()),
        ];
        shop.order(&[&ids[0]]);
        shop.until_accepted(&ids[0]).await;
        shop.order(&[&ids[1]]);
        fixture.restart(how).await;
        shop.until_accepted_once(&ids.each_ref().map(String::as_str)).await;
        shop.until_listed(2).await;
    }
    shop.all_clear(&mut receiver, service).await;
    let not_taken = receiver.expect_taken(&[RAISED, CLEARED]);
    assert!(not_taken.is_empty(), "{not_taken:?}");
}

async fn a_service_whose_database_goes_in_the_middle_of_an_acceptance_sends_it_once(fixture: &ProgramFixture) {
    let mut receiver = Receiver::new().await;
    let shop = fixture.open(refusing().fault(answered_late())).await;
    let mut service = shop.serve(&receiver).await;
    assert_eq!(receiver.next().await.what(), RAISED);
    for (id, how) in [("B-1", Stop::Immediate), ("B-2", Stop::Fast)] {
        shop.order(&[id]);
        shop.until_accepted(id).await;
        fixture.stop(how).await;
        // What it was answered can't be put on record.
        service.until_said("a write is tried again").await;
        fixture.start_again().await;
        shop.until_accepted_once(&[id]).await;
    }
    shop.all_clear(&mut receiver, service).await;
    let not_taken = receiver.expect_taken(&[RAISED, CLEARED]);
    assert!(not_taken.is_empty(), "{not_taken:?}");
}

async fn a_service_goes_on_after_a_longer_outage_of_its_database(fixture: &ProgramFixture) {
    let mut receiver = Receiver::new().await;
    let shop = fixture.open(refusing()).await;
    let mut command = shop.serving(&receiver);
    command.env("ACKORD_ALERT_OUTAGE_AFTER", "2s");
    let mut service = Service::start(command).await;
    assert_eq!(receiver.next().await.what(), RAISED);

    fixture.stop(Stop::Immediate).await;
    let ids = ["B-1", "B-2", "B-3"];
    shop.order(&ids);
    service.until_said("error: ").await;
    assert_eq!(service.get("/livez").await.status, 200);
    // Known before its word, wherever the run met the outage.
    assert_eq!(service.get("/readyz").await.status, 503);
    let down = receiver.next().await;
    assert_eq!(down.what(), ("raised", "trouble:store_down"));
    for _ in 0..2 {
        service.until_said("a round of the watch failed").await;
    }
    assert_eq!(shop.sandbox.ledger().acceptances_received("B-1"), 0);
    fixture.start_again().await;
    let back = receiver.next().await;
    assert_eq!(back.what(), ("cleared", "trouble:store_down"));
    shop.until_accepted_once(&ids).await;
    assert_eq!(service.get("/readyz").await.status, 200);
    shop.all_clear(&mut receiver, service).await;
    let (down, back) = (down.what(), back.what());
    let not_taken = receiver.expect_taken(&[RAISED, down, back, CLEARED]);
    assert!(not_taken.is_empty(), "{not_taken:?}");
}

async fn a_message_that_waits_while_the_database_restarts_arrives_once(fixture: &ProgramFixture) {
    let mut receiver = Receiver::new().await;
    let shop = fixture.open(refusing()).await;
    receiver.answer(503);
    let service = shop.serve(&receiver).await;
    let refused = receiver.next().await;
    assert_eq!(refused.what(), RAISED);
    shop.until_listed(2).await;
    fixture.restart(Stop::Immediate).await;
    receiver.take();
    fixture.restart(Stop::Fast).await;
    // Its wait is over.
    fixture.sql("UPDATE alert_deliveries SET due_at = written_at").await;
    let arrived = receiver.next().await;
    assert_eq!((arrived.what(), &arrived.id), (RAISED, &refused.id));
    shop.until_delivered().await;
    shop.all_clear(&mut receiver, service).await;
    let not_taken = receiver.expect_taken(&[RAISED, CLEARED]);
    assert!(not_taken.iter().all(|id| *id == refused.id), "{not_taken:?}");
}

async fn a_message_under_way_while_the_database_restarts_arrives_once(fixture: &ProgramFixture) {
    let mut receiver = Receiver::new().await;
    let shop = fixture.open(refusing()).await;
    receiver.hold();
    let service = shop.serve(&receiver).await;
    assert_eq!(receiver.next().await.what(), RAISED);
    fixture.restart(Stop::Immediate).await;
    receiver.take();
    shop.until_delivered().await;
    shop.all_clear(&mut receiver, service).await;
    let not_taken = receiver.expect_taken(&[RAISED, CLEARED]);
    assert!(not_taken.is_empty(), "{not_taken:?}");
}

async fn a_message_that_arrives_while_the_database_is_away_is_not_sent_again(fixture: &ProgramFixture) {
    let mut receiver = Receiver::new().await;
    let shop = fixture.open(refusing()).await;
    receiver.hold();
    let mut service = shop.serve(&receiver).await;
    assert_eq!(receiver.next().await.what(), RAISED);
    fixture.stop(Stop::Fast).await;
    receiver.take();
    // That it arrived could not be noted.
    service.until_said("a round of the watch failed").await;
    fixture.start_again().await;
    fixture.free_messages().await;
    shop.until_delivered().await;
    shop.all_clear(&mut receiver, service).await;
    let not_taken = receiver.expect_taken(&[RAISED, CLEARED]);
    assert!(not_taken.is_empty(), "{not_taken:?}");
}

async fn a_service_that_is_started_before_its_database_waits_for_it(fixture: &ProgramFixture) {
    let receiver = Receiver::new().await;
    let shop = fixture.open(Sandbox::builder().order(OrderSeed::plain("B-1"))).await;
    fixture.stop(Stop::Immediate).await;
    let mut impatient = shop.serve(&receiver).await;
    impatient.until_said(WAITS).await;
    impatient.ended().await;

    let mut service = shop.serve(&receiver).await;
    service.until_said(WAITS).await;
    let ready = service.get("/readyz").await;
    assert_eq!(ready.status, 503, "{ready:?}");
    assert_eq!(service.get("/livez").await.status, 200);
    assert_eq!(shop.sandbox.ledger().calls_total(), 0);
    fixture.start_again().await;
    shop.until_accepted_once(&["B-1"]).await;
    assert!(service.runs());
    service.ended().await;
    let not_taken = receiver.expect_taken(&[]);
    assert!(not_taken.is_empty(), "{not_taken:?}");
}

async fn a_restart_while_the_store_is_set_up_is_lived_through(fixture: &ProgramFixture) {
    let receiver = Receiver::new().await;
    let shop = fixture.open(Sandbox::builder().order(OrderSeed::plain("B-1"))).await;
    let connect = async || sqlx::PgConnection::connect(&fixture.store).await.expect("the database");
    // Somebody makes a table of that name and comes to no end: who sets up the store waits for that.
    let (mut in_the_way, mut watching) = (connect().await, connect().await);
    for statement in ["BEGIN", "CREATE TABLE ackord_migrations (version int)"] {
        let done = sqlx::query(statement).execute(&mut in_the_way).await;
        done.expect("it is done");
    }
    let mut service = shop.serve(&receiver).await;
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    let mut asked = 0;
    loop {
        let count: sqlx::Result<i64> = sqlx::query_scalar(waiting).fetch_one(&mut watching).await;
        if count.expect("a count") > 0 {
            break;
        }
        asked += 1;
        assert!(asked < 50_000, "the service never sets up its store");
    }
    fixture.restart(Stop::Immediate).await;
    service.until_said(WAITS).await;
    shop.until_accepted_once(&["B-1"]).await;
    assert!(service.runs());
    service.ended().await;
}

async fn a_service_is_asked_to_end_while_its_database_is_away(fixture: &ProgramFixture) {
    let mut receiver = Receiver::new().await;
    let shop = fixture.open(refusing()).await;
    let mut service = shop.serve(&receiver).await;
    assert_eq!(receiver.next().await.what(), RAISED);
    shop.until_delivered().await;
    fixture.stop(Stop::Immediate).await;
    shop.order(&["B-1"]);
    service.until_said("error: ").await;
    service.ended().await;
    fixture.start_again().await;
    let service = shop.serve(&receiver).await;
    shop.until_accepted_once(&["B-1"]).await;
    shop.all_clear(&mut receiver, service).await;
    let not_taken = receiver.expect_taken(&[RAISED, CLEARED]);
    assert!(not_taken.is_empty(), "{not_taken:?}");
}

async fn two_services_and_their_database_end_each_in_its_way_and_tell_once(fixture: &ProgramFixture) {
    two_services_tell_once(fixture, async || {
        fixture.restart(Stop::Fast).await;
        fixture.restart(Stop::Immediate).await;
    })
    .await;
}

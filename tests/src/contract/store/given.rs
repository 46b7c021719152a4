//! What cases start from: orders ingested, claimed, intended, settled, each in one line.

use std::time::Duration;

use ackord::call::{CallEnd, CallId, CallOutcome, Endpoint, NewCall};
use ackord::failure::{FailureCause, NewFailure};
use ackord::order::{Decision, LineId, OrderId, OrderLine};
use ackord::ports::{ClaimRequest, Intent, NewOrder, OrderStory, Settled, Suspects};
use ackord::status::OrderStatus;
use ackord::time::{Timestamp, plus};
use ackord::work::{Claimed, NewEntry, OperationId, Phase, Settlement};
use jiff::SignedDuration;
use serde_json::json;
use uuid::Uuid;

use super::{ForeignEntry, StoreFixture};

/// The length of a lease in the cases.
pub(super) const LEASE: Duration = Duration::from_secs(20);

/// `base` and so many seconds.
pub(super) fn at(base: Timestamp, seconds: i64) -> Timestamp {
    base + SignedDuration::from_secs(seconds)
}

/// A fresh operation id.
pub(super) fn op() -> OperationId {
    OperationId(Uuid::now_v7())
}

/// An order id.
pub(super) fn id(name: &str) -> OrderId {
    OrderId::new(name).unwrap()
}

/// A claim by the worker `one` of up to 100 orders.
pub(super) fn request(phases: &[Phase], now: Timestamp) -> ClaimRequest {
    ClaimRequest {
        phases: phases.to_vec(),
        now,
        lease: LEASE,
        worker: "one".to_owned(),
        limit: 100,
        suspects: Suspects::LeftOut,
        operation: op(),
    }
}

/// A decision that accepts two lines.
pub(super) fn decision(name: &str) -> Decision {
    let line = |number: u8| OrderLine {
        id: LineId::new(format!("{name}-{number}")).unwrap(),
        state: None,
    };
    Decision::accept_all(&[line(2), line(1)]).unwrap()
}

/// An acceptance call about to start at `now`.
pub(super) fn acceptance(name: &str, now: Timestamp) -> NewCall {
    NewCall {
        endpoint: Endpoint::Or21,
        related_id: Some(name.to_owned()),
        request: decision(name).to_json(),
        started_at: now,
        answer_by: plus(now, Duration::from_secs(10)),
    }
}

/// A read about to start at `now`.
pub(super) fn read(now: Timestamp) -> NewCall {
    NewCall {
        endpoint: Endpoint::Or11,
        related_id: None,
        request: json!({"order_state_codes": "WAITING_ACCEPTANCE", "max": 100}),
        started_at: now,
        answer_by: plus(now, Duration::from_secs(10)),
    }
}

/// The intent to accept a claimed order.
pub(super) fn intent(claimed: &Claimed, now: Timestamp) -> Intent {
    Intent {
        order_id: claimed.order_id.clone(),
        fence: claimed.fence,
        version: claimed.version,
        call: acceptance(claimed.order_id.as_str(), now),
        decision: decision(claimed.order_id.as_str()),
    }
}

/// The end of a call.
pub(super) fn end(outcome: CallOutcome) -> CallEnd {
    CallEnd {
        outcome,
        status_code: Some(200),
        response: Some("{}".to_owned()),
        duration: Duration::from_millis(87),
    }
}

/// An entry without links.
pub(super) fn entry(status: OrderStatus) -> NewEntry {
    NewEntry {
        note: format!("now {status}"),
        status,
        attempt: Some(1),
        retry_at: None,
        send: None,
        look: None,
    }
}

/// An inbox entry about an order.
pub(super) fn failure(name: &str, cause: FailureCause) -> NewFailure {
    NewFailure {
        related_id: name.to_owned(),
        cause,
        details: format!("{cause}: have a look"),
        payload: json!({"order_id": name}),
        needs_person: true,
    }
}

/// A settlement that changes nothing but ends the lease and forgets the claims before it.
pub(super) fn release(claimed: &Claimed) -> Settlement {
    Settlement {
        keeps_count: false,
        ..Settlement::release(claimed)
    }
}

/// A settlement that leaves the order in `phase`, due at `due`.
pub(super) fn park(claimed: &Claimed, phase: Phase, due: Option<Timestamp>) -> Settlement {
    let mut settlement = release(claimed);
    settlement.standing.phase = phase;
    settlement.standing.due_at = due;
    settlement
}

/// A settlement that appends `status` and ends the work.
pub(super) fn conclude(claimed: &Claimed, status: OrderStatus) -> Settlement {
    let mut settlement = park(claimed, Phase::Settled, None);
    settlement.entry = Some(entry(status));
    settlement
}

/// An entry of another program, with its name as the note.
pub(super) fn foreign_entry(name: &str, status: &str) -> ForeignEntry {
    ForeignEntry {
        order_id: name.to_owned(),
        status: status.to_owned(),
        note: Some(format!("{status} by another program")),
        retry_at: None,
    }
}

impl StoreFixture {
    /// The store's time when the case starts.
    pub(super) async fn base(&self) -> Timestamp {
        self.store.now().await.unwrap()
    }

    /// A read on record, to point at.
    pub(super) async fn listing(&self, now: Timestamp) -> CallId {
        self.store.begin(&read(now)).await.unwrap()
    }

    /// Orders to be ingested, each placed a second after the one before, all of them an hour ago.
    pub(super) async fn new_orders(&self, names: &[&str], now: Timestamp) -> Vec<NewOrder> {
        let look = self.listing(now).await;
        let order = |(place, name): (usize, &&str)| NewOrder {
            order_id: id(name),
            raw: json!({"order_id": name, "total_price": 12.5}).to_string().into(),
            placed_at: Some(at(now, place as i64 - 3600)),
            note: format!("listed as {name}"),
            look,
        };
        names.iter().enumerate().map(order).collect()
    }

    /// Ingests orders at `now`.
    pub(super) async fn ingested(&self, names: &[&str], now: Timestamp) {
        let orders = self.new_orders(names, now).await;
        let told = self.store.ingest(&orders, now, op()).await.unwrap();
        assert_eq!(told.new.len(), names.len(), "they were to be new");
    }

    /// Ingests one order and claims it, both at `now`.
    pub(super) async fn claimed(&self, name: &str, now: Timestamp) -> Claimed {
        self.ingested(&[name], now).await;
        self.claim_of(name, Phase::Ready, now).await
    }

    /// Claims what is due in these phases.
    pub(super) async fn claim(&self, phases: &[Phase], now: Timestamp) -> Vec<Claimed> {
        self.store.claim(&request(phases, now)).await.unwrap()
    }

    /// Claims all of a phase and gives the one of that name.
    pub(super) async fn claim_of(&self, name: &str, phase: Phase, now: Timestamp) -> Claimed {
        let claimed = self.claim(&[phase], now).await;
        claimed
            .into_iter()
            .find(|claimed| claimed.order_id.as_str() == name)
            .unwrap_or_else(|| panic!("{name} was not to be had in phase {phase}"))
    }

    /// Records the intent to accept a claimed order.
    pub(super) async fn intended(&self, claimed: &Claimed, now: Timestamp) -> CallId {
        let calls = self.store.record_intents(&[intent(claimed, now)], op()).await.unwrap();
        calls[0].expect("the lease holds")
    }

    /// Writes one settlement.
    pub(super) async fn settle(&self, settlement: Settlement, now: Timestamp) -> Settled {
        self.store.settle(&[settlement], now, op()).await.unwrap()[0]
    }

    /// Writes one settlement that must stand.
    pub(super) async fn settled(&self, settlement: Settlement, now: Timestamp) {
        assert_eq!(self.settle(settlement, now).await, Settled::Written);
    }

    /// The story of an order.
    pub(super) async fn story(&self, name: &str) -> OrderStory {
        let story = self.store.story(&id(name)).await.unwrap();
        story.unwrap_or_else(|| panic!("{name} is not stored"))
    }

    /// The statuses of an order's timeline.
    pub(super) async fn statuses(&self, name: &str) -> Vec<String> {
        let entries = self.story(name).await.entries;
        entries.iter().map(|entry| entry.status.to_string()).collect()
    }

    /// Appends an entry as another program.
    pub(super) async fn appended(&self, name: &str, status: &str) {
        self.foreign.append(&[foreign_entry(name, status)]).await.unwrap();
    }
}

/// The names of claimed orders, in their order.
pub(super) fn names(claimed: &[Claimed]) -> Vec<&str> {
    claimed.iter().map(|claimed| claimed.order_id.as_str()).collect()
}

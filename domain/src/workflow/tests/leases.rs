//! Leases and answers as the store in memory guards them, each rule by itself.

use std::time::Duration;

use super::drive::block_on;
use super::world::{World, seconds};
use crate::call::{CallEnd, CallId, CallOutcome, Endpoint, NewCall};
use crate::memory::SeededRandom;
use crate::order::{Decision, LineId, OrderId, OrderLine};
use crate::ports::{
    CallLog as _, ClaimRequest, Clock as _, Intent, NewOrder, PollSlot, RecordedAnswer, Settled, ShopKey,
    ShopStore as _, Suspects, WorkStore as _, new_operation,
};
use crate::time;
use crate::work::{Claimed, OperationId, Phase};

pub(super) const LEASE: Duration = Duration::from_secs(20);

/// A store with one order that is due.
pub(super) struct Desk {
    pub(super) world: World,
    random: SeededRandom,
}

impl Desk {
    pub(super) fn new() -> Self {
        let desk = Self {
            world: World::new(),
            random: SeededRandom::new(1),
        };
        let now = desk.world.clock.now();
        let listing = NewCall {
            endpoint: Endpoint::Or11,
            related_id: None,
            request: serde_json::json!({}),
            started_at: now,
            answer_by: now,
        };
        let look = block_on(desk.world.memory.begin(&listing)).unwrap();
        let order = NewOrder {
            order_id: OrderId::new("A-1").unwrap(),
            raw: "{}".into(),
            placed_at: None,
            note: "listed".to_owned(),
            look,
        };
        block_on(desk.world.memory.ingest(&[order], now, desk.operation())).unwrap();
        desk
    }

    pub(super) fn operation(&self) -> OperationId {
        new_operation(self.world.clock.now(), &self.random)
    }

    pub(super) fn claim(&self, worker: &str) -> Option<Claimed> {
        let request = ClaimRequest {
            phases: Phase::all().collect(),
            now: self.world.clock.now(),
            lease: LEASE,
            worker: worker.to_owned(),
            limit: 1,
            suspects: Suspects::LeftOut,
            operation: self.operation(),
        };
        block_on(self.world.memory.claim(&request)).unwrap().pop()
    }

    /// The same order, under two leases: one that has passed on, and the one that holds.
    fn claimed_twice(&self) -> (Claimed, Claimed) {
        let lost = self.claim("one").unwrap();
        self.world.advance(21);
        (lost, self.claim("other").unwrap())
    }

    pub(super) fn settle(&self, claimed: &Claimed) -> Settled {
        let now = self.world.clock.now();
        let settlements = [crate::work::Settlement::release(claimed)];
        let settled = self.world.memory.settle(&settlements, now, self.operation());
        block_on(settled).unwrap().pop().unwrap()
    }

    pub(super) fn intend(&self, claimed: &Claimed) -> Option<CallId> {
        let line = OrderLine {
            id: LineId::new("A-1-1").unwrap(),
            state: None,
        };
        let decision = Decision::accept_all(&[line]).unwrap();
        let now = self.world.clock.now();
        let intents = [Intent {
            order_id: claimed.order_id.clone(),
            fence: claimed.fence,
            version: claimed.version,
            call: NewCall {
                endpoint: Endpoint::Or21,
                related_id: Some(claimed.order_id.as_str().to_owned()),
                request: decision.to_json(),
                started_at: now,
                answer_by: time::plus(now, seconds(12)),
            },
            decision,
        }];
        let intended = self.world.memory.record_intents(&intents, self.operation());
        block_on(intended).unwrap().pop().unwrap()
    }

    fn answer(&self, call: CallId, outcome: CallOutcome) {
        let end = CallEnd {
            outcome,
            status_code: None,
            response: None,
            duration: seconds(1),
        };
        block_on(self.world.memory.record_answers(&[RecordedAnswer { call, end }])).unwrap();
    }

    fn outcome(&self, call: CallId) -> Option<CallOutcome> {
        let calls = self.world.memory.logged_calls();
        calls.into_iter().find(|one| one.row.call_id == call)?.row.outcome
    }
}

#[test]
pub(super) fn each_claim_has_a_greater_number_than_the_one_before() {
    let (one, other) = Desk::new().claimed_twice();
    assert!(other.fence > one.fence, "{:?} {:?}", one.fence, other.fence);
}

#[test]
pub(super) fn a_worker_whose_lease_has_passed_on_settles_nothing() {
    let desk = Desk::new();
    let (lost, held) = desk.claimed_twice();
    assert_eq!(desk.settle(&lost), Settled::Lost);
    assert_eq!(desk.settle(&held), Settled::Written);
}

#[test]
pub(super) fn a_worker_whose_lease_has_passed_on_intends_nothing() {
    let desk = Desk::new();
    let (lost, held) = desk.claimed_twice();
    assert_eq!(desk.intend(&lost), None);
    assert!(desk.intend(&held).is_some());
}

#[test]
pub(super) fn a_lease_from_a_time_that_is_far_ahead_does_not_hold() {
    let desk = Desk::new();
    let mut request = ClaimRequest {
        phases: vec![Phase::Ready],
        now: time::plus(desk.world.clock.now(), seconds(3600)),
        lease: LEASE,
        worker: "ahead".to_owned(),
        limit: 1,
        suspects: Suspects::LeftOut,
        operation: desk.operation(),
    };
    assert_eq!(block_on(desk.world.memory.claim(&request)).unwrap().len(), 1);
    request.operation = desk.operation();
    request.now = desk.world.clock.now();
    assert_eq!(block_on(desk.world.memory.claim(&request)).unwrap().len(), 1);
}

#[test]
pub(super) fn an_answer_is_kept_also_where_its_lease_has_passed_on() {
    let desk = Desk::new();
    let lost = desk.claim("one").unwrap();
    let call = desk.intend(&lost).unwrap();
    desk.world.advance(21);
    assert!(desk.claim("other").is_some());
    desk.answer(call, CallOutcome::Applied);
    assert_eq!(desk.outcome(call), Some(CallOutcome::Applied));
}

#[test]
pub(super) fn the_first_answer_stands() {
    let desk = Desk::new();
    let call = desk.intend(&desk.claim("one").unwrap()).unwrap();
    desk.answer(call, CallOutcome::Applied);
    desk.answer(call, CallOutcome::NotSent);
    assert_eq!(desk.outcome(call), Some(CallOutcome::Applied));
}

#[test]
pub(super) fn of_two_workers_one_may_look_within_the_poll_interval() {
    let world = World::new();
    let reserve = || {
        let (key, now) = (ShopKey("a shop".into()), world.clock.now());
        block_on(world.memory.reserve_poll(&key, now, seconds(60))).unwrap()
    };
    assert_eq!(reserve(), PollSlot::Granted);
    assert!(matches!(reserve(), PollSlot::NotBefore(_)));
    world.advance(60);
    assert_eq!(reserve(), PollSlot::Granted);
}

//! Whatever is known of an order and whatever was seen: the decision is lawful and hangs together.

use std::time::Duration;

use proptest::prelude::*;

use super::given::{Given, at, lines};
use crate::call::{CallId, CallOutcome};
use crate::order::{Decision, OrderId};
use crate::ports::SendVerdict;
use crate::reading::{Reading, Seen, SeenOrder, read};
use crate::retry::RetryPolicy;
use crate::settings::Settings;
use crate::state::MarketplaceState;
use crate::status::{OrderStatus, check_move};
use crate::time::{self, Timestamp};
use crate::work::{Claimed, Fence, LastCall, Phase, Settlement, Standing, Version};
use crate::workflow::decide::{
    BeforeSend, LookedAt, after_answer, at_claim, before_send, file_foreign, in_review, requeue, validating,
};

fn a_state() -> impl Strategy<Value = MarketplaceState> {
    let known: Vec<_> = MarketplaceState::known().collect();
    prop_oneof![
        4 => Just(MarketplaceState::WaitingAcceptance),
        2 => Just(MarketplaceState::WaitingDebit),
        8 => prop::sample::select(known),
        1 => "[A-Z_]{1,12}".prop_map(|text| MarketplaceState::parse(&text)),
    ]
}

fn a_sight() -> impl Strategy<Value = Seen> {
    let order = (a_state(), 0usize..3, prop::option::of(Just(at(3))), any::<bool>()).prop_map(
        |(state, count, decided_at, all_lost)| {
            let mut lines = lines(&["L1", "L2", "L3"][..count]);
            for line in &mut lines {
                line.state = all_lost.then_some(MarketplaceState::Refused);
            }
            Seen::Order(SeenOrder {
                state,
                lines,
                decided_at,
            })
        },
    );
    prop_oneof![8 => order, 1 => Just(Seen::Missing), 1 => Just(Seen::Unreadable("?".into()))]
}

fn a_time() -> impl Strategy<Value = Timestamp> {
    (0u64..1_000_000_000_000).prop_map(|micros| time::plus(at(0), Duration::from_micros(micros)))
}

fn a_call() -> impl Strategy<Value = Option<LastCall>> {
    let outcomes: Vec<_> = CallOutcome::all().map(Some).chain([None]).collect();
    let call = (a_time(), 0u64..30, prop::sample::select(outcomes)).prop_map(|(started_at, takes, outcome)| LastCall {
        id: CallId(5),
        started_at,
        answer_by: time::plus(started_at, Duration::from_secs(takes)),
        outcome,
    });
    prop::option::weighted(0.8, call)
}

fn a_standing() -> impl Strategy<Value = Standing> {
    let numbers = (1u32..8, 0u32..8, 0u32..3, 0u32..40);
    (numbers, a_time(), a_time(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |((attempt, looks, waiting_looks, slow_looks), due_at, since, call_open, frozen, reason)| Standing {
            phase: Phase::Ready,
            due_at: Some(due_at),
            attempt,
            looks,
            waiting_looks,
            slow_looks,
            since,
            call_open,
            decision: frozen.then(|| Decision::accept_all(&lines(&["L9"])).unwrap()),
            reason: reason.then(|| "HTTP 503".to_owned()),
        },
    )
}

/// An order in one of `phases`, with a status that goes with it.
fn an_order(phases: &'static [(Phase, OrderStatus)]) -> impl Strategy<Value = Claimed> {
    (prop::sample::select(phases), a_standing(), a_call(), a_time()).prop_map(
        |((phase, status), standing, call, placed_at)| {
            let call_open = standing.call_open && call.is_some();
            Claimed {
                order_id: OrderId::new("A-1").unwrap(),
                fence: Fence(1),
                version: Version(4),
                status,
                placed_at,
                standing: Standing {
                    phase,
                    call_open,
                    ..standing
                },
                call,
                unreleased_claims: 1,
                unreleased_alone: 0,
            }
        },
    )
}

fn circumstances() -> impl Strategy<Value = Given> {
    let times = (0u64..100, 0u64..7200, 0u64..20, 0u64..100_000);
    (times, 1u32..7, 1u32..7, a_time(), any::<bool>()).prop_map(
        |((poll, slow, stale, grace), looks, attempts, now, outage)| {
            let mut given = Given::new();
            given.settings = Settings {
                poll_interval: Duration::from_secs(poll),
                slow_look_interval: Duration::from_secs(slow),
                read_staleness: Duration::from_secs(stale),
                debit_grace: Duration::from_secs(grace),
                validation_attempts: looks,
                retry: RetryPolicy {
                    attempts,
                    ..given.settings.retry
                },
                ..given.settings
            };
            given.now = now;
            given.outage = outage;
            given
        },
    )
}

fn a_verdict() -> impl Strategy<Value = SendVerdict> {
    prop::sample::select(vec![
        SendVerdict::Applied,
        SendVerdict::Precondition,
        SendVerdict::Refused,
        SendVerdict::Credentials,
        SendVerdict::Throttled(None),
        SendVerdict::Unknown,
        SendVerdict::NotSent,
        SendVerdict::Withdrawn,
    ])
}

const PENDING: &[(Phase, OrderStatus)] = &[
    (Phase::Ready, OrderStatus::PendingAcceptance),
    (Phase::Sending, OrderStatus::PendingAcceptance),
];
const READY: &[(Phase, OrderStatus)] = &[(Phase::Ready, OrderStatus::PendingAcceptance)];
const SENDING: &[(Phase, OrderStatus)] = &[(Phase::Sending, OrderStatus::PendingAcceptance)];
const VALIDATING: &[(Phase, OrderStatus)] = &[(Phase::Validating, OrderStatus::PendingAcceptance)];
const REVIEW: &[(Phase, OrderStatus)] = &[
    (Phase::Review, OrderStatus::PendingAcceptance),
    (Phase::Review, OrderStatus::AcceptanceFailed),
];
const RETRY: &[(Phase, OrderStatus)] = &[(Phase::Retry, OrderStatus::AcceptanceFailed)];
const UNFILED: &[(Phase, OrderStatus)] = &[(Phase::Unfiled, OrderStatus::AcceptanceFailed)];

/// Checks one settlement by itself.
fn check(claimed: &Claimed, settlement: &Settlement, now: Timestamp) -> Result<(), TestCaseError> {
    let standing = &settlement.standing;
    prop_assert_eq!(
        (&settlement.order_id, settlement.fence, settlement.version),
        (&claimed.order_id, claimed.fence, claimed.version)
    );
    let entry = settlement.entry.as_ref();
    if let Some(entry) = entry {
        let lawful = check_move(Some(&claimed.status), &entry.status);
        prop_assert!(lawful.is_ok(), "{:?}", lawful);
        prop_assert!(!entry.note.is_empty());
    }
    let after = entry.map_or(&claimed.status, |entry| &entry.status);
    let failed_now = entry.is_some_and(|entry| entry.status == OrderStatus::AcceptanceFailed);

    // Whoever is not settled has a next action and a time for it.
    prop_assert_eq!(standing.phase == Phase::Settled, standing.due_at.is_none());
    prop_assert_eq!(standing.phase == Phase::Settled, !after.is_unsettled());
    prop_assert_eq!(settlement.resolution.is_some(), standing.phase == Phase::Settled);

    // A failed attempt has its inbox entry; it is retried, or waits for a person.
    prop_assert!(!failed_now || settlement.failure.is_some());
    let retry_at = entry.and_then(|entry| entry.retry_at);
    prop_assert_eq!(standing.phase == Phase::Retry, retry_at.is_some());
    if let Some(retry_at) = retry_at {
        prop_assert!(failed_now);
        prop_assert_eq!(standing.due_at, Some(retry_at));
        prop_assert!(retry_at >= now);
    }
    if let Some(failure) = &settlement.failure {
        prop_assert_eq!(failure.needs_person, standing.phase != Phase::Retry);
        prop_assert_eq!(failure.related_id.as_str(), claimed.order_id.as_str());
        prop_assert!(!failure.details.is_empty());
    }
    prop_assert!(standing.phase != Phase::Unfiled && standing.phase != Phase::Sending);
    match standing.phase {
        Phase::Ready | Phase::Validating => prop_assert_eq!(after, &OrderStatus::PendingAcceptance),
        Phase::Retry => prop_assert_eq!(after, &OrderStatus::AcceptanceFailed),
        _ => {}
    }
    if standing.phase == Phase::Review && claimed.standing.phase != Phase::Review {
        prop_assert!(settlement.failure.is_some(), "review means an open entry");
    }
    // An undecided call is forgotten only by an answer, by looks, or where the order is settled.
    prop_assert!(claimed.call.is_some() || !standing.call_open);
    prop_assert!(settlement.close_call.is_none() || settlement.close_call == claimed.call.map(|call| call.id));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn before_a_send_every_decision_is_lawful_and_only_waiting_orders_are_sent(
        claimed in an_order(READY), seen in a_sight(), given in circumstances(), began_at in a_time(),
    ) {
        let look = LookedAt { call: CallId(7), began_at };
        match before_send(&claimed, &seen, look, &given.ctx()) {
            BeforeSend::Send(decision) => {
                prop_assert_eq!(read(&seen), Reading::Waiting);
                prop_assert!(!decision.lines().is_empty());
                if let Some(frozen) = &claimed.standing.decision {
                    prop_assert_eq!(&decision, frozen);
                }
            }
            BeforeSend::Write(settlement) => {
                prop_assert!(read(&seen) != Reading::Waiting);
                prop_assert!(settlement.standing.phase != Phase::Retry, "no attempt was made");
                check(&claimed, &settlement, given.now)?;
            }
        }
    }

    #[test]
    fn in_flight_every_decision_is_lawful(
        claimed in an_order(VALIDATING), seen in a_sight(), given in circumstances(), began_at in a_time(),
    ) {
        let look = LookedAt { call: CallId(7), began_at };
        let settlement = validating(&claimed, &seen, look, &given.ctx());
        check(&claimed, &settlement, given.now)?;
        let failed = settlement.entry.as_ref().is_some_and(|entry| entry.status == OrderStatus::AcceptanceFailed);
        if failed {
            // Never said of an order that was not seen waiting, nor by a look that began too early.
            prop_assert!(matches!(read(&seen), Reading::Waiting | Reading::NoLines));
            let call = claimed.call.unwrap();
            if call.outcome == Some(CallOutcome::Unknown) {
                prop_assert!(began_at >= time::plus(call.answer_by, given.settings.read_staleness));
            }
            // A precondition, or a success, is never followed by a send that nobody asked for.
            if matches!(call.outcome, Some(CallOutcome::Precondition | CallOutcome::Applied)) {
                prop_assert_eq!(settlement.standing.phase, Phase::Review);
            }
        }
        let resent = settlement.standing.phase == Phase::Ready;
        if resent && claimed.standing.call_open {
            let outcome = claimed.call.unwrap().outcome;
            prop_assert!(!matches!(outcome, Some(CallOutcome::Applied | CallOutcome::Precondition | CallOutcome::Unknown)));
        }
        // "Accepted" is never said without having been seen.
        let accepted = settlement.entry.as_ref().is_some_and(|entry| entry.status == OrderStatus::Accepted);
        prop_assert_eq!(accepted, matches!(read(&seen), Reading::Accepted { .. }));
    }

    #[test]
    fn in_review_every_decision_is_lawful(
        claimed in an_order(REVIEW), seen in a_sight(), given in circumstances(), began_at in a_time(),
    ) {
        let look = LookedAt { call: CallId(7), began_at };
        let settlement = in_review(&claimed, &seen, look, &given.ctx());
        check(&claimed, &settlement, given.now)?;
        prop_assert!(matches!(settlement.standing.phase, Phase::Review | Phase::Settled));
        prop_assert!(settlement.standing.due_at.is_none_or(|due_at| due_at > given.now));
    }

    #[test]
    fn after_an_answer_every_decision_is_lawful(
        claimed in an_order(SENDING), verdict in a_verdict(), given in circumstances(),
    ) {
        let settlement = after_answer(&claimed, &verdict, "said so", &given.ctx());
        let mut claimed = claimed;
        claimed.call.get_or_insert(LastCall {
            id: CallId(5), started_at: given.now, answer_by: given.now, outcome: None,
        });
        check(&claimed, &settlement, given.now)?;
        prop_assert!(settlement.standing.phase != Phase::Settled);
    }

    #[test]
    fn at_a_claim_every_decision_is_lawful(claimed in an_order(PENDING), given in circumstances()) {
        if let Some(settlement) = at_claim(&claimed, &given.ctx()) {
            check(&claimed, &settlement, given.now)?;
        } else {
            prop_assert!(!claimed.standing.call_open);
        }
    }

    #[test]
    fn at_the_start_of_a_run_every_decision_is_lawful(
        retry in an_order(RETRY), unfiled in an_order(UNFILED), given in circumstances(),
    ) {
        check(&retry, &requeue(&retry, &given.ctx()), given.now)?;
        check(&unfiled, &file_foreign(&unfiled, &given.ctx()), given.now)?;
    }

    #[test]
    fn waits_are_never_circles(
        claimed in an_order(VALIDATING), seen in a_sight(), given in circumstances(),
    ) {
        // However often an order is looked at when it is due, it comes to an end or waits on slowly.
        let mut claimed = claimed;
        let mut now = time::plus(given.now, Duration::from_secs(1));
        claimed.standing.since = now;
        let mut given = given;
        for _ in 0..12 {
            given.now = now;
            let look = LookedAt { call: CallId(7), began_at: now };
            let settlement = validating(&claimed, &seen, look, &given.ctx());
            if settlement.standing.phase != Phase::Validating || settlement.standing.slow_looks > 0 {
                return Ok(());
            }
            now = now.max(settlement.standing.due_at.unwrap());
            claimed.standing = settlement.standing;
        }
        prop_assert!(false, "still looked at: {:?}", claimed.standing);
    }
}

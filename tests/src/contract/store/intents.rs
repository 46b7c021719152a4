//! [`ackord::ports::WorkStore::record_intents`].

use ackord::call::SERVICE;
use ackord::ports::{CallFilter, Settled};
use ackord::work::{Phase, Version};

use super::StoreFixture;
use super::given::{acceptance, at, decision, id, intent, op, park, release};

/// How many acceptance calls are on record.
async fn acceptances(f: &StoreFixture) -> usize {
    let filter = CallFilter {
        order: None,
        endpoint: Some("OR21".to_owned()),
        outcome: None,
        since: None,
        before: None,
        limit: 1000,
    };
    f.store.calls(&filter).await.unwrap().len()
}

pub(super) async fn an_intent_stands_on_record_before_its_call(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let id = f.intended(&claimed, at(now, 1)).await;
    let call = f.other.call(id).await.unwrap().unwrap();
    assert_eq!(call.call_id, id);
    assert_eq!(call.service, SERVICE);
    assert_eq!(call.endpoint, "OR21");
    assert_eq!(call.related_id.as_deref(), Some("a"));
    assert_eq!(call.request, Some(acceptance("a", now).request));
    assert_eq!(call.at, at(now, 1));
    assert_eq!((call.outcome, call.is_success), (None, None));
    assert_eq!((call.response, call.status_code, call.duration_ms), (None, None, None));
}

pub(super) async fn an_intent_leaves_the_order_sending_and_leased(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    f.intended(&claimed, at(now, 1)).await;
    let standing = f.store.standings(&[id("a")]).await.unwrap().remove(0);
    assert_eq!(standing.phase, Phase::Sending);
    assert_eq!(standing.due_at, Some(at(now, 1)));
    assert_eq!(standing.leased_until, Some(at(now, 20)));
    assert_eq!(f.claim(&[Phase::Ready, Phase::Sending], at(now, 2)).await, []);
}

pub(super) async fn an_intent_is_found_by_whoever_takes_the_order_over(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let call = f.intended(&claimed, at(now, 1)).await;
    let taken_over = f.claim_of("a", Phase::Sending, at(now, 20)).await;
    assert!(taken_over.standing.call_open);
    assert_eq!(taken_over.standing.decision, Some(decision("a")));
    assert_eq!(taken_over.standing.attempt, claimed.standing.attempt);
    assert_eq!(taken_over.version, claimed.version);
    let last = taken_over.call.unwrap();
    assert_eq!(
        (last.id, last.started_at, last.answer_by),
        (call, at(now, 1), at(now, 11))
    );
    assert_eq!(last.outcome, None);
}

pub(super) async fn the_last_call_of_an_order_is_its_newest_intent(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let first = f.intended(&claimed, at(now, 1)).await;
    let mut settlement = park(&claimed, Phase::Ready, Some(at(now, 2)));
    settlement.close_call = Some(first);
    settlement.standing.decision = Some(decision("a"));
    f.settled(settlement, at(now, 2)).await;
    let claimed = f.claim_of("a", Phase::Ready, at(now, 3)).await;
    assert_eq!(claimed.call.unwrap().id, first);
    let second = f.intended(&claimed, at(now, 4)).await;
    assert_ne!(second, first);
    let claimed = f.claim_of("a", Phase::Sending, at(now, 30)).await;
    assert_eq!(claimed.call.unwrap().id, second);
}

pub(super) async fn an_intent_under_a_lease_that_was_taken_over_is_not_written(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let taken_over = f.claim_of("a", Phase::Ready, at(now, 20)).await;
    let lost = f
        .store
        .record_intents(&[intent(&claimed, at(now, 21))], op())
        .await
        .unwrap();
    assert_eq!(lost, [None]);
    assert_eq!(acceptances(f).await, 0);
    let standing = f.store.standings(&[id("a")]).await.unwrap().remove(0);
    assert_eq!(standing.phase, Phase::Ready);
    f.intended(&taken_over, at(now, 22)).await;
}

pub(super) async fn an_intent_on_an_older_version_is_not_written(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let mut stale = intent(&claimed, now);
    stale.version = Version(0);
    let mut ahead = intent(&claimed, now);
    ahead.version = Version(2);
    for wrong in [stale, ahead] {
        assert_eq!(f.store.record_intents(&[wrong], op()).await.unwrap(), [None]);
    }
    assert_eq!(acceptances(f).await, 0);
}

pub(super) async fn an_intent_after_an_entry_of_another_program_is_not_written(f: &StoreFixture) {
    for (name, status) in [
        ("a", "shipped"),
        ("b", "pending_acceptance"),
        ("c", "acceptance_failed"),
    ] {
        let now = f.base().await;
        let claimed = f.claimed(name, now).await;
        f.appended(name, status).await;
        let lost = f.store.record_intents(&[intent(&claimed, now)], op()).await.unwrap();
        assert_eq!(lost, [None], "{status}");
        let free = f.claim(&[Phase::Ready, Phase::Unfiled], at(now, 10)).await;
        for claimed in free {
            f.settled(park(&claimed, Phase::Settled, None), at(now, 10)).await;
        }
    }
    assert_eq!(acceptances(f).await, 0);
}

pub(super) async fn an_intent_for_an_order_never_stored_is_not_written(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let mut unknown = intent(&claimed, now);
    unknown.order_id = id("never seen");
    assert_eq!(f.store.record_intents(&[unknown], op()).await.unwrap(), [None]);
    assert_eq!(acceptances(f).await, 0);
}

pub(super) async fn a_lost_intent_does_not_stop_the_others(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b", "c"], now).await;
    let claimed = f.claim(&[Phase::Ready], now).await;
    f.appended("b", "cancelled").await;
    let intents: Vec<_> = claimed.iter().map(|claimed| intent(claimed, now)).collect();
    let calls = f.store.record_intents(&intents, op()).await.unwrap();
    assert_eq!(
        calls.iter().map(Option::is_some).collect::<Vec<_>>(),
        [true, false, true]
    );
    assert_eq!(acceptances(f).await, 2);
}

pub(super) async fn of_several_intents_for_an_order_in_one_call_the_first_stands(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let intents = [intent(&claimed, at(now, 1)), intent(&claimed, at(now, 2))];
    let operation = op();
    let first = f.store.record_intents(&intents, operation).await.unwrap();
    assert!(first[0].is_some() && first[1].is_none(), "{first:?}");
    let again = f.store.record_intents(&intents, operation).await.unwrap();
    assert_eq!(again, first);
    assert_eq!(acceptances(f).await, 1);
    let standing = f.store.standings(&[id("a")]).await.unwrap().remove(0);
    assert_eq!(standing.due_at, Some(at(now, 1)));
}

pub(super) async fn intents_are_answered_in_their_order(f: &StoreFixture) {
    let now = f.base().await;
    let ids: Vec<String> = (0..30).map(|number| format!("A-{}", (number * 7) % 30)).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    f.ingested(&ids, now).await;
    let mut claimed = f.claim(&[Phase::Ready], now).await;
    claimed.reverse();
    let intents: Vec<_> = claimed.iter().map(|claimed| intent(claimed, now)).collect();
    let calls = f.store.record_intents(&intents, op()).await.unwrap();
    for (intent, call) in intents.iter().zip(calls) {
        let call = f.store.call(call.unwrap()).await.unwrap().unwrap();
        assert_eq!(call.related_id.as_deref(), Some(intent.order_id.as_str()));
    }
    assert_eq!(f.store.record_intents(&[], op()).await.unwrap(), []);
}

pub(super) async fn intents_repeated_under_their_operation_tell_the_same_calls(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a", "b", "c"], now).await;
    let claimed = f.claim(&[Phase::Ready], now).await;
    f.appended("b", "cancelled").await;
    let intents: Vec<_> = claimed.iter().map(|claimed| intent(claimed, now)).collect();
    let operation = op();
    let first = f.store.record_intents(&intents, operation).await.unwrap();
    let again = f.other.record_intents(&intents, operation).await.unwrap();
    assert_eq!(again, first);
    assert_eq!(acceptances(f).await, 2);
}

pub(super) async fn intents_repeated_after_the_order_moved_on_have_no_second_effect(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let intents = [intent(&claimed, now)];
    let operation = op();
    let first = f.store.record_intents(&intents, operation).await.unwrap();
    let settled = f
        .settle(park(&claimed, Phase::Validating, Some(at(now, 60))), now)
        .await;
    assert_eq!(settled, Settled::Written);
    let again = f.store.record_intents(&intents, operation).await.unwrap();
    assert_eq!(again, first);
    assert_eq!(acceptances(f).await, 1);
    let standing = f.store.standings(&[id("a")]).await.unwrap().remove(0);
    assert_eq!(
        (standing.phase, standing.due_at),
        (Phase::Validating, Some(at(now, 60)))
    );
}

pub(super) async fn of_two_workers_that_intend_at_once_only_the_holder_of_the_lease_does(f: &StoreFixture) {
    let now = f.base().await;
    let claimed = f.claimed("a", now).await;
    let taken_over = f.claim_of("a", Phase::Ready, at(now, 20)).await;
    let (old, new) = ([intent(&claimed, at(now, 21))], [intent(&taken_over, at(now, 21))]);
    let (old, new) = tokio::join!(f.store.record_intents(&old, op()), f.other.record_intents(&new, op()));
    assert_eq!(old.unwrap(), [None]);
    assert!(new.unwrap()[0].is_some());
    assert_eq!(acceptances(f).await, 1);
    f.settled(release(&taken_over), at(now, 22)).await;
}

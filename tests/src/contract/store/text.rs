//! Text of any kind comes back as it was written.

use std::time::Duration;

use ackord::call::{CallEnd, CallOutcome, NewCall};
use ackord::failure::{FailureCause, NewFailure};
use ackord::status::OrderStatus;
use ackord::work::{NewEntry, Phase};
use serde_json::json;

use super::StoreFixture;
use super::given::{at, conclude, entry, foreign_entry, park, read};

fn texts() -> Vec<String> {
    vec![
        String::new(),
        " ".to_owned(),
        "it's \"quoted\" \\ 'twice' `and` $1 ?1 %s {braces}".to_owned(),
        "line\r\nbreaks\tand \u{1} control \u{7f} letters".to_owned(),
        "zażółć 日本語 العربية 🛒👩🏽‍🚀 e\u{301}".to_owned(),
        "NULL".to_owned(),
        "{\"looks\":\"like json\"}".to_owned(),
        "long ".repeat(100_000),
    ]
}

pub(super) async fn notes_come_back_as_written(f: &StoreFixture) {
    let now = f.base().await;
    let mut claimed = f.claimed("a", now).await;
    for text in texts() {
        let mut settlement = park(&claimed, Phase::Ready, Some(now));
        settlement.entry = Some(NewEntry {
            note: text.clone(),
            ..entry(OrderStatus::PendingAcceptance)
        });
        settlement.standing.reason = Some(text.clone());
        f.settled(settlement, now).await;
        assert_eq!(f.story("a").await.summary.note.as_ref(), Some(&text));
        claimed = f.claim_of("a", Phase::Ready, now).await;
        assert_eq!(claimed.standing.reason, Some(text));
    }
}

pub(super) async fn notes_and_statuses_of_other_programs_come_back_as_written(f: &StoreFixture) {
    let now = f.base().await;
    f.ingested(&["a"], now).await;
    for text in texts() {
        let mut row = foreign_entry("a", "label_created");
        row.note = Some(text.clone());
        f.foreign.append(&[row]).await.unwrap();
        assert_eq!(f.story("a").await.summary.note, Some(text));
    }
    for status in ["Shipped", " accepted", "versandt – 📦", "PENDING_ACCEPTANCE"] {
        f.appended("a", status).await;
        let summary = f.story("a").await.summary;
        assert_eq!(summary.status, Some(OrderStatus::Other(status.into())));
        assert_eq!(summary.phase, Some(Phase::Settled), "{status} is none of ours");
    }
}

pub(super) async fn bodies_of_answers_come_back_as_written(f: &StoreFixture) {
    let now = f.base().await;
    for text in texts() {
        let id = f.listing(now).await;
        let end = CallEnd {
            outcome: CallOutcome::Answered,
            status_code: Some(599),
            response: Some(text.clone()),
            duration: Duration::from_secs(86_400),
        };
        f.store.finish(id, &end, &[]).await.unwrap();
        let row = f.store.call(id).await.unwrap().unwrap();
        assert_eq!(row.response, Some(text));
        assert_eq!((row.status_code, row.duration_ms), (Some(599), Some(86_400_000)));
    }
}

pub(super) async fn requests_come_back_as_the_same_json(f: &StoreFixture) {
    let now = f.base().await;
    for text in texts() {
        let request = json!({
            "text": text,
            "nothing": null,
            "yes": true,
            "list": [1, -2, 3.25, "four", [], {}],
            "large": 9_007_199_254_740_993_i64,
        });
        let call = NewCall {
            request: request.clone(),
            related_id: (!text.is_empty()).then(|| text.chars().take(50).collect()),
            ..read(now)
        };
        let id = f.store.begin(&call).await.unwrap();
        let row = f.store.call(id).await.unwrap().unwrap();
        assert_eq!(row.request, Some(request));
        assert_eq!(row.related_id, call.related_id);
    }
}

pub(super) async fn inbox_entries_come_back_as_written(f: &StoreFixture) {
    let now = f.base().await;
    let mut claimed = f.claimed("a", now).await;
    for text in texts() {
        let mut settlement = park(&claimed, Phase::Ready, Some(now));
        settlement.failure = Some(NewFailure {
            related_id: "a".to_owned(),
            cause: FailureCause::Refused,
            details: text.clone(),
            payload: json!({"text": text, "price": 19.99}),
            needs_person: true,
        });
        f.settled(settlement, now).await;
        let row = f.story("a").await.failures.pop().unwrap();
        assert_eq!(row.payload, Some(json!({"text": text, "price": 19.99})));
        assert_eq!(row.details.as_ref(), Some(&text));
        claimed = f.claim_of("a", Phase::Ready, now).await;
        if !text.is_empty() {
            let mut settlement = park(&claimed, Phase::Ready, Some(now));
            settlement.resolution = Some(text.clone());
            f.settled(settlement, now).await;
            let row = f.story("a").await.failures.pop().unwrap();
            assert_eq!(row.resolution, Some(text));
            claimed = f.claim_of("a", Phase::Ready, now).await;
        }
    }
}

pub(super) async fn a_nul_character_costs_no_write(f: &StoreFixture) {
    let now = f.base().await;
    let with_nul = "before\0after".to_owned();
    let call = NewCall {
        request: json!({"text": with_nul}),
        ..read(now)
    };
    let id = f.store.begin(&call).await.unwrap();
    let end = CallEnd {
        outcome: CallOutcome::Unknown,
        status_code: Some(502),
        response: Some(with_nul.clone()),
        duration: Duration::ZERO,
    };
    f.store.finish(id, &end, &[]).await.unwrap();
    let claimed = f.claimed("a", now).await;
    let mut settlement = conclude(&claimed, OrderStatus::AcceptanceFailed);
    settlement.entry = Some(NewEntry {
        note: with_nul.clone(),
        ..entry(OrderStatus::AcceptanceFailed)
    });
    settlement.standing.reason = Some(with_nul.clone());
    settlement.failure = Some(NewFailure {
        related_id: "a".to_owned(),
        cause: FailureCause::Refused,
        details: with_nul.clone(),
        payload: json!({"text": with_nul}),
        needs_person: true,
    });
    f.settled(settlement, at(now, 1)).await;
    // Not every store can keep that character, but what stands around it stays.
    let body = f.store.call(id).await.unwrap().unwrap().response.unwrap();
    let note = f.story("a").await.summary.note.unwrap();
    for text in [body, note] {
        assert!(text.starts_with("before") && text.ends_with("after"), "{text:?}");
    }
}

//! A marketplace whose calls are counted.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use ackord::OrderId;
use ackord::call::Endpoint;
use ackord::order::Decision;
use ackord::ports::{
    Account, Look, Marketplace, MarketplaceError, MarketplaceResult, Page, PageCursor, SendAnswer, SendPermit,
    SendVerdict, ShopFigures, ShopKey,
};
use async_trait::async_trait;

use super::Metrics;

const READ: &[&str] = &[
    "answered",
    "unknown",
    "throttled",
    "credentials",
    "refused",
    "unreadable",
    "unrecorded",
];

const SENT: &[&str] = &[
    "applied",
    "precondition",
    "refused",
    "credentials",
    "throttled",
    "unknown",
    "not_sent",
];

/// How the calls of each operation end. The words of acceptances are those on record; of reads, which may be several calls, they
/// are what the port says, with `unknown` for one that got no usable answer.
pub(super) const OUTCOMES: [(Endpoint, &[&str]); 4] = [
    (Endpoint::Or11, READ),
    (Endpoint::Or21, SENT),
    (Endpoint::A01, READ),
    (Endpoint::A21, READ),
];

/// Counts the calls that go through it, and changes none.
#[derive(Debug)]
pub struct MeteredMarketplace {
    inner: Arc<dyn Marketplace>,
    metrics: Arc<Metrics>,
}

impl MeteredMarketplace {
    /// Counts the calls to `inner` in `metrics`.
    #[must_use]
    pub fn new(inner: Arc<dyn Marketplace>, metrics: Arc<Metrics>) -> Self {
        Self { inner, metrics }
    }

    async fn read<T: Send>(
        &self,
        endpoint: Endpoint,
        call: impl Future<Output = MarketplaceResult<T>> + Send,
    ) -> MarketplaceResult<T> {
        let began = Instant::now();
        let answer = call.await;
        let outcome = read_outcome(answer.as_ref().err());
        let took = (outcome != "unrecorded").then(|| began.elapsed());
        self.metrics.call(endpoint, outcome, took);
        answer
    }
}

#[async_trait]
impl Marketplace for MeteredMarketplace {
    fn shop_key(&self) -> ShopKey {
        self.inner.shop_key()
    }

    async fn waiting(&self, cursor: Option<PageCursor>) -> MarketplaceResult<Page> {
        self.read(Endpoint::Or11, self.inner.waiting(cursor)).await
    }

    async fn look(&self, ids: &[OrderId]) -> MarketplaceResult<Look> {
        self.read(Endpoint::Or11, self.inner.look(ids)).await
    }

    async fn accept(&self, id: &OrderId, decision: &Decision, permit: Arc<dyn SendPermit>) -> SendAnswer {
        let answer = self.inner.accept(id, decision, permit).await;
        let took = (answer.verdict != SendVerdict::Withdrawn).then_some(answer.end.duration);
        let outcome = answer.verdict.outcome().as_str();
        self.metrics.call(Endpoint::Or21, outcome, took);
        answer
    }

    async fn account(&self) -> MarketplaceResult<Account> {
        self.read(Endpoint::A01, self.inner.account()).await
    }

    async fn figures(&self) -> MarketplaceResult<ShopFigures> {
        self.read(Endpoint::A21, self.inner.figures()).await
    }
}

fn read_outcome(error: Option<&MarketplaceError>) -> &'static str {
    match error {
        None => "answered",
        Some(MarketplaceError::Unreachable { .. }) => "unknown",
        Some(MarketplaceError::Throttled { .. }) => "throttled",
        Some(MarketplaceError::Credentials { .. }) => "credentials",
        Some(MarketplaceError::Refused { .. }) => "refused",
        Some(MarketplaceError::Unreadable { .. }) => "unreadable",
        Some(MarketplaceError::Unrecorded(_)) => "unrecorded",
        Some(_) => "other",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ackord::call::{CallEnd, CallOutcome};
    use ackord::order::LineId;
    use ackord::{MarketplaceState, OrderLine};

    use super::super::tests::tells;
    use super::*;

    /// Takes every acceptance as `verdict`, and has no answer to reads but that it asks for a rest.
    #[derive(Debug)]
    struct Answering(SendVerdict);

    #[async_trait]
    impl Marketplace for Answering {
        fn shop_key(&self) -> ShopKey {
            ShopKey("shop".to_owned())
        }

        async fn waiting(&self, _: Option<PageCursor>) -> MarketplaceResult<Page> {
            Err(MarketplaceError::Throttled { retry_after: None })
        }

        async fn look(&self, _: &[OrderId]) -> MarketplaceResult<Look> {
            Err(MarketplaceError::Unreachable {
                what: "nobody listens".to_owned(),
                source: None,
            })
        }

        async fn accept(&self, _: &OrderId, _: &Decision, _: Arc<dyn SendPermit>) -> SendAnswer {
            SendAnswer {
                verdict: self.0.clone(),
                end: CallEnd {
                    outcome: self.0.outcome(),
                    status_code: None,
                    response: None,
                    duration: Duration::from_millis(30),
                },
                detail: String::new(),
            }
        }

        async fn account(&self) -> MarketplaceResult<Account> {
            Ok(Account {
                shop_id: None,
                shop_name: None,
                shop_state: None,
            })
        }

        async fn figures(&self) -> MarketplaceResult<ShopFigures> {
            Ok(ShopFigures::default())
        }
    }

    #[derive(Debug)]
    struct Always;

    impl SendPermit for Always {
        fn holds(&self) -> bool {
            true
        }
    }

    fn metered(verdict: SendVerdict) -> (MeteredMarketplace, Arc<Metrics>) {
        let metrics = Arc::new(Metrics::default());
        let inner = Arc::new(Answering(verdict));
        (MeteredMarketplace::new(inner, Arc::clone(&metrics)), metrics)
    }

    async fn accept(marketplace: &MeteredMarketplace) -> SendAnswer {
        let line = OrderLine {
            id: LineId::new("L-1").unwrap(),
            state: Some(MarketplaceState::parse("WAITING_ACCEPTANCE")),
        };
        let decision = Decision::accept_all(&[line]).unwrap();
        let id = OrderId::new("A-1").unwrap();
        marketplace.accept(&id, &decision, Arc::new(Always)).await
    }

    #[tokio::test]
    async fn each_call_counts_by_its_operation_and_end() {
        let (marketplace, metrics) = metered(SendVerdict::Applied);
        assert!(marketplace.waiting(None).await.is_err());
        assert!(marketplace.look(&[]).await.is_err());
        assert!(marketplace.account().await.is_ok());
        accept(&marketplace).await;
        accept(&marketplace).await;
        tells(
            &metrics,
            &[
                "ackord_marketplace_calls_total{endpoint=\"OR11\",outcome=\"throttled\"} 1",
                "ackord_marketplace_calls_total{endpoint=\"OR11\",outcome=\"unknown\"} 1",
                "ackord_marketplace_calls_total{endpoint=\"A01\",outcome=\"answered\"} 1",
                "ackord_marketplace_calls_total{endpoint=\"OR21\",outcome=\"applied\"} 2",
                "ackord_marketplace_call_duration_seconds_bucket{endpoint=\"OR21\",le=\"0.025\"} 0",
                "ackord_marketplace_call_duration_seconds_bucket{endpoint=\"OR21\",le=\"0.05\"} 2",
                "ackord_marketplace_call_duration_seconds_count{endpoint=\"OR21\"} 2",
                "ackord_marketplace_call_duration_seconds_count{endpoint=\"OR11\"} 2",
            ],
        );
    }

    #[tokio::test]
    async fn what_was_withdrawn_took_no_time() {
        let (marketplace, metrics) = metered(SendVerdict::Withdrawn);
        assert_eq!(accept(&marketplace).await.end.outcome, CallOutcome::NotSent);
        tells(
            &metrics,
            &[
                "ackord_marketplace_calls_total{endpoint=\"OR21\",outcome=\"not_sent\"} 1",
                "ackord_marketplace_call_duration_seconds_count{endpoint=\"OR21\"} 0",
            ],
        );
    }

    #[test]
    fn the_words_of_acceptances_are_those_on_record() {
        for outcome in SENT {
            assert!(CallOutcome::parse(outcome).is_some(), "{outcome}");
        }
    }
}

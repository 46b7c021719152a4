//! What the tests share: a fresh file for each, made-up orders, and connections as other programs open them.

use std::future::{Future, poll_fn};
use std::path::PathBuf;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use ackord::call::{CallEnd, CallOutcome, Endpoint, NewCall};
use ackord::order::{Decision, OrderLine};
use ackord::ports::{CallLog, ClaimRequest, Intent, NewOrder, Suspects, WorkStore};
use ackord::status::OrderStatus;
use ackord::work::{Claimed, NewEntry, OperationId, Phase, Settlement, Standing};
use ackord::{LineId, OrderId, Timestamp, time};
use ackord_sqlite::{SqliteOptions, SqliteStore};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions};
use tempfile::TempDir;

/// The length of the leases in these tests.
pub(crate) const LEASE: Duration = Duration::from_secs(20);

/// A file of its own, and its store.
pub(crate) struct Bench {
    directory: TempDir,
    pub(crate) store: SqliteStore,
}

impl Bench {
    /// A migrated store over a fresh file.
    pub(crate) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("ackord.db").display());
        let store = SqliteStore::connect(&url, SqliteOptions::default()).await.unwrap();
        store.migrate().await.unwrap();
        store.check_schema().await.unwrap();
        Self { directory, store }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("ackord.db")
    }

    pub(crate) fn url(&self) -> String {
        format!("sqlite:{}", self.path().display())
    }

    /// Another store over the same file, as another process would open it.
    pub(crate) async fn another(&self) -> SqliteStore {
        SqliteStore::connect(&self.url(), SqliteOptions::default())
            .await
            .unwrap()
    }

    /// A connection as another program opens it: SQLite's own defaults, foreign keys off. It waits for its turn however
    /// long a slow disk keeps the others, for SQLite gives no turns in order.
    pub(crate) async fn foreign(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new()
            .filename(self.path())
            .foreign_keys(false)
            .busy_timeout(Duration::from_secs(600));
        options.connect().await.unwrap()
    }

    /// Runs one statement as another program would; the message of its error, if it is refused.
    pub(crate) async fn plain(&self, sql: &str) -> Result<u64, String> {
        let mut connection = self.foreign().await;
        let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&mut connection)
            .await;
        done.map(|done| done.rows_affected()).map_err(|error| error.to_string())
    }

    /// The one number that a query shows.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let mut connection = self.foreign().await;
        let number = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()));
        number.fetch_one(&mut connection).await.unwrap()
    }

    /// Stores orders named `A-0`, `A-1`, …, as new ones.
    pub(crate) async fn ingest(&self, count: usize) -> Vec<NewOrder> {
        let now = self.now().await;
        let look = self.store.begin(&new_call(None, now)).await.unwrap();
        let orders: Vec<NewOrder> = (0..count)
            .map(|number| NewOrder {
                order_id: id(&format!("A-{number}")),
                raw: r#"{"order_id":"A","customer":null}"#.into(),
                placed_at: None,
                note: "found waiting for acceptance".to_owned(),
                look,
            })
            .collect();
        let ingested = self.store.ingest(&orders, now, operation()).await.unwrap();
        assert_eq!(ingested.new.len(), count);
        orders
    }

    pub(crate) async fn now(&self) -> Timestamp {
        self.store.now().await.unwrap()
    }

    /// Claims everything that is ready.
    pub(crate) async fn claim(&self) -> Vec<Claimed> {
        self.store.claim(&claim_request(self.now().await)).await.unwrap()
    }
}

pub(crate) fn id(text: &str) -> OrderId {
    OrderId::new(text).unwrap()
}

pub(crate) fn operation() -> OperationId {
    OperationId(uuid::Uuid::new_v4())
}

pub(crate) fn claim_request(now: Timestamp) -> ClaimRequest {
    ClaimRequest {
        phases: vec![Phase::Ready, Phase::Sending, Phase::Validating, Phase::Retry],
        now,
        lease: LEASE,
        worker: "worker 1".to_owned(),
        limit: 1000,
        suspects: Suspects::LeftOut,
        operation: operation(),
    }
}

pub(crate) fn new_call(order: Option<&OrderId>, now: Timestamp) -> NewCall {
    NewCall {
        endpoint: if order.is_some() {
            Endpoint::Or21
        } else {
            Endpoint::Or11
        },
        related_id: order.map(|id| id.as_str().to_owned()),
        request: serde_json::json!({"order_state_codes": "WAITING_ACCEPTANCE"}),
        started_at: now,
        answer_by: time::plus(now, Duration::from_secs(10)),
    }
}

pub(crate) fn intent(claimed: &Claimed, now: Timestamp) -> Intent {
    let line = OrderLine {
        id: LineId::new(format!("{}-1", claimed.order_id)).unwrap(),
        state: None,
    };
    Intent {
        order_id: claimed.order_id.clone(),
        fence: claimed.fence,
        version: claimed.version,
        call: new_call(Some(&claimed.order_id), now),
        decision: Decision::accept_all(&[line]).unwrap(),
    }
}

pub(crate) fn applied() -> CallEnd {
    CallEnd {
        outcome: CallOutcome::Applied,
        status_code: Some(204),
        response: None,
        duration: Duration::from_millis(31),
    }
}

/// The settlement of an order that was seen as accepted.
pub(crate) fn accepted(claimed: &Claimed) -> Settlement {
    Settlement {
        entry: Some(NewEntry {
            status: OrderStatus::Accepted,
            note: "Validated as 'SHIPPING' after 1 look".to_owned(),
            attempt: Some(1),
            retry_at: None,
            send: None,
            look: None,
        }),
        resolution: Some("accepted".to_owned()),
        standing: Standing {
            phase: Phase::Settled,
            due_at: None,
            ..claimed.standing.clone()
        },
        ..Settlement::release(claimed)
    }
}

/// Polls `future` so many times at most and then drops it; `None` where it was not ready by then.
pub(crate) async fn dropped_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut polled = 0;
    poll_fn(move |context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => {
            polled += 1;
            if polled >= polls {
                Poll::Ready(None)
            } else {
                Poll::Pending
            }
        }
    })
    .await
}

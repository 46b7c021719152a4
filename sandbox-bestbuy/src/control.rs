//! The control API under `/_sandbox`: for whoever steers the sandbox, not for the client that is tried.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use jiff::SignedDuration;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::clock::SandboxClock;
use crate::error::SandboxError;
use crate::faults::{Act, FaultRule};
use crate::gateway::Gateway;
use crate::options::ShopState;
use crate::seed::OrderSeed;
use crate::state::MarketState;

/// The control API's routes.
pub(crate) fn router() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/_sandbox/health", get(health))
        .route("/_sandbox/orders", get(list_orders).post(put_orders))
        .route("/_sandbox/orders/bulk", post(put_bulk))
        .route("/_sandbox/orders/{id}/act", post(act))
        .route(
            "/_sandbox/faults",
            get(list_faults).post(add_faults).delete(clear_faults),
        )
        .route("/_sandbox/faults/{id}", delete(remove_fault))
        .route("/_sandbox/release", post(release))
        .route("/_sandbox/account", post(set_account))
        .route("/_sandbox/clock", get(read_clock).post(advance_clock))
        .route("/_sandbox/reset", post(reset))
        .route("/_sandbox/ledger", get(ledger))
        .route("/_sandbox/ledger/{id}", get(order_ledger))
}

type Shared = State<Arc<Gateway>>;
type Answered = Result<Response, Complaint>;

/// Something wrong with a control call.
#[derive(Debug)]
struct Complaint {
    status: StatusCode,
    message: String,
}

impl IntoResponse for Complaint {
    fn into_response(self) -> Response {
        (self.status, axum::Json(json!({"error": self.message}))).into_response()
    }
}

impl From<SandboxError> for Complaint {
    fn from(error: SandboxError) -> Self {
        let status = match &error {
            SandboxError::NoSuchOrder { .. } => StatusCode::NOT_FOUND,
            SandboxError::OrderExists { .. } | SandboxError::TooLate { .. } | SandboxError::ClockIsReal => {
                StatusCode::CONFLICT
            }
            SandboxError::NoSuchShop { .. } | SandboxError::EmptyOrderId | SandboxError::BadFault { .. } => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            SandboxError::Bind { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self {
            status,
            message: error.to_string(),
        }
    }
}

/// One thing or a list of them.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

impl<T> OneOrMany<T> {
    fn into_vec(self) -> Vec<T> {
        match self {
            Self::Many(many) => many,
            Self::One(one) => vec![one],
        }
    }
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Complaint> {
    serde_json::from_slice(body).map_err(|unreadable| Complaint {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        message: unreadable.to_string(),
    })
}

/// Reads one thing or a list of them, each complaint naming what is wrong with it.
fn read_many<T: DeserializeOwned>(body: &Bytes) -> Result<Vec<T>, Complaint> {
    let items = read::<OneOrMany<Value>>(body)?.into_vec();
    items
        .into_iter()
        .map(|item| {
            serde_json::from_value(item).map_err(|unreadable| Complaint {
                status: StatusCode::UNPROCESSABLE_ENTITY,
                message: unreadable.to_string(),
            })
        })
        .collect()
}

fn said(status: StatusCode, body: &impl Serialize) -> Answered {
    Ok((status, axum::Json(body)).into_response())
}

async fn health(State(gateway): Shared) -> Answered {
    let world = gateway.world();
    let body = json!({
        "status": "ok",
        "now": world.now(),
        "orders": world.order_count(),
        "faults": world.armory().list().len(),
        "calls": world.counts().calls_total,
    });
    said(StatusCode::OK, &body)
}

#[derive(Debug, Deserialize)]
struct Listing {
    state: Option<MarketState>,
    limit: Option<usize>,
}

async fn list_orders(State(gateway): Shared, Query(listing): Query<Listing>) -> Answered {
    let limit = listing.limit.unwrap_or(1000);
    let orders = gateway.change(|world| world.overview(listing.state.as_ref(), limit));
    said(StatusCode::OK, &json!({"orders": orders}))
}

async fn put_orders(State(gateway): Shared, body: Bytes) -> Answered {
    let seeds: Vec<OrderSeed> = read_many(&body)?;
    let ids: Vec<String> = seeds.iter().map(|seed| seed.order_id.clone()).collect();
    gateway.change(|world| seeds.into_iter().try_for_each(|seed| world.put(seed)))?;
    said(StatusCode::CREATED, &json!({"orders": ids}))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bulk {
    count: u32,
    #[serde(default = "bulk_prefix")]
    prefix: String,
}

fn bulk_prefix() -> String {
    "BULK".to_owned()
}

async fn put_bulk(State(gateway): Shared, body: Bytes) -> Answered {
    let bulk: Bulk = read(&body)?;
    gateway.change(|world| world.put_bulk(&bulk.prefix, bulk.count))?;
    said(StatusCode::CREATED, &json!({"count": bulk.count}))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ActBody {
    act: Act,
}

async fn act(State(gateway): Shared, Path(order_id): Path<String>, body: Bytes) -> Answered {
    let wanted: ActBody = read(&body)?;
    gateway.change(|world| world.act(&order_id, &wanted.act))?;
    said(StatusCode::OK, &gateway.world().order_ledger(&order_id))
}

async fn list_faults(State(gateway): Shared) -> Answered {
    let faults = gateway.world().armory().list();
    said(StatusCode::OK, &json!({"faults": faults}))
}

async fn add_faults(State(gateway): Shared, body: Bytes) -> Answered {
    let rules: Vec<FaultRule> = read_many(&body)?;
    let ids: Result<Vec<u64>, SandboxError> =
        gateway.change(|world| rules.into_iter().map(|rule| world.add_fault(rule)).collect());
    said(StatusCode::CREATED, &json!({"fault_ids": ids?}))
}

async fn clear_faults(State(gateway): Shared) -> Answered {
    gateway.change(|world| world.armory_mut().clear());
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn remove_fault(State(gateway): Shared, Path(fault_id): Path<u64>) -> Answered {
    if gateway.change(|world| world.armory_mut().remove(fault_id)) {
        Ok(StatusCode::NO_CONTENT.into_response())
    } else {
        Err(Complaint {
            status: StatusCode::NOT_FOUND,
            message: format!("there is no fault {fault_id}"),
        })
    }
}

async fn release(State(gateway): Shared) -> Answered {
    gateway.release();
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    keys_revoked: Option<bool>,
    shop_id: Option<i64>,
    shop_state: Option<ShopState>,
    partial_acceptance: Option<bool>,
}

async fn set_account(State(gateway): Shared, body: Bytes) -> Answered {
    let account: Account = read(&body)?;
    gateway.change(|world| {
        if let Some(state) = account.shop_state
            && !world.set_shop_state(account.shop_id, state)
        {
            let shop_id = account.shop_id.unwrap_or_default();
            return Err(SandboxError::NoSuchShop { shop_id });
        }
        if let Some(revoked) = account.keys_revoked {
            world.revoke_keys(revoked);
        }
        if let Some(enabled) = account.partial_acceptance {
            world.set_partial_acceptance(enabled);
        }
        Ok(())
    })?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn read_clock(State(gateway): Shared) -> Answered {
    let world = gateway.world();
    let manual = matches!(world.options().clock, SandboxClock::Manual(_));
    said(StatusCode::OK, &json!({"now": world.now(), "manual": manual}))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_ms: i64,
}

async fn advance_clock(State(gateway): Shared, body: Bytes) -> Answered {
    let by: Advance = read(&body)?;
    let now = gateway.change(|world| world.advance(SignedDuration::from_millis(by.advance_ms)))?;
    said(StatusCode::OK, &json!({"now": now}))
}

async fn reset(State(gateway): Shared) -> Answered {
    gateway.change(|world| world.reset())?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn ledger(State(gateway): Shared) -> Answered {
    let report = gateway.world().ledger_report();
    said(StatusCode::OK, &report)
}

async fn order_ledger(State(gateway): Shared, Path(order_id): Path<String>) -> Answered {
    let entry = gateway.world().order_ledger(&order_id).cloned();
    match entry {
        Some(entry) => said(StatusCode::OK, &entry),
        None => Err(SandboxError::NoSuchOrder { order_id }.into()),
    }
}

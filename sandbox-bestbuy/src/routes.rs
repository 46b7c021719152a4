//! The seller API's routes: requests read into calls, and what goes back.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequestParts, Path, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::response::Response;
use axum::routing::{get, put};

use crate::faults::Endpoint;
use crate::gateway::{Gateway, Outgoing};
use crate::reply::{Problem, Reply};
use crate::wire::Line;
use crate::world::Received;

/// The largest request body that is read.
const BODY_LIMIT: usize = 4 * 1024 * 1024;

/// The routes of the seller API.
pub(crate) fn router() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/api/orders", get(or11).fallback(wrong_method))
        .route("/api/orders/{id}", get(or12).fallback(wrong_method))
        .route("/api/orders/{id}/accept", put(or21).fallback(wrong_method))
        .route("/api/account", get(a01).fallback(wrong_method))
        .route("/api/account/statistics", get(a21).fallback(wrong_method))
        .route("/api/platform/configuration", get(pc01).fallback(wrong_method))
        .fallback(not_found)
}

async fn or11(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    answer(gateway, Endpoint::Or11, request).await
}

async fn or12(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    answer(gateway, Endpoint::Or12, request).await
}

async fn or21(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    answer(gateway, Endpoint::Or21, request).await
}

async fn a01(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    answer(gateway, Endpoint::A01, request).await
}

async fn a21(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    answer(gateway, Endpoint::A21, request).await
}

async fn pc01(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    answer(gateway, Endpoint::Pc01, request).await
}

async fn wrong_method(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let allowed = if request.uri().path().ends_with("/accept") {
        Method::PUT
    } else {
        Method::GET
    };
    let errors = gateway.world().options().errors;
    let reply = Problem::plain(405, "Method not allowed")
        .reply(errors)
        .header(header::ALLOW, allowed.as_str());
    unserved(gateway, reply, request).await
}

async fn not_found(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let errors = gateway.world().options().errors;
    unserved(gateway, Problem::plain(404, "Not found").reply(errors), request).await
}

async fn unserved(gateway: Arc<Gateway>, reply: Reply, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let received = Received {
        unserved: Some(reply),
        ..received(Endpoint::Other, &parts, None, Vec::new(), Bytes::new())
    };
    send(gateway, received, line_of(&parts)).await
}

async fn answer(gateway: Arc<Gateway>, endpoint: Endpoint, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let errors = gateway.world().options().errors;
    let line = line_of(&parts);
    let order_id = match endpoint {
        Endpoint::Or12 | Endpoint::Or21 => match Path::<String>::from_request_parts(&mut parts, &()).await {
            Ok(Path(id)) => Some(id),
            Err(unreadable) => {
                let problem = Problem::invalid("order_id", unreadable.body_text());
                return unserved_as(gateway, endpoint, &parts, problem.reply(errors)).await;
            }
        },
        _ => None,
    };
    let query = match Query::<Vec<(String, String)>>::try_from_uri(&parts.uri) {
        Ok(Query(query)) => query,
        Err(unreadable) => {
            let problem = Problem::invalid("query", unreadable.body_text());
            return unserved_as(gateway, endpoint, &parts, problem.reply(errors)).await;
        }
    };
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        let problem = Problem::plain(413, "The body is too large or broke off");
        return unserved_as(gateway, endpoint, &parts, problem.reply(errors)).await;
    };
    let received = received(endpoint, &parts, order_id, query, body);
    send(gateway, received, line).await
}

/// Answers a call that could not even be read.
async fn unserved_as(gateway: Arc<Gateway>, endpoint: Endpoint, parts: &Parts, reply: Reply) -> Response {
    let received = Received {
        unserved: Some(reply),
        ..received(endpoint, parts, None, Vec::new(), Bytes::new())
    };
    send(gateway, received, line_of(parts)).await
}

fn received(
    endpoint: Endpoint,
    parts: &Parts,
    order_id: Option<String>,
    query: Vec<(String, String)>,
    body: Bytes,
) -> Received {
    let host = text(&parts.headers, header::HOST).unwrap_or("localhost");
    let content_type = text(&parts.headers, header::CONTENT_TYPE).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    Received {
        endpoint,
        order_id,
        raw_query: parts.uri.query().unwrap_or_default().to_owned(),
        query,
        key: text(&parts.headers, header::AUTHORIZATION).map(str::to_owned),
        is_json: media_type.eq_ignore_ascii_case("application/json"),
        origin: format!("http://{host}"),
        body,
        unserved: None,
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn line_of(parts: &Parts) -> Option<Arc<Line>> {
    parts.extensions.get::<Arc<Line>>().cloned()
}

/// Takes a call through the gateway and sends what comes back, or ends the connection.
async fn send(gateway: Arc<Gateway>, received: Received, line: Option<Arc<Line>>) -> Response {
    match gateway.handle(received).await {
        Outgoing::Answer(reply) => reply.into_response(),
        Outgoing::Dropped { reset } => match line {
            Some(line) => {
                line.cut(reset);
                // The connection's task drops this future along with the connection.
                std::future::pending().await
            }
            None => Reply::empty(500).into_response(),
        },
    }
}

//! Answers of a marketplace that wiremock plays.

use serde_json::{Value, json};
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::{Bench, bench};

pub(crate) fn order(number: u64) -> Value {
    json!({"order_id": format!("MB-{number}-A"), "order_state": "WAITING_ACCEPTANCE",
           "order_lines": [{"order_line_id": format!("MB-{number}-A-1")}]})
}

pub(crate) fn page(orders: impl IntoIterator<Item = u64>, total: Option<u64>) -> ResponseTemplate {
    let orders: Vec<_> = orders.into_iter().map(order).collect();
    let mut body = json!({ "orders": orders });
    if let Some(total) = total {
        body["total_count"] = total.into();
    }
    ResponseTemplate::new(200).set_body_json(body)
}

pub(crate) fn number(request: &Request, name: &str) -> Option<u64> {
    let (_, value) = request.url.query_pairs().find(|(key, _)| key == name)?;
    value.parse().ok()
}

pub(crate) async fn serve(server: &MockServer, respond: impl Fn(&Request) -> ResponseTemplate + Send + Sync + 'static) {
    Mock::given(method("GET")).respond_with(respond).mount(server).await;
}

pub(crate) async fn serving(response: ResponseTemplate) -> (MockServer, Bench) {
    let server = MockServer::start().await;
    serve(&server, move |_| response.clone()).await;
    let bench = bench(&server.uri());
    (server, bench)
}

pub(crate) async fn requests(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

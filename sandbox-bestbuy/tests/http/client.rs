//! A small client for the tests: plain requests and their raw answers.

use std::sync::Once;
use std::time::Duration;

use ackord_sandbox::{OrderSeed, Sandbox, SandboxHandle};
use reqwest::{Method, RequestBuilder, Response, header};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

static PROVIDER: Once = Once::new();

/// A client of one sandbox.
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    key: String,
}

/// An answer that has been read.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|broken| panic!("{broken}: {}", self.text))
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn order_ids(&self) -> Vec<String> {
        let body = self.json();
        let orders = body["orders"].as_array().unwrap();
        orders
            .iter()
            .map(|order| order["order_id"].as_str().unwrap().to_owned())
            .collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Client {
    pub(crate) fn of(sandbox: &SandboxHandle) -> Self {
        PROVIDER.call_once(|| {
            rustls::crypto::ring::default_provider().install_default().unwrap();
        });
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        Self {
            http,
            base: sandbox.url(),
            key: sandbox.api_key().to_owned(),
        }
    }

    pub(crate) fn with_key(mut self, key: &str) -> Self {
        self.key = key.to_owned();
        self
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.base))
            .header(header::AUTHORIZATION, &self.key)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        read(self.request(Method::GET, path).send().await.unwrap()).await
    }

    pub(crate) async fn try_get(&self, path: &str) -> Result<Answer, reqwest::Error> {
        let response = self.request(Method::GET, path).send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        Ok(Answer { status, headers, text })
    }

    /// OR21 with this body.
    pub(crate) fn decision(&self, order_id: &str, body: &Value) -> RequestBuilder {
        let id: String = order_id.bytes().map(|byte| format!("%{byte:02X}")).collect();
        self.request(Method::PUT, &format!("/api/orders/{id}/accept"))
            .json(body)
    }

    pub(crate) async fn decide(&self, order_id: &str, body: &Value) -> Answer {
        read(self.decision(order_id, body).send().await.unwrap()).await
    }

    /// OR21 that accepts the one line of a plain order.
    pub(crate) async fn accept(&self, order_id: &str) -> Answer {
        self.decide(order_id, &accept_one(order_id)).await
    }

    pub(crate) async fn try_accept(&self, order_id: &str) -> Result<Answer, reqwest::Error> {
        let response = self.decision(order_id, &accept_one(order_id)).send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        Ok(Answer { status, headers, text })
    }

    /// The state in which OR11 shows an order; `None` where it isn't in the answer.
    pub(crate) async fn look(&self, order_id: &str) -> Option<String> {
        let page = self.get(&format!("/api/orders?max=100&order_ids={order_id}")).await;
        let body = page.json();
        let order = body["orders"].as_array()?.first()?.clone();
        order["order_state"].as_str().map(str::to_owned)
    }

    /// A call of the control API.
    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Answer {
        let request = self.request(method, &format!("/_sandbox/{path}"));
        read(request.body(body.to_string()).send().await.unwrap()).await
    }
}

async fn read(response: Response) -> Answer {
    Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        text: response.text().await.unwrap(),
    }
}

/// The decision that accepts the one line of a plain order.
pub(crate) fn accept_one(order_id: &str) -> Value {
    lines(&[(&format!("{order_id}-1"), true)])
}

/// A decision over these lines.
pub(crate) fn lines(lines: &[(&str, bool)]) -> Value {
    let lines: Vec<Value> = lines
        .iter()
        .map(|(id, accepted)| json!({"id": id, "accepted": accepted}))
        .collect();
    json!({"order_lines": lines})
}

/// A sandbox with plain orders of these ids, and its client.
pub(crate) async fn with_orders(ids: &[&str]) -> (SandboxHandle, Client) {
    start(Sandbox::builder().orders(ids.iter().map(|id| OrderSeed::plain(*id)))).await
}

/// A started sandbox and its client.
pub(crate) async fn start(sandbox: Sandbox) -> (SandboxHandle, Client) {
    let sandbox = sandbox.start().await.unwrap();
    let client = Client::of(&sandbox);
    (sandbox, client)
}

/// What comes back over a bare TCP connection: the bytes until it ended, and how it ended.
pub(crate) async fn raw(sandbox: &SandboxHandle, request: &str) -> (Vec<u8>, std::io::Result<usize>) {
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let ended = stream.read_to_end(&mut bytes).await;
    (bytes, ended)
}

/// OR21 for a plain order as bytes on the wire.
pub(crate) fn raw_accept(sandbox: &SandboxHandle, order_id: &str) -> String {
    let body = accept_one(order_id).to_string();
    format!(
        "PUT /api/orders/{order_id}/accept HTTP/1.1\r\nHost: sandbox\r\nAuthorization: {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        sandbox.api_key(),
        body.len(),
    )
}

/// OR11 as bytes on the wire.
pub(crate) fn raw_list(sandbox: &SandboxHandle) -> String {
    format!(
        "GET /api/orders HTTP/1.1\r\nHost: sandbox\r\nAuthorization: {}\r\n\r\n",
        sandbox.api_key()
    )
}

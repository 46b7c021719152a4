//! Runs a command line within the test, against a sandbox of its own, and keeps what it wrote.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use ackord_cli::{Environment, Exit, Streams, launch};
use ackord_sandbox::{Sandbox, SandboxHandle};
use serde_json::Value;

/// What is written into it can be read afterwards.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Buffer {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) exit: Exit,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// What it wrote, as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A place to work in: a directory with a store, and the environment that names it.
pub(crate) struct Place {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) environment: Environment,
}

impl Place {
    /// An empty one, with settings for somebody in a hurry.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let environment = Environment::in_directory(directory.path())
            .with("ACKORD_STORE", store_in(directory.path()))
            .with("ACKORD_POLL_INTERVAL", "20ms")
            .with("ACKORD_READ_STALENESS", "0")
            .with("ACKORD_READ_RETRIES", "0");
        Self { directory, environment }
    }

    /// The same with this marketplace.
    pub(crate) fn at(sandbox: &SandboxHandle) -> Self {
        Self::new()
            .with("ACKORD_MARKETPLACE_URL", sandbox.url())
            .with("ACKORD_API_KEY", sandbox.api_key())
    }

    /// With this variable besides.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment = self.environment.with(name, value);
        self
    }

    /// Runs `ackord` with these arguments.
    pub(crate) async fn ackord(&self, args: &[&str]) -> Ran {
        let (out, err) = (Buffer::default(), Buffer::default());
        let streams = Streams::to(out.clone(), err.clone());
        let args = std::iter::once("ackord").chain(args.iter().copied());
        let exit = launch(args, &self.environment, &streams).await;
        Ran {
            exit,
            out: out.text(),
            err: err.text(),
        }
    }
}

/// The URL of a store in this directory.
pub(crate) fn store_in(directory: &Path) -> String {
    format!("sqlite:{}", directory.join("record.db").display())
}

/// A sandbox without faults, with this many plain orders.
pub(crate) async fn sandbox_with(orders: u32) -> SandboxHandle {
    Sandbox::builder().bulk(orders).start().await.unwrap()
}

/// The address of a port on which nobody listens.
pub(crate) fn closed_port() -> std::net::SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

/// `value` with everything that differs from run to run replaced: times, spans, ids, bodies.
pub(crate) fn redacted(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(redacted).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), redacted_field(name, value)))
            .collect(),
        Value::String(text) if text.parse::<jiff::Timestamp>().is_ok() => "[time]".into(),
        other => other.clone(),
    }
}

fn redacted_field(name: &str, value: &Value) -> Value {
    match (name, value) {
        (_, Value::Null) => Value::Null,
        ("duration_ms", _) => "[ms]".into(),
        ("call_id" | "failure_id" | "send_call_id" | "look_call_id", _) => "[id]".into(),
        ("response_body", _) => "[body]".into(),
        ("details" | "notes", Value::String(text)) => without_times(text).into(),
        _ => redacted(value),
    }
}

/// A text whose words that are times are replaced.
fn without_times(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let bare = word.trim_end_matches(['.', ',', ';']);
        if bare.parse::<jiff::Timestamp>().is_ok() {
            word.replace(bare, "[time]")
        } else {
            word.to_owned()
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

//! What the wire tests share: a message, places that do not answer, and what an error shows.

pub(crate) mod smtp;

use std::error::Error as StdError;
use std::time::Duration;

use ackord::alerts::{Kind, Message, Severity};
use ackord::ports::NotifyError;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A timeout short enough for tests that wait it out.
pub(crate) const SHORT: Duration = Duration::from_millis(200);

pub(crate) fn message() -> Message {
    Message {
        kind: Kind::Raised,
        key: "inbox:refused".to_owned(),
        severity: Severity::Urgent,
        shop: "https://marketplace.example".to_owned(),
        title: "2 orders refused".to_owned(),
        lines: vec!["MB-1-A".to_owned(), ".".to_owned()],
        remedy: "ackord failures list --open".to_owned(),
        count: 2,
        since: "2026-11-23T08:00:00Z".parse().unwrap(),
        at: "2026-11-23T10:05:00Z".parse().unwrap(),
    }
}

/// All that an error shows: its words, its causes, its `Debug` text.
pub(crate) fn shown(error: &NotifyError) -> String {
    let mut shown = format!("{error} {error:?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        shown.push_str(&format!(" {error} {error:?}"));
        cause = error.source();
    }
    shown
}

/// A port of this machine on which nobody listens.
pub(crate) async fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

/// A server that takes connections and never says a word; it ends with the listener.
pub(crate) async fn silent() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// An HTTP server that answers its first request with 400 and a body without an end.
pub(crate) async fn endless() -> u16 {
    let (listener, port) = silent().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 1024];
        let _ = stream.read(&mut request).await;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\nno channel ").await;
        while stream.write_all(&[b'x'; 1024]).await.is_ok() {}
    });
    port
}

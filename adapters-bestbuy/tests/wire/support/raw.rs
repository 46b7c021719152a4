//! A server that speaks raw TCP by a script for each connection, and keeps every byte that it was sent.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What to do next on a connection.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Reads up to the end of one request, head and body.
    Request,
    /// Reads this many bytes at least.
    Bytes(usize),
    /// Writes this.
    Write(Vec<u8>),
    /// Closes with a reset instead of an orderly end.
    Reset,
    /// Closes in an orderly way.
    Close,
    /// Reads until the client closes.
    UntilClosed,
}

/// Writes an answer.
pub(crate) fn answer(text: &str) -> Step {
    Step::Write(text.as_bytes().to_vec())
}

pub(crate) const NO_CONTENT: &str = "HTTP/1.1 204 No Content\r\n\r\n";

/// What the server saw on one connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connection {
    pub(crate) bytes: Vec<u8>,
    pub(crate) ended: bool,
}

pub(crate) struct RawServer {
    pub(crate) url: String,
    seen: watch::Receiver<Vec<Connection>>,
}

impl RawServer {
    /// Serves the n-th connection (from 0) by `script(n)`.
    pub(crate) async fn start(script: impl Fn(usize) -> Vec<Step> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (tell, seen) = watch::channel(Vec::new());
        let tell = Arc::new(tell);
        tokio::spawn(async move {
            for number in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                tell.send_modify(|all: &mut Vec<Connection>| all.push(Connection::default()));
                let (tell, steps) = (tell.clone(), script(number));
                tokio::spawn(async move {
                    follow(stream, steps, number, &tell).await;
                    tell.send_modify(|all| all[number].ended = true);
                });
            }
        });
        Self { url, seen }
    }

    pub(crate) fn connections(&self) -> Vec<Connection> {
        self.seen.borrow().clone()
    }

    /// Waits until what was seen is as wished.
    pub(crate) async fn until(&self, wished: impl FnMut(&Vec<Connection>) -> bool) -> Vec<Connection> {
        self.seen.clone().wait_for(wished).await.unwrap().clone()
    }

    /// All that was received, over all connections, as text.
    pub(crate) fn received(&self) -> String {
        let all = self.connections();
        all.iter()
            .map(|connection| String::from_utf8_lossy(&connection.bytes).into_owned())
            .collect()
    }
}

async fn follow(mut stream: TcpStream, steps: Vec<Step>, number: usize, tell: &watch::Sender<Vec<Connection>>) {
    let mut taken = 0;
    for step in steps {
        let done = |bytes: &[u8]| match &step {
            Step::Request => request_end(bytes),
            Step::Bytes(count) => (bytes.len() >= *count).then_some(bytes.len()),
            _ => None,
        };
        match &step {
            Step::Write(bytes) => {
                let _ = stream.write_all(bytes).await;
            }
            Step::Reset => {
                let _ = stream.set_zero_linger();
                return;
            }
            Step::Close => return,
            Step::Request | Step::Bytes(_) | Step::UntilClosed => loop {
                let bytes = tell.borrow()[number].bytes.clone();
                if let Some(end) = done(&bytes[taken..]) {
                    taken += end;
                    break;
                }
                let mut chunk = [0; 4096];
                match stream.read(&mut chunk).await {
                    Ok(0) | Err(_) => return,
                    Ok(count) => tell.send_modify(|all| all[number].bytes.extend(&chunk[..count])),
                }
            },
        }
    }
}

/// Where the request at the start of `bytes` ends, once it is all there.
fn request_end(bytes: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(bytes);
    let head = text.find("\r\n\r\n")? + 4;
    let length = text[..head].lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().unwrap())
    });
    let end = head + length.unwrap_or(0);
    (bytes.len() >= end).then_some(end)
}

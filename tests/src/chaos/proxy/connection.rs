//! One connection through the proxy.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::messages::{Client, Message, is_ready};
use super::mischief::{AtCommit, Doom, Mischief};
use super::{Shared, Speech};
use crate::chaos::Kind;

/// How long the server may take to carry out a commit whose acknowledgement is to be lost.
const COMMIT_LIMIT: Duration = Duration::from_secs(10);

/// How much is read at once.
const PIECE: usize = 16 * 1024;

/// How a connection ends.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// One side closed it, and so does the other.
    Closed,
    /// Both sides are reset.
    Reset,
}

/// A connection: both of its halves, and what is to become of it.
#[derive(Debug)]
pub(super) struct Connection {
    client: TcpStream,
    server: TcpStream,
    shared: Arc<Shared>,
    said: Option<Client>,
    doom: Doom,
    sent: u64,
    received: u64,
    /// What the client said while the connection stood still.
    held: Vec<u8>,
    calm: watch::Receiver<u64>,
}

impl Connection {
    pub(super) fn new(client: TcpStream, server: TcpStream, shared: Arc<Shared>) -> Self {
        Self {
            client,
            server,
            said: (shared.speech == Speech::Postgres).then(Client::default),
            doom: shared.draw(Mischief::doom),
            sent: 0,
            received: 0,
            held: Vec::new(),
            calm: shared.calm.subscribe(),
            shared,
        }
    }

    /// Passes bytes on until one side ends it, or it is cut.
    pub(super) async fn pass(mut self) {
        // An error is an end by one of the sides.
        let end = self.converse().await.unwrap_or(End::Reset);
        if end == End::Reset {
            // With no linger time, closing sends RST in place of FIN; where that is refused, it is a FIN.
            let _ = (self.client.set_zero_linger(), self.server.set_zero_linger());
        }
    }

    async fn converse(&mut self) -> io::Result<End> {
        let (mut up, mut down) = (vec![0; PIECE], vec![0; PIECE]);
        loop {
            if !self.held.is_empty() {
                let held = std::mem::take(&mut self.held);
                if let Some(end) = self.send(&held).await? {
                    return Ok(end);
                }
            }
            let end = tokio::select! {
                read = self.client.read(&mut up) => match read? {
                    0 => Some(End::Closed),
                    count => self.send(&up[..count]).await?,
                },
                read = self.server.read(&mut down) => match read? {
                    0 => Some(End::Closed),
                    count => self.receive(&down[..count]).await?,
                },
                _ = self.calm.changed() => {
                    self.doom = Doom::None;
                    None
                }
            };
            if let Some(end) = end {
                return Ok(end);
            }
        }
    }

    /// Passes on what came from the client.
    async fn send(&mut self, bytes: &[u8]) -> io::Result<Option<End>> {
        let messages = match &mut self.said {
            Some(client) => client.hear(bytes),
            None => vec![Message {
                bytes: bytes.to_vec(),
                commits: false,
            }],
        };
        for message in messages {
            let at = if message.commits {
                self.shared.draw(Mischief::at_commit)
            } else {
                AtCommit::Forward
            };
            match at {
                AtCommit::NeverSend => {
                    self.shared.tally.count(Kind::CommitNeverSent);
                    return Ok(Some(End::Reset));
                }
                AtCommit::LoseAcknowledgement => {
                    self.server.write_all(&message.bytes).await?;
                    return self.lose_acknowledgement().await.map(Some);
                }
                AtCommit::Forward => {
                    if let Some(end) = self.forward(&message.bytes).await? {
                        return Ok(Some(end));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Reads the server's answer to the end, and keeps it.
    async fn lose_acknowledgement(&mut self) -> io::Result<End> {
        let mut answer = Vec::new();
        let whole = async {
            while !is_ready(&answer) {
                if self.server.read_buf(&mut answer).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            Ok::<_, io::Error>(())
        };
        // A server that does not get to its answer may still commit: then it counts as an ordinary reset.
        if let Ok(Ok(())) = timeout(COMMIT_LIMIT, whole).await {
            self.shared.tally.count(Kind::AcknowledgementLost);
        }
        Ok(End::Reset)
    }

    /// Forwards bytes to the server, as far as the connection's doom lets them.
    async fn forward(&mut self, bytes: &[u8]) -> io::Result<Option<End>> {
        let before = self.sent;
        self.sent += bytes.len() as u64;
        let kinds = self.shared.kinds;
        match self.doom {
            Doom::CutSending { after } if self.sent >= after => {
                self.shared.tally.count(kinds.cut_sending);
                self.server.write_all(&bytes[..up_to(after, before, bytes)]).await?;
                return Ok(Some(End::Reset));
            }
            Doom::Stall { after, pause } if self.sent >= after => {
                self.doom = Doom::None;
                self.shared.tally.count(kinds.stalled);
                if !self.stand_still(pause).await {
                    return Ok(Some(End::Reset));
                }
            }
            Doom::HalfOpen { after, pause } if self.sent >= after => {
                self.shared.tally.count(kinds.half_open);
                self.server.set_zero_linger()?;
                self.server.shutdown().await?;
                self.stand_still(pause).await;
                return Ok(Some(End::Reset));
            }
            _ => {}
        }
        self.server.write_all(bytes).await?;
        Ok(None)
    }

    /// Lets nothing pass for a while; `false` where the client gave up meanwhile, or the mischief ended. What the client
    /// sent before it gave up must not arrive any more: it would be a call that outlives its caller.
    async fn stand_still(&mut self, pause: Duration) -> bool {
        let gives_up = async { while self.client.read_buf(&mut self.held).await.is_ok_and(|count| count > 0) {} };
        tokio::select! {
            () = tokio::time::sleep(pause) => true,
            () = gives_up => false,
            _ = self.calm.changed() => false,
        }
    }

    /// Passes on what came from the server.
    async fn receive(&mut self, bytes: &[u8]) -> io::Result<Option<End>> {
        let before = self.received;
        self.received += bytes.len() as u64;
        if let Doom::CutReceiving { after } = self.doom
            && self.received >= after
        {
            self.shared.tally.count(self.shared.kinds.cut_receiving);
            self.client.write_all(&bytes[..up_to(after, before, bytes)]).await?;
            return Ok(Some(End::Reset));
        }
        self.client.write_all(bytes).await?;
        Ok(None)
    }
}

/// How many of the bytes still pass.
fn up_to(after: u64, before: u64, bytes: &[u8]) -> usize {
    let left = usize::try_from(after.saturating_sub(before)).unwrap_or(usize::MAX);
    left.min(bytes.len())
}

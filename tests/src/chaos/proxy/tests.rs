//! The proxy before a server that echoes, and before one that speaks enough of PostgreSQL's protocol.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::{Mischief, Proxy, Speech};
use crate::chaos::{Chance, Kind, Tally};

const LONG: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(60));

/// A server that tells what arrives, and answers each piece with `answer`, or by echoing it.
async fn server(answer: Option<&'static [u8]>) -> (std::net::SocketAddr, mpsc::UnboundedReceiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (tell, told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let tell = tell.clone();
            tokio::spawn(async move {
                let mut piece = [0; 1024];
                while let Ok(count @ 1..) = stream.read(&mut piece).await {
                    let piece = &piece[..count];
                    if tell.send(piece.to_vec()).is_err() || stream.write_all(answer.unwrap_or(piece)).await.is_err() {
                        break;
                    }
                }
                // An empty piece says that the connection ended.
                let _ = tell.send(Vec::new());
            });
        }
    });
    (address, told)
}

struct Setting {
    proxy: Proxy,
    tally: Tally,
    told: mpsc::UnboundedReceiver<Vec<u8>>,
}

impl Setting {
    async fn new(speech: Speech, answer: Option<&'static [u8]>, mischief: Mischief) -> Self {
        let (address, told) = server(answer).await;
        let tally = Tally::default();
        let proxy = Proxy::start(address, speech, Chance::new(5), tally.clone()).await;
        let proxy = proxy.expect("the proxy starts");
        proxy.make_mischief(mischief);
        Self { proxy, tally, told }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.proxy.address()).await.expect("a connection")
    }

    /// What arrives before the connection ends.
    async fn arrived(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            match self.told.recv().await {
                Some(piece) if !piece.is_empty() => all.extend(piece),
                _ => return all,
            }
        }
    }
}

/// What is read until the connection ends, and whether that was by a reset.
async fn read_to_end(stream: &mut TcpStream) -> (Vec<u8>, bool) {
    let mut all = Vec::new();
    let reset = stream.read_to_end(&mut all).await.is_err();
    (all, reset)
}

#[tokio::test]
async fn without_mischief_bytes_pass_both_ways() {
    let setting = Setting::new(Speech::Opaque, None, Mischief::NONE).await;
    let mut stream = setting.connect().await;
    for text in ["one", "another"] {
        stream.write_all(text.as_bytes()).await.expect("sent");
        let mut echo = vec![0; text.len()];
        stream.read_exact(&mut echo).await.expect("answered");
        assert_eq!(echo, text.as_bytes());
    }
    assert!(Kind::ALL.iter().all(|kind| setting.tally.of(*kind) == 0));
}

#[tokio::test]
async fn a_connection_is_cut_while_it_sends() {
    let mischief = Mischief {
        cut_sending: 1.0,
        within_bytes: 4,
        ..Mischief::NONE
    };
    let mut setting = Setting::new(Speech::Opaque, None, mischief).await;
    let mut stream = setting.connect().await;
    stream.write_all(b"twelve bytes").await.expect("sent");
    let (_, reset) = read_to_end(&mut stream).await;
    assert!(reset);
    assert!(
        setting.arrived().await.len() <= 4,
        "no more than the bytes that may pass"
    );
    assert_eq!(setting.tally.of(Kind::MarketCutSending), 1);
}

#[tokio::test]
async fn a_connection_is_cut_while_it_receives() {
    let mischief = Mischief {
        cut_receiving: 1.0,
        within_bytes: 4,
        ..Mischief::NONE
    };
    let mut setting = Setting::new(Speech::Opaque, None, mischief).await;
    let mut stream = setting.connect().await;
    stream.write_all(b"twelve bytes").await.expect("sent");
    let (answer, reset) = read_to_end(&mut stream).await;
    assert!(reset && answer.len() <= 4, "{answer:?}");
    assert_eq!(setting.arrived().await, b"twelve bytes", "all of it arrived");
    assert_eq!(setting.tally.of(Kind::MarketCutReceiving), 1);
}

#[tokio::test]
async fn a_stalled_connection_goes_on_with_all_that_was_said() {
    let mischief = Mischief {
        stall: 1.0,
        within_bytes: 1,
        stall_for: (Duration::from_millis(50), Duration::from_millis(50)),
        ..Mischief::NONE
    };
    let mut setting = Setting::new(Speech::Opaque, None, mischief).await;
    let mut stream = setting.connect().await;
    let since = std::time::Instant::now();
    stream.write_all(b"first, ").await.expect("sent");
    stream.write_all(b"then").await.expect("sent");
    let mut echo = [0; 11];
    stream.read_exact(&mut echo).await.expect("answered");
    assert_eq!(&echo, b"first, then");
    assert!(since.elapsed() >= Duration::from_millis(50));
    drop(stream);
    assert_eq!(setting.arrived().await, b"first, then");
    assert_eq!(setting.tally.of(Kind::MarketStalled), 1);
}

#[tokio::test]
async fn what_a_client_sent_before_it_gave_up_on_a_stalled_connection_never_arrives() {
    let mischief = Mischief {
        stall: 1.0,
        within_bytes: 1,
        stall_for: LONG,
        ..Mischief::NONE
    };
    let mut setting = Setting::new(Speech::Opaque, None, mischief).await;
    let mut stream = setting.connect().await;
    stream.write_all(b"a call").await.expect("sent");
    drop(stream);
    assert_eq!(setting.arrived().await, b"");
}

#[tokio::test]
async fn a_half_open_connection_is_silent_until_the_mischief_ends() {
    let mischief = Mischief {
        half_open: 1.0,
        within_bytes: 1,
        half_open_for: LONG,
        ..Mischief::NONE
    };
    let mut setting = Setting::new(Speech::Opaque, None, mischief).await;
    let mut stream = setting.connect().await;
    stream.write_all(b"a call").await.expect("sent");
    assert_eq!(setting.arrived().await, b"", "the server's end is gone");
    assert_eq!(setting.tally.of(Kind::MarketHalfOpen), 1);
    setting.proxy.calm_down();
    let (answer, reset) = read_to_end(&mut stream).await;
    assert!(reset && answer.is_empty());
}

/// A first message, a write, and the sync that commits it.
fn write() -> Vec<u8> {
    let message = |kind: u8, body: &[u8]| {
        let length = u32::try_from(body.len() + 4).expect("short");
        [&[kind][..], &length.to_be_bytes(), body].concat()
    };
    let start = [&9_u32.to_be_bytes()[..], &196_608_u32.to_be_bytes(), &[0]].concat();
    [
        start,
        message(b'P', b"\0INSERT INTO orders VALUES ($1)\0\0\0"),
        message(b'B', b"\0\0\0\0\0\0\0\0"),
        message(b'E', b"\0\0\0\0\0"),
        message(b'S', b""),
    ]
    .concat()
}

#[tokio::test]
async fn an_acknowledgement_is_lost_after_the_commit_was_carried_out() {
    let mischief = Mischief {
        lose_acknowledgement: 1.0,
        ..Mischief::NONE
    };
    // The server says that it is ready after each piece; the first piece that arrives is all but the sync.
    let mut setting = Setting::new(Speech::Postgres, Some(b"Z\0\0\0\x05I"), mischief).await;
    let mut stream = setting.connect().await;
    stream.write_all(&write()).await.expect("sent");
    let (_, reset) = read_to_end(&mut stream).await;
    assert!(reset);
    assert_eq!(setting.arrived().await, write(), "the commit arrived");
    assert_eq!(setting.tally.of(Kind::AcknowledgementLost), 1);
}

#[tokio::test]
async fn a_commit_that_is_never_sent_does_not_arrive() {
    let mischief = Mischief {
        never_send: 1.0,
        ..Mischief::NONE
    };
    let mut setting = Setting::new(Speech::Postgres, Some(b"Z\0\0\0\x05I"), mischief).await;
    let mut stream = setting.connect().await;
    stream.write_all(&write()).await.expect("sent");
    let (_, reset) = read_to_end(&mut stream).await;
    assert!(reset);
    let arrived = setting.arrived().await;
    let all = write();
    assert!(
        all.starts_with(&arrived) && arrived.len() <= all.len() - 5,
        "{arrived:?}"
    );
    assert_eq!(setting.tally.of(Kind::CommitNeverSent), 1);
}

#[tokio::test]
async fn a_server_that_is_away_closes_the_clients_connection() {
    let gone = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = gone.local_addr().expect("an address");
    drop(gone);
    let proxy = Proxy::start(address, Speech::Opaque, Chance::new(5), Tally::default()).await;
    let proxy = proxy.expect("the proxy starts");
    let mut stream = TcpStream::connect(proxy.address()).await.expect("a connection");
    assert_eq!(read_to_end(&mut stream).await.0, b"");
}

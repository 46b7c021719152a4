//! A receiver of alerts: hears what is posted, checks who signed it, answers when it is told to and as it is told to, and keeps what
//! became of each message.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ackord::Timestamp;
use ackord_alerts::{DELIVERY_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, verify};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// By which messages are signed. It has the word by which canaries are known.
pub(super) const SECRET: &str = "quokka-secret-of-some-length";

/// The answer of who has a message.
const TAKEN: u16 = 200;

/// How messages are met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    /// Each is answered at once, with this status.
    Answers(u16),
    /// They are heard, and answered once the mood is another.
    Holds,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It was not answered yet.
    Open,
    /// Who sent it went away before it was answered.
    Abandoned,
    /// It was answered with this status.
    Answered(u16),
}

/// A message as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    /// The delivery's.
    pub(super) id: String,
    pub(super) body: Value,
    head: String,
    signed: bool,
    fate: Fate,
}

impl Heard {
    fn of(head: &str, body: &[u8]) -> Self {
        let header = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(": "));
            let mut values = lines.filter(|(found, _)| found.eq_ignore_ascii_case(name));
            values.next().map_or("", |(_, value)| value)
        };
        let signed = verify(
            &SECRET.into(),
            header(TIMESTAMP_HEADER),
            body,
            header(SIGNATURE_HEADER),
            Timestamp::now(),
            Duration::from_secs(300),
        );
        Self {
            id: header(DELIVERY_HEADER).to_owned(),
            body: serde_json::from_slice(body).unwrap_or_default(),
            head: head.to_owned(),
            signed: signed.is_ok(),
            fate: Fate::Open,
        }
    }

    /// Its kind, and the key of its alert.
    pub(super) fn what(&self) -> (&str, &str) {
        let text = |name: &str| self.body[name].as_str().unwrap_or_default();
        (text("kind"), text("key"))
    }
}

/// A running receiver.
pub(super) struct Receiver {
    /// Where to post to.
    pub(super) url: String,
    mood: watch::Sender<Mood>,
    heard: watch::Receiver<Vec<Heard>>,
    /// How many were asked for.
    asked: usize,
}

impl Receiver {
    /// One that takes each message at once.
    pub(super) async fn new() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (mood, moods) = watch::channel(Mood::Answers(TAKEN));
        let (ledger, heard) = watch::channel(Vec::new());
        let ledger = Arc::new(ledger);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(hear(stream, moods.clone(), Arc::clone(&ledger)));
            }
        });
        Self {
            url: format!("http://{address}/hook"),
            mood,
            heard,
            asked: 0,
        }
    }

    /// From now on messages are heard and not answered.
    pub(super) fn hold(&self) {
        self.mood.send_replace(Mood::Holds);
    }

    /// From now on messages are taken, those among them that were held.
    pub(super) fn take(&self) {
        self.answer(TAKEN);
    }

    /// From now on messages are answered with this status, those among them that were held.
    pub(super) fn answer(&self, status: u16) {
        self.mood.send_replace(Mood::Answers(status));
    }

    /// The next message, once it is heard.
    pub(super) async fn next(&mut self) -> Heard {
        let asked = self.asked;
        let heard = self.heard.wait_for(|heard| heard.len() > asked).await;
        let next = heard.expect("it listens")[asked].clone();
        self.asked += 1;
        assert!(next.signed, "{next:?}");
        next
    }

    /// What was heard and not asked for yet.
    pub(super) fn others(&mut self) -> Vec<Heard> {
        let others = self.heard.borrow()[self.asked..].to_vec();
        self.asked += others.len();
        others
    }

    /// Returns once this was heard.
    pub(super) async fn until_heard(&mut self, what: (&str, &str)) {
        let heard = self
            .heard
            .wait_for(|heard| heard.iter().any(|heard| heard.what() == what))
            .await;
        heard.expect("it listens");
    }

    /// All that was ever heard, with its headers.
    pub(super) fn text(&self) -> String {
        let heard = self.heard.borrow();
        heard
            .iter()
            .map(|heard| format!("{}\n{}\n", heard.head, heard.body))
            .collect()
    }

    /// Returns once the sender of a message went away without an answer.
    pub(super) async fn until_abandoned(&mut self, id: &str) {
        let is_it = |heard: &Heard| heard.id == id && heard.fate == Fate::Abandoned;
        let abandoned = self.heard.wait_for(|heard| heard.iter().any(is_it)).await;
        abandoned.expect("it listens");
    }

    /// Expects that these messages were taken, no other one, and none of them twice. Tells the ids of those that were sent and not
    /// taken, each as often as that was so.
    pub(super) fn expect_taken(&self, messages: &[(&str, &str)]) -> Vec<String> {
        let heard = self.heard.borrow().clone();
        assert!(heard.iter().all(|heard| heard.signed), "{heard:?}");
        let (taken, others): (Vec<_>, Vec<_>) = heard.iter().partition(|heard| heard.fate == Fate::Answered(TAKEN));
        let mut what: Vec<_> = taken.iter().map(|taken| taken.what()).collect();
        let mut expected = messages.to_vec();
        // Those that are due together go out at once.
        what.sort_unstable();
        expected.sort_unstable();
        assert_eq!(what, expected, "{heard:#?}");
        let ids: BTreeSet<_> = taken.iter().map(|taken| &taken.id).collect();
        assert_eq!(ids.len(), taken.len(), "each has an id of its own: {heard:#?}");
        others.iter().map(|other| other.id.clone()).collect()
    }
}

/// Hears one message, and answers it.
async fn hear(mut stream: TcpStream, mut moods: watch::Receiver<Mood>, ledger: Arc<watch::Sender<Vec<Heard>>>) {
    let Some((head, body)) = request(&mut stream).await else {
        return;
    };
    let mut place = 0;
    ledger.send_modify(|heard| {
        place = heard.len();
        heard.push(Heard::of(&head, &body));
    });
    let answers = async {
        let mood = moods.wait_for(|mood| *mood != Mood::Holds).await;
        mood.map_or(Mood::Holds, |mood| *mood)
    };
    let fate = tokio::select! {
        biased;
        () = until_gone(&mut stream) => Fate::Abandoned,
        mood = answers => match mood {
            Mood::Answers(status) => Fate::Answered(status),
            Mood::Holds => Fate::Open,
        },
    };
    // On record before it is said: whoever has the answer may end at once.
    ledger.send_modify(|heard| heard[place].fate = fate);
    if let Fate::Answered(status) = fate {
        let answer = format!("HTTP/1.1 {status} .\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        // Who does not wait for it any more hears of it another time.
        drop(stream.write_all(answer.as_bytes()).await);
    }
}

/// The head and the body of a request; `None` where it breaks off.
async fn request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    const END: &[u8] = b"\r\n\r\n";
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(END.len()).position(|window| window == END) {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let body = &bytes[end + END.len()..];
            let (_, length) = head
                .lines()
                .filter_map(|line| line.split_once(": "))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?;
            if body.len() >= length.parse().ok()? {
                return Some((head.clone(), body.to_vec()));
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// Returns once the other side has closed the connection.
async fn until_gone(stream: &mut TcpStream) {
    while let Ok(1..) = stream.read(&mut [0; 64]).await {}
}

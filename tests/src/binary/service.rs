//! A service of the built program that answers over HTTP, and whatever it says.

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// An answer over HTTP.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Its headers as they came.
    pub(super) head: String,
    pub(super) body: String,
}

/// Asks over HTTP.
pub(super) async fn answer_to(address: &str, method: &str, path: &str, authorization: Option<&str>) -> Answer {
    let authorization = authorization.map_or_else(String::new, |value| format!("Authorization: {value}\r\n"));
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\n{authorization}Connection: close\r\nContent-Length: 0\r\n\r\n"
    );
    let mut connection = TcpStream::connect(address).await.expect("a connection");
    connection.write_all(request.as_bytes()).await.expect("it is sent");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Answer {
        status: status.unwrap_or_else(|| panic!("no status in {head:?}")),
        head: head.to_ascii_lowercase(),
        body: body.to_owned(),
    }
}

/// Sends a signal to a process.
pub(super) async fn signal(process: &Child, name: &str) {
    let id = process.id().expect("it runs").to_string();
    let sent = Command::new("kill").args([&format!("-{name}"), &id]).status().await;
    assert!(sent.expect("`kill` is there").success());
}

/// A running service.
pub(super) struct Service {
    process: Child,
    /// What it writes on stderr, read as it comes: a pipe that is full would stop it.
    lines: UnboundedReceiver<String>,
    said: String,
    /// Where it answers.
    pub(super) address: String,
}

impl Service {
    /// Starts `ackord serve` as `command` has it; returns once it answers over HTTP.
    pub(super) async fn start(mut command: Command) -> Self {
        let mut process = command.spawn().expect("the program starts");
        let mut words = BufReader::new(process.stderr.take().expect("its words")).lines();
        let (told, lines) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok(Some(line)) = words.next_line().await {
                if told.send(line).is_err() {
                    return;
                }
            }
        });
        let mut service = Self {
            process,
            lines,
            said: String::new(),
            address: String::new(),
        };
        let line = service.until_said("answering on http://").await;
        let (_, rest) = line.split_once("answering on http://").expect("an address");
        service.address = rest
            .chars()
            .take_while(|letter| letter.is_ascii_digit() || ".:".contains(*letter))
            .collect();
        service
    }

    /// Returns the next line with these words, once it has come.
    pub(super) async fn until_said(&mut self, words: &str) -> String {
        while let Some(line) = self.lines.recv().await {
            self.keep(&line);
            if line.contains(words) {
                return line;
            }
        }
        panic!("it never said `{words}`: {}", self.said);
    }

    /// Asks with GET.
    pub(super) async fn get(&self, path: &str) -> Answer {
        answer_to(&self.address, "GET", path, None).await
    }

    /// Whether it has not ended: it is the process that was started.
    pub(super) fn runs(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// Kills it, with no chance to do anything more.
    pub(super) async fn killed(mut self) {
        self.process.kill().await.expect("it is killed");
    }

    /// Asks it to end; returns once it says that it will.
    pub(super) async fn ask_to_end(&mut self) {
        signal(&self.process, "TERM").await;
        self.until_said("stopping:").await;
    }

    /// Asks it to end; what it wrote on stdout, and on stderr since its start.
    pub(super) async fn ended(self) -> (String, String) {
        signal(&self.process, "TERM").await;
        self.end().await
    }

    /// Waits until it has ended as it was asked to; what it wrote on stdout, and on stderr since its start.
    pub(super) async fn end(mut self) -> (String, String) {
        while let Some(line) = self.lines.recv().await {
            self.keep(&line);
        }
        let output = self.process.wait_with_output().await.expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{}", self.said);
        (String::from_utf8_lossy(&output.stdout).into_owned(), self.said)
    }

    fn keep(&mut self, line: &str) {
        self.said.push_str(line);
        self.said.push('\n');
    }
}

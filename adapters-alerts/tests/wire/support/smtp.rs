//! A played SMTP server, without TLS: it answers by a script, and keeps what it heard.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// What the script is asked when somebody has connected; for a whole mail it is asked `.`.
pub(crate) const CONNECTED: &str = "(connected)";

type Script = Arc<dyn Fn(&str) -> Option<&'static str> + Send + Sync>;

/// What the server heard.
#[derive(Debug, Default)]
struct Heard {
    commands: Vec<String>,
    letters: Vec<String>,
}

pub(crate) struct SmtpServer {
    pub(crate) port: u16,
    heard: Arc<Mutex<Heard>>,
}

impl SmtpServer {
    /// Answers each command by `script`, and as servers do where that says nothing. To an empty answer it stays silent.
    pub(crate) async fn start(script: impl Fn(&str) -> Option<&'static str> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let script: Script = Arc::new(script);
        let keep = heard.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, script.clone(), keep.clone()));
            }
        });
        Self { port, heard }
    }

    /// A server that takes everything.
    pub(crate) async fn kind() -> Self {
        Self::start(|_| None).await
    }

    pub(crate) fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    pub(crate) fn url_of(&self, user: &str) -> String {
        format!("smtp://{user}@127.0.0.1:{}", self.port)
    }

    /// The commands of all connections, in their order.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.heard.lock().unwrap().commands.clone()
    }

    /// The mails that came in whole.
    pub(crate) fn letters(&self) -> Vec<String> {
        self.heard.lock().unwrap().letters.clone()
    }
}

fn usual(command: &str) -> &'static str {
    match command.split(' ').next().unwrap_or_default() {
        CONNECTED => "220 mail.example ESMTP",
        "EHLO" => "250-mail.example\r\n250-SIZE 1000000\r\n250 AUTH PLAIN LOGIN",
        "AUTH" => "235 2.7.0 signed in",
        "MAIL" | "RCPT" => "250 2.1.0 fine",
        "DATA" => "354 go on",
        "." => "250 2.0.0 taken",
        "QUIT" => "221 2.0.0 bye",
        _ => "500 5.5.1 what?",
    }
}

async fn serve(stream: TcpStream, script: Script, heard: Arc<Mutex<Heard>>) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    answer(&mut write, &script, CONNECTED).await;
    while let Ok(Some(command)) = lines.next_line().await {
        heard.lock().unwrap().commands.push(command.clone());
        let said = answer(&mut write, &script, &command).await;
        if said.starts_with("354") {
            let letter = letter(&mut lines).await;
            heard.lock().unwrap().letters.push(letter);
            answer(&mut write, &script, ".").await;
        }
    }
}

async fn answer(write: &mut OwnedWriteHalf, script: &Script, command: &str) -> &'static str {
    let said = script(command).unwrap_or_else(|| usual(command));
    if !said.is_empty() {
        let _ = write.write_all(format!("{said}\r\n").as_bytes()).await;
    }
    said
}

/// Reads a mail up to the dot that ends it, without the dots that SMTP adds.
async fn letter(lines: &mut Lines<BufReader<OwnedReadHalf>>) -> String {
    let mut letter = String::new();
    while let Ok(Some(line)) = lines.next_line().await {
        if line == "." {
            break;
        }
        letter.push_str(line.strip_prefix('.').unwrap_or(&line));
        letter.push('\n');
    }
    letter
}

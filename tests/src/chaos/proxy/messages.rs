//! What a client says to PostgreSQL, as far as it takes to know when it asks for a commit.
//!
//! Source: PostgreSQL's documentation, "Frontend/Backend Protocol", "Message Formats".

use std::collections::HashMap;

/// The codes of first messages after which another first message follows: the requests for TLS and for GSSAPI.
const NEGOTIATIONS: [[u8; 4]; 2] = [80_877_103_u32.to_be_bytes(), 80_877_104_u32.to_be_bytes()];

/// The statements that change something.
const WRITES: [&str; 3] = ["INSERT ", "UPDATE ", "DELETE "];

/// A whole message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    /// Its bytes, as they came.
    pub(super) bytes: Vec<u8>,
    /// Whether the server commits a write when it gets this one.
    pub(super) commits: bool,
}

/// Cuts a client's bytes into messages and follows what it does with them.
#[derive(Debug, Default)]
pub(super) struct Client {
    /// Whether the first message, which has no type, was sent.
    started: bool,
    /// The beginning of a message.
    pending: Vec<u8>,
    /// Prepared statements by name: whether they write.
    statements: HashMap<Vec<u8>, bool>,
    /// Portals by name: whether they write.
    portals: HashMap<Vec<u8>, bool>,
    /// Whether a write was executed since the last sync or commit.
    wrote: bool,
    /// Whether a transaction was begun by hand.
    in_transaction: bool,
}

impl Client {
    /// The messages that these bytes complete.
    pub(super) fn hear(&mut self, bytes: &[u8]) -> Vec<Message> {
        self.pending.extend_from_slice(bytes);
        let mut messages = Vec::new();
        while let Some(length) = self.next_length() {
            let rest = self.pending.split_off(length);
            let bytes = std::mem::replace(&mut self.pending, rest);
            let commits = self.follow(&bytes);
            messages.push(Message { bytes, commits });
        }
        messages
    }

    /// The length of the next message, once all of it is there.
    fn next_length(&self) -> Option<usize> {
        let type_byte = usize::from(self.started);
        let field: [u8; 4] = self.pending.get(type_byte..type_byte + 4)?.try_into().ok()?;
        let length = type_byte + usize::try_from(u32::from_be_bytes(field)).ok()?.max(4);
        (self.pending.len() >= length).then_some(length)
    }

    /// Follows a message; whether it makes the server commit a write.
    fn follow(&mut self, message: &[u8]) -> bool {
        if !self.started {
            self.started = !NEGOTIATIONS.iter().any(|code| message.get(4..8) == Some(code));
            return false;
        }
        let body = message.get(5..).unwrap_or_default();
        let mut texts = body.split(|byte| *byte == 0);
        let (first, second) = (texts.next().unwrap_or_default(), texts.next().unwrap_or_default());
        match message.first() {
            Some(b'P') => {
                self.statements.insert(first.to_vec(), writes(second));
                false
            }
            Some(b'B') => {
                let writes = self.statements.get(second).copied().unwrap_or(false);
                self.portals.insert(first.to_vec(), writes);
                false
            }
            Some(b'E') => {
                self.wrote |= self.portals.get(first).copied().unwrap_or(false);
                false
            }
            Some(b'S') => !self.in_transaction && std::mem::take(&mut self.wrote),
            Some(b'Q') => self.follow_query(first),
            _ => false,
        }
    }

    fn follow_query(&mut self, text: &[u8]) -> bool {
        let text = String::from_utf8_lossy(text).trim().to_uppercase();
        if text.starts_with("BEGIN") || text.starts_with("START TRANSACTION") {
            self.in_transaction = true;
            false
        } else if text.starts_with("COMMIT") || text.starts_with("END") {
            self.in_transaction = false;
            std::mem::take(&mut self.wrote)
        } else if text.starts_with("ROLLBACK") && !text.starts_with("ROLLBACK TO") {
            self.in_transaction = false;
            self.wrote = false;
            false
        } else {
            let writes = writes(text.as_bytes());
            self.wrote |= writes && self.in_transaction;
            writes && !self.in_transaction
        }
    }
}

fn writes(statement: &[u8]) -> bool {
    let text = String::from_utf8_lossy(statement)
        .to_uppercase()
        .replace(['\n', '\t'], " ");
    WRITES.iter().any(|word| text.contains(word))
}

/// Whether what a server has said ends with its word that it is ready for the next query.
pub(super) fn is_ready(said: &[u8]) -> bool {
    said.len() >= 6 && said[said.len() - 6..].starts_with(&[b'Z', 0, 0, 0, 5])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, texts: &[&str]) -> Vec<u8> {
        let mut body = Vec::new();
        for text in texts {
            body.extend_from_slice(text.as_bytes());
            body.push(0);
        }
        let length = u32::try_from(body.len() + 4).expect("short");
        [&[kind][..], &length.to_be_bytes(), &body].concat()
    }

    fn first_message(code: u32, rest: &[u8]) -> Vec<u8> {
        let length = u32::try_from(rest.len() + 8).expect("short");
        [&length.to_be_bytes(), &code.to_be_bytes(), rest].concat()
    }

    fn started() -> Client {
        let mut client = Client::default();
        assert_eq!(client.hear(&first_message(80_877_103, &[])).len(), 1);
        assert_eq!(client.hear(&first_message(196_608, b"user\0shop\0\0")).len(), 1);
        client
    }

    fn commits(client: &mut Client, messages: &[Vec<u8>]) -> Vec<bool> {
        let heard = client.hear(&messages.concat());
        assert_eq!(
            heard.iter().map(|message| message.bytes.clone()).collect::<Vec<_>>(),
            messages,
            "nothing is changed on the way"
        );
        heard.into_iter().map(|message| message.commits).collect()
    }

    #[test]
    fn the_sync_after_an_executed_write_commits() {
        let mut client = started();
        let prepare = [
            message(b'P', &["s1", "WITH x AS (UPDATE order_work SET a = 1) SELECT 1"]),
            message(b'S', &[]),
        ];
        assert_eq!(commits(&mut client, &prepare), [false, false]);
        let run = [message(b'B', &["", "s1"]), message(b'E', &[""]), message(b'S', &[])];
        assert_eq!(commits(&mut client, &run), [false, false, true]);
        assert_eq!(commits(&mut client, &[message(b'S', &[])]), [false], "once");
    }

    #[test]
    fn the_sync_after_a_read_commits_nothing() {
        let mut client = started();
        let read = [
            message(b'P', &["", "SELECT updated_at FROM orders"]),
            message(b'B', &["", ""]),
            message(b'E', &[""]),
            message(b'S', &[]),
        ];
        assert_eq!(commits(&mut client, &read), [false; 4]);
    }

    #[test]
    fn in_a_transaction_the_commit_commits_and_the_sync_does_not() {
        let mut client = started();
        let write = [
            message(b'Q', &["BEGIN"]),
            message(b'P', &["", "insert\ninto orders VALUES ($1)"]),
            message(b'B', &["", ""]),
            message(b'E', &[""]),
            message(b'S', &[]),
            message(b'Q', &["COMMIT"]),
        ];
        assert_eq!(commits(&mut client, &write), [false, false, false, false, false, true]);
        let taken_back = [
            message(b'Q', &["BEGIN"]),
            message(b'Q', &["DELETE FROM orders"]),
            message(b'Q', &["ROLLBACK"]),
            message(b'Q', &["COMMIT"]),
        ];
        assert_eq!(commits(&mut client, &taken_back), [false; 4]);
    }

    #[test]
    fn a_plain_query_that_writes_commits_by_itself() {
        let mut client = started();
        let query = message(b'Q', &["UPDATE shops SET unanswered_in_row = 0"]);
        assert_eq!(commits(&mut client, &[query]), [true]);
    }

    #[test]
    fn messages_that_arrive_in_pieces_are_put_together() {
        let mut client = started();
        let query = message(b'Q', &["DELETE FROM claims"]);
        for byte in &query[..query.len() - 1] {
            assert_eq!(client.hear(&[*byte]), []);
        }
        let heard = client.hear(&query[query.len() - 1..]);
        assert_eq!(
            heard,
            [Message {
                bytes: query,
                commits: true
            }]
        );
    }

    #[test]
    fn a_server_is_ready_when_its_last_message_says_so() {
        assert!(is_ready(b"C\0\0\0\x0dINSERT 0 1\0Z\0\0\0\x05I"));
        assert!(!is_ready(b"C\0\0\0\x0dINSERT 0 1\0"));
        assert!(!is_ready(b"Z\0\0"));
    }
}

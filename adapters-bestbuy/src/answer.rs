//! Takes an answer in, within bounds.

use std::borrow::Cow;
use std::error::Error as StdError;

use reqwest::Response;
use reqwest::header::HeaderMap;

/// How the body of an answer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BodyEnd {
    /// It is all there.
    Whole,
    /// It is longer than the bound; what is there is its beginning.
    TooLarge,
    /// It broke off or took too long, with the reason; what is there is its beginning.
    Broken(String),
}

/// An answer, as much of it as arrived.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) end: BodyEnd,
}

impl Answer {
    /// Takes in `response`, at most `limit` bytes of its body (counted after decompression) and never more in memory.
    pub(crate) async fn receive(mut response: Response, limit: usize) -> Self {
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let mut body = Vec::new();
        let end = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => {
                    let room = limit - body.len();
                    body.extend(chunk.iter().take(room));
                    if chunk.len() > room {
                        break BodyEnd::TooLarge;
                    }
                }
                Ok(None) => break BodyEnd::Whole,
                Err(error) => break BodyEnd::Broken(fault(error)),
            }
        };
        Self {
            status,
            headers,
            body,
            end,
        }
    }

    /// The body as text. Bytes that are not UTF-8 are replaced: they spoil the order that they are in and no other.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The first `bytes` of the body as text.
    pub(crate) fn excerpt(&self, bytes: usize) -> Cow<'_, str> {
        String::from_utf8_lossy(self.body.get(..bytes).unwrap_or(&self.body))
    }
}

/// A fault of the network in words: the whole chain of causes, without the URL.
pub(crate) fn fault(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut words = error.to_string();
    let mut cause: Option<&dyn StdError> = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !words.contains(&text) {
            words.push_str(": ");
            words.push_str(&text);
        }
        cause = error.source();
    }
    words
}

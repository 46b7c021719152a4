//! Answers as values: what is to be sent, before it is sent.

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use futures_util::stream;
use serde_json::{Value, json};

use crate::faults::huge_body;
use crate::options::ErrorForm;

/// Something that the marketplace finds wrong with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: u16,
    pub(crate) code: Option<&'static str>,
    field: Option<String>,
    message: String,
}

impl Problem {
    /// A problem without a code.
    pub(crate) fn plain(status: u16, message: impl Into<String>) -> Self {
        Self {
            status,
            code: None,
            field: None,
            message: message.into(),
        }
    }

    /// A problem with one of the published codes.
    pub(crate) fn coded(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code: Some(code),
            ..Self::plain(status, message)
        }
    }

    /// Bad input in a named field.
    pub(crate) fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: Some(field.into()),
            ..Self::coded(400, "VALIDATION_ERROR", message)
        }
    }

    /// The answer, in the form that the sandbox writes errors in.
    pub(crate) fn reply(&self, form: ErrorForm) -> Reply {
        let body = match form {
            ErrorForm::Empty => return Reply::empty(self.status),
            ErrorForm::Older => json!({"status": self.status, "message": self.message}),
            ErrorForm::Coded => match self.code {
                None => json!({"status": self.status, "message": self.message}),
                Some(code) => json!({
                    "code": code,
                    "message": self.message,
                    "errors": [{"code": code, "field": self.field, "message": self.message}],
                }),
            },
        };
        Reply::json(self.status, &body)
    }
}

/// A body to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReplyBody {
    /// These bytes.
    Whole(Bytes),
    /// The first half of these bytes under the length of the whole, then the connection closes.
    Cut(Bytes),
    /// Padding of about this many bytes.
    Huge(u64),
}

/// An answer to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) body: ReplyBody,
    /// Bytes in a piece, milliseconds between pieces.
    pub(crate) slow: Option<(usize, u64)>,
}

impl Reply {
    /// An answer without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: ReplyBody::Whole(Bytes::new()),
            slow: None,
        }
    }

    /// An answer with a body of this type.
    pub(crate) fn text(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self {
            headers: vec![(header::CONTENT_TYPE, content_type.to_owned())],
            body: ReplyBody::Whole(body.into()),
            ..Self::empty(status)
        }
    }

    /// An answer with a JSON body.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::text(status, "application/json", body.to_string())
    }

    /// With a header more.
    pub(crate) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The bytes of the body as far as they are known.
    pub(crate) fn bytes(&self) -> Bytes {
        match &self.body {
            ReplyBody::Whole(bytes) | ReplyBody::Cut(bytes) => bytes.clone(),
            ReplyBody::Huge(_) => Bytes::new(),
        }
    }

    /// The answer as the server sends it.
    pub(crate) fn into_response(self) -> Response {
        let has_body = !matches!(&self.body, ReplyBody::Whole(bytes) if bytes.is_empty());
        let cut_length = match &self.body {
            ReplyBody::Cut(bytes) => Some(bytes.len()),
            _ => None,
        };
        let body = match (self.body, self.slow) {
            (ReplyBody::Whole(bytes), Some((piece, pause_ms))) if has_body => trickle(bytes, piece, pause_ms),
            (ReplyBody::Whole(bytes), _) => Body::from(bytes),
            (ReplyBody::Cut(bytes), _) => cut(&bytes),
            (ReplyBody::Huge(size), _) => Body::from_stream(stream::iter(huge_body(size).map(Ok::<_, std::io::Error>))),
        };
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.append(name, value);
            }
        }
        if let Some(length) = cut_length {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        response
    }
}

/// A body that arrives piece by piece.
fn trickle(bytes: Bytes, piece: usize, pause_ms: u64) -> Body {
    let pause = std::time::Duration::from_millis(pause_ms);
    Body::from_stream(stream::unfold((bytes, true), move |(mut left, first)| async move {
        if left.is_empty() {
            return None;
        }
        if !first {
            tokio::time::sleep(pause).await;
        }
        let next = left.split_to(piece.clamp(1, left.len()));
        Some((Ok::<_, std::io::Error>(next), (left, false)))
    }))
}

/// The first half of a body, then a failure that closes the connection.
fn cut(bytes: &Bytes) -> Body {
    let half = bytes.slice(..bytes.len() / 2);
    Body::from_stream(stream::unfold(Some(half), |half| async move {
        if let Some(half) = half {
            return Some((Ok(half), None));
        }
        // Nothing is written before the body has once had nothing more to give.
        tokio::task::yield_now().await;
        Some((Err(std::io::Error::other("the sandbox cuts this body")), None))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_written_in_three_forms() {
        let problem = Problem::invalid("max", "must be a number");
        let body = |form| problem.reply(form).bytes();
        let coded: Value = serde_json::from_slice(&body(ErrorForm::Coded)).unwrap();
        assert_eq!(coded["code"], "VALIDATION_ERROR");
        assert_eq!(coded["errors"][0]["field"], "max");
        let older: Value = serde_json::from_slice(&body(ErrorForm::Older)).unwrap();
        assert_eq!(older["status"], 400);
        assert!(older.get("code").is_none());
        assert!(body(ErrorForm::Empty).is_empty());
    }
}

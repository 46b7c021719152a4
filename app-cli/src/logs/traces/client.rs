//! The HTTP client that traces are sent with.

use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use tokio::runtime::Handle;

use super::exporter::Trouble;

/// So long a batch is given to be taken: the standard's default.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Sends requests in the program's runtime: the thread that asks for it has none.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    runtime: Handle,
    trouble: Trouble,
}

impl Client {
    /// Sets it up; nothing is sent. Where the process has no TLS provider yet, ring becomes it.
    ///
    /// # Errors
    /// What the HTTP client says, mostly for want of root certificates.
    pub(super) fn new(runtime: Handle, trouble: Trouble) -> reqwest::Result<Self> {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // It fails only where another thread was quicker, and then there is one.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .build()?;
        Ok(Self { http, runtime, trouble })
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let request = veiled(request);
        let http = self.http.clone();
        let sent = self
            .runtime
            .spawn(async move { http.send_bytes(request).await })
            .await?;
        // What comes of it further up says no more than that it failed.
        sent.inspect_err(|error| self.trouble.tell(&innermost(&**error)))
    }
}

/// Any header may be what the collector knows us by: none is to be seen in a log.
fn veiled(mut request: Request<Bytes>) -> Request<Bytes> {
    for value in request.headers_mut().values_mut() {
        value.set_sensitive(true);
    }
    request
}

/// What an error is about in the end; unlike those around it, it names no address.
fn innermost<'a>(mut error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    while let Some(source) = error.source() {
        error = source;
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_header_is_seen_in_a_log() {
        let request = Request::post("http://c/v1/traces")
            .header("authorization", "Bearer let-me-in")
            .header("x-team", "let-me-in")
            .body(Bytes::new())
            .unwrap();
        let told = format!("{:?}", veiled(request));
        assert!(told.contains("x-team") && !told.contains("let-me-in"), "{told}");
    }

    #[test]
    fn an_error_is_told_by_its_innermost_cause() {
        let cause = std::io::Error::other("refused");
        let error = anyhow::Error::new(cause).context("for http://c").context("not sent");
        assert_eq!(innermost(error.as_ref()).to_string(), "refused");
    }
}

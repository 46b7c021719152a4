//! The connection beneath HTTP: what lets a call end without an answer, by a close or by a reset.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// A hold on one connection, given to every call that comes over it.
#[derive(Debug, Default)]
pub(crate) struct Line {
    cut: Notify,
    reset: AtomicBool,
}

impl Line {
    /// Ends the connection without another byte; by a reset if asked for.
    pub(crate) fn cut(&self, reset: bool) {
        self.reset.store(reset, Ordering::Release);
        self.cut.notify_one();
    }

    /// Returns once the connection is to end.
    pub(crate) async fn until_cut(&self) {
        self.cut.notified().await;
    }
}

/// A TCP stream that is reset when it is dropped, if its line says so.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    line: Arc<Line>,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream, line: Arc<Line>) -> Self {
        Self { stream, line }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        // With no linger time, closing discards what is unsent and sends RST in place of FIN.
        if self.line.reset.load(Ordering::Acquire)
            && let Err(refused) = self.stream.set_zero_linger()
        {
            tracing::debug!(%refused, "the connection closes without a reset");
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

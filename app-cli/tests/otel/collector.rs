//! A collector that takes whatever comes.

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::http::HeaderMap;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::trace::Span;

/// What was sent to it at once.
#[derive(Debug)]
pub(crate) struct Post {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Post {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Its bytes, as far as they are text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

pub(crate) struct Collector {
    pub(crate) endpoint: String,
    posts: UnboundedReceiver<Post>,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("its address"));
        let (told, posts) = unbounded_channel();
        let router = Router::new().fallback(move |request: Request| take(request, told.clone()));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { endpoint, posts }
    }

    /// The next post, once it has come.
    pub(crate) async fn next(&mut self) -> Post {
        self.posts
            .recv()
            .await
            .expect("it takes posts for as long as it is there")
    }

    /// Every post of a program that has ended: it waited until they were taken.
    pub(crate) fn all(&mut self) -> Vec<Post> {
        std::iter::from_fn(|| self.posts.try_recv().ok()).collect()
    }

    pub(crate) fn all_spans(&mut self) -> Vec<Span> {
        self.all().iter().flat_map(|post| Span::all_of(&post.body)).collect()
    }
}

async fn take(request: Request, told: UnboundedSender<Post>) {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a whole body");
    // Where nobody looks any more, nobody misses it.
    let _ = told.send(Post {
        path: head.uri.path().to_owned(),
        headers: head.headers,
        body,
    });
}

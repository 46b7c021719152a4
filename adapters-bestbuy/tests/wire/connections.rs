//! An acceptance and its connection: the permit at its first byte, connections that fail, end early, or are kept.

use std::time::Duration;

use ackord::call::CallOutcome;
use ackord::ports::{Marketplace, SendVerdict};

use crate::support::raw::{NO_CONTENT, RawServer, Step, answer};
use crate::support::{KEY, Permit, SHORT, accept, bench, bench_with, decision, id};

#[tokio::test]
async fn a_permit_that_ends_before_the_first_byte_lets_no_byte_leave() {
    let server = RawServer::start(|_| vec![Step::UntilClosed]).await;
    let bench = bench(&server.url);
    // It holds when the call starts, and no more once the connection stands.
    let sent = bench.client.accept(&id("A"), &decision(&["L"]), Permit::times(1)).await;
    assert_eq!(
        (sent.verdict, sent.end.outcome),
        (SendVerdict::Withdrawn, CallOutcome::NotSent)
    );
    let seen = server
        .until(|all| all.first().is_some_and(|connection| connection.ended))
        .await;
    assert_eq!(seen.len(), 1, "it had connected");
    assert!(
        seen[0].bytes.is_empty(),
        "{:?}",
        String::from_utf8_lossy(&seen[0].bytes)
    );
}

#[tokio::test]
async fn a_permit_that_ends_lets_no_byte_leave_on_a_kept_connection_either() {
    let server = RawServer::start(|_| vec![Step::Request, answer(NO_CONTENT), Step::UntilClosed]).await;
    let bench = bench(&server.url);
    assert_eq!(accept(&bench).await.verdict, SendVerdict::Applied);
    let before = server.received();
    let sent = bench.client.accept(&id("B"), &decision(&["L"]), Permit::times(1)).await;
    assert_eq!(sent.verdict, SendVerdict::Withdrawn);
    let seen = server.until(|all| all.iter().all(|connection| connection.ended)).await;
    assert_eq!((seen.len(), server.received()), (1, before));
}

#[tokio::test]
async fn a_permit_that_has_ended_already_opens_no_connection() {
    let server = RawServer::start(|_| vec![Step::Request, answer(NO_CONTENT), Step::UntilClosed]).await;
    let bench = bench(&server.url);
    let sent = bench.client.accept(&id("A"), &decision(&["L"]), Permit::times(0)).await;
    assert_eq!(sent.verdict, SendVerdict::Withdrawn);
    assert_eq!(accept(&bench).await.verdict, SendVerdict::Applied);
    assert_eq!(server.connections().len(), 1, "only the second call connected");
}

#[tokio::test]
async fn where_no_connection_comes_about_nothing_is_sent() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    let refused = format!("http://127.0.0.1:{port}");
    drop(free);
    let not_tls =
        RawServer::start(|_| vec![Step::Bytes(1), answer("HTTP/1.1 400 Bad Request\r\n\r\n"), Step::Close]).await;
    let silent = RawServer::start(|_| vec![Step::UntilClosed]).await;
    let urls = [
        refused,
        not_tls.url.replace("http:", "https:"),
        silent.url.replace("http:", "https:"),
        "https://nowhere.invalid".to_owned(),
    ];
    for url in urls {
        let bench = bench_with(&url, |settings| settings.call_timeout(SHORT * 5).connect_timeout(SHORT));
        let sent = accept(&bench).await;
        assert_eq!(
            (sent.verdict, sent.end.outcome),
            (SendVerdict::NotSent, CallOutcome::NotSent),
            "{url}"
        );
        assert!(
            sent.detail.starts_with("not sent: ") && !sent.detail.contains(KEY),
            "{}",
            sent.detail
        );
    }
    assert!(!silent.received().contains("PUT") && !not_tls.received().contains("PUT"));
}

#[tokio::test]
async fn a_send_given_up_before_it_connected_never_leaves() {
    let silent = RawServer::start(|_| vec![Step::UntilClosed]).await;
    let bench = bench(&silent.url.replace("http:", "https:"));
    let client = bench.client.clone();
    let sending = tokio::spawn(async move { client.accept(&id("A"), &decision(&["L"]), Permit::always()).await });
    silent
        .until(|all| all.first().is_some_and(|connection| !connection.bytes.is_empty()))
        .await;
    sending.abort();
    assert!(sending.await.unwrap_err().is_cancelled());
}

/// The connection ends at a moment of the server's choosing: right after an answer that promised to keep it, as soon as
/// the next request begins to arrive, or after that request without an answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_closed_at_awkward_moments_never_carry_a_decision_twice() {
    let server = RawServer::start(|number| {
        let served = [Step::Request, answer(NO_CONTENT)];
        let end = match number % 6 {
            0 => vec![Step::Close],
            1 => vec![Step::Reset],
            2 => vec![Step::Bytes(1), Step::Reset],
            3 => vec![Step::Bytes(1), Step::Close],
            4 => vec![Step::Request, Step::Close],
            _ => vec![Step::Request, Step::Reset],
        };
        let rounds = 1 + number % 3;
        let kept = std::iter::repeat_n(served, rounds).flatten();
        kept.chain(end).collect()
    })
    .await;
    let bench = bench_with(&server.url, |settings| settings.call_timeout(Duration::from_secs(20)));
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..4 {
        let client = bench.client.clone();
        workers.spawn(async move {
            let mut verdicts = Vec::new();
            for number in 0..100 {
                let order = format!("W{worker}N{number}E");
                let sent = client
                    .accept(&id(&order), &decision(&[&format!("{order}-1")]), Permit::always())
                    .await;
                verdicts.push((order, sent.verdict));
            }
            verdicts
        });
    }
    let verdicts: Vec<_> = workers.join_all().await.into_iter().flatten().collect();
    drop(bench);
    server.until(|all| all.iter().all(|connection| connection.ended)).await;
    let received = server.received();
    let mut applied = 0;
    for (order, verdict) in &verdicts {
        let heads = received.matches(&format!("/api/orders/{order}/accept")).count();
        match verdict {
            SendVerdict::Applied => {
                applied += 1;
                assert_eq!(heads, 1, "{order} was answered");
            }
            SendVerdict::NotSent => assert_eq!(heads, 0, "{order} was reported as not sent"),
            SendVerdict::Unknown => assert!(heads <= 1, "{order} left {heads} times"),
            other => panic!("{order}: {other:?}"),
        }
    }
    assert!(applied >= 200, "{applied} of 400 applied");
}

#[tokio::test]
async fn one_connection_serves_many_sends() {
    let server = RawServer::start(|_| {
        std::iter::repeat_n([Step::Request, answer(NO_CONTENT)], 50)
            .flatten()
            .collect()
    })
    .await;
    let bench = bench(&server.url);
    for _ in 0..50 {
        assert_eq!(accept(&bench).await.verdict, SendVerdict::Applied);
    }
    assert_eq!(server.connections().len(), 1);
}

//! Which variables traces go by.

use ackord_sandbox::Sandbox;

use super::collector::Collector;
use super::shop::Shop;
use super::wire::Value;

#[tokio::test]
async fn traces_have_an_address_of_their_own_and_the_service_a_name() {
    let mut collector = Collector::start().await;
    let shop = Shop::open(Sandbox::builder().bulk(1)).await;
    let address = format!("{}/in/traces", collector.endpoint);
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", address.as_str()),
        ("OTEL_SERVICE_NAME", "shop 2001"),
    ];
    let printed = shop.run(1, &environment).await;
    assert_eq!(printed.err, "");
    let posts = collector.all();
    assert!(!posts.is_empty());
    for post in &posts {
        assert_eq!(post.path, "/in/traces");
        for span in super::trace::Span::all_of(&post.body) {
            assert_eq!(span.resource["service.name"], Value::Text("shop 2001".to_owned()));
        }
    }
}

#[tokio::test]
async fn nothing_is_sent_where_all_is_switched_off() {
    let mut collector = Collector::start().await;
    let shop = Shop::open(Sandbox::builder().bulk(1)).await;
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint.as_str()),
        ("OTEL_SDK_DISABLED", "true"),
    ];
    let printed = shop.run(1, &environment).await;
    assert_eq!(printed.err, "");
    assert!(collector.all().is_empty());
}

#[tokio::test]
async fn what_keeps_traces_from_being_set_up_is_told_and_keeps_nothing_else() {
    let shop = Shop::open(Sandbox::builder().bulk(1)).await;
    let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://127.0.0.1:1")];
    let printed = shop.run(1, &environment).await;
    assert_eq!(printed.err.lines().count(), 1, "{printed:?}");
    assert!(printed.err.contains("OTEL_EXPORTER_OTLP_ENDPOINT"), "{printed:?}");
    assert!(printed.err.contains("no traces are sent"), "{printed:?}");
}

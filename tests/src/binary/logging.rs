//! The log of a service as JSON: a line an object, with the run and the order that it is about.

use ackord_sandbox::{OrderSeed, Sandbox};
use serde_json::{Value, json};
use uuid::Uuid;

use super::ProgramFixture;
use super::canaries::{loud_service, of_a_service};
use super::shop::audited;
use crate::cases_then;
use crate::harness::Case;

pub(super) fn cases() -> Vec<Case<ProgramFixture>> {
    cases_then![audited;
        each_line_of_a_run_has_its_id_and_each_about_an_order_the_orders
    ]
}

async fn each_line_of_a_run_has_its_id_and_each_about_an_order_the_orders(fixture: &ProgramFixture) {
    let shop = fixture.open(Sandbox::builder().order(OrderSeed::plain("Q-1"))).await;
    let mut service = loud_service(shop.command(&of_a_service(&shop.token()))).await;
    shop.until_all_settled(&["Q-1"]).await;
    service.until_said("\"a run has ended\"").await;
    let (_, err) = service.ended().await;

    let mut under_way: Option<Value> = None;
    let mut moved = Vec::new();
    for line in err.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for field in ["timestamp", "level", "target", "message"] {
            assert!(line[field].is_string() || field == "message", "{field}: {line}");
        }
        match line["message"].as_str() {
            Some("a run begins") => {
                let id = line["run"].as_str().map(Uuid::parse_str).expect("an id");
                assert_eq!(id.expect("a UUID").get_version_num(), 7, "{line}");
                assert_ne!(under_way.replace(line["run"].clone()), Some(line["run"].clone()));
            }
            Some("a run has ended") => assert_eq!(under_way.take(), Some(line["run"].clone()), "{line}"),
            Some("an order has moved") => moved.push((line["order"].clone(), line["status"].clone())),
            Some("send") => assert_eq!(
                (&line["order"], &line["run"]),
                (&json!("Q-1"), &json!(under_way)),
                "{line}"
            ),
            _ => {}
        }
        if line["target"] == "ackord::run" {
            assert!(line["run"].is_string(), "{line}");
        }
    }
    assert_eq!(moved, vec![(json!("Q-1"), json!("accepted"))]);
}

//! Orders full of canaries: words that nothing else has, in all that orders tell of their customers.

use ackord_sandbox::OrderSeed;
use serde_json::json;

/// The key of a marketplace whose orders they are: one more.
pub(crate) const KEY: &str = "wombat-key-77c1d0";

/// What they are known by, in small letters.
pub(crate) const SIGNS: [&str; 3] = ["wombat", "w0m 8b7", "6045550142"];

pub(crate) fn order(id: &str) -> OrderSeed {
    let address = json!({
        "city": "Wombatville",
        "firstname": "Wombert",
        "lastname": "Wombatson",
        "phone": "6045550142",
        "street_1": "3 Wombat Way",
        "zip_code": "W0M 8B7",
    });
    let body = json!({
        "order_id": id,
        "commercial_id": id,
        "order_state": "WAITING_ACCEPTANCE",
        "created_date": jiff::Timestamp::now().to_string(),
        "last_updated_date": jiff::Timestamp::now().to_string(),
        "acceptance_decision_date": null,
        "total_price": 19.99,
        "customer_notification_email": "wombat@notify.example",
        "customer": {
            "customer_id": "wombat-1",
            "firstname": "Wombert",
            "lastname": "Wombatson",
            "email": "wombat@mail.example",
            "billing_address": address,
            "shipping_address": address,
        },
        "order_lines": [
            { "order_line_id": format!("{id}-1"), "order_line_state": "WAITING_ACCEPTANCE", "quantity": 1 }
        ],
    });
    OrderSeed::full(id, body)
}

/// None of them stands in this text.
#[track_caller]
pub(crate) fn expect_none(place: &str, text: &str) {
    assert!(!text.is_empty(), "{place}: there is nothing to look at");
    let small = text.to_lowercase();
    for sign in SIGNS {
        assert!(!small.contains(sign), "{place}: `{sign}` stands in {text}");
    }
}

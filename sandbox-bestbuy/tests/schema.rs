//! The sandbox's answers against the published OpenAPI description, where that file lies beside the checkout.
//!
//! The description is read and never copied. It knows no null, while its own prose says that a customer's addresses are
//! null before acceptance and its own examples hold nulls; so bodies "as seen" are held to it with null allowed for
//! every field, and bodies "as published" to its letter.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests may unwrap and print")]

use std::path::PathBuf;
use std::process::ExitCode;

use ackord_sandbox::{MarketState, OrderKind, OrderSeed, PayloadShape, Sandbox, demo_set};
use jsonschema::Validator;
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::{Map, Value, json};

const OR11: &str = "OR11_Response_200";
const OR12: &str = "OR12_Response_200";

fn description_path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/mirakl/orders.openapi.json")
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    rustls::crypto::ring::default_provider()
        .install_default()
        .unwrap_or_else(|_| eprintln!("a TLS provider was already installed"));
    let path = description_path();
    let description: Option<Value> = match std::fs::read(&path) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).expect("the description is JSON")),
        Err(absent) => {
            eprintln!(
                "ignored: the published description is not at {} ({absent});",
                path.display()
            );
            eprintln!("put it there to check the sandbox's answers against it");
            None
        }
    };
    type Case = (&'static str, fn(&Value) -> Result<(), Failed>);
    let cases: [Case; 6] = [
        ("every_kind_of_order_as_seen_fits_or11_with_nulls", kinds_as_seen),
        (
            "every_kind_of_order_as_published_fits_or11_to_the_letter",
            kinds_as_published,
        ),
        ("every_state_fits_or11", every_state),
        ("single_orders_fit_or12_with_nulls", single_orders),
        ("the_demo_set_fits_or11", demo_orders),
        ("the_check_finds_a_wrong_type", wrong_type),
    ];
    let trials = cases.into_iter().map(|(name, case)| {
        let description = description.clone();
        let absent = description.is_none();
        Trial::test(name, move || description.as_ref().map_or(Ok(()), case)).with_ignored_flag(absent)
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// A validator for one component; `nulls` lets every field be null.
fn validator(description: &Value, component: &str, nulls: bool) -> Validator {
    let mut components = description["components"].clone();
    if nulls {
        allow_nulls(&mut components["schemas"]);
    }
    let root = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": format!("#/components/schemas/{component}"),
        "components": components,
    });
    jsonschema::options()
        .should_validate_formats(true)
        .build(&root)
        .expect("the description is a usable schema")
}

/// Lets every field of every object be null.
fn allow_nulls(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::Object(properties)) = fields.get_mut("properties") {
                for property in properties.values_mut() {
                    let strict = property.take();
                    *property = json!({"anyOf": [strict, {"type": "null"}]});
                }
            }
            fields.values_mut().for_each(allow_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(allow_nulls),
        _ => {}
    }
}

fn check(validator: &Validator, body: &Value) -> Result<(), Failed> {
    let complaints: Vec<String> = validator
        .iter_errors(body)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    if complaints.is_empty() {
        Ok(())
    } else {
        Err(complaints.join("\n").into())
    }
}

/// The JSON answers of a sandbox with these orders to these paths.
fn answers(orders: Vec<OrderSeed>, payloads: PayloadShape, paths: &[&str]) -> Vec<Value> {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let sandbox = Sandbox::builder()
            .orders(orders)
            .configure(|options| options.payloads = payloads)
            .start()
            .await
            .expect("a sandbox");
        let client = reqwest::Client::new();
        let mut bodies = Vec::new();
        for path in paths {
            let request = client.get(format!("{}{path}", sandbox.url()));
            let request = request.header("Authorization", sandbox.api_key());
            let body: Map<String, Value> = request.send().await.unwrap().json().await.unwrap();
            bodies.push(Value::Object(body));
        }
        bodies
    })
}

const KINDS: [OrderKind; 11] = [
    OrderKind::Plain,
    OrderKind::TwoLines,
    OrderKind::SlowDebit,
    OrderKind::PaymentRefused,
    OrderKind::Staging,
    OrderKind::AlreadyAccepted,
    OrderKind::Shipped,
    OrderKind::Refused,
    OrderKind::Canceled,
    OrderKind::UnknownState,
    OrderKind::NoLines,
];

/// Nine orders of every kind, with ids that give them different customers and goods.
fn of_every_kind() -> Vec<OrderSeed> {
    let kinds = KINDS.iter().enumerate();
    kinds
        .flat_map(|(k, kind)| (0..9).map(move |n| OrderSeed::of(*kind, format!("KIND-{k}-{n}"))))
        .collect()
}

fn all_fit(description: &Value, orders: Vec<OrderSeed>, payloads: PayloadShape) -> Result<(), Failed> {
    let expected = orders.len();
    let nulls = payloads == PayloadShape::AsSeen;
    let page = answers(orders, payloads, &["/api/orders?max=100"]).remove(0);
    let listed = page["orders"].as_array().map_or(0, Vec::len);
    if listed != expected {
        return Err(format!("{listed} of {expected} orders listed").into());
    }
    check(&validator(description, OR11, nulls), &page)
}

fn kinds_as_seen(description: &Value) -> Result<(), Failed> {
    all_fit(description, of_every_kind(), PayloadShape::AsSeen)
}

fn kinds_as_published(description: &Value) -> Result<(), Failed> {
    all_fit(description, of_every_kind(), PayloadShape::AsPublished)
}

fn every_state(description: &Value) -> Result<(), Failed> {
    let states = [
        "STAGING",
        "WAITING_ACCEPTANCE",
        "WAITING_DEBIT",
        "WAITING_DEBIT_PAYMENT",
        "SHIPPING",
        "SHIPPED",
        "TO_COLLECT",
        "RECEIVED",
        "CLOSED",
        "REFUSED",
        "CANCELED",
    ];
    for payloads in [PayloadShape::AsSeen, PayloadShape::AsPublished] {
        let orders = states.map(|state| OrderSeed::plain(state).state(MarketState::from(state)));
        all_fit(description, orders.to_vec(), payloads)?;
    }
    Ok(())
}

fn single_orders(description: &Value) -> Result<(), Failed> {
    let orders = vec![OrderSeed::plain("A"), OrderSeed::of(OrderKind::Shipped, "B")];
    let validator = validator(description, OR12, true);
    answers(orders, PayloadShape::AsSeen, &["/api/orders/A", "/api/orders/B"])
        .iter()
        .try_for_each(|body| check(&validator, body))
}

fn demo_orders(description: &Value) -> Result<(), Failed> {
    all_fit(description, demo_set().orders, PayloadShape::AsSeen)
}

fn wrong_type(description: &Value) -> Result<(), Failed> {
    let mut page = answers(vec![OrderSeed::plain("A")], PayloadShape::AsSeen, &["/api/orders"]).remove(0);
    let validator = validator(description, OR11, true);
    for (field, wrong) in [("total_price", json!("12.50")), ("created_date", json!("yesterday"))] {
        let right = std::mem::replace(&mut page["orders"][0][field], wrong);
        if validator.is_valid(&page) {
            return Err(format!("a wrong {field} passed").into());
        }
        page["orders"][0][field] = right;
    }
    check(&validator, &page)
}

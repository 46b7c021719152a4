//! A whole order body made up from the order's id: the same id and seed always give the same customer and goods.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::catalogue::{CUSTOMERS, PLACES};
use super::lines::{Line, invent_lines, total};
use super::{Shown, merge, money};
use crate::chance::Chance;
use crate::clock::later;
use crate::options::PayloadShape;
use crate::seed::OrderSeed;
use crate::state::MarketState;

/// The sales channel of every invented order.
pub(super) const CHANNEL_CODE: &str = "SANDBOX_CA";
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// What never changes about an invented order.
#[derive(Debug, Clone)]
pub(crate) struct Invented {
    order_id: String,
    workflow: String,
    created_at: Timestamp,
    draw: u64,
    lines: Vec<Line>,
}

impl Invented {
    /// Makes up an order for this seed.
    pub(crate) fn new(seed: &OrderSeed, created_at: Timestamp, chance: Chance) -> Self {
        let draw = chance.bits(11, &seed.order_id, 0);
        let province = place(draw).2;
        Self {
            order_id: seed.order_id.clone(),
            workflow: seed.workflow().to_owned(),
            created_at,
            draw,
            lines: invent_lines(&seed.order_id, seed.line_count(), province, chance),
        }
    }

    pub(super) fn workflow(&self) -> &str {
        &self.workflow
    }

    pub(super) fn line_ids(&self) -> Vec<String> {
        self.lines.iter().map(|line| line.id.clone()).collect()
    }

    pub(super) fn references(&self) -> (String, String) {
        let number = self.draw % 900_000 + 100_000;
        (format!("CUST-{number}"), format!("SHOP-{number}"))
    }

    /// The order id without the letter of its part: what the customer sees.
    fn commercial_id(&self) -> &str {
        match self.order_id.rsplit_once('-') {
            Some((front, part))
                if !front.is_empty() && part.len() == 1 && part.bytes().all(|byte| byte.is_ascii_uppercase()) =>
            {
                front
            }
            _ => &self.order_id,
        }
    }

    pub(super) fn body(&self, shown: &Shown, shape: PayloadShape) -> Value {
        let mut body = self.particulars();
        merge(&mut body, self.delivery());
        merge(&mut body, self.standing(shown, shape));
        body
    }

    /// What hangs on the order's state.
    fn standing(&self, shown: &Shown, shape: PayloadShape) -> Value {
        let shippable = shown.state == MarketState::Shipping;
        let lines: Vec<Value> = self
            .lines
            .iter()
            .zip(&shown.line_states)
            .enumerate()
            .map(|(index, (line, state))| line.body(index, state, self.created_at, shown))
            .collect();
        json!({
            "acceptance_decision_date": shown.decision_date,
            "can_cancel": shippable,
            "can_shop_ship": shippable,
            "customer": self.customer(shown, shape),
            "customer_debited_date": shown.paid_at,
            "last_updated_date": shown.updated_at,
            "order_lines": lines,
            "order_state": shown.state,
            "order_state_reason_code": null,
            "order_state_reason_label": null,
            "shipping_deadline": shippable.then(|| later(shown.updated_at, 2 * DAY_MS)),
            "transaction_date": shown.paid_at,
            "transaction_number": shown
                .paid_at
                .map(|_| format!("TX-{:08x}", (self.draw >> 20) & 0xffff_ffff)),
        })
    }

    /// What was agreed when the order was placed.
    fn particulars(&self) -> Value {
        let price = total(&self.lines, Line::price);
        let shipping = total(&self.lines, Line::shipping);
        let (for_customer, for_seller) = self.references();
        json!({
            "channel": {"code": CHANNEL_CODE, "label": "Sandbox storefront"},
            "commercial_id": self.commercial_id(),
            "created_date": self.created_at,
            "currency_iso_code": "CAD",
            "customer_directly_pays_seller": false,
            "customer_notification_email": format!("order-{:x}@notify.invalid", self.draw >> 32),
            "fully_refunded": false,
            "has_customer_message": self.draw.is_multiple_of(7),
            "has_incident": false,
            "has_invoice": false,
            "invoice_details": null,
            "order_additional_fields": [
                {"code": "gift-note", "type": "STRING", "value": "Pour la fête de ma sœur"},
                {"code": "loyalty-member", "type": "BOOLEAN", "value": "true"},
            ],
            "order_id": self.order_id,
            "order_refunds": null,
            "order_tax_mode": "TAX_EXCLUDED",
            "order_taxes": self.taxes(),
            "paymentType": "credit",
            "payment_duration": null,
            "payment_type": "credit",
            "payment_workflow": self.workflow,
            "price": money(price),
            "promotions": {"applied_promotions": [], "total_deduced_amount": money(0)},
            "quote_id": null,
            "references": {
                "order_reference_for_customer": for_customer,
                "order_reference_for_seller": for_seller,
            },
            "total_commission": money(total(&self.lines, Line::commission_with_tax)),
            "total_price": money(price + shipping),
        })
    }

    /// How it is to be delivered.
    fn delivery(&self) -> Value {
        json!({
            "delivery_date": {
                "earliest": later(self.created_at, 3 * DAY_MS),
                "latest": later(self.created_at, 6 * DAY_MS),
            },
            "fulfillment": {"center": {"code": "DEFAULT"}},
            "leadtime_to_ship": 2,
            "shipping_carrier_code": null,
            "shipping_carrier_standard_code": null,
            "shipping_company": null,
            "shipping_price": money(total(&self.lines, Line::shipping)),
            "shipping_pudo_id": null,
            "shipping_tracking": null,
            "shipping_tracking_url": null,
            "shipping_type_code": "STANDARD",
            "shipping_type_label": "Standard delivery",
            "shipping_type_standard_code": "CODE_SANDBOX_STD",
            "shipping_zone_code": "CA",
            "shipping_zone_label": "Canada",
        })
    }

    fn customer(&self, shown: &Shown, shape: PayloadShape) -> Value {
        let (first, last) = CUSTOMERS[index(self.draw, CUSTOMERS.len())];
        let withheld = shape == PayloadShape::AsSeen && shown.state.is_before_decision();
        let billing = (!withheld).then(|| self.address(first, last));
        let shipping = billing.clone().map(|mut address| {
            address["additional_info"] = json!("Leave with the concierge");
            address
        });
        json!({
            "accounting_contact": null,
            "billing_address": billing,
            "civility": null,
            "customer_id": format!("C{:010}", self.draw % 10_000_000_000),
            "delivery_contact": null,
            "firstname": first,
            "lastname": last,
            "locale": if place(self.draw).2 == "QC" { "fr_CA" } else { "en_CA" },
            "organization": null,
            "shipping_address": shipping,
        })
    }

    fn address(&self, first: &str, last: &str) -> Value {
        let (street, city, province, postal_code) = place(self.draw);
        json!({
            "city": city,
            "civility": null,
            "company": null,
            "company_2": null,
            "country": "Canada",
            "country_iso_code": "CAN",
            "firstname": first,
            "lastname": last,
            "phone": format!("555-01{:02}", self.draw % 100),
            "phone_secondary": null,
            "state": province,
            "street_1": street,
            "street_2": self.draw.is_multiple_of(3).then(|| format!("Unit {}", self.draw % 40 + 1)),
            "zip_code": postal_code,
        })
    }

    /// The lines' taxes summed by code.
    fn taxes(&self) -> Vec<Value> {
        let mut sums: Vec<(&str, i64, i64)> = Vec::new();
        for tax in self.lines.iter().flat_map(Line::all_taxes) {
            match sums.iter_mut().find(|(code, ..)| *code == tax.code) {
                Some((_, _, sum)) => *sum += tax.cents,
                None => sums.push((tax.code, tax.rate, tax.cents)),
            }
        }
        sums.into_iter()
            .map(|(code, rate, cents)| json!({"code": code, "rate": money(rate), "total_amount": money(cents)}))
            .collect()
    }
}

fn index(draw: u64, len: usize) -> usize {
    usize::try_from(draw % len as u64).unwrap_or(0)
}

fn place(draw: u64) -> (&'static str, &'static str, &'static str, &'static str) {
    PLACES[index(draw >> 8, PLACES.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(state: MarketState, lines: usize) -> Shown {
        Shown {
            line_states: vec![state.clone(); lines],
            state,
            decision_date: None,
            updated_at: at(),
            paid_at: None,
        }
    }

    fn at() -> Timestamp {
        "2026-02-03T10:00:00Z".parse().unwrap()
    }

    #[test]
    fn the_same_seed_invents_the_same_order() {
        let order = |seed| {
            Invented::new(&OrderSeed::plain("A-1").lines(2), at(), Chance::new(seed))
                .body(&shown(MarketState::Shipping, 2), PayloadShape::AsSeen)
        };
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
    }

    #[test]
    fn the_commercial_id_leaves_out_the_letter_of_the_part() {
        for (order_id, commercial_id) in [("N-1001-A", "N-1001"), ("N-1001", "N-1001"), ("-A", "-A"), ("é", "é")] {
            let order = Invented::new(&OrderSeed::plain(order_id), at(), Chance::new(1));
            assert_eq!(order.commercial_id(), commercial_id);
        }
    }

    #[test]
    fn totals_add_up_to_the_cent() {
        let order = Invented::new(&OrderSeed::plain("A-1").lines(5), at(), Chance::new(9));
        let body = order.body(&shown(MarketState::Shipping, 5), PayloadShape::AsSeen);
        let cents = |value: &Value| (value.as_f64().unwrap() * 100.0).round() as i64;
        let lines = body["order_lines"].as_array().unwrap();
        let sum = |field: &str| lines.iter().map(|line| cents(&line[field])).sum::<i64>();
        assert_eq!(cents(&body["price"]), sum("price"));
        assert_eq!(cents(&body["shipping_price"]), sum("shipping_price"));
        assert_eq!(cents(&body["total_price"]), sum("total_price"));
        assert_eq!(cents(&body["total_commission"]), sum("total_commission"));
    }

    #[test]
    fn addresses_are_withheld_until_the_order_is_accepted() {
        let order = Invented::new(&OrderSeed::plain("A-1"), at(), Chance::new(1));
        let before = order.body(&shown(MarketState::WaitingAcceptance, 1), PayloadShape::AsSeen);
        assert!(before["customer"]["shipping_address"].is_null());
        let after = order.body(&shown(MarketState::Shipping, 1), PayloadShape::AsSeen);
        assert_eq!(after["customer"]["shipping_address"]["country_iso_code"], "CAN");
    }
}

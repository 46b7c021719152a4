//! The lines of an invented order: an offer, a quantity, prices, commission and taxes.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::catalogue::{PRODUCTS, Product, provincial_tax};
use super::{Shown, merge, money};
use crate::chance::Chance;
use crate::state::MarketState;

/// The federal tax, in hundredths of a percent.
const GST: (&str, i64) = ("GST", 500);
/// The operator's commission and the tax on it, in hundredths of a percent.
const COMMISSION_RATE: i64 = 800;
const COMMISSION_TAX_RATE: i64 = 500;

/// One line of an invented order.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) id: String,
    product: Product,
    offer_id: u64,
    quantity: i64,
    shipping_cents: i64,
    provincial: Option<(&'static str, i64)>,
}

/// A tax on an amount: its code, its rate in hundredths of a percent, and what it comes to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tax {
    pub(super) code: &'static str,
    pub(super) rate: i64,
    pub(super) cents: i64,
}

/// Makes up the lines of an order.
pub(super) fn invent_lines(order_id: &str, count: u32, province: &str, chance: Chance) -> Vec<Line> {
    (1..=u64::from(count))
        .map(|number| {
            let draw = chance.bits(12, order_id, number);
            let product = usize::try_from(draw % PRODUCTS.len() as u64).unwrap_or(0);
            Line {
                id: format!("{order_id}-{number}"),
                product: PRODUCTS[product],
                offer_id: 4_000_000 + (draw >> 16) % 900_000,
                quantity: i64::try_from((draw >> 8) % 3).unwrap_or(0) + 1,
                shipping_cents: if draw & 0x10 == 0 { 0 } else { 799 },
                provincial: provincial_tax(province),
            }
        })
        .collect()
}

/// The sum over some lines of an amount in cents.
pub(super) fn total(lines: &[Line], amount: impl Fn(&Line) -> i64) -> i64 {
    lines.iter().map(amount).sum()
}

/// A rate in hundredths of a percent of an amount, rounded half up to the cent.
fn share(cents: i64, rate: i64) -> i64 {
    (cents * rate + 5_000) / 10_000
}

impl Line {
    pub(super) fn price(&self) -> i64 {
        self.product.cents * self.quantity
    }

    pub(super) fn shipping(&self) -> i64 {
        self.shipping_cents
    }

    fn commission(&self) -> i64 {
        share(self.price() + self.shipping(), COMMISSION_RATE)
    }

    fn commission_tax(&self) -> i64 {
        share(self.commission(), COMMISSION_TAX_RATE)
    }

    pub(super) fn commission_with_tax(&self) -> i64 {
        self.commission() + self.commission_tax()
    }

    fn taxes_on(&self, cents: i64) -> Vec<Tax> {
        std::iter::once(GST)
            .chain(self.provincial)
            .map(|(code, rate)| Tax {
                code,
                rate,
                cents: share(cents, rate),
            })
            .collect()
    }

    /// The taxes on the goods and on their delivery.
    pub(super) fn all_taxes(&self) -> Vec<Tax> {
        let mut taxes = self.taxes_on(self.price());
        taxes.extend(self.taxes_on(self.shipping()));
        taxes
    }

    pub(super) fn body(&self, index: usize, state: &MarketState, created_at: Timestamp, shown: &Shown) -> Value {
        let shipped = matches!(
            state,
            MarketState::Shipped | MarketState::ToCollect | MarketState::Received
        );
        let received = *state == MarketState::Received;
        let mut body = self.offer();
        merge(&mut body, self.amounts());
        let standing = json!({
            "can_refund": state.is_paid(),
            "cancelations": [],
            "created_date": created_at,
            "debited_date": shown.paid_at,
            "last_updated_date": shown.updated_at,
            "order_line_id": self.id,
            "order_line_index": index + 1,
            "order_line_state": state,
            "order_line_state_reason_code": null,
            "order_line_state_reason_label": null,
            "received_date": received.then_some(shown.updated_at),
            "refunds": [],
            "shipped_date": shipped.then_some(shown.updated_at),
        });
        merge(&mut body, standing);
        body
    }

    /// What was bought, and where it ships from.
    fn offer(&self) -> Value {
        json!({
            "category_code": self.product.category.0,
            "category_label": self.product.category.1,
            "description": "Sealed box, never opened.",
            "offer_id": self.offer_id,
            "offer_sku": format!("OFF-{}", self.product.sku),
            "offer_state_code": "11",
            "order_line_additional_fields": [
                {"code": "assembly", "type": "LIST", "value": "none"},
            ],
            "product_medias": [{
                "media_url": format!("/media/product/{}.jpg", self.product.sku),
                "mime_type": "image/jpeg",
                "type": "MEDIUM",
            }],
            "product_shop_sku": format!("SHOP-{}", self.product.sku),
            "product_sku": self.product.sku,
            "product_title": self.product.title,
            "quantity": self.quantity,
            "shipping_from": {
                "address": {
                    "city": "Northmere",
                    "country_iso_code": "CAN",
                    "state": "ON",
                    "street_1": "1 Depot Way",
                    "street_2": null,
                    "zip_code": "K0X 0X9",
                },
                "warehouse": null,
            },
        })
    }

    /// Prices, commission and taxes.
    fn amounts(&self) -> Value {
        json!({
            "commission_fee": money(self.commission()),
            "commission_rate_vat": money(COMMISSION_TAX_RATE),
            "commission_taxes": [{
                "amount": money(self.commission_tax()),
                "code": "GST",
                "rate": money(COMMISSION_TAX_RATE),
            }],
            "commission_vat": money(self.commission_tax()),
            "fees": [],
            "origin_unit_price": money(self.product.cents),
            "price": money(self.price()),
            "price_additional_info": null,
            "price_unit": money(self.product.cents),
            "promotions": [],
            "shipping_price": money(self.shipping()),
            "shipping_price_additional_unit": money(0),
            "shipping_price_unit": money(self.shipping()),
            "shipping_taxes": tax_bodies(&self.taxes_on(self.shipping())),
            "tax_legal_notice": null,
            "taxes": tax_bodies(&self.taxes_on(self.price())),
            "total_commission": money(self.commission_with_tax()),
            "total_price": money(self.price() + self.shipping()),
        })
    }
}

fn tax_bodies(taxes: &[Tax]) -> Vec<Value> {
    taxes
        .iter()
        .map(|tax| {
            json!({
                "amount": money(tax.cents),
                "code": tax.code,
                "rate": money(tax.rate),
                "tax_calculation_rule": "PROPORTIONAL_TO_AMOUNT",
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_ids_of_their_own() {
        let lines = invent_lines("A-1", 3, "ON", Chance::new(1));
        let ids: Vec<&str> = lines.iter().map(|line| line.id.as_str()).collect();
        assert_eq!(ids, ["A-1-1", "A-1-2", "A-1-3"]);
    }

    #[test]
    fn a_share_is_rounded_half_up_to_the_cent() {
        assert_eq!(share(1_999, 500), 100);
        assert_eq!(share(1_010, 500), 51);
        assert_eq!(share(0, 500), 0);
    }

    #[test]
    fn a_province_without_its_own_tax_pays_the_federal_one_alone() {
        let line = &invent_lines("A-1", 1, "AB", Chance::new(1))[0];
        assert_eq!(line.taxes_on(1_000).len(), 1);
    }
}

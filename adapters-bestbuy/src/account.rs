//! Reads the answers of A01 and A21: the shop, and how it decides on its orders.

use ackord::ports::{Account, ShopFigures};
use serde_json::{Map, Value};

use crate::list::bad_json;

/// Reads the body of an answer; else what is wrong with it, without any of its values. Every field may be missing.
pub(crate) fn read(text: &str) -> Result<Account, String> {
    let fields = object(text)?;
    let word = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    let shop_id = match fields.get("shop_id") {
        Some(Value::String(id)) => id.parse().ok(),
        Some(id) => id.as_i64(),
        None => None,
    };
    Ok(Account {
        shop_id,
        shop_name: word("shop_name"),
        shop_state: word("shop_state"),
    })
}

/// Reads the body of an A21 answer; else what is wrong with it, without any of its values. Every figure may be missing.
pub(crate) fn read_figures(text: &str) -> Result<ShopFigures, String> {
    let fields = object(text)?;
    let number = |name: &str| match fields.get(name)? {
        Value::String(number) => number.parse().ok(),
        number => number.as_f64(),
    };
    Ok(ShopFigures {
        approval_rate: number("approval_rate").and_then(ten_thousandths),
        auto_refused_rate: number("auto_refused_rate").and_then(ten_thousandths),
        refused_in_row: fields.get("consecutive_refused_orders_count").and_then(Value::as_i64),
    })
}

fn object(text: &str) -> Result<Map<String, Value>, String> {
    match serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| bad_json(&error))? {
        Value::Object(fields) => Ok(fields),
        _ => Err("it is not an object".to_owned()),
    }
}

/// A rate is no money: it is read as it comes, and rounded. `None` for what no rate can be.
fn ten_thousandths(rate: f64) -> Option<i64> {
    let rounded = (rate * 10_000.0).round();
    // Far below where such a number stops being exact.
    (0.0..=1e12).contains(&rounded).then_some(rounded as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shop_is_read_as_far_as_it_is_told() {
        let account = read(r#"{"shop_id":2001,"shop_name":"Made-up Toasters","shop_state":"OPEN","new":1}"#).unwrap();
        assert_eq!(account.shop_id, Some(2001));
        assert_eq!(account.shop_name.as_deref(), Some("Made-up Toasters"));
        assert_eq!(account.shop_state.as_deref(), Some("OPEN"));
        assert_eq!(read(r#"{"shop_id":"7"}"#).unwrap().shop_id, Some(7));
        assert_eq!(read("{}").unwrap().shop_state, None);
    }

    #[test]
    fn figures_are_read_as_far_as_they_are_told() {
        let told = r#"{"approval_rate":98.25,"approval_delay":60,"auto_refused_rate":"1.5","consecutive_refused_orders_count":2}"#;
        let figures = ShopFigures {
            approval_rate: Some(982_500),
            auto_refused_rate: Some(15_000),
            refused_in_row: Some(2),
        };
        assert_eq!(read_figures(told), Ok(figures));
        assert_eq!(read_figures("{}"), Ok(ShopFigures::default()));
        let odd = r#"{"approval_rate":null,"auto_refused_rate":-1,"consecutive_refused_orders_count":"many"}"#;
        assert_eq!(read_figures(odd), Ok(ShopFigures::default()));
        assert_eq!(read_figures(r#"{"approval_rate":1e300}"#), Ok(ShopFigures::default()));
    }

    #[test]
    fn what_is_no_account_is_said() {
        assert!(read("[]").is_err());
        assert!(read_figures("[]").is_err());
        assert!(read("<html>").unwrap_err().starts_with("not JSON"));
    }
}

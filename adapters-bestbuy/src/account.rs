//! Reads an A01 answer.

use ackord::ports::Account;
use serde_json::Value;

use crate::list::bad_json;

/// Reads the body of an answer; else what is wrong with it, without any of its values. Every field may be missing.
pub(crate) fn read(text: &str) -> Result<Account, String> {
    let body: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| bad_json(&error))?;
    let Value::Object(fields) = body else {
        return Err("it is not an object".to_owned());
    };
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
    fn what_is_no_account_is_said() {
        assert!(read("[]").is_err());
        assert!(read("<html>").unwrap_err().starts_with("not JSON"));
    }
}

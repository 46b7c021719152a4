//! The name under which workers share what they know of a shop.

use ackord::ports::ShopKey;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use url::Url;

/// The shop's key: the base URL, the shop id and the first 16 hex digits of the SHA-256 of the API key.
///
/// Two keys of one shop count apart, as the marketplace's quota does. The digest names the key without giving it away:
/// keys are long random texts, and 64 bits of a digest do not lead back to one.
pub(crate) fn shop_key(base_url: &Url, shop_id: Option<i64>, api_key: &SecretString) -> ShopKey {
    let shop = shop_id.map_or_else(|| "default".to_owned(), |id| id.to_string());
    let url = base_url.as_str().trim_end_matches('/');
    let key = digest(api_key.expose_secret().as_bytes(), 8);
    ShopKey(format!("{url} shop {shop} key {key}"))
}

/// The first `bytes` of the SHA-256 of `content`, in hex.
pub(crate) fn digest(content: &[u8], bytes: usize) -> String {
    Sha256::digest(content)
        .iter()
        .take(bytes)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(url: &str, shop: Option<i64>, api_key: &str) -> String {
        shop_key(&Url::parse(url).unwrap(), shop, &api_key.into()).0
    }

    #[test]
    fn it_tells_shops_and_keys_apart_without_showing_the_key() {
        let one = key("https://shop.example", Some(1), "k-one");
        assert_eq!(one, key("https://shop.example/", Some(1), "k-one"));
        for other in [
            key("https://shop.example", Some(2), "k-one"),
            key("https://shop.example", None, "k-one"),
            key("https://shop.example", Some(1), "k-two"),
            key("https://test.shop.example", Some(1), "k-one"),
        ] {
            assert_ne!(one, other);
        }
        assert!(!one.contains("k-one"));
    }

    #[test]
    fn digests_are_stable() {
        assert_eq!(digest(b"", 4), "e3b0c442");
    }
}

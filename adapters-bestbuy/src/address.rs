//! Where each operation lives: paths and queries, percent-encoded to the letter.

use ackord::order::OrderId;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use url::Url;

/// Everything but the unreserved characters of RFC 3986 is encoded, in paths and in queries alike.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A GET that is about to be made.
#[derive(Debug, Clone)]
pub(crate) struct ReadAddress {
    pub(crate) url: Url,
    path: String,
    query: Vec<(&'static str, String)>,
}

impl ReadAddress {
    /// How it stands on record.
    pub(crate) fn recorded(&self) -> Value {
        let query: Map<String, Value> = self
            .query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::String(value.clone())))
            .collect();
        serde_json::json!({ "method": "GET", "path": self.path, "query": query })
    }
}

/// The operations' addresses below one base URL, for one shop.
#[derive(Debug, Clone)]
pub(crate) struct Addresses {
    base: Url,
    shop_id: Option<i64>,
}

impl Addresses {
    pub(crate) fn new(base: Url, shop_id: Option<i64>) -> Self {
        Self { base, shop_id }
    }

    /// OR11 for the orders that wait, oldest first.
    pub(crate) fn waiting(&self, offset: u64, page_size: u32) -> ReadAddress {
        let query = vec![
            ("order_state_codes", "WAITING_ACCEPTANCE".to_owned()),
            ("max", page_size.to_string()),
            ("offset", offset.to_string()),
            ("sort", "dateCreated".to_owned()),
            ("order", "asc".to_owned()),
        ];
        self.read("/api/orders", query)
    }

    /// OR11 for some orders by id.
    ///
    /// The ids stand in one comma list, so an id that holds a comma can't be asked for: the marketplace takes it for two.
    /// It then shows as missing from the answer, which leads to a person's review and never to a wrong status.
    pub(crate) fn look<'a>(&self, ids: impl Iterator<Item = &'a OrderId>, page_size: u32) -> ReadAddress {
        let ids: Vec<&str> = ids.map(OrderId::as_str).collect();
        let query = vec![("order_ids", ids.join(",")), ("max", page_size.to_string())];
        let mut address = self.read("/api/orders", query);
        // The commas between the ids stay bare; those inside an id are encoded.
        let list: Vec<String> = ids.iter().map(|id| encoded(id)).collect();
        let list = list.join(",");
        let rest = self.query_text(&[("max", page_size.to_string())]);
        address.url.set_query(Some(&format!("order_ids={list}&{rest}")));
        address
    }

    /// A01.
    pub(crate) fn account(&self) -> ReadAddress {
        self.read("/api/account", Vec::new())
    }

    /// A21.
    pub(crate) fn figures(&self) -> ReadAddress {
        self.read("/api/account/statistics", Vec::new())
    }

    /// OR21 for `id`; `None` where no URL can carry it.
    ///
    /// `.` and `..` are such ids: the URL standard drops them as path segments, in their encoded form too.
    pub(crate) fn accept(&self, id: &OrderId) -> Option<Url> {
        if matches!(id.as_str(), "." | "..") {
            return None;
        }
        let query = self.query_text(&[]);
        let url = self.at(&format!("/api/orders/{}/accept", encoded(id.as_str())), &query);
        Some(url)
    }

    fn read(&self, path: &str, mut query: Vec<(&'static str, String)>) -> ReadAddress {
        let url = self.at(path, &self.query_text(&query));
        if let Some(shop_id) = self.shop_id {
            query.push(("shop_id", shop_id.to_string()));
        }
        let path = url.path().to_owned();
        ReadAddress { url, path, query }
    }

    fn at(&self, path: &str, query: &str) -> Url {
        let mut url = self.base.clone();
        let path = format!("{}{path}", self.base.path().trim_end_matches('/'));
        url.set_path(&path);
        url.set_query((!query.is_empty()).then_some(query));
        url
    }

    fn query_text(&self, query: &[(&'static str, String)]) -> String {
        let mut parts: Vec<String> = query
            .iter()
            .map(|(name, value)| format!("{name}={}", encoded(value)))
            .collect();
        parts.extend(self.shop_id.map(|id| format!("shop_id={id}")));
        parts.join("&")
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(base: &str, shop_id: Option<i64>) -> Addresses {
        Addresses::new(Url::parse(base).unwrap(), shop_id)
    }

    fn id(text: &str) -> OrderId {
        OrderId::new(text).unwrap()
    }

    #[test]
    fn an_id_is_one_segment_whatever_it_holds() {
        for (order, segment) in [
            ("C-1-A", "C-1-A"),
            ("a/b", "a%2Fb"),
            ("../x", "..%2Fx"),
            ("a b", "a%20b"),
            ("Bé", "B%C3%A9"),
            ("50%", "50%25"),
            ("%2e%2e", "%252e%252e"),
            ("a?b#c", "a%3Fb%23c"),
            ("a\\b;c,d", "a%5Cb%3Bc%2Cd"),
            ("...", "..."),
        ] {
            let url = at("https://shop.example/base", Some(7)).accept(&id(order)).unwrap();
            assert_eq!(
                url.as_str(),
                format!("https://shop.example/base/api/orders/{segment}/accept?shop_id=7")
            );
        }
    }

    #[test]
    fn ids_that_a_url_would_swallow_have_no_address() {
        assert!(at("https://shop.example", None).accept(&id(".")).is_none());
        assert!(at("https://shop.example", None).accept(&id("..")).is_none());
    }

    #[test]
    fn without_a_shop_no_query_is_left_over() {
        let url = at("https://shop.example", None).accept(&id("A")).unwrap();
        assert_eq!(url.as_str(), "https://shop.example/api/orders/A/accept");
        assert_eq!(
            at("https://shop.example", None).account().url.as_str(),
            "https://shop.example/api/account"
        );
    }

    #[test]
    fn the_waiting_list_is_asked_for_oldest_first() {
        let address = at("https://shop.example", Some(7)).waiting(200, 100);
        assert_eq!(
            address.url.query().unwrap(),
            "order_state_codes=WAITING_ACCEPTANCE&max=100&offset=200&sort=dateCreated&order=asc&shop_id=7"
        );
        assert_eq!(address.recorded()["query"]["offset"], "200");
        assert_eq!(address.recorded()["path"], "/api/orders");
    }

    #[test]
    fn a_look_lists_its_ids_between_bare_commas() {
        let ids = [id("a b"), id("c,d"), id("é&=+")];
        let address = at("https://shop.example", Some(7)).look(ids.iter(), 100);
        assert_eq!(
            address.url.query().unwrap(),
            "order_ids=a%20b,c%2Cd,%C3%A9%26%3D%2B&max=100&shop_id=7"
        );
        assert_eq!(address.recorded()["query"]["order_ids"], "a b,c,d,é&=+");
    }
}

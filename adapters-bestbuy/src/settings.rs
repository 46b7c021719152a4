//! The client's settings, checked before a client exists.

use std::time::Duration;

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

/// The most orders that OR11 puts on one page. Source: `max` of OR11 is capped at 100.
pub(crate) const LARGEST_PAGE: u32 = 100;

/// How a client reaches its marketplace. Made by [`ClientSettings::builder`], so it has been checked.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    pub(crate) base_url: Url,
    pub(crate) api_key: SecretString,
    pub(crate) shop_id: Option<i64>,
    pub(crate) call_timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) read_retries: u32,
    pub(crate) read_time_budget: Duration,
    pub(crate) retry_base: Duration,
    pub(crate) retry_cap: Duration,
    pub(crate) page_size: u32,
    pub(crate) max_response_bytes: usize,
    pub(crate) user_agent: String,
}

/// Settings that can't be used, with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The marketplace's URL.
    #[error("the marketplace URL can't be used: {0}")]
    Url(String),
    /// The API key.
    #[error("the API key can't be used: {0}")]
    ApiKey(&'static str),
    /// A number or a duration.
    #[error("`{name}` can't be used: {problem}")]
    Value {
        /// Which.
        name: &'static str,
        /// What is wrong and what would be right.
        problem: &'static str,
    },
}

impl ClientSettings {
    /// Starts from the defaults: calls of 10 s in all and 5 s to connect, 3 retries of a read within 30 s, pages of 100
    /// orders, answers of at most 32 MiB, the key's default shop.
    pub fn builder(base_url: &str, api_key: SecretString) -> ClientSettingsBuilder {
        ClientSettingsBuilder {
            base_url: base_url.trim().to_owned(),
            api_key,
            shop_id: None,
            call_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            read_retries: 3,
            read_time_budget: Duration::from_secs(30),
            retry_base: Duration::from_millis(200),
            retry_cap: Duration::from_secs(5),
            page_size: LARGEST_PAGE,
            max_response_bytes: 32 << 20,
            user_agent: concat!("ackord/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }

    /// The marketplace's URL, without a slash at its end.
    #[must_use]
    pub fn base_url(&self) -> &Url {
        &self.base_url
    }

    /// The total time of a call, from before the connection to the last byte of the answer.
    #[must_use]
    pub fn call_timeout(&self) -> Duration {
        self.call_timeout
    }
}

/// Gathers [`ClientSettings`] and checks them.
#[derive(Debug, Clone)]
#[must_use]
pub struct ClientSettingsBuilder {
    base_url: String,
    api_key: SecretString,
    shop_id: Option<i64>,
    call_timeout: Duration,
    connect_timeout: Duration,
    read_retries: u32,
    read_time_budget: Duration,
    retry_base: Duration,
    retry_cap: Duration,
    page_size: u32,
    max_response_bytes: usize,
    user_agent: String,
}

impl ClientSettingsBuilder {
    /// The shop, where the key is good for several; it goes on every call. `None`: the key's default shop.
    pub fn shop_id(mut self, shop_id: Option<i64>) -> Self {
        self.shop_id = shop_id;
        self
    }

    /// The total time of a call. A connect timeout that is longer is shortened to it.
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.call_timeout = timeout;
        self
    }

    /// The time for a connection to come about, within the call timeout.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How often a read is made again after a fault that may pass; 0 to 20.
    pub fn read_retries(mut self, retries: u32) -> Self {
        self.read_retries = retries;
        self
    }

    /// How long a read may take with all its retries: none is begun that would start later.
    pub fn read_time_budget(mut self, budget: Duration) -> Self {
        self.read_time_budget = budget;
        self
    }

    /// The shortest and the longest pause between two attempts of a read.
    pub fn retry_pause(mut self, shortest: Duration, longest: Duration) -> Self {
        (self.retry_base, self.retry_cap) = (shortest, longest);
        self
    }

    /// How many orders to ask for on a page; 1 to 100.
    pub fn page_size(mut self, orders: u32) -> Self {
        self.page_size = orders;
        self
    }

    /// The largest answer that is read, in bytes after decompression; at least 1,024.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.max_response_bytes = bytes;
        self
    }

    /// The name that the client gives itself.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = name.into();
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`SettingsError`], which says what to do: for a URL that is none, is not https (loopback hosts aside) or carries
    /// a user, a query or a fragment; for a key that no header can carry; for numbers out of their range.
    pub fn build(self) -> Result<ClientSettings, SettingsError> {
        let base_url = checked_url(&self.base_url)?;
        check_key(&self.api_key)?;
        let value = |name, problem| Err(SettingsError::Value { name, problem });
        if self.call_timeout.is_zero() {
            return value("call_timeout", "a call needs time: give more than zero");
        }
        if self.connect_timeout.is_zero() {
            return value("connect_timeout", "a connection needs time: give more than zero");
        }
        if self.read_retries > 20 {
            return value("read_retries", "give 0 to 20");
        }
        if self.retry_base > self.retry_cap {
            return value("retry_pause", "the shortest pause is longer than the longest");
        }
        if !(1..=LARGEST_PAGE).contains(&self.page_size) {
            return value("page_size", "the marketplace takes 1 to 100");
        }
        if self.max_response_bytes < 1024 {
            return value("max_response_bytes", "give at least 1024");
        }
        if HeaderValue::from_str(&self.user_agent).is_err() {
            return value("user_agent", "use visible ASCII characters and spaces alone");
        }
        Ok(ClientSettings {
            base_url,
            api_key: self.api_key,
            shop_id: self.shop_id,
            call_timeout: self.call_timeout,
            connect_timeout: self.connect_timeout.min(self.call_timeout),
            read_retries: self.read_retries,
            read_time_budget: self.read_time_budget,
            retry_base: self.retry_base,
            retry_cap: self.retry_cap,
            page_size: self.page_size,
            max_response_bytes: self.max_response_bytes,
            user_agent: self.user_agent,
        })
    }
}

fn checked_url(text: &str) -> Result<Url, SettingsError> {
    let refused = |what: &str| Err(SettingsError::Url(what.to_owned()));
    let mut url = Url::parse(text).map_err(|error| {
        SettingsError::Url(format!(
            "{error}; give it in full, for example https://marketplace.bestbuy.ca"
        ))
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        return refused("it carries a user or password; take them out, the key goes into its own setting");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refused("it carries a query or fragment; end it at the path");
    }
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => {
            return refused("it is not https; plain http is for this machine alone (localhost, 127.0.0.1, [::1])");
        }
        _ => return refused("it is neither https nor http"),
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn check_key(key: &SecretString) -> Result<(), SettingsError> {
    let key = key.expose_secret();
    if key.trim().is_empty() {
        return Err(SettingsError::ApiKey("it is empty"));
    }
    if key.trim() != key {
        return Err(SettingsError::ApiKey("it begins or ends with white space; trim it"));
    }
    if key.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("bearer ")) {
        return Err(SettingsError::ApiKey(
            "it begins with `Bearer`; the marketplace takes the bare key",
        ));
    }
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(SettingsError::ApiKey(
            "it holds other than visible ASCII characters; copy it again",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(url: &str) -> Result<ClientSettings, SettingsError> {
        ClientSettings::builder(url, "k-123".into()).build()
    }

    #[test]
    fn https_is_asked_for_except_on_this_machine() {
        for url in [
            "https://shop.example",
            "http://127.0.0.1:8080",
            "http://127.9.9.9",
            "http://[::1]:1",
            "http://localhost:9/x",
        ] {
            assert!(build(url).is_ok(), "{url}");
        }
        for url in [
            "http://shop.example",
            "http://10.0.0.1",
            "http://localhost.shop.example",
            "http://0.0.0.0",
            "ftp://shop.example",
        ] {
            assert!(matches!(build(url), Err(SettingsError::Url(_))), "{url}");
        }
    }

    #[test]
    fn a_url_with_a_user_a_query_or_a_fragment_is_refused() {
        for url in [
            "https://u@shop.example",
            "https://u:p@shop.example",
            "https://shop.example/?a=1",
            "https://shop.example/#x",
            "shop.example",
            "",
        ] {
            assert!(matches!(build(url), Err(SettingsError::Url(_))), "{url}");
        }
    }

    #[test]
    fn the_base_path_is_kept_without_its_last_slash() {
        assert_eq!(
            build("https://shop.example/a/b/").unwrap().base_url().as_str(),
            "https://shop.example/a/b"
        );
    }

    #[test]
    fn keys_that_no_header_can_carry_are_refused() {
        for key in ["", "  ", " k", "k\n", "Bearer k", "kéy", "a b"] {
            let built = ClientSettings::builder("https://shop.example", key.into()).build();
            assert!(matches!(built, Err(SettingsError::ApiKey(_))), "{key:?}");
        }
    }

    #[test]
    fn numbers_out_of_range_are_refused_by_name() {
        let base = || ClientSettings::builder("https://shop.example", "k".into());
        for (built, expected) in [
            (base().page_size(0).build(), "page_size"),
            (base().page_size(101).build(), "page_size"),
            (base().call_timeout(Duration::ZERO).build(), "call_timeout"),
            (base().connect_timeout(Duration::ZERO).build(), "connect_timeout"),
            (base().read_retries(21).build(), "read_retries"),
            (base().max_response_bytes(10).build(), "max_response_bytes"),
            (base().user_agent("a\nb").build(), "user_agent"),
            (
                base()
                    .retry_pause(Duration::from_secs(2), Duration::from_secs(1))
                    .build(),
                "retry_pause",
            ),
        ] {
            match built {
                Err(SettingsError::Value { name, .. }) => assert_eq!(name, expected),
                other => panic!("{expected}: {other:?}"),
            }
        }
    }

    #[test]
    fn the_key_is_in_no_debug_text() {
        let builder = ClientSettings::builder("https://shop.example", "s3cret-key".into());
        assert!(!format!("{builder:?}").contains("s3cret-key"));
        assert!(!format!("{:?}", builder.build().unwrap()).contains("s3cret-key"));
    }
}

//! The client: what it is made of, and the port that it implements.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ackord::call::Endpoint;
use ackord::order::{Decision, OrderId};
use ackord::ports::{
    Account, CallLog, Clock, Listing, Look, Marketplace, MarketplaceError, MarketplaceResult, Page, PageCursor,
    Randomness, SendAnswer, SendPermit, SharedBudget, ShopFigures, ShopKey,
};
use ackord::settings::IDS_PER_LOOK;
use async_trait::async_trait;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use secrecy::ExposeSecret;

use crate::address::Addresses;
use crate::list::OrderList;
use crate::paging::{LAST_OFFSET, next_page};
use crate::redact::Redactor;
use crate::settings::{ClientSettings, LARGEST_PAGE};
use crate::shop_key::shop_key;

/// How long a kept connection may lie idle: shorter than servers and proxies commonly keep theirs (60 s), so that it is
/// mostly the client that closes first.
const IDLE: Duration = Duration::from_secs(30);

/// The ports that the client itself needs.
#[derive(Debug, Clone)]
pub struct ClientPorts {
    /// Where every read is logged.
    pub call_log: Arc<dyn CallLog>,
    /// Time, and the pauses between the attempts of a read.
    pub clock: Arc<dyn Clock>,
    /// Jitter for these pauses.
    pub randomness: Arc<dyn Randomness>,
    /// What the repetitions of reads are drawn from, where the shop has a budget.
    pub budget: Option<SharedBudget>,
}

/// A client that can't be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The HTTP client could not be made, mostly for want of root certificates.
    #[error("the HTTP client can't be set up; see that the machine's root certificates are installed")]
    Http(#[source] reqwest::Error),
    /// The key can't stand in a header.
    #[error("the API key can't stand in a header; copy it again")]
    ApiKey,
}

/// One shop on the marketplace, over HTTP.
pub struct BestBuyClient {
    pub(crate) http: reqwest::Client,
    pub(crate) settings: ClientSettings,
    pub(crate) ports: ClientPorts,
    pub(crate) addresses: Addresses,
    pub(crate) redactor: Redactor,
    /// The page that was read last, to notice a server that ignores the offset.
    last_page: Mutex<Option<LastPage>>,
}

#[derive(Debug)]
struct LastPage {
    next: u64,
    fingerprint: u64,
}

impl fmt::Debug for BestBuyClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BestBuyClient")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl BestBuyClient {
    /// Sets the client up; nothing is sent.
    ///
    /// Where the process has no TLS provider yet, ring becomes it. Proxies named in the environment are not used: the
    /// key and the customers' data go where the settings say and nowhere else.
    ///
    /// # Errors
    /// [`ClientError`], mostly for want of root certificates.
    pub fn new(settings: ClientSettings, ports: ClientPorts) -> Result<Self, ClientError> {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // It fails only where another thread was quicker, and then there is one.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let http = http_client(&settings)?;
        Ok(Self {
            http,
            addresses: Addresses::new(settings.base_url.clone(), settings.shop_id),
            redactor: Redactor::new(settings.api_key.clone()),
            settings,
            ports,
            last_page: Mutex::default(),
        })
    }

    /// Refuses a page that repeats the one before it.
    fn check_progress(&self, offset: u64, list: &OrderList) -> Result<(), String> {
        let next = offset.saturating_add(list.received);
        let page = LastPage {
            next,
            fingerprint: list.fingerprint(),
        };
        let mut last_page = self.last_page.lock().unwrap_or_else(PoisonError::into_inner);
        let repeats = last_page.as_ref().is_some_and(|last| {
            offset > 0 && list.received > 0 && last.next == offset && last.fingerprint == page.fingerprint
        });
        if repeats || next > LAST_OFFSET {
            return Err(format!(
                "`offset` is not followed: the list does not move on at {offset}"
            ));
        }
        *last_page = Some(page);
        Ok(())
    }
}

fn http_client(settings: &ClientSettings) -> Result<reqwest::Client, ClientError> {
    let mut key = HeaderValue::from_str(settings.api_key.expose_secret()).map_err(|_| ClientError::ApiKey)?;
    key.set_sensitive(true);
    let headers = HeaderMap::from_iter([
        (AUTHORIZATION, key),
        (ACCEPT, HeaderValue::from_static("application/json")),
    ]);
    reqwest::Client::builder()
        .default_headers(headers)
        .user_agent(&settings.user_agent)
        .timeout(settings.call_timeout)
        .connect_timeout(settings.connect_timeout)
        .https_only(settings.base_url.scheme() == "https")
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy()
        // No hidden resends: each attempt of a read is a call on record, and a decision is never sent again. (hyper-util
        // goes on to a new connection where a kept one closed before it took the request up; by then no byte has left.)
        .retry(reqwest::retry::never())
        // `gate.rs` says why.
        .http1_only()
        .gzip(true)
        .tcp_nodelay(true)
        .pool_idle_timeout(IDLE)
        .build()
        .map_err(ClientError::Http)
}

#[async_trait]
impl Marketplace for BestBuyClient {
    fn shop_key(&self) -> ShopKey {
        shop_key(&self.settings.base_url, self.settings.shop_id, &self.settings.api_key)
    }

    async fn waiting(&self, cursor: Option<PageCursor>) -> MarketplaceResult<Page> {
        let offset = cursor.map_or(0, |cursor| cursor.offset);
        let address = self.addresses.waiting(offset, self.settings.page_size);
        let read = self
            .read(Endpoint::Or11, &address, |answer| {
                let list = OrderList::read(&answer.text(), &self.redactor)?;
                self.check_progress(offset, &list)?;
                let next = next_page(offset, list.received, list.total, &answer.headers);
                let seen = list.seen();
                Ok(((list, next), seen))
            })
            .await?;
        let (list, next) = read.value;
        Ok(Page {
            total: list.total,
            next,
            listing: Listing {
                call: read.call,
                began_at: read.began_at,
                orders: list.orders,
                unreadable: list.unreadable,
            },
        })
    }

    async fn look(&self, ids: &[OrderId]) -> MarketplaceResult<Look> {
        let mut known = HashSet::new();
        let ids: Vec<OrderId> = ids.iter().filter(|id| known.insert(*id)).cloned().collect();
        if ids.is_empty() || ids.len() > IDS_PER_LOOK {
            // What the marketplace would answer; it is not asked.
            return Err(MarketplaceError::Refused {
                status: 400,
                what: format!(
                    "not sent: a look is at 1 to {IDS_PER_LOOK} orders and not at {}",
                    ids.len()
                ),
            });
        }
        let address = self.addresses.look(ids.iter(), LARGEST_PAGE);
        let read = self
            .read(Endpoint::Or11, &address, |answer| {
                let mut list = OrderList::read(&answer.text(), &self.redactor)?;
                list.keep_only(&ids);
                let seen = list.seen_of(&ids);
                Ok((list, seen))
            })
            .await?;
        Ok(Listing {
            call: read.call,
            began_at: read.began_at,
            orders: read.value.orders,
            unreadable: read.value.unreadable,
        })
    }

    async fn accept(&self, id: &OrderId, decision: &Decision, permit: Arc<dyn SendPermit>) -> SendAnswer {
        self.send(id, decision, permit).await
    }

    async fn account(&self) -> MarketplaceResult<Account> {
        let address = self.addresses.account();
        let read = self
            .read(Endpoint::A01, &address, |answer| {
                Ok((crate::account::read(&answer.text())?, Vec::new()))
            })
            .await?;
        Ok(read.value)
    }

    async fn figures(&self) -> MarketplaceResult<ShopFigures> {
        let address = self.addresses.figures();
        let read = self
            .read(Endpoint::A21, &address, |answer| {
                Ok((crate::account::read_figures(&answer.text())?, Vec::new()))
            })
            .await?;
        Ok(read.value)
    }
}

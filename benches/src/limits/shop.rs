//! The marketplace's calls as plain HTTP, with no log and no guard.

use anyhow::{Context as _, Result, ensure};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::child::Marketplace;

/// The most orders that a page or a look holds.
pub const PAGE: usize = 100;

/// An order that waits, with what is needed to accept it.
#[derive(Debug, Clone)]
pub struct WaitingOrder {
    /// Its id.
    pub id: String,
    /// The body that accepts every line of it.
    pub decision: String,
}

/// A shop over plain HTTP.
#[derive(Debug, Clone)]
pub struct PlainShop {
    client: Client,
    url: String,
    key: String,
}

impl PlainShop {
    /// The shop of a marketplace.
    ///
    /// # Errors
    /// Where no HTTP client can be made.
    pub fn of(marketplace: &Marketplace) -> Result<Self> {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // It fails only where another thread was quicker, and then there is one.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        Ok(Self {
            client: Client::builder().no_proxy().build()?,
            url: marketplace.url().to_owned(),
            key: marketplace.key().to_owned(),
        })
    }

    /// OR11: every order that waits, page by page, and how many calls that took.
    ///
    /// # Errors
    /// An answer of another form.
    pub async fn list(&self) -> Result<(Vec<WaitingOrder>, u64)> {
        let mut waiting = Vec::new();
        let mut calls = 0;
        loop {
            let offset = waiting.len();
            let query =
                format!("order_state_codes=WAITING_ACCEPTANCE&sort=dateCreated&order=asc&max={PAGE}&offset={offset}");
            let body = self.get(&query).await?;
            calls += 1;
            let page: Value = serde_json::from_slice(&body)?;
            let orders = page["orders"].as_array().context("a page has no `orders`")?;
            waiting.extend(orders.iter().filter_map(waiting_order));
            ensure!(waiting.len() == offset + orders.len(), "an order has no id or no lines");
            if orders.len() < PAGE {
                return Ok((waiting, calls));
            }
        }
    }

    /// OR11: a look at some orders; gives the answer's bytes.
    ///
    /// # Errors
    /// Any answer but success.
    pub async fn look(&self, ids: &[String]) -> Result<Vec<u8>> {
        self.get(&format!("max={PAGE}&order_ids={}", ids.join(","))).await
    }

    /// OR21: accepts an order.
    ///
    /// # Errors
    /// Any answer but success.
    pub async fn accept(&self, order: &WaitingOrder) -> Result<()> {
        let request = self.request(Method::PUT, &format!("{}/api/orders/{}/accept", self.url, order.id));
        let request = request
            .header(CONTENT_TYPE, "application/json")
            .body(order.decision.clone());
        let answer = request.send().await?;
        let status = answer.status();
        answer.bytes().await?;
        ensure!(status == StatusCode::NO_CONTENT, "OR21 was answered with {status}");
        Ok(())
    }

    async fn get(&self, query: &str) -> Result<Vec<u8>> {
        let request = self.request(Method::GET, &format!("{}/api/orders?{query}", self.url));
        let answer = request.send().await?.error_for_status()?;
        Ok(answer.bytes().await?.to_vec())
    }

    fn request(&self, method: Method, url: &str) -> RequestBuilder {
        let request = self.client.request(method, url);
        request
            .header(AUTHORIZATION, &self.key)
            .header(ACCEPT, "application/json")
    }
}

fn waiting_order(order: &Value) -> Option<WaitingOrder> {
    let lines = order["order_lines"].as_array()?;
    let decisions: Vec<Value> = lines
        .iter()
        .map(|line| json!({"id": line["order_line_id"], "accepted": true}))
        .collect();
    Some(WaitingOrder {
        id: order["order_id"].as_str()?.to_owned(),
        decision: json!({"order_lines": decisions}).to_string(),
    })
}

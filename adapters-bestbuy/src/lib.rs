//! The marketplace port of Ackord over HTTP, for Best Buy Canada's marketplace, which runs on Mirakl.
//!
//! [`BestBuyClient`] implements [`ackord::ports::Marketplace`] with four operations of Mirakl's seller API: OR11 lists
//! orders and looks at them by id, OR21 sends the decision on one, A01 names the shop behind the key, A21 tells how it decides on its orders.
//!
//! What this crate never does: send a decision twice from one call, follow a redirect, take a proxy from the environment,
//! put the key into a URL, a log or an error, or a customer's personal fields into the call log.
//!
//! ```
//! use ackord_bestbuy::ClientSettings;
//!
//! let settings = ClientSettings::builder("https://marketplace.example", "a-made-up-key".into())
//!     .shop_id(Some(2001))
//!     .build()?;
//! assert!(!format!("{settings:?}").contains("a-made-up-key"));
//! # Ok::<(), ackord_bestbuy::SettingsError>(())
//! ```

mod account;
mod address;
mod answer;
mod backoff;
mod classify;
mod client;
mod error_body;
mod gate;
mod list;
mod order_json;
mod paging;
mod read;
mod redact;
mod retry_after;
mod send;
mod settings;
mod shop_key;
mod span;

pub use client::{BestBuyClient, ClientError, ClientPorts};
pub use settings::{ClientSettings, ClientSettingsBuilder, SettingsError};

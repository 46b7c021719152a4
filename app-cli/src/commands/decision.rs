//! What the verbs share by which a person decides: on whose behalf, told or done, asked or not.

use std::fmt::Display;

use ackord::OrderId;
use ackord::ports::OrderSummary;
use anyhow::Result;
use clap::Args;

use super::Context;
use super::confirm::confirm;
use crate::report_error::NotOnRecord;
use crate::wiring::OpenStore;

/// How a decision is carried out.
#[derive(Debug, Args)]
pub struct DecisionArgs {
    /// Tell what would be done, and change nothing
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
    /// Do it without being asked
    #[arg(long)]
    pub yes: bool,
    /// On whose behalf, for the record [default: the user of this process]
    #[arg(long, value_name = "NAME")]
    pub actor: Option<String>,
    /// As one JSON object
    #[arg(long)]
    pub json: bool,
}

impl DecisionArgs {
    /// On whose behalf.
    pub(super) fn actor(&self, context: &Context<'_>) -> String {
        self.actor.clone().unwrap_or_else(|| context.environment.user())
    }

    /// Whether it is to be done: not where it was only to be told. Asks where nobody agreed in advance; `what` is what would
    /// happen, without a full stop.
    ///
    /// # Errors
    /// Where nobody agrees.
    pub(super) fn goes_on(&self, what: &str, context: &Context<'_>) -> Result<bool> {
        if self.dry_run {
            return Ok(false);
        }
        if !self.yes {
            confirm(what, context)?;
        }
        Ok(true)
    }
}

/// What is told in the place of doing it; `what` as above.
pub(super) fn not_done(what: &str) -> String {
    format!("without --dry-run: {what}\nnothing was changed\n")
}

/// An order that was named on the command line, or by an entry of the inbox, as it stands.
///
/// # Errors
/// [`NotOnRecord`], or what the store says.
pub(super) async fn order_of(store: &dyn OpenStore, id: &str) -> Result<OrderSummary> {
    let found = match OrderId::new(id) {
        Ok(id) => store.summaries(&[id]).await?.pop(),
        Err(_) => None,
    };
    let missing = || NotOnRecord {
        what: "order",
        id: id.to_owned(),
    };
    Ok(found.ok_or_else(missing)?)
}

/// How an order stands, in words.
pub(super) fn stands(order: &OrderSummary) -> String {
    order
        .status
        .as_ref()
        .map_or_else(|| "without a status".to_owned(), |status| format!("'{status}'"))
}

/// So many of something.
pub(super) fn counted(count: usize, one: impl Display, more: impl Display) -> String {
    if count == 1 {
        format!("1 {one}")
    } else {
        format!("{count} {more}")
    }
}

//! `ackord orders record`: a status of another module, entered by hand.

use ackord::OrderStatus;
use ackord::ports::{Decided, ManualEntry};
use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::Context;
use super::decision::{DecisionArgs, not_done, order_of, stands};
use crate::exit::Exit;
use crate::render::{self, clean, fitted};
use crate::report_error::NotPossible;
use crate::settings::{SettingFlags, StoreFlag};
use crate::wiring;

/// Arguments of `ackord orders record`.
#[derive(Debug, Args)]
pub struct RecordArgs {
    /// The order
    #[arg(value_name = "ID")]
    pub id: String,
    /// The status: any that is none of acceptance's own, `label_created` or `shipped` for example
    #[arg(value_name = "STATUS")]
    pub status: String,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    pub note: String,
    /// How it is carried out
    #[command(flatten)]
    pub decision: DecisionArgs,
    /// The store
    #[command(flatten)]
    pub store: StoreFlag,
}

/// Adds an entry to an order's timeline.
///
/// # Errors
/// Where the status is one of acceptance's own, and whatever keeps the store from being read or written.
pub async fn record(args: &RecordArgs, context: &Context<'_>) -> Result<Exit> {
    let status = status(&args.status)?;
    let config = context.settings(&args.store.and(&SettingFlags::default()))?;
    let store = wiring::open_for_reading(&config).await?;
    let order = order_of(&*store, &args.id).await?;
    let id = clean(order.order_id.as_str());
    let stands = stands(&order);
    let what = format!("order {id}, {stands} so far, becomes '{status}'; acceptance has nothing more to do with it");
    let written = if args.decision.goes_on(&what, context)? {
        let actor = args.decision.actor(context);
        let entry = ManualEntry {
            order_id: order.order_id.clone(),
            version: order.version,
            status: status.clone(),
            note: args.note.clone(),
            resolution: None,
        };
        Some(store.add_entries(&[entry], &actor).await?.first() == Some(&Decided::Written))
    } else {
        None
    };
    store.close().await;
    if written == Some(false) {
        return Err(NotPossible {
            reason: format!("order {id} has moved on since it was read: nothing was changed"),
            hint: format!("look at it with `ackord orders show {id}`, and decide again"),
        }
        .into());
    }
    let out = &context.streams.out;
    if args.decision.json {
        out.tell(&render::json::pretty(&json!({
            "dry_run": written.is_none(),
            "order_id": order.order_id.as_str(),
            "from": order.status.as_ref().map(OrderStatus::as_str),
            "to": status.as_str(),
        })))?;
    } else if written.is_none() {
        out.tell(&fitted(&not_done(&what), out))?;
    } else {
        out.tell(&format!("order {id} is '{status}'\n"))?;
    }
    Ok(Exit::Done)
}

/// A status that a person may enter: those of acceptance are found out, not entered.
fn status(text: &str) -> Result<OrderStatus, NotPossible> {
    let hint = match OrderStatus::parse(text) {
        OrderStatus::Other(name) if !name.trim().is_empty() => return Ok(OrderStatus::Other(name)),
        OrderStatus::Other(_) => "a status is a word, `shipped` for example",
        OrderStatus::PendingAcceptance => "`ackord orders retry` asks for another attempt",
        OrderStatus::Accepted | OrderStatus::Cancelled => {
            "what the marketplace shows is found by the next run; `ackord failures resolve --as` asks it at once"
        }
        OrderStatus::AcceptanceFailed => "an attempt fails by itself; leave the order to the next run",
    };
    Err(NotPossible {
        reason: format!("'{text}' is not entered by hand"),
        hint: hint.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_of_other_modules_may_be_entered() {
        assert_eq!(status("shipped").unwrap().as_str(), "shipped");
        assert_eq!(status("label created").unwrap().as_str(), "label created");
    }

    #[test]
    fn statuses_of_acceptance_may_not() {
        for own in [
            "pending_acceptance",
            "accepted",
            "cancelled",
            "acceptance_failed",
            "",
            "  ",
        ] {
            assert!(status(own).is_err(), "{own:?}");
        }
    }
}

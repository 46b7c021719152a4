//! `ackord orders`: orders and their stories.

use ackord::ports::{OrderCursor, OrderFilter, OrderSummary};
use ackord::{OrderId, OrderStatus, Timestamp};
use anyhow::Result;
use clap::{Args, Subcommand};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::Context;
use super::listing::{PageArgs, PageOf};
use super::record::{self, RecordArgs};
use super::retry::{self, RetryOrdersArgs};
use super::watch::{self, WatchArgs};
use crate::exit::Exit;
use crate::render;
use crate::report_error::NotOnRecord;
use crate::settings::{SettingFlags, StoreFlag};
use crate::wiring;

/// What to do with orders.
#[derive(Debug, Subcommand)]
pub enum OrdersCommand {
    /// Orders with their status, deadline and what comes next, newest first
    List(ListArgs),
    /// The story of one order: its timeline, calls and failures on one axis
    Show(ShowArgs),
    /// Give orders another attempt
    ///
    /// As `ackord failures retry`, by the orders' own ids.
    Retry(RetryOrdersArgs),
    /// Enter a status of another module, `shipped` for example
    ///
    /// The entry stands in the order's timeline with who entered it, and acceptance leaves the order alone from then on. The
    /// statuses of acceptance itself are not entered: they are found out.
    Record(RecordArgs),
    /// Follow timelines live: each entry as it is written, by whichever program
    ///
    /// Of every order, or of those that are named. It changes nothing, and ends on Ctrl-C with 0.
    Watch(WatchArgs),
}

/// Arguments of `ackord orders list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Of this status alone: `pending_acceptance`, `accepted`, `cancelled`, `acceptance_failed`, or any that another program
    /// wrote
    #[arg(long, value_name = "STATUS")]
    pub status: Option<String>,
    /// How to cut and show it; `--since` means the time at which an order was placed
    #[command(flatten)]
    pub page: PageArgs,
    /// The store
    #[command(flatten)]
    pub store: StoreFlag,
}

/// Arguments of `ackord orders show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The order
    #[arg(value_name = "ID")]
    pub id: String,
    /// As one JSON object
    #[arg(long)]
    pub json: bool,
    /// The store
    #[command(flatten)]
    pub store: StoreFlag,
}

/// Lists orders, shows one, decides about some, or follows them.
///
/// # Errors
/// Whatever keeps it from being read or carried out.
pub async fn orders(command: &OrdersCommand, context: &Context<'_>) -> Result<Exit> {
    match command {
        OrdersCommand::List(args) => list(args, context).await,
        OrdersCommand::Show(args) => show(args, context).await,
        OrdersCommand::Retry(args) => retry::orders(args, context).await,
        OrdersCommand::Record(args) => record::record(args, context).await,
        OrdersCommand::Watch(args) => watch::watch(args, context).await,
    }
}

async fn list(args: &ListArgs, context: &Context<'_>) -> Result<Exit> {
    let now = Timestamp::now();
    let filter = OrderFilter {
        status: args.status.as_deref().map(OrderStatus::parse),
        since: args.page.since(now)?,
        after: match &args.page.after {
            Some(text) => Some(cursor_of(text).ok_or_else(|| args.page.bad_cursor())?),
            None => None,
        },
        limit: args.page.limit_and_one(),
    };
    let config = context.settings(&args.store.and(&SettingFlags::default()))?;
    let deadline = config.workflow.acceptance_deadline;
    let store = wiring::open_for_reading(&config).await?;
    let rows = store.orders(&filter).await?;
    store.close().await;
    PageOf::cut(rows, &args.page, cursor_after).show(
        &args.page,
        context,
        "orders",
        |order| render::json::order(order, deadline),
        |orders| render::order_rows(orders, deadline, now),
    )
}

async fn show(args: &ShowArgs, context: &Context<'_>) -> Result<Exit> {
    let config = context.settings(&args.store.and(&SettingFlags::default()))?;
    let deadline = config.workflow.acceptance_deadline;
    let store = wiring::open_for_reading(&config).await?;
    let story = match OrderId::new(args.id.as_str()) {
        Ok(id) => store.story(&id).await?,
        Err(_) => None,
    };
    store.close().await;
    let story = story.ok_or_else(|| NotOnRecord {
        what: "order",
        id: args.id.clone(),
    })?;
    let out = &context.streams.out;
    if args.json {
        out.write(&render::json::pretty(&render::json::story(&story, deadline)))?;
    } else {
        out.write(&render::story_page(&story, deadline, Timestamp::now(), out))?;
    }
    Ok(Exit::Done)
}

/// What a cursor keeps as it is; all else is percent-encoded, so that it can be copied into any shell.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

fn cursor_after(order: &OrderSummary) -> String {
    let id = utf8_percent_encode(order.order_id.as_str(), KEPT);
    format!("{}.{id}", order.placed_at.as_microsecond())
}

fn cursor_of(text: &str) -> Option<OrderCursor> {
    let (micros, id) = text.split_once('.')?;
    let id = percent_decode_str(id).decode_utf8().ok()?;
    Some(OrderCursor {
        placed_at: Timestamp::from_microsecond(micros.parse().ok()?).ok()?,
        order_id: OrderId::new(id).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_ids_of_every_kind() {
        for id in ["A-1", "ö/ 12.A$(x)'\"", "…"] {
            let cursor = OrderCursor {
                placed_at: "2026-02-03T10:00:05.123456Z".parse().unwrap(),
                order_id: OrderId::new(id).unwrap(),
            };
            let encoded = utf8_percent_encode(id, KEPT);
            let text = format!("{}.{encoded}", cursor.placed_at.as_microsecond());
            assert!(
                text.bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.%".contains(&byte)),
                "{text}"
            );
            assert_eq!(cursor_of(&text), Some(cursor));
        }
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for text in ["", "5", "x.A", "5.", "5.%ff", "99999999999999999999.A"] {
            assert_eq!(cursor_of(text), None, "{text}");
        }
    }
}

//! `ackord calls`: the log of calls to the marketplace.

use ackord::call::{CallId, CallOutcome};
use ackord::ports::CallFilter;
use ackord::{OrderId, Timestamp};
use anyhow::Result;
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};

use super::Context;
use super::listing::{PageArgs, PageOf};
use crate::exit::Exit;
use crate::render;
use crate::report_error::{BadFlag, NotOnRecord};
use crate::settings::{SettingFlags, StoreFlag};
use crate::wiring;

/// What to do with calls.
#[derive(Debug, Subcommand)]
pub enum CallsCommand {
    /// Calls, newest first
    List(ListArgs),
    /// One call with its request and response
    Show(ShowArgs),
}

/// Arguments of `ackord calls list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// About this order alone, shared looks included
    #[arg(long, value_name = "ID")]
    pub order: Option<String>,
    /// Of this operation alone: OR11 (list and looks), OR21 (acceptance), A01 (account), A21 (figures)
    #[arg(long, value_name = "NAME")]
    pub endpoint: Option<String>,
    /// Ended like this alone
    #[arg(long, value_name = "OUTCOME", value_parser = PossibleValuesParser::new(CallOutcome::all().map(CallOutcome::as_str)))]
    pub outcome: Option<String>,
    /// With requests and responses (JSON alone)
    #[arg(long, requires = "json")]
    pub bodies: bool,
    /// How to cut and show it; `--since` means the start of a call
    #[command(flatten)]
    pub page: PageArgs,
    /// The store
    #[command(flatten)]
    pub store: StoreFlag,
}

/// Arguments of `ackord calls show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The call
    #[arg(value_name = "ID")]
    pub id: i64,
    /// As one JSON object
    #[arg(long)]
    pub json: bool,
    /// The store
    #[command(flatten)]
    pub store: StoreFlag,
}

/// Lists calls or shows one.
///
/// # Errors
/// Whatever keeps it from being read.
pub async fn calls(command: &CallsCommand, context: &Context<'_>) -> Result<Exit> {
    match command {
        CallsCommand::List(args) => list(args, context).await,
        CallsCommand::Show(args) => show(args, context).await,
    }
}

async fn list(args: &ListArgs, context: &Context<'_>) -> Result<Exit> {
    let filter = CallFilter {
        order: args.order.as_deref().map(order_id).transpose()?,
        endpoint: args.endpoint.as_deref().map(endpoint),
        outcome: args.outcome.as_deref().and_then(CallOutcome::parse),
        since: args.page.since(Timestamp::now())?,
        before: args.page.after_id()?.map(CallId),
        limit: args.page.limit_and_one(),
    };
    let config = context.settings(&args.store.and(&SettingFlags::default()))?;
    let store = wiring::open_for_reading(&config).await?;
    let rows = store.calls(&filter).await?;
    store.close().await;
    PageOf::cut(rows, &args.page, |row| row.call_id.to_string()).show(
        &args.page,
        context,
        "calls",
        |row| render::json::call(row, args.bodies),
        render::call_rows,
    )
}

async fn show(args: &ShowArgs, context: &Context<'_>) -> Result<Exit> {
    let config = context.settings(&args.store.and(&SettingFlags::default()))?;
    let store = wiring::open_for_reading(&config).await?;
    let row = store.call(CallId(args.id)).await?;
    store.close().await;
    let row = row.ok_or_else(|| NotOnRecord {
        what: "call",
        id: args.id.to_string(),
    })?;
    let text = if args.json {
        render::json::pretty(&render::json::call(&row, true))
    } else {
        render::call_page(&row, &context.streams.out)
    };
    context.streams.out.write(&text)?;
    Ok(Exit::Done)
}

fn order_id(text: &str) -> Result<OrderId, BadFlag> {
    OrderId::new(text).map_err(|error| BadFlag {
        flag: "order",
        value: text.to_owned(),
        problem: format!("is {error}"),
    })
}

/// The marketplace's operations may be typed in small letters; those of other modules are taken as they are.
fn endpoint(text: &str) -> String {
    let known = ["OR11", "OR21", "A01", "A21"];
    let found = known.into_iter().find(|name| name.eq_ignore_ascii_case(text));
    found.map_or_else(|| text.to_owned(), str::to_owned)
}

//! `ackord failures`: the inbox.

use ackord::Timestamp;
use ackord::failure::{FailureCause, FailureId};
use ackord::ports::FailureFilter;
use anyhow::Result;
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};

use super::Context;
use super::listing::{PageArgs, PageOf};
use crate::exit::Exit;
use crate::render;
use crate::report_error::NotOnRecord;
use crate::settings::{SettingFlags, StoreFlag};
use crate::wiring;

/// What to do with the inbox.
#[derive(Debug, Subcommand)]
pub enum FailuresCommand {
    /// Entries of the inbox, newest first
    List(ListArgs),
    /// One entry, with what was being worked on
    Show(ShowArgs),
}

/// Arguments of `ackord failures list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Open entries alone
    #[arg(long, conflicts_with = "closed")]
    pub open: bool,
    /// Closed entries alone
    #[arg(long)]
    pub closed: bool,
    /// Entries that wait (or waited) for a person alone
    #[arg(long)]
    pub needs_person: bool,
    /// Of this cause alone
    #[arg(long, value_name = "CAUSE", value_parser = PossibleValuesParser::new(FailureCause::all().map(FailureCause::as_str)))]
    pub cause: Option<String>,
    /// About this order alone
    #[arg(long, value_name = "ID")]
    pub order: Option<String>,
    /// How to cut and show it; `--since` means the time of the entry
    #[command(flatten)]
    pub page: PageArgs,
    /// The store
    #[command(flatten)]
    pub store: StoreFlag,
}

/// Arguments of `ackord failures show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The entry
    #[arg(value_name = "ID")]
    pub id: i64,
    /// As one JSON object
    #[arg(long)]
    pub json: bool,
    /// The store
    #[command(flatten)]
    pub store: StoreFlag,
}

/// Lists entries or shows one.
///
/// # Errors
/// Whatever keeps it from being read.
pub async fn failures(command: &FailuresCommand, context: &Context<'_>) -> Result<Exit> {
    match command {
        FailuresCommand::List(args) => list(args, context).await,
        FailuresCommand::Show(args) => show(args, context).await,
    }
}

async fn list(args: &ListArgs, context: &Context<'_>) -> Result<Exit> {
    let filter = FailureFilter {
        open: match (args.open, args.closed) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        },
        needs_person: args.needs_person.then_some(true),
        cause: args.cause.clone(),
        related_id: args.order.clone(),
        since: args.page.since(Timestamp::now())?,
        before: args.page.after_id()?.map(FailureId),
        limit: args.page.limit_and_one(),
    };
    let config = context.settings(&args.store.and(&SettingFlags::default()))?;
    let store = wiring::open_for_reading(&config).await?;
    let rows = store.failures(&filter).await?;
    store.close().await;
    PageOf::cut(rows, &args.page, |row| row.failure_id.to_string()).show(
        &args.page,
        context,
        "failures",
        render::json::failure,
        render::failure_rows,
    )
}

async fn show(args: &ShowArgs, context: &Context<'_>) -> Result<Exit> {
    let config = context.settings(&args.store.and(&SettingFlags::default()))?;
    let store = wiring::open_for_reading(&config).await?;
    let row = store.failure(FailureId(args.id)).await?;
    store.close().await;
    let row = row.ok_or_else(|| NotOnRecord {
        what: "failure",
        id: args.id.to_string(),
    })?;
    let text = if args.json {
        render::json::pretty(&render::json::failure(&row))
    } else {
        render::failure_page(&row)
    };
    context.streams.out.write(&text)?;
    Ok(Exit::Done)
}

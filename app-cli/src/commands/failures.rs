//! `ackord failures`: the inbox.

use std::collections::BTreeSet;

use ackord::diagnosis::Diagnosis;
use ackord::failure::{FailureCause, FailureId, PROCESS};
use ackord::ports::{FailureFilter, FailureRow};
use ackord::{OrderId, Timestamp};
use anyhow::Result;
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use serde_json::Value;

use super::Context;
use super::listing::{PageArgs, PageOf};
use super::resolve::{self, ResolveArgs};
use super::retry::{self, RetryFailuresArgs};
use crate::exit::Exit;
use crate::render::{self, About};
use crate::report_error::NotOnRecord;
use crate::settings::{Config, SettingFlags, StoreFlag};
use crate::wiring::{self, OpenStore};

/// What to do with the inbox.
#[derive(Debug, Subcommand)]
pub enum FailuresCommand {
    /// Entries of the inbox: the newest, those of a cause together, nearest deadline first
    List(ListArgs),
    /// One entry: what was being worked on, what was sent and answered each time, the likely cause and what to do
    Show(ShowArgs),
    /// Give the orders of entries another attempt
    ///
    /// Each order gets a new entry `pending_acceptance` in its timeline, with who asked and why, and counts its attempts anew; what
    /// the inbox has open about it is closed. The next run looks at it first, and sends only what the marketplace still
    /// waits for. An order that moved on after you looked is left as it is, and you are told.
    Retry(RetryFailuresArgs),
    /// Close entries
    ///
    /// `--as handled` takes your word for it; an order in review is looked at hourly all the same. `--as accepted` and `--as cancelled`
    /// ask the marketplace first, and close an entry only where it shows the order so; the order is settled with that.
    /// Entries of other modules are closed as handled alone.
    Resolve(ResolveArgs),
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

/// Lists entries, shows one, or decides about some.
///
/// # Errors
/// Whatever keeps it from being read or carried out.
pub async fn failures(command: &FailuresCommand, context: &Context<'_>) -> Result<Exit> {
    match command {
        FailuresCommand::List(args) => list(args, context).await,
        FailuresCommand::Show(args) => show(args, context).await,
        FailuresCommand::Retry(args) => retry::failures(args, context).await,
        FailuresCommand::Resolve(args) => resolve::resolve(args, context).await,
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
    let about = about(&*store, &rows, &config).await?;
    store.close().await;
    PageOf::cut(rows, &args.page, |row| row.failure_id.to_string()).show(
        &args.page,
        context,
        "failures",
        render::json::failure,
        |rows| render::failure_rows(rows, &about),
    )
}

/// The orders that these entries are about.
pub(super) async fn about(store: &dyn OpenStore, rows: &[FailureRow], config: &Config) -> Result<About> {
    let named = rows.iter().filter_map(|row| row.related_id.as_deref());
    let ids: BTreeSet<OrderId> = named.filter_map(|id| OrderId::new(id).ok()).collect();
    let ids: Vec<OrderId> = ids.into_iter().collect();
    let orders = store.summaries(&ids).await?;
    Ok(About::new(
        orders,
        config.workflow.acceptance_deadline,
        Timestamp::now(),
    ))
}

/// Why the order fails that an entry of acceptance is about, and whether that is over: the entry closed, and the order settled.
async fn diagnosis(store: &dyn OpenStore, row: &FailureRow) -> Result<Option<(Diagnosis, bool)>> {
    let named = row.related_id.as_deref().filter(|_| row.process_name == PROCESS);
    let Some(id) = named.and_then(|id| OrderId::new(id).ok()) else {
        return Ok(None);
    };
    let Some(story) = store.story(&id).await? else {
        return Ok(None);
    };
    let is_settled = story
        .summary
        .status
        .as_ref()
        .is_some_and(|status| !status.is_unsettled());
    let is_over = is_settled && row.resolved_at.is_some();
    Ok(Diagnosis::of(&story).map(|diagnosis| (diagnosis, is_over)))
}

async fn show(args: &ShowArgs, context: &Context<'_>) -> Result<Exit> {
    let config = context.settings(&args.store.and(&SettingFlags::default()))?;
    let store = wiring::open_for_reading(&config).await?;
    let row = store.failure(FailureId(args.id)).await?;
    let row = row.ok_or_else(|| NotOnRecord {
        what: "failure",
        id: args.id.to_string(),
    })?;
    let about = about(&*store, std::slice::from_ref(&row), &config).await?;
    let diagnosis = diagnosis(&*store, &row).await?;
    store.close().await;
    let text = if args.json {
        let mut told = render::json::failure(&row);
        told["diagnosis"] = diagnosis.map_or(Value::Null, |(diagnosis, is_over)| {
            render::diagnosis_json(&diagnosis, is_over)
        });
        render::json::pretty(&told)
    } else {
        let out = &context.streams.out;
        let why = diagnosis.map_or_else(String::new, |(diagnosis, is_over)| {
            format!("{}\n", render::diagnosis_block(&diagnosis, is_over, out))
        });
        render::failure_facts(&row, &about, out) + &why + &render::failure_payload(&row)
    };
    context.streams.out.write(&text)?;
    Ok(Exit::Done)
}

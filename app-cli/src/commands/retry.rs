//! Another attempt, asked for by a person: `ackord failures retry` and `ackord orders retry`.

mod choice;

use ackord::failure::FailureCause;
use ackord::ports::{Decided, ManualEntry};
use ackord::{OrderStatus, Timestamp};
use anyhow::Result;
use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::json;

use super::Context;
use super::decision::{DecisionArgs, counted, not_done};
use crate::exit::Exit;
use crate::render::{self, Listing, clean};
use crate::report_error::NotPossible;
use crate::settings::{Config, SettingFlags, StoreFlag};
use crate::wiring::{self, OpenStore};

use choice::{Attempt, Choice, Chosen};

/// So many orders are written at once.
const BATCH: usize = 100;

/// Arguments of `ackord failures retry`.
#[derive(Debug, Args)]
pub struct RetryFailuresArgs {
    /// The entries
    #[arg(value_name = "ID", required_unless_present = "all", conflicts_with = "all")]
    pub ids: Vec<i64>,
    /// Every open entry of the cause that `--cause` names
    #[arg(long, requires = "cause")]
    pub all: bool,
    /// The cause
    #[arg(long, value_name = "CAUSE", requires = "all", value_parser = PossibleValuesParser::new(FailureCause::all().map(FailureCause::as_str)))]
    pub cause: Option<String>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// How it is carried out
    #[command(flatten)]
    pub decision: DecisionArgs,
    /// The store
    #[command(flatten)]
    pub store: StoreFlag,
}

/// Arguments of `ackord orders retry`.
#[derive(Debug, Args)]
pub struct RetryOrdersArgs {
    /// The orders
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<String>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// How it is carried out
    #[command(flatten)]
    pub decision: DecisionArgs,
    /// The store
    #[command(flatten)]
    pub store: StoreFlag,
}

/// Asks for another attempt at the orders of these entries of the inbox.
///
/// # Errors
/// Where an entry or its order does not allow of it, and whatever keeps the store from being read or written.
pub async fn failures(args: &RetryFailuresArgs, context: &Context<'_>) -> Result<Exit> {
    let choice = match &args.cause {
        Some(cause) => Choice::Cause(cause),
        None => Choice::Entries(&args.ids),
    };
    retry(choice, args.reason.as_deref(), &args.decision, &args.store, context).await
}

/// Asks for another attempt at these orders.
///
/// # Errors
/// Where an order does not allow of it, and whatever keeps the store from being read or written.
pub async fn orders(args: &RetryOrdersArgs, context: &Context<'_>) -> Result<Exit> {
    let choice = Choice::Orders(&args.ids);
    retry(choice, args.reason.as_deref(), &args.decision, &args.store, context).await
}

async fn retry(
    choice: Choice<'_>,
    reason: Option<&str>,
    decision: &DecisionArgs,
    store: &StoreFlag,
    context: &Context<'_>,
) -> Result<Exit> {
    let config = context.settings(&store.and(&SettingFlags::default()))?;
    let store = wiring::open_for_reading(&config).await?;
    let chosen = choice.read(&*store).await?;
    let ended = carry_out(&*store, &config, chosen, reason, decision, context).await;
    store.close().await;
    ended
}

async fn carry_out(
    store: &dyn OpenStore,
    config: &Config,
    chosen: Chosen,
    reason: Option<&str>,
    decision: &DecisionArgs,
    context: &Context<'_>,
) -> Result<Exit> {
    let Chosen { attempts, left_out } = chosen;
    for refusal in &left_out {
        context
            .streams
            .err
            .line(&format!("left out: {}", clean(&refusal.reason)));
    }
    if attempts.is_empty() {
        if decision.json {
            context.streams.out.tell(&told(&[], &[], decision.dry_run))?;
        } else {
            context.streams.err.line("nothing to try again");
        }
        return Ok(Exit::Done);
    }
    let orders = counted(attempts.len(), "order", "orders");
    if !(decision.yes || decision.json) {
        let sink = if decision.dry_run {
            &context.streams.out
        } else {
            &context.streams.err
        };
        sink.tell(&preview(&attempts, config).render(sink))?;
    }
    let what = format!(
        "{orders} get{} another attempt in the next run",
        if attempts.len() == 1 { "s" } else { "" }
    );
    if !decision.goes_on(&what, context)? {
        match decision.json {
            true => context
                .streams
                .out
                .tell(&told(&attempts.iter().collect::<Vec<_>>(), &[], true))?,
            false => context.streams.out.tell(&not_done(&what))?,
        }
        return Ok(Exit::Done);
    }
    let actor = decision.actor(context);
    let note = note(&actor, reason);
    let mut written = Vec::new();
    let mut moved_on = Vec::new();
    for batch in attempts.chunks(BATCH) {
        let entries: Vec<_> = batch.iter().map(|attempt| entry(attempt, &note)).collect();
        let decided = store.add_entries(&entries, &actor).await?;
        for (attempt, decided) in batch.iter().zip(decided) {
            match decided {
                Decided::Written => written.push(attempt),
                Decided::MovedOn => moved_on.push(attempt),
            }
        }
    }
    let streams = context.streams;
    if decision.json {
        streams.out.tell(&told(&written, &moved_on, false))?;
    } else {
        let gets = if written.len() == 1 { "gets" } else { "get" };
        let orders = counted(written.len(), "order", "orders");
        streams
            .out
            .tell(&format!("{orders} {gets} another attempt in the next run\n"))?;
    }
    for attempt in &moved_on {
        let id = clean(attempt.order.order_id.as_str());
        streams.err.line(&format!(
            "{id} has moved on since it was read: nothing was changed for it"
        ));
    }
    Ok(if moved_on.is_empty() {
        Exit::Done
    } else {
        Exit::NeedsPerson
    })
}

/// What the timeline and the inbox say of it.
fn note(actor: &str, reason: Option<&str>) -> String {
    let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
    format!("another attempt, asked for by {actor}{reason}")
}

fn entry(attempt: &Attempt, note: &str) -> ManualEntry {
    ManualEntry {
        order_id: attempt.order.order_id.clone(),
        version: attempt.order.version,
        status: OrderStatus::PendingAcceptance,
        note: note.to_owned(),
        resolution: Some(note.to_owned()),
    }
}

fn preview(attempts: &[Attempt], config: &Config) -> Listing {
    let now = Timestamp::now();
    let mut listing = Listing::new(&["ORDER", "STATUS", "DEADLINE", "CLOSES"]);
    for Attempt { order, failures } in attempts {
        let status = order.status.as_ref().map_or_else(String::new, render::status);
        let ids: Vec<String> = failures.iter().map(|id| format!("entry {id}")).collect();
        listing.row(vec![
            clean(order.order_id.as_str()),
            status,
            render::deadline_words(order, config.workflow.acceptance_deadline, now),
            ids.join(", "),
        ]);
    }
    listing
}

fn told(written: &[&Attempt], moved_on: &[&Attempt], dry_run: bool) -> String {
    let rows = |attempts: &[&Attempt]| -> Vec<_> {
        let row = |attempt: &&Attempt| {
            let ids: Vec<i64> = attempt.failures.iter().map(|id| id.0).collect();
            json!({ "order_id": attempt.order.order_id.as_str(), "failures": ids })
        };
        attempts.iter().map(row).collect()
    };
    render::json::pretty(&json!({ "dry_run": dry_run, "retried": rows(written), "moved_on": rows(moved_on) }))
}

/// A refusal, with what to do instead.
fn refusal(reason: String, hint: &str) -> NotPossible {
    NotPossible {
        reason,
        hint: hint.to_owned(),
    }
}

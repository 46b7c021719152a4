//! `ackord prune`: the bodies of old answers taken out of the call log.

use std::time::Duration;

use ackord::ports::{PruneBatch, PrunedBatch};
use ackord::retention::{BATCH, Walk, cutoff, walk};
use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::Context;
use super::confirm::confirm;
use crate::exit::Exit;
use crate::render::{self, fitted, size};
use crate::report_error::BadFlag;
use crate::settings::{SettingFlags, StoreFlag};
use crate::span;
use crate::wiring::{self, OpenStore};

/// After how many batches a line tells how far it is.
const TOLD_EVERY: u64 = 40;

/// How many prunings `--log` shows.
const SHOWN: usize = 100;

/// Arguments of `ackord prune`.
#[derive(Debug, Args)]
pub struct PruneArgs {
    /// Take out bodies of calls that started longer ago than this: `90d`; a day at the least
    #[arg(long, value_name = "AGE", required_unless_present = "log")]
    pub older_than: Option<String>,
    /// Tell what would be taken out, and change nothing
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
    /// Prune without being asked
    #[arg(long)]
    pub yes: bool,
    /// On whose behalf, for the record [default: the user of this process]
    #[arg(long, value_name = "NAME")]
    pub actor: Option<String>,
    /// Show what was pruned before, the newest first, instead
    #[arg(long, conflicts_with_all = ["older_than", "dry_run", "yes", "actor"])]
    pub log: bool,
    /// As one JSON object
    #[arg(long)]
    pub json: bool,
    /// The store
    #[command(flatten)]
    pub store: StoreFlag,
}

/// Prunes, previews, or shows what was pruned.
///
/// # Errors
/// An age that can't be, or whatever keeps the store from being read or written.
pub async fn prune(args: &PruneArgs, context: &Context<'_>) -> Result<Exit> {
    let config = context.settings(&args.store.and(&SettingFlags::default()))?;
    let age = args.older_than.as_deref().map(age).transpose()?;
    let store = wiring::open_for_reading(&config).await?;
    let text = match age {
        Some(age) => prune_older(&*store, age, args, context).await?,
        None => log(&*store, args, context).await?,
    };
    store.close().await;
    context.streams.out.tell(&text)?;
    Ok(Exit::Done)
}

/// The age of `--older-than`.
fn age(text: &str) -> Result<Duration, BadFlag> {
    span::parse(text).map_err(|problem| BadFlag {
        flag: "older-than",
        value: text.to_owned(),
        problem,
    })
}

async fn prune_older(store: &dyn OpenStore, age: Duration, args: &PruneArgs, context: &Context<'_>) -> Result<String> {
    let now = store.now().await?;
    let before = cutoff(now, age).map_err(|_| BadFlag {
        flag: "older-than",
        value: span::show(age),
        problem: "is too young: bodies of answers are kept for a day at the least".to_owned(),
    })?;
    let batch = PruneBatch {
        before,
        after: None,
        limit: BATCH,
        now,
        actor: args.actor.clone().unwrap_or_else(|| context.environment.user()),
    };
    if !(args.dry_run || args.yes) {
        let what = format!(
            "the bodies of answers to calls that started before {} UTC are taken out",
            render::stamp(before)
        );
        confirm(&what, context)?;
    }
    let chosen = if args.dry_run { Walk::Preview } else { Walk::Prune };
    let tells = context.streams.err.is_terminal() && !context.quiet;
    let mut batches = 0;
    let sum = walk(store, chosen, batch, |sum| {
        batches += 1;
        if tells && batches % TOLD_EVERY == 0 {
            context.streams.err.line(&format!("so far {}", bodies(sum)));
        }
        true
    });
    let sum = sum.await?;
    if args.json {
        return Ok(render::json::pretty(&json!({
            "started_before": before.to_string(),
            "dry_run": args.dry_run,
            "calls": sum.calls,
            "bytes": sum.bytes,
            "kept": sum.kept,
        })));
    }
    let (done, nothing) = if args.dry_run {
        ("would take out", "; nothing was changed")
    } else {
        ("took out", "")
    };
    let kept = match sum.kept {
        0 => String::new(),
        1 => "; 1 as old stays, because an order of its call still waits for something".to_owned(),
        kept => format!("; {kept} as old stay, because an order of their call still waits for something"),
    };
    let before = render::stamp(before);
    let words = format!(
        "{done} {} of answers to calls that started before {before} UTC{kept}{nothing}\n",
        bodies(&sum)
    );
    Ok(fitted(&words, &context.streams.out))
}

/// How many bodies, and how large.
fn bodies(sum: &PrunedBatch) -> String {
    let noun = if sum.calls == 1 { "body" } else { "bodies" };
    format!("{} {noun} ({})", sum.calls, size(sum.bytes))
}

async fn log(store: &dyn OpenStore, args: &PruneArgs, context: &Context<'_>) -> Result<String> {
    let prunings = store.prunings(SHOWN).await?;
    if args.json {
        let rows: Vec<_> = prunings.iter().map(render::json::pruning).collect();
        return Ok(render::json::pretty(&json!({ "prunings": rows })));
    }
    if prunings.is_empty() {
        context.streams.err.line("nothing was ever pruned");
        return Ok(String::new());
    }
    Ok(render::pruning_rows(&prunings).render(&context.streams.out))
}

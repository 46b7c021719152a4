//! `ackord failures resolve`: entries of the inbox closed by a person.
//!
//! That somebody dealt with it is taken on their word. That an order is accepted or cancelled is not: the marketplace is
//! asked, and what it shows is settled first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ackord::failure::{FailureId, PROCESS};
use ackord::ports::{Decided, FailureRow};
use ackord::workflow::LookOptions;
use ackord::{OrderId, OrderStatus};
use anyhow::Result;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::Context;
use super::decision::{DecisionArgs, counted, not_done, order_of, stands};
use crate::exit::Exit;
use crate::progress::Progress;
use crate::render::json::pretty;
use crate::render::{clean, failure_rows, fitted, style};
use crate::report_error::{NotOnRecord, NotPossible};
use crate::settings::{Config, SettingFlags, StoreFlag};
use crate::signals;
use crate::wiring::{self, OpenStore};

/// How an entry is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Outcome {
    /// Somebody dealt with it
    Handled,
    /// Its order is accepted: the marketplace has to show it so
    Accepted,
    /// Its order is cancelled or refused: the marketplace has to show it so
    Cancelled,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Handled => "handled",
            Self::Accepted => "accepted",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status that the order has to have; `None` where its status does not matter.
    fn status(self) -> Option<OrderStatus> {
        match self {
            Self::Handled => None,
            Self::Accepted => Some(OrderStatus::Accepted),
            Self::Cancelled => Some(OrderStatus::Cancelled),
        }
    }
}

/// Arguments of `ackord failures resolve`.
#[derive(Debug, Args)]
pub struct ResolveArgs {
    /// The entries
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<i64>,
    /// As what
    #[arg(long = "as", value_name = "OUTCOME")]
    pub outcome: Outcome,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// How it is carried out
    #[command(flatten)]
    pub decision: DecisionArgs,
    /// The store
    #[command(flatten)]
    pub store: StoreFlag,
    /// All other settings
    #[command(flatten)]
    pub settings: SettingFlags,
}

/// Closes entries of the inbox.
///
/// # Errors
/// Where an entry can't be closed like that, and whatever keeps the store or the marketplace from being asked.
pub async fn resolve(args: &ResolveArgs, context: &Context<'_>) -> Result<Exit> {
    let config = context.settings(&args.store.and(&args.settings))?;
    let store = wiring::open_for_reading(&config).await?;
    let ended = carry_out(&store, &config, args, context).await;
    store.close().await;
    ended
}

async fn carry_out(
    store: &Arc<dyn OpenStore>,
    config: &Config,
    args: &ResolveArgs,
    context: &Context<'_>,
) -> Result<Exit> {
    let mut rows = BTreeMap::new();
    for id in &args.ids {
        let row = store.failure(FailureId(*id)).await?;
        let row = row.ok_or_else(|| NotOnRecord {
            what: "failure",
            id: id.to_string(),
        })?;
        if let Some(refusal) = refusal(&row, args.outcome) {
            return Err(refusal.into());
        }
        rows.insert(row.failure_id, row);
    }
    let rows: Vec<FailureRow> = rows.into_values().collect();
    if args.outcome.status().is_some() {
        config.api_key()?;
    }
    let entries = counted(rows.len(), "entry is closed", "entries are closed");
    let what = match args.outcome {
        Outcome::Handled => format!("{entries} as handled"),
        outcome => format!(
            "the marketplace is asked, and where it shows its order as {} {entries}",
            outcome.as_str()
        ),
    };
    if !(args.decision.yes || args.decision.json) {
        let sink = if args.decision.dry_run {
            &context.streams.out
        } else {
            &context.streams.err
        };
        let about = super::failures::about(&**store, &rows, config).await?;
        sink.tell(&failure_rows(&rows, &about).render(sink))?;
    }
    if !args.decision.goes_on(&what, context)? {
        match args.decision.json {
            true => context.streams.out.tell(&told(args, &rows, &[], true))?,
            false => context
                .streams
                .out
                .tell(&fitted(&not_done(&what), &context.streams.out))?,
        }
        return Ok(Exit::Done);
    }
    let (closable, others) = match args.outcome.status() {
        None => (rows, Vec::new()),
        Some(status) => confirmed(store, config, rows, &status, args, context).await?,
    };
    close(&**store, closable, others, args, context).await
}

/// Why an entry can't be closed like that.
fn refusal(row: &FailureRow, outcome: Outcome) -> Option<NotPossible> {
    let id = row.failure_id;
    if row.resolved_at.is_some() {
        let by = row
            .resolved_by
            .as_deref()
            .map_or_else(String::new, |by| format!(" by {by}"));
        let words = row
            .resolution
            .as_deref()
            .map_or_else(String::new, |words| format!(": {words}"));
        return Some(NotPossible {
            reason: format!("entry {id} was closed already{by}{words}"),
            hint: format!("`ackord failures show {id}` has all of it"),
        });
    }
    (outcome != Outcome::Handled && row.process_name != PROCESS).then(|| NotPossible {
        reason: format!("entry {id} is of {}, not of acceptance", row.process_name),
        hint: "entries of other modules are closed `--as handled` alone".to_owned(),
    })
}

/// Looks at the orders of these entries; tells the entries whose order has this status now, and the others with how theirs
/// stands.
async fn confirmed(
    store: &Arc<dyn OpenStore>,
    config: &Config,
    rows: Vec<FailureRow>,
    status: &OrderStatus,
    args: &ResolveArgs,
    context: &Context<'_>,
) -> Result<(Vec<FailureRow>, Vec<(FailureRow, String)>)> {
    let mut orders: BTreeSet<OrderId> = BTreeSet::new();
    for row in &rows {
        let order = order_of(&**store, row.related_id.as_deref().unwrap_or_default()).await?;
        orders.insert(order.order_id);
    }
    let actor = args.decision.actor(context);
    let workflow = wiring::workflow(config, store)?;
    let options = LookOptions {
        orders: orders.into_iter().collect(),
        by: format!("a look that {actor} asked for ({})", args.reason),
        stop: signals::stop_on_signal(context.streams.err.clone())?,
    };
    let progress = Progress::new(&context.streams.err, context.quiet || args.decision.json);
    let report = workflow.look(&options, &progress).await;
    progress.finish();
    if let Some(halt) = report.halt {
        return Err(halt.into());
    }
    let mut closable = Vec::new();
    let mut others = Vec::new();
    for row in rows {
        let order = order_of(&**store, row.related_id.as_deref().unwrap_or_default()).await?;
        let is_among = |orders: &[OrderId]| orders.contains(&order.order_id);
        let stands = stands(&order);
        if is_among(&report.in_other_hands) {
            others.push((row, "is in the hands of a worker: try again in a minute".to_owned()));
        } else if is_among(&report.not_shown) {
            others.push((row, "is not shown by the marketplace".to_owned()));
        } else if is_among(&report.unclear) {
            others.push((row, "is shown in a state that is not known or can't be read".to_owned()));
        } else if is_among(&report.contradicted) {
            others.push((row, format!("is {stands} here, and the marketplace shows otherwise")));
        } else if order.status.as_ref() == Some(status) {
            closable.push(row);
        } else {
            others.push((row, format!("is {stands} by what the marketplace shows")));
        }
    }
    Ok((closable, others))
}

async fn close(
    store: &dyn OpenStore,
    rows: Vec<FailureRow>,
    others: Vec<(FailureRow, String)>,
    args: &ResolveArgs,
    context: &Context<'_>,
) -> Result<Exit> {
    let actor = args.decision.actor(context);
    let ids: Vec<FailureId> = rows.iter().map(|row| row.failure_id).collect();
    let resolution = format!("{}: {}", args.outcome.as_str(), args.reason);
    let decided = store.close_failures(&ids, &actor, &resolution).await?;
    let mut closed = Vec::new();
    let mut moved_on = Vec::new();
    for (row, decided) in rows.into_iter().zip(decided) {
        // What a look settles closes its entries itself.
        if decided == Decided::Written || args.outcome != Outcome::Handled {
            closed.push(row);
        } else {
            moved_on.push((row, "was closed by somebody else meanwhile".to_owned()));
        }
    }
    let streams = context.streams;
    if args.decision.json {
        let left: Vec<_> = others.iter().chain(&moved_on).cloned().collect();
        streams.out.tell(&told(args, &closed, &left, false))?;
    } else {
        let entries = counted(closed.len(), "entry", "entries");
        streams
            .out
            .tell(&format!("{entries} closed as {}\n", args.outcome.as_str()))?;
    }
    for (row, why) in &others {
        let order = row.related_id.as_deref().map(clean).unwrap_or_default();
        streams
            .err
            .line(&format!("entry {} stays open: {order} {why}", row.failure_id));
    }
    if !others.is_empty() {
        let first = format!(
            "the marketplace has to show its order as {} first",
            args.outcome.as_str()
        );
        let hint = format!("  {} {first}; `--as handled` takes your word for it", style::dim("→"));
        streams.err.line(&hint);
    }
    for (row, why) in &moved_on {
        streams.err.line(&format!("entry {} {why}", row.failure_id));
    }
    Ok(if others.is_empty() && moved_on.is_empty() {
        Exit::Done
    } else {
        Exit::NeedsPerson
    })
}

fn told(args: &ResolveArgs, closed: &[FailureRow], left: &[(FailureRow, String)], dry_run: bool) -> String {
    let left: Vec<_> = left
        .iter()
        .map(|(row, why)| json!({ "failure_id": row.failure_id.0, "related_id": row.related_id, "why": why }))
        .collect();
    pretty(&json!({
        "dry_run": dry_run,
        "as": args.outcome.as_str(),
        "closed": closed.iter().map(|row| row.failure_id.0).collect::<Vec<_>>(),
        "left_open": left,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ackord::Timestamp;

    fn row(process: &str, closed: bool) -> FailureRow {
        FailureRow {
            failure_id: FailureId(7),
            related_id: Some("A-1".to_owned()),
            process_name: process.to_owned(),
            cause: None,
            details: None,
            payload: None,
            at: Timestamp::UNIX_EPOCH,
            needs_person: true,
            resolved_at: closed.then_some(Timestamp::UNIX_EPOCH),
            resolved_by: closed.then(|| "lee".to_owned()),
            resolution: closed.then(|| "handled: called them".to_owned()),
        }
    }

    #[test]
    fn entries_of_other_modules_are_closed_as_handled_alone() {
        let foreign = row("LabelPurchase", false);
        assert_eq!(refusal(&foreign, Outcome::Handled), None);
        for outcome in [Outcome::Accepted, Outcome::Cancelled] {
            assert!(refusal(&foreign, outcome).unwrap().reason.contains("LabelPurchase"));
            assert_eq!(refusal(&row(PROCESS, false), outcome), None);
        }
    }

    #[test]
    fn a_closed_entry_is_not_closed_again() {
        let refused = refusal(&row(PROCESS, true), Outcome::Handled).unwrap();
        assert_eq!(
            refused.reason,
            "entry 7 was closed already by lee: handled: called them"
        );
    }
}

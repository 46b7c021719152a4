//! `ackord orders watch`: entries of timelines as they are written.

use std::collections::BTreeSet;
use std::time::Duration;

use ackord::ports::TimelineRow;
use ackord::timeline::Follow;
use ackord::{OrderId, OrderStatus, Timestamp};
use anyhow::Result;
use clap::Args;
use tokio::time::{Instant, sleep};

use super::Context;
use super::decision::order_of;
use crate::exit::Exit;
use crate::render::{self, json};
use crate::report_error::BadFlag;
use crate::settings::{SettingFlags, StoreFlag};
use crate::signals::EndSignals;
use crate::span;
use crate::wiring::{self, OpenStore};

/// The store is never asked more often than this.
const SHORTEST: Duration = Duration::from_millis(10);

/// Arguments of `ackord orders watch`.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// These orders alone
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    /// How often to look for new entries
    #[arg(long, value_name = "SPAN", default_value = "2s")]
    pub interval: String,
    /// End after so long: `10m`
    #[arg(long = "for", value_name = "SPAN")]
    pub length: Option<String>,
    /// End when none of these orders is `pending_acceptance` or `acceptance_failed` any more
    #[arg(long, requires = "ids")]
    pub once_settled: bool,
    /// Each entry as a JSON object in a line of its own
    #[arg(long)]
    pub json: bool,
    /// The store
    #[command(flatten)]
    pub store: StoreFlag,
}

/// Tells entries as they come, until it is stopped.
///
/// # Errors
/// A span that can't be, an order that is not on record, or whatever keeps the store from being read.
pub async fn watch(args: &WatchArgs, context: &Context<'_>) -> Result<Exit> {
    let interval = span_of("interval", &args.interval)?;
    if interval < SHORTEST {
        return Err(bad("interval", &args.interval, "is too short: 10ms at the least".to_owned()).into());
    }
    let length = args.length.as_deref().map(|text| span_of("for", text)).transpose()?;
    let end = length.and_then(|length| Instant::now().checked_add(length));
    let mut signals = EndSignals::new()?;
    let config = context.settings(&args.store.and(&SettingFlags::default()))?;
    let store = wiring::open_for_reading(&config).await?;
    let mut follow = Follow::behind(store.newest_entry().await?);
    // What was there before is not told.
    follow.news(&*store, Timestamp::now()).await?;
    let mut watched = Watched::of(&*store, args).await?;
    if !context.quiet {
        context.streams.err.line("watching from now on; Ctrl-C ends it");
    }
    while !watched.is_over() {
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        // The store is asked outside of this: no statement is cut off half way.
        tokio::select! {
            () = signals.given() => break,
            () = sleep(left.map_or(interval, |left| left.min(interval))) => {}
        }
        for row in follow.news(&*store, Timestamp::now()).await? {
            if watched.takes(&row) {
                context.streams.out.write(&line(&row, args.json))?;
            }
        }
        if end.is_some_and(|end| end <= Instant::now()) {
            break;
        }
    }
    store.close().await;
    Ok(Exit::Done)
}

fn line(row: &TimelineRow, as_json: bool) -> String {
    if as_json {
        json::line(&json::timeline_entry(&row.order_id, row.placed_at, &row.entry))
    } else {
        render::entry_line(row)
    }
}

fn span_of(flag: &'static str, text: &str) -> Result<Duration, BadFlag> {
    span::parse(text).map_err(|problem| bad(flag, text, problem))
}

fn bad(flag: &'static str, text: &str, problem: String) -> BadFlag {
    BadFlag {
        flag,
        value: text.to_owned(),
        problem,
    }
}

/// The orders that are watched.
#[derive(Debug)]
struct Watched {
    /// These alone; `None` for every order.
    orders: Option<BTreeSet<OrderId>>,
    /// Those of them that are waited for; `None` where that ends nothing.
    unsettled: Option<BTreeSet<OrderId>>,
}

impl Watched {
    async fn of(store: &dyn OpenStore, args: &WatchArgs) -> Result<Self> {
        let mut named = Vec::with_capacity(args.ids.len());
        for id in &args.ids {
            named.push(order_of(store, id).await?);
        }
        let unsettled = named.iter().filter(|order| is_unsettled(order.status.as_ref()));
        let unsettled = unsettled.map(|order| order.order_id.clone()).collect();
        let orders: BTreeSet<OrderId> = named.iter().map(|order| order.order_id.clone()).collect();
        Ok(Self {
            orders: (!orders.is_empty()).then_some(orders),
            unsettled: args.once_settled.then_some(unsettled),
        })
    }

    /// Whether an entry is of one of them.
    fn takes(&mut self, row: &TimelineRow) -> bool {
        if self
            .orders
            .as_ref()
            .is_some_and(|orders| !orders.contains(&row.order_id))
        {
            return false;
        }
        if let Some(unsettled) = &mut self.unsettled {
            if is_unsettled(Some(&row.entry.status)) {
                unsettled.insert(row.order_id.clone());
            } else {
                unsettled.remove(&row.order_id);
            }
        }
        true
    }

    /// Whether there is nothing left to wait for.
    fn is_over(&self) -> bool {
        self.unsettled.as_ref().is_some_and(BTreeSet::is_empty)
    }
}

/// Whether acceptance has something to do with an order of this status, or of none.
fn is_unsettled(status: Option<&OrderStatus>) -> bool {
    status.is_none_or(OrderStatus::is_unsettled)
}

//! `ackord export`: timelines, for other programs to read.

use ackord::ports::{Entry, EntryFilter};
use ackord::timeline::{PAGE, walk};
use ackord::{OrderId, Timestamp};
use anyhow::Result;
use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;

use super::Context;
use super::window::WindowArgs;
use crate::exit::Exit;
use crate::render::{csv, json};
use crate::report_error::NotOnRecord;
use crate::settings::{SettingFlags, StoreFlag};
use crate::wiring::{self, OpenStore};

/// In which form timelines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Comma-separated values by RFC 4180, under a line of headings
    Csv,
    /// One JSON object to a line
    Jsonl,
}

/// Arguments of `ackord export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// In which form
    #[arg(long, value_name = "FORMAT", default_value = "csv")]
    pub format: Format,
    /// The span of time
    #[command(flatten)]
    pub window: WindowArgs,
    /// The timeline of this order alone
    #[arg(long, value_name = "ID")]
    pub order: Option<String>,
    /// The store
    #[command(flatten)]
    pub store: StoreFlag,
}

/// Writes the entries page by page: memory does not go by how many there are.
///
/// # Errors
/// Whatever keeps the store from being read, or what the stream says.
pub async fn export(args: &ExportArgs, context: &Context<'_>) -> Result<Exit> {
    let (since, before) = args.window.read(Timestamp::now(), &TimeZone::UTC)?;
    let config = context.settings(&args.store.and(&SettingFlags::default()))?;
    let store = wiring::open_for_reading(&config).await?;
    let out = &context.streams.out;
    let filter = EntryFilter {
        since,
        before,
        after: None,
        limit: PAGE,
    };
    match &args.order {
        Some(id) => out.write(&(args.format.headings() + &of_order(&*store, id, &filter, args.format).await?))?,
        None => {
            out.write(&args.format.headings())?;
            walk(&*store, filter, |page| -> Result<()> {
                let rows = page.iter();
                let text: String = rows
                    .map(|row| args.format.row(&row.order_id, row.placed_at, &row.entry))
                    .collect();
                out.write(&text)?;
                Ok(())
            })
            .await?;
        }
    }
    store.close().await;
    Ok(Exit::Done)
}

/// The timeline of one order, as its story tells it.
async fn of_order(store: &dyn OpenStore, id: &str, filter: &EntryFilter, format: Format) -> Result<String> {
    let story = match OrderId::new(id) {
        Ok(id) => store.story(&id).await?,
        Err(_) => None,
    };
    let story = story.ok_or_else(|| NotOnRecord {
        what: "order",
        id: id.to_owned(),
    })?;
    let order = &story.summary;
    let is_asked_for = |entry: &&Entry| {
        filter.since.is_none_or(|since| entry.at >= since) && filter.before.is_none_or(|before| entry.at < before)
    };
    let entries = story.entries.iter().filter(is_asked_for);
    Ok(entries
        .map(|entry| format.row(&order.order_id, order.placed_at, entry))
        .collect())
}

impl Format {
    /// What comes before the first row.
    fn headings(self) -> String {
        match self {
            Self::Csv => csv::line(csv::ENTRY),
            Self::Jsonl => String::new(),
        }
    }

    fn row(self, order_id: &OrderId, placed_at: Timestamp, entry: &Entry) -> String {
        match self {
            Self::Csv => csv::entry(order_id, placed_at, entry),
            Self::Jsonl => json::line(&json::timeline_entry(order_id, placed_at, entry)),
        }
    }
}

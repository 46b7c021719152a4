//! `ackord stats`: figures of the business, by day or week.

mod calendar;

use std::time::Duration;

use ackord::Timestamp;
use ackord::figures::Figures;
use ackord::ports::{EntryFilter, FailureFilter, StoreResult};
use ackord::time::minus;
use ackord::timeline::{PAGE, walk};
use anyhow::Result;
use clap::Args;
use jiff::tz::TimeZone;

use self::calendar::{BadCalendar, MOST, bounds};
use super::Context;
use super::window::WindowArgs;
use crate::exit::Exit;
use crate::render::figures::{self, Named};
use crate::render::json;
use crate::report_error::BadFlag;
use crate::settings::{SettingFlags, StoreFlag};
use crate::wiring::{self, OpenStore};

pub use self::calendar::By;

/// A day.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Arguments of `ackord stats`.
#[derive(Debug, Args)]
pub struct StatsArgs {
    /// What is counted together; weeks begin on Monday
    #[arg(long, value_name = "SPAN", default_value = "day", hide_possible_values = true)]
    pub by: By,
    /// The span of time; whole days or weeks are shown, and by default the last 14 days or 12 weeks
    #[command(flatten)]
    pub window: WindowArgs,
    /// The time zone of the days, `America/Toronto` for example [default: UTC]
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,
    /// As one JSON object
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// As comma-separated values by RFC 4180
    #[arg(long)]
    pub csv: bool,
    /// Show the table without the chart
    #[arg(long)]
    pub no_chart: bool,
    /// The store
    #[command(flatten)]
    pub store: StoreFlag,
}

/// Counts and shows.
///
/// # Errors
/// A span of time or a time zone that can't be, or whatever keeps the store from being read.
pub async fn stats(args: &StatsArgs, context: &Context<'_>) -> Result<Exit> {
    let zone = args.zone()?;
    let mut counted = Figures::new(args.bounds(Timestamp::now(), &zone)?)?;
    let config = context.settings(&args.store.and(&SettingFlags::default()))?;
    let store = wiring::open_for_reading(&config).await?;
    count_entries(&*store, &mut counted).await?;
    count_failures(&*store, &mut counted).await?;
    store.close().await;
    let named = Named {
        figures: &counted,
        by: args.by.as_str(),
        zone: &zone,
        zone_name: args.time_zone.as_deref().unwrap_or("UTC"),
    };
    let streams = context.streams;
    if args.json {
        streams.out.write(&json::pretty(&figures::json(&named)))?;
    } else if args.csv {
        streams.out.write(&figures::csv(&named))?;
    } else if counted.total().is_empty() {
        streams.err.line("nothing happened in this time");
    } else {
        streams.out.write(&figures::tables(&named, &streams.out))?;
        if !args.no_chart {
            streams.out.write(&figures::chart(&named, &streams.out))?;
        }
    }
    Ok(Exit::Done)
}

impl StatsArgs {
    fn zone(&self) -> Result<TimeZone, BadFlag> {
        let Some(name) = &self.time_zone else {
            return Ok(TimeZone::UTC);
        };
        TimeZone::get(name).map_err(|_| BadFlag {
            flag: "time-zone",
            value: name.clone(),
            problem: "is no time zone; write `America/Toronto` or `UTC`".to_owned(),
        })
    }

    /// Where each day or week begins, and where the last one ends.
    fn bounds(&self, now: Timestamp, zone: &TimeZone) -> Result<Vec<Timestamp>, BadFlag> {
        let (since, until) = self.window.read(now, zone)?;
        let until = until.unwrap_or(now);
        let default = match self.by {
            By::Day => 13 * DAY,
            By::Week => 11 * 7 * DAY,
        };
        // A microsecond further back: an end at midnight is none of the day that begins there.
        let since = since.unwrap_or_else(|| minus(until, default + Duration::from_micros(1)));
        if since >= until {
            return Err(self.window.bad("lies in the future"));
        }
        bounds(self.by, since, until, zone).map_err(|problem| match problem {
            BadCalendar::TooMany => self
                .window
                .bad(&format!("makes more than {MOST} {}s of it", self.by.as_str())),
            BadCalendar::OutOfRange => self.window.bad("lies outside of the calendar"),
        })
    }
}

async fn count_entries(store: &dyn OpenStore, counted: &mut Figures) -> Result<()> {
    let filter = EntryFilter {
        since: Some(counted.since()),
        before: Some(counted.before()),
        after: None,
        limit: PAGE,
    };
    walk(store, filter, |page| -> StoreResult<()> {
        page.iter().for_each(|row| counted.entry(row));
        Ok(())
    })
    .await?;
    Ok(())
}

async fn count_failures(store: &dyn OpenStore, counted: &mut Figures) -> Result<()> {
    let mut filter = FailureFilter {
        open: None,
        needs_person: None,
        cause: None,
        related_id: None,
        since: Some(counted.since()),
        before: None,
        limit: PAGE,
    };
    loop {
        let page = store.failures(&filter).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        filter.before = Some(last.failure_id);
        page.iter().for_each(|row| counted.failure(row));
    }
}

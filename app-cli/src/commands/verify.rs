//! `ackord verify`: the record checked against itself, and the work table made anew from it.

use std::io;

use ackord::audit::{Violation, check};
use ackord::order::OrderId;
use ackord::ports::RebuiltPage;
use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use super::Context;
use super::confirm::confirm;
use crate::exit::Exit;
use crate::render::{clean, json as render_json, style};
use crate::settings::{SettingFlags, StoreFlag};
use crate::wiring::{self, OpenStore};

/// How many orders are read together.
const PAGE: usize = 200;

/// Arguments of `ackord verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Make the work table anew from the record first
    ///
    /// Every lease ends: workers that run meanwhile write nothing more for the orders that they had claimed, and the next ones
    /// look before they send. Nothing of the record is changed.
    #[arg(long)]
    pub rebuild: bool,
    /// Rebuild without being asked
    #[arg(long, requires = "rebuild")]
    pub yes: bool,
    /// As one JSON object
    #[arg(long)]
    pub json: bool,
    /// The store
    #[command(flatten)]
    pub store: StoreFlag,
}

/// What was rebuilt.
#[derive(Debug, Default)]
struct Rebuild {
    rebuilt: u64,
    removed: u64,
    skipped: u64,
}

/// What was checked.
#[derive(Debug, Default)]
struct Checked {
    orders: u64,
    with_violations: u64,
    violations: u64,
}

/// Checks every order's record, page by page, and names what can't be in it; rebuilds the work table before where that was
/// asked for.
///
/// # Errors
/// Whatever keeps the store from being read, or written where it is rebuilt.
pub async fn verify(args: &VerifyArgs, context: &Context<'_>) -> Result<Exit> {
    let config = context.settings(&args.store.and(&SettingFlags::default()))?;
    let store = wiring::open_for_reading(&config).await?;
    let rebuild = if args.rebuild {
        if !args.yes {
            confirm(
                "every lease ends, and the work table is made anew from the record",
                context,
            )?;
        }
        Some(rebuild(&*store).await?)
    } else {
        None
    };
    let out = &context.streams.out;
    if args.json {
        out.tell("{\"violations\": [")?;
    }
    let checked = check_all(&*store, |violation, first| {
        if args.json {
            let line = render_json::line(&as_json(violation));
            out.tell(if first { "\n" } else { ",\n" })?;
            out.tell(line.trim_end())
        } else {
            out.tell(&as_text(violation))
        }
    })
    .await?;
    store.close().await;
    if args.json {
        out.tell(&closing(&checked, rebuild.as_ref()))?;
    } else {
        out.tell(&summary(&checked, rebuild.as_ref()))?;
    }
    Ok(if checked.violations > 0 {
        Exit::NeedsPerson
    } else {
        Exit::Done
    })
}

/// Makes the work table anew, page by page. Cut off half way, it is begun anew by the next call.
async fn rebuild(store: &dyn OpenStore) -> Result<Rebuild> {
    let mut done = Rebuild::default();
    store.begin_rebuild().await?;
    let mut after: Option<OrderId> = None;
    loop {
        let now = store.now().await?;
        let RebuiltPage {
            last,
            rebuilt,
            removed,
            skipped,
        } = store.rebuild(after, PAGE, now).await?;
        done.rebuilt += rebuilt;
        done.removed += removed;
        done.skipped += skipped.len() as u64;
        match last {
            Some(last) => after = Some(last),
            None => return Ok(done),
        }
    }
}

/// Checks every order; `tell` is given each violation, and whether it is the first.
async fn check_all(store: &dyn OpenStore, mut tell: impl FnMut(&Violation, bool) -> io::Result<()>) -> Result<Checked> {
    let mut checked = Checked::default();
    let mut after: Option<OrderId> = None;
    loop {
        let page = store.records(after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(checked);
        };
        let next = last.order_id.clone();
        let now = store.now().await?;
        for record in &page {
            let found = check(record, now);
            for violation in &found {
                tell(violation, checked.violations == 0)?;
                checked.violations += 1;
            }
            checked.orders += 1;
            checked.with_violations += u64::from(!found.is_empty());
        }
        after = Some(next);
    }
}

fn as_json(violation: &Violation) -> Value {
    json!({
        "order_id": violation.order_id.as_str(),
        "kind": violation.kind.as_str(),
        "detail": violation.detail,
    })
}

fn as_text(violation: &Violation) -> String {
    format!(
        "{}  {}  {}\n",
        clean(violation.order_id.as_str()),
        style::bad(violation.kind.as_str()),
        clean(&violation.detail)
    )
}

/// The end of the object that the violations stand in.
fn closing(checked: &Checked, rebuild: Option<&Rebuild>) -> String {
    let rebuild = rebuild.map(|rebuild| {
        json!({
            "rebuilt": rebuild.rebuilt,
            "removed": rebuild.removed,
            "skipped": rebuild.skipped,
        })
    });
    let break_line = if checked.violations > 0 { "\n" } else { "" };
    format!(
        "{break_line}],\n\"orders\": {}, \"orders_with_violations\": {}, \"violation_count\": {}, \"rebuild\": {}}}\n",
        checked.orders,
        checked.with_violations,
        checked.violations,
        rebuild.unwrap_or(Value::Null)
    )
}

fn summary(checked: &Checked, rebuild: Option<&Rebuild>) -> String {
    let mut text = String::new();
    if let Some(rebuild) = rebuild {
        text.push_str(&format!(
            "work table made anew: {} rows, {} without a timeline removed, {} left as they were because their record can't be \
             read\n",
            rebuild.rebuilt, rebuild.removed, rebuild.skipped
        ));
    }
    let orders = checked.orders;
    text.push_str(&match checked.violations {
        0 => format!("{orders} orders checked, nothing wrong\n"),
        violations => format!(
            "{orders} orders checked, {violations} violations in {} of them\n",
            checked.with_violations
        ),
    });
    text
}

//! `ackord alerts`: what people were told, and whether they can be.

use ackord::Timestamp;
use ackord::alerts::{Kind, Message, Severity};
use ackord::ports::{AlertRow, DeliveryRow};
use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Context;
use super::decision::counted;
use crate::exit::Exit;
use crate::render::{self, Listing, clean, stamp, style};
use crate::report_error::NotPossible;
use crate::settings::{SettingFlags, StoreFlag};
use crate::{alerting, wiring};

/// What to do about alerts.
#[derive(Debug, Subcommand)]
pub enum AlertsCommand {
    /// What is wrong now, and with `--all` what was
    List(ListArgs),
    /// What went out by which channel, newest first
    Log(LogArgs),
    /// Send a test message by every channel that is set up
    ///
    /// Each is told of by itself. Ends with 1 where one did not arrive.
    Test(TestArgs),
}

/// Arguments of `ackord alerts list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Those that are over, too
    #[arg(long)]
    pub all: bool,
    /// As one JSON object
    #[arg(long)]
    pub json: bool,
    /// The store
    #[command(flatten)]
    pub store: StoreFlag,
    /// All other settings
    #[command(flatten)]
    pub settings: SettingFlags,
}

/// Arguments of `ackord alerts log`.
#[derive(Debug, Args)]
pub struct LogArgs {
    /// At most this many
    #[arg(long, value_name = "NUMBER", default_value_t = 50)]
    pub limit: usize,
    /// As one JSON object
    #[arg(long)]
    pub json: bool,
    /// The store
    #[command(flatten)]
    pub store: StoreFlag,
    /// All other settings
    #[command(flatten)]
    pub settings: SettingFlags,
}

/// Arguments of `ackord alerts test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// As one JSON object
    #[arg(long)]
    pub json: bool,
    /// The store, which is not opened
    #[command(flatten)]
    pub store: StoreFlag,
    /// All other settings
    #[command(flatten)]
    pub settings: SettingFlags,
}

/// Lists alerts, shows what went out, or tries the channels.
///
/// # Errors
/// Whatever keeps it from being read or carried out.
pub async fn alerts(command: &AlertsCommand, context: &Context<'_>) -> Result<Exit> {
    match command {
        AlertsCommand::List(args) => list(args, context).await,
        AlertsCommand::Log(args) => log(args, context).await,
        AlertsCommand::Test(args) => test(args, context).await,
    }
}

async fn list(args: &ListArgs, context: &Context<'_>) -> Result<Exit> {
    let config = context.settings(&args.store.and(&args.settings))?;
    let store = wiring::open_for_reading(&config).await?;
    // No store keeps times that lie before or after these.
    let since = if args.all {
        Timestamp::UNIX_EPOCH
    } else {
        Timestamp::now()
    };
    let rows = store.alerts(&alerting::shop(&config), since).await?;
    store.close().await;
    let text = if args.json {
        render::json::pretty(&json!({ "alerts": rows.iter().map(alert_json).collect::<Vec<_>>() }))
    } else if rows.is_empty() {
        "nothing is wrong\n".to_owned()
    } else {
        let mut listing = if args.all {
            Listing::new(&["SEVERITY", "SINCE (UTC)", "TOLD (UTC)", "OVER (UTC)", "ALERT"])
        } else {
            Listing::new(&["SEVERITY", "SINCE (UTC)", "TOLD (UTC)", "ALERT"])
        };
        for row in &rows {
            listing.row(alert_cells(row, args.all));
        }
        listing.render(&context.streams.out)
    };
    context.streams.out.tell(&text)?;
    Ok(Exit::Done)
}

/// The cells of an alert; `with_end` where those that are over are listed as well.
fn alert_cells(row: &AlertRow, with_end: bool) -> Vec<String> {
    let message = &row.message;
    let mut words = vec![clean(&message.title)];
    words.extend(message.lines.iter().map(|line| clean(line)));
    if !message.remedy.is_empty() {
        words.push(style::dim(&format!("→ {}", clean(&message.remedy))));
    }
    let mut cells = vec![
        severity(row.severity),
        stamp(row.since),
        row.told_at.map_or_else(|| "not yet".to_owned(), stamp),
    ];
    if with_end {
        cells.push(row.cleared_at.map(stamp).unwrap_or_default());
    }
    cells.push(words.join("\n"));
    cells
}

fn severity(severity: Severity) -> String {
    match severity {
        Severity::Warning => style::notice(severity.as_str()),
        Severity::Urgent | Severity::Critical => style::bad(severity.as_str()),
    }
}

fn alert_json(row: &AlertRow) -> Value {
    json!({
        "alert_id": row.alert_id.0,
        "key": row.key,
        "severity": row.severity.as_str(),
        "since": row.since.to_string(),
        "raised_at": row.raised_at.map(|at| at.to_string()),
        "told_at": row.told_at.map(|at| at.to_string()),
        "cleared_at": row.cleared_at.map(|at| at.to_string()),
        "message": row.message.to_json(),
    })
}

async fn log(args: &LogArgs, context: &Context<'_>) -> Result<Exit> {
    let config = context.settings(&args.store.and(&args.settings))?;
    let store = wiring::open_for_reading(&config).await?;
    let rows = store.deliveries(&alerting::shop(&config), args.limit).await?;
    store.close().await;
    let text = if args.json {
        render::json::pretty(&json!({ "deliveries": rows.iter().map(delivery_json).collect::<Vec<_>>() }))
    } else if rows.is_empty() {
        "nothing went out\n".to_owned()
    } else {
        let mut listing = Listing::new(&["WRITTEN (UTC)", "CHANNEL", "STANDS", "WHY", "ALERT"]);
        for row in &rows {
            let message = &row.message;
            listing.row(vec![
                stamp(row.written_at),
                clean(&row.channel),
                stands(row),
                message.kind.as_str().to_owned(),
                clean(&message.title),
            ]);
        }
        listing.render(&context.streams.out)
    };
    context.streams.out.tell(&text)?;
    Ok(Exit::Done)
}

fn stands(row: &DeliveryRow) -> String {
    let error = row.error.as_deref().map(clean).unwrap_or_default();
    if let Some(at) = row.delivered_at {
        // On the day on which it was written, mostly.
        let (day, whole) = (stamp(row.written_at), stamp(at));
        let at = whole.strip_prefix(&day[.."2026-02-03 ".len()]).unwrap_or(&whole);
        style::good(&format!("delivered {at}"))
    } else if row.given_up_at.is_some() {
        style::bad(&format!("given up: {error}"))
    } else if row.attempts > 0 {
        let times = counted(usize::try_from(row.attempts).unwrap_or(usize::MAX), "time", "times");
        style::notice(&format!("tried {times}: {error}"))
    } else {
        "due".to_owned()
    }
}

fn delivery_json(row: &DeliveryRow) -> Value {
    json!({
        "delivery_id": row.delivery_id.0,
        "channel": row.channel,
        "written_at": row.written_at.to_string(),
        "attempts": row.attempts,
        "delivered_at": row.delivered_at.map(|at| at.to_string()),
        "given_up_at": row.given_up_at.map(|at| at.to_string()),
        "error": row.error,
        "message": row.message.to_json(),
    })
}

async fn test(args: &TestArgs, context: &Context<'_>) -> Result<Exit> {
    let config = context.settings(&args.store.and(&args.settings))?;
    let notifiers = alerting::notifiers(&config)?;
    if notifiers.is_empty() {
        return Err(NotPossible {
            reason: "no channel for alerts is set up".to_owned(),
            hint: "set alert_webhook_url, alert_slack_url_file or alert_smtp_url".to_owned(),
        }
        .into());
    }
    let now = Timestamp::now();
    let message = Message {
        kind: Kind::Test,
        key: "test".to_owned(),
        severity: Severity::Warning,
        shop: alerting::shop(&config),
        title: "a test: nothing is wrong".to_owned(),
        lines: vec![format!(
            "sent by `ackord alerts test`, asked for by {}",
            context.environment.user()
        )],
        remedy: String::new(),
        count: 0,
        since: now,
        at: now,
    };
    let id = format!("ackord-test-{}", now.as_millisecond());
    let mut told = Vec::new();
    for notifier in &notifiers {
        let arrived = notifier.deliver(&id, &message).await;
        let problem = arrived.err().map(|error| crate::report_error::tell(&error).message());
        if !args.json {
            let words = problem
                .as_ref()
                .map_or_else(|| style::good("delivered"), |problem| style::bad(problem));
            context
                .streams
                .out
                .tell(&format!("{:<12} {words}\n", notifier.name()))?;
        }
        told.push((notifier.name().to_owned(), problem));
    }
    if args.json {
        let channels = told
            .iter()
            .map(|(name, problem)| json!({ "channel": name, "delivered": problem.is_none(), "problem": problem }));
        let text = render::json::pretty(&json!({ "channels": channels.collect::<Vec<_>>() }));
        context.streams.out.tell(&text)?;
    }
    let all_arrived = told.iter().all(|(_, problem)| problem.is_none());
    Ok(if all_arrived { Exit::Done } else { Exit::Settings })
}

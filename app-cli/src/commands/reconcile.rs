//! `ackord reconcile`: after a restored backup or a failover, asks the marketplace about every order before anything is sent.

use std::time::Duration;

use ackord::time::until;
use ackord::workflow::{Change, Event, Halt, Observer as _, ReconcileOptions, ReconcileReport};
use ackord::{OrderId, Timestamp};
use anyhow::Result;
use clap::Args;

use super::Context;
use crate::exit::Exit;
use crate::progress::Progress;
use crate::render::{self, clean, style};
use crate::report_error::{self, BadFlag, Told};
use crate::settings::{SettingFlags, StoreFlag};
use crate::{logs, signals, span, wiring};

/// Arguments of `ackord reconcile`.
#[derive(Debug, Args)]
pub struct ReconcileArgs {
    /// Look also at orders settled from this time on: `30d`, `2026-02-03`, `2026-02-03T10:00:00Z`; `0` for none
    #[arg(long, value_name = "TIME", default_value = "30d")]
    pub since: String,
    /// Print what it found and did as one JSON object
    #[arg(long)]
    pub json: bool,
    /// The store
    #[command(flatten)]
    pub store: StoreFlag,
    /// All other settings
    #[command(flatten)]
    pub settings: SettingFlags,
}

/// Reconciles once.
///
/// # Errors
/// Whatever keeps it from beginning; what stops it later is in its summary and its exit code.
pub async fn reconcile(args: &ReconcileArgs, context: &Context<'_>) -> Result<Exit> {
    let streams = context.streams;
    let report = match carry_out(args, context).await {
        Ok(report) => report,
        Err(error) => {
            if args.json {
                let told = report_error::tell(error.as_ref());
                let nothing = ReconcileReport::default();
                streams
                    .out
                    .tell(&render::json::line(&render::json::reconcile(&nothing, Some(&told))))?;
            }
            return Err(error);
        }
    };
    let stopped = report.halt.as_ref().map(|halt| report_error::tell(halt));
    if args.json {
        streams
            .out
            .tell(&render::json::line(&render::json::reconcile(&report, stopped.as_ref())))?;
    } else {
        streams.out.tell(&summary(&report))?;
    }
    let program = context.program;
    match (&report.halt, &stopped) {
        (Some(Halt::Stopped), _) => streams.err.line("stopped as asked"),
        (_, Some(told)) => report_error::print(told, streams),
        (_, None) => {}
    }
    if report.held_since.is_some() && !report.sending_allowed {
        streams.err.line(&format!(
            "nothing is sent until `{program} reconcile` has come to its end"
        ));
    }
    if report.needs_person > 0 {
        streams.err.line(&format!(
            "a person is asked about {}: `{program} failures list --open --needs-person`",
            counted(report.needs_person, "order")
        ));
    }
    Ok(exit_of(&report, stopped.as_ref()))
}

async fn carry_out(args: &ReconcileArgs, context: &Context<'_>) -> Result<ReconcileReport> {
    let settled_within = settled_within(&args.since, Timestamp::now())?;
    let config = context.settings(&args.store.and(&args.settings))?;
    config.api_key()?;
    // An empty store has nothing to reconcile: it is more likely the wrong one than a restored one.
    let store = wiring::open_for_reading(&config).await?;
    let workflow = wiring::workflow(&config, &store)?;
    let options = ReconcileOptions {
        settled_within,
        stop: signals::stop_on_signal(context.streams.err.clone())?,
    };
    let progress = Progress::new(&context.streams.err, context.quiet);
    let observer = |event: &Event| {
        logs::events::event(event);
        progress.on_event(event);
    };
    let report = logs::run::other(workflow.reconcile(&options, &observer)).await;
    progress.finish();
    store.close().await;
    Ok(report)
}

fn settled_within(text: &str, now: Timestamp) -> Result<Duration, BadFlag> {
    let since = span::parse_since(text, now).map_err(|problem| BadFlag {
        flag: "since",
        value: text.to_owned(),
        problem,
    })?;
    Ok(until(since, now))
}

/// The highest of what applies. One that did not come to its end leaves sending held: that needs a person too.
fn exit_of(report: &ReconcileReport, stopped: Option<&Told>) -> Exit {
    let held = report.held_since.is_some() && !report.sending_allowed;
    let person = if report.needs_person > 0 || held {
        Exit::NeedsPerson
    } else {
        Exit::Done
    };
    stopped.map_or(Exit::Done, |told| told.exit).max(person)
}

/// What it found and did, for people.
fn summary(report: &ReconcileReport) -> String {
    let mut text = String::new();
    for change in &report.changed {
        text.push_str(&changed(change));
    }
    list(&mut text, "the marketplace shows otherwise", &report.contradicted);
    list(
        &mut text,
        "in a state that is not known or can't be read",
        &report.unclear,
    );
    list(&mut text, "not shown by the marketplace", &report.not_shown);
    let mut parts = vec![format!("looked at {}", counted(report.looked_at, "order"))];
    let left = report.to_look_at.saturating_sub(report.looked_at);
    let counts = [
        (left, style::notice("left to look at")),
        (report.changed.len() as u64, style::good("settled")),
        (report.agreeing, "as on record".to_owned()),
        (report.waiting, "still unsettled".to_owned()),
        (report.contradicted.len() as u64, style::bad("contradicted")),
        (report.unclear.len() as u64, "unclear".to_owned()),
        (report.not_shown.len() as u64, style::notice("not shown")),
        (report.ingested, "new".to_owned()),
    ];
    for (count, word) in counts {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    let sending = if report.sending_allowed {
        style::good("sending is allowed again")
    } else if report.held_since.is_some() {
        style::bad("sending is held")
    } else {
        "nothing was changed".to_owned()
    };
    let took = span::roughly(report.duration);
    let calls = counted(report.calls.total(), "call");
    text.push_str(&format!(
        "{}\n{sending}\n{}\n",
        parts.join(" · "),
        style::dim(&format!("{calls}, {took}"))
    ));
    text
}

fn changed(change: &Change) -> String {
    format!(
        "{}  {} → {}  {}\n",
        clean(change.order_id.as_str()),
        clean(change.from.as_str()),
        clean(change.to.as_str()),
        style::dim(&clean(&change.note))
    )
}

fn list(text: &mut String, what: &str, orders: &[OrderId]) {
    for id in orders {
        text.push_str(&format!("{}  {}\n", clean(id.as_str()), style::notice(what)));
    }
}

fn counted(count: u64, one: &str) -> String {
    if count == 1 {
        format!("1 {one}")
    } else {
        format!("{count} {one}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ackord::OrderStatus;

    fn report(held: bool, allowed: bool) -> ReconcileReport {
        let mut report = ReconcileReport::default();
        report.held_since = held.then_some(Timestamp::UNIX_EPOCH);
        report.sending_allowed = allowed;
        report
    }

    #[test]
    fn one_that_leaves_sending_held_needs_a_person_whatever_stopped_it() {
        let told = |halt: Halt| report_error::tell(&halt);
        assert_eq!(exit_of(&report(true, true), None), Exit::Done);
        assert_eq!(
            exit_of(&report(true, false), Some(&told(Halt::Stopped))),
            Exit::NeedsPerson
        );
        let wrong_shop = told(Halt::WrongShop { asked: 10 });
        assert_eq!(exit_of(&report(true, false), Some(&wrong_shop)), Exit::Marketplace);
    }

    #[test]
    fn the_summary_names_each_order_that_changed_and_each_not_shown() {
        let mut report = report(true, true);
        report.to_look_at = 4;
        report.looked_at = 4;
        report.waiting = 2;
        report.changed.push(Change {
            order_id: OrderId::new("A-1").unwrap(),
            from: OrderStatus::PendingAcceptance,
            to: OrderStatus::Accepted,
            note: "Found as 'SHIPPING' by reconcile".to_owned(),
        });
        report.not_shown.push(OrderId::new("A-2").unwrap());
        let text = anstream::adapter::strip_str(&summary(&report)).to_string();
        assert_eq!(
            text,
            "A-1  pending_acceptance → accepted  Found as 'SHIPPING' by reconcile\n\
             A-2  not shown by the marketplace\n\
             looked at 4 orders · 1 settled · 2 still unsettled · 1 not shown\n\
             sending is allowed again\n\
             0 calls, 0s\n"
        );
    }

    #[test]
    fn what_was_settled_lately_is_a_span_or_a_time() {
        let now: Timestamp = "2026-02-03T10:00:00Z".parse().unwrap();
        let day = Duration::from_secs(86_400);
        assert_eq!(settled_within("30d", now).unwrap(), 30 * day);
        assert_eq!(settled_within("2026-02-02T10:00:00Z", now).unwrap(), day);
        assert_eq!(settled_within("0", now).unwrap(), Duration::ZERO);
        assert!(settled_within("soon", now).is_err());
    }
}

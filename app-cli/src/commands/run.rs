//! `ackord run`: one run of the workflow.

use ackord::alerts::{RunNote, Watch};
use ackord::workflow::{Event, Halt, Observer as _, RunOptions, RunReport, Wait};
use anyhow::Result;
use clap::Args;

use super::Context;
use crate::exit::Exit;
use crate::progress::Progress;
use crate::render::{self, style};
use crate::report_error::{self, Told};
use crate::settings::{SettingFlags, StoreFlag};
use crate::{alerting, logs, signals, span, wiring};

/// Arguments of `ackord run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Leave the validations to the next run
    #[arg(long)]
    pub no_wait: bool,
    /// Print what it did as one JSON object
    #[arg(long)]
    pub json: bool,
    /// The store
    #[command(flatten)]
    pub store: StoreFlag,
    /// All other settings
    #[command(flatten)]
    pub settings: SettingFlags,
}

/// Runs once.
///
/// # Errors
/// Whatever keeps the run from beginning; what stops it later is in its summary and its exit code.
pub async fn run(args: &RunArgs, context: &Context<'_>) -> Result<Exit> {
    let streams = context.streams;
    let report = match carry_out(args, context).await {
        Ok(report) => report,
        Err(error) => {
            if args.json {
                let told = report_error::tell(error.as_ref());
                streams.out.tell(&render::json::line(&render::json::run(
                    &RunReport::default(),
                    Some(&told),
                )))?;
            }
            return Err(error);
        }
    };
    let stopped = report.halt.as_ref().map(|halt| report_error::tell(halt));
    if args.json {
        streams
            .out
            .tell(&render::json::line(&render::json::run(&report, stopped.as_ref())))?;
    } else {
        streams.out.tell(&render::fitted(&summary(&report), &streams.out))?;
    }
    match (&report.halt, &stopped) {
        (Some(Halt::Stopped), _) => streams.err.line("stopped as asked; the next run goes on from here"),
        (_, Some(told)) => report_error::print(told, streams),
        (_, None) => {}
    }
    if report.needs_person > 0 {
        let entries = counted(report.needs_person, "entry waits", "entries wait");
        let program = context.program;
        streams.err.line(&format!(
            "{entries} for a person: `{program} failures list --open --needs-person`"
        ));
    }
    Ok(exit_of(&report, stopped.as_ref()))
}

async fn carry_out(args: &RunArgs, context: &Context<'_>) -> Result<RunReport> {
    let config = context.settings(&args.store.and(&args.settings))?;
    config.api_key()?;
    let store = wiring::open_for_work(&config, context).await?;
    let workflow = wiring::workflow(&config, &store)?;
    let stop = signals::stop_on_signal(context.streams.err.clone())?;
    let watch = alerting::watch(&config, &store, &workflow, &stop, context.streams);
    let options = RunOptions {
        wait: if args.no_wait { Wait::No } else { Wait::ForValidations },
        stop,
    };
    let progress = Progress::new(&context.streams.err, context.quiet);
    let observer = |event: &Event| {
        logs::events::event(event);
        progress.on_event(event);
    };
    let report = logs::run::one(workflow.run(&options, &observer)).await;
    progress.finish();
    tell_of(&report, &watch).await;
    store.close().await;
    Ok(report)
}

/// Notes how the run ended and makes a round of alerts: for those who run by a timer of their own. What goes wrong with that is no
/// fault of the run.
async fn tell_of(report: &RunReport, watch: &Watch) {
    if let Some(note) = RunNote::of(report.halt.as_ref())
        && let Err(error) = watch.note_run(&note).await
    {
        tracing::warn!(%error, "how the run ended could not be noted");
    }
    if let Err(error) = watch.round().await {
        tracing::warn!(%error, "the round of alerts failed");
    }
}

/// The highest of what applies.
fn exit_of(report: &RunReport, stopped: Option<&Told>) -> Exit {
    let person = if report.needs_person > 0 {
        Exit::NeedsPerson
    } else {
        Exit::Done
    };
    stopped.map_or(Exit::Done, |told| told.exit).max(person)
}

/// What a run did, for people.
pub(super) fn summary(report: &RunReport) -> String {
    let mut parts = Vec::new();
    let mut part = |count: u64, word: &str| {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    };
    part(report.ingested, "new");
    part(report.requeued, "tried again");
    part(report.accepted, &style::good("accepted"));
    part(report.cancelled, "cancelled");
    let later = match report.retry_scheduled {
        0 => String::new(),
        some if some == report.acceptance_failed => " (retried later)".to_owned(),
        some => format!(" ({some} retried later)"),
    };
    part(report.acceptance_failed, &format!("{}{later}", style::bad("failed")));
    part(report.awaiting, &style::notice("awaiting validation"));
    part(report.lost_to_others, "settled by somebody else first");
    if parts.is_empty() {
        let idle = match (&report.halt, report.needs_person) {
            (None, 0) => "nothing to do",
            (None, _) => "nothing settled",
            (Some(_), _) => "nothing done",
        };
        parts.push(idle.to_owned());
    }
    let calls = match report.calls.total() {
        1 => "1 call".to_owned(),
        more => format!("{more} calls"),
    };
    let took = span::roughly(report.duration);
    format!("{}\n{}\n", parts.join(" · "), style::dim(&format!("{calls}, {took}")))
}

fn counted(count: u64, one: &str, more: &str) -> String {
    if count == 1 {
        format!("1 {one}")
    } else {
        format!("{count} {more}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ackord::ports::StoreError;

    fn told(halt: Halt) -> Told {
        report_error::tell(&halt)
    }

    fn report(needs_person: u64) -> RunReport {
        let mut report = RunReport::default();
        report.needs_person = needs_person;
        report
    }

    #[test]
    fn a_run_without_a_halt_ends_well_or_with_a_person() {
        assert_eq!(exit_of(&report(0), None), Exit::Done);
        assert_eq!(exit_of(&report(2), None), Exit::NeedsPerson);
    }

    #[test]
    fn the_highest_code_wins() {
        let store = told(Halt::Store(StoreError::Full("disk".into())));
        assert_eq!(exit_of(&report(1), Some(&store)), Exit::Database);
        let shop = told(Halt::WrongShop { asked: 10 });
        assert_eq!(exit_of(&report(1), Some(&shop)), Exit::Marketplace);
    }

    #[test]
    fn the_summary_leaves_out_what_did_not_happen() {
        let plain = |report: &RunReport| anstream::adapter::strip_str(&summary(report)).to_string();
        assert_eq!(plain(&report(0)), "nothing to do\n0 calls, 0s\n");
        assert_eq!(plain(&report(1)), "nothing settled\n0 calls, 0s\n");
        let mut busy = report(0);
        busy.ingested = 12;
        busy.accepted = 10;
        busy.acceptance_failed = 2;
        busy.retry_scheduled = 2;
        assert_eq!(
            plain(&busy),
            "12 new · 10 accepted · 2 failed (retried later)\n0 calls, 0s\n"
        );
    }
}

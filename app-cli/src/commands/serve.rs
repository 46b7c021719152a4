//! `ackord serve`: runs on a schedule, for as long as it is left running.

mod health;
mod http;
mod sentinel;
mod supervisor;

use std::sync::Arc;
use std::time::Duration;

use ackord::ports::StoreError;
use ackord::workflow::{ServeOptions, StopSignal, Trigger};
use anyhow::Result;
use clap::Args;

use self::health::Health;
use self::sentinel::Sentinel;
use self::supervisor::Supervisor;
use super::Context;
use crate::alerting;
use crate::exit::Exit;
use crate::metrics::{Exporter, Metrics};
use crate::report_error;
use crate::schedule::schedule;
use crate::settings::{Config, ServeConfig, SettingFlags, StoreFlag};
use crate::signals;
use crate::span;
use crate::wiring::{self, OpenStore};

/// So often a store that can't be reached at the start is tried again.
const TRIED_EVERY: Duration = Duration::from_secs(5);

/// Arguments of `ackord serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// The store
    #[command(flatten)]
    pub store: StoreFlag,
    /// All other settings
    #[command(flatten)]
    pub settings: SettingFlags,
}

/// Serves until it is stopped.
///
/// # Errors
/// Whatever keeps it from beginning; what stops a run later is told, and the next one comes all the same.
pub async fn serve(args: &ServeArgs, context: &Context<'_>) -> Result<Exit> {
    let config = context.settings(&args.store.and(&args.settings))?;
    config.api_key()?;
    let stop = signals::stop_on_signal(context.streams.err.clone())?;
    let trigger = Trigger::new();
    signals::pull_on_signal(trigger.clone())?;
    let health = Arc::new(Health::new());
    let metrics = Arc::new(Metrics::default());
    let exporter = Arc::new(Exporter::new(Arc::clone(&metrics)));
    if let Some(address) = config.serve.listen {
        let known = http::Known {
            health: Arc::clone(&health),
            exporter: Arc::clone(&exporter),
            trigger: trigger.clone(),
            token: config.serve_token()?.map(Arc::new),
        };
        let address = http::listen(address, known, stop.clone()).await?;
        if !context.quiet {
            context.streams.err.line(&format!("answering on http://{address}"));
        }
    }
    let mut supervisor = Supervisor::new(context, health, metrics);
    let Some(store) = open(&config, &stop, &supervisor, context).await? else {
        return Ok(Exit::Done);
    };
    let workflow = wiring::metered_workflow(&config, &store, &exporter)?;
    let watch = alerting::metered_watch(&config, &store, &workflow, &stop, exporter.metrics(), context.streams);
    let sentinel = Sentinel::begin(watch, Arc::clone(exporter.metrics()));
    supervisor.notes_go_to(sentinel.notes());
    let options = ServeOptions {
        schedule: schedule(&config.serve),
        trigger,
        stop,
    };
    if !context.quiet {
        context.streams.err.line(&begins(&config.serve));
    }
    supervisor.ready();
    supervisor.runs().carry(workflow.serve(&options, &supervisor)).await;
    drop(supervisor);
    sentinel.end().await;
    store.close().await;
    Ok(Exit::Done)
}

/// What is about to happen, in words.
fn begins(config: &ServeConfig) -> String {
    let then = match &config.cron {
        Some(cron) => format!("then at the times of `{}`", cron.as_str()),
        None => format!("then one every {}", span::show(config.interval)),
    };
    format!("a run begins now, {then}; Ctrl-C ends it")
}

/// Opens the store; where it can't be reached, or goes away while it is set up, again and again. `None` where it was stopped before that.
async fn open(
    config: &Config,
    stop: &StopSignal,
    supervisor: &Supervisor<'_>,
    context: &Context<'_>,
) -> Result<Option<Arc<dyn OpenStore>>> {
    let mut told = false;
    loop {
        match wiring::open_for_work(config, context).await {
            Ok(store) => return Ok(Some(store)),
            // What is set up stands as a whole or not at all: it is gone on with, whatever was not confirmed.
            Err(error @ (StoreError::Unreachable(_) | StoreError::Unconfirmed(_) | StoreError::Busy(_))) => {
                if !std::mem::replace(&mut told, true) {
                    report_error::print(&report_error::tell(&error), context.streams);
                    context.streams.err.line("it is tried again until it can be reached");
                }
            }
            Err(error) => return Err(error.into()),
        }
        supervisor.waits_for_the_store();
        tokio::select! {
            () = stop.given() => return Ok(None),
            () = tokio::time::sleep(TRIED_EVERY) => {}
        }
    }
}

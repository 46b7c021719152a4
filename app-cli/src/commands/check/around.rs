//! What stands around the store and the marketplace: the clocks, the limits, and who is told.

use std::sync::Arc;
use std::time::Duration;

use ackord::Timestamp;
use ackord::ports::ShopKey;
use ackord::time::until;

use super::Finding;
use crate::alerting;
use crate::exit::Exit;
use crate::render::stamp;
use crate::settings::Config;
use crate::span;
use crate::wiring::OpenStore;

/// Clocks further apart than this disturb leases and deadlines.
const APART: Duration = Duration::from_secs(5);

/// Compares this machine's clock with the store's.
pub(super) async fn clock(store: Option<&Arc<dyn OpenStore>>) -> Option<Finding> {
    let what = "clock";
    let before = Timestamp::now();
    let theirs = match store?.now().await {
        Ok(theirs) => theirs,
        Err(error) => return Some(Finding::problem(what, &error)),
    };
    let apart = until(theirs, before).max(until(Timestamp::now(), theirs));
    if apart <= APART {
        return Some(Finding::fine(what, "as the store's"));
    }
    Some(Finding {
        what,
        exit: Exit::Settings,
        words: format!("{} apart from the store's", span::roughly(apart)),
        hints: vec!["set both by a time service (NTP): leases and deadlines are told by them".to_owned()],
    })
}

/// What holds calls up, and settings that do not go together with the schedule.
pub(super) async fn limits(config: &Config, store: Option<&Arc<dyn OpenStore>>, shop: Option<&ShopKey>) -> Finding {
    let what = "limits";
    let mut words = vec![match config.workflow.calls_per_hour {
        Some(calls) => format!("{calls} calls an hour"),
        None => "no budget of calls".to_owned(),
    }];
    let mut hints = Vec::new();
    if let (Some(store), Some(shop)) = (store, shop) {
        match store.shop(shop).await {
            Err(error) => return Finding::problem(what, &error),
            Ok(state) => {
                if let Some(until) = state.paused_until.filter(|until| *until > Timestamp::now()) {
                    words.push(format!("the marketplace asks for a rest until {} UTC", stamp(until)));
                    hints.push("nothing is lost: runs go on by themselves then".to_owned());
                }
                if state.unanswered_in_row >= config.workflow.breaker_threshold {
                    words.push(format!(
                        "{} acceptances in a row had no answer",
                        state.unanswered_in_row
                    ));
                    hints.push("the next run tries one; `ackord calls list` shows what was answered".to_owned());
                }
            }
        }
    }
    let serve = &config.serve;
    if serve.cron.is_none() && config.alerts.rules.silent_after <= serve.interval + serve.jitter {
        hints.push(
            "alert_silent_after is not longer than serve_interval: there would be an alert between runs".to_owned(),
        );
    }
    Finding {
        hints,
        ..Finding::fine(what, words.join("; "))
    }
}

/// Who is told of what is wrong. That nobody is, is worth a word and no problem.
pub(super) fn alerts(config: &Config) -> Finding {
    let what = "alerts";
    let named = alerting::named(config);
    if named.is_empty() {
        return Finding {
            hints: vec![
                "nobody is told what needs a person: set alert_webhook_url, alert_slack_url_file or alert_smtp_url"
                    .to_owned(),
            ],
            ..Finding::fine(what, "no channel is set up")
        };
    }
    match alerting::notifiers(config) {
        Ok(_) => Finding {
            hints: vec!["`ackord alerts test` sends a message by each".to_owned()],
            ..Finding::fine(what, named.join(", "))
        },
        Err(error) => Finding::problem(what, error.as_ref()),
    }
}

//! Builds the channels of alerts from the settings, and the watch that tells by them.

use std::sync::Arc;

use ackord::alerts::{AlertRecord, Watch};
use ackord::ports::Notifier;
use ackord::workflow::{AcceptanceWorkflow, StopSignal};
use ackord_alerts::{MailNotifier, SlackNotifier, WebhookNotifier};
use ackord_system::{SystemClock, SystemRandom};
use anyhow::{Context as _, Result};

use crate::metrics::{MeteredNotifier, Metrics};
use crate::report_error::{self, NotPossible};
use crate::settings::{Config, KeySource};
use crate::streams::Streams;
use crate::wiring::OpenStore;

/// A channel by its name, or why it can't be set up.
type Channel = (&'static str, Result<Arc<dyn Notifier>>);

/// The channels that are set up, and those that can't be.
fn channels(config: &Config) -> Vec<Channel> {
    let webhook = config
        .alerts
        .webhook_url
        .as_deref()
        .map(|url| ("webhook", webhook(config, url)));
    let slack = (!matches!(config.alerts.slack_url, KeySource::None)).then(|| ("slack", slack(config)));
    let mail = config.alerts.smtp_url.as_deref().map(|url| ("mail", mail(config, url)));
    webhook.into_iter().chain(slack).chain(mail).collect()
}

fn webhook(config: &Config, url: &str) -> Result<Arc<dyn Notifier>> {
    let secret = config.secret("alert_webhook_secret_file", &config.alerts.webhook_secret)?;
    let secret = secret.ok_or_else(|| missing("alert_webhook_url", "alert_webhook_secret_file"))?;
    let webhook = WebhookNotifier::new("webhook", url, &secret, Arc::new(SystemClock));
    Ok(Arc::new(webhook.context("alert_webhook_url")?))
}

fn slack(config: &Config) -> Result<Arc<dyn Notifier>> {
    let url = config.secret("alert_slack_url_file", &config.alerts.slack_url)?;
    let url = url.unwrap_or_default();
    Ok(Arc::new(
        SlackNotifier::new("slack", &url).context("alert_slack_url_file")?,
    ))
}

fn mail(config: &Config, url: &str) -> Result<Arc<dyn Notifier>> {
    let alerts = &config.alerts;
    let password = config.secret("alert_smtp_password_file", &alerts.smtp_password)?;
    let from = alerts.mail_from.as_deref();
    let from = from.ok_or_else(|| missing("alert_smtp_url", "alert_mail_from"))?;
    let to = alerts.mail_to.as_deref();
    let to = to.ok_or_else(|| missing("alert_smtp_url", "alert_mail_to"))?;
    let to: Vec<String> = to
        .split(',')
        .map(str::trim)
        .filter(|to| !to.is_empty())
        .map(str::to_owned)
        .collect();
    let mail = MailNotifier::new("mail", url, password, from, &to);
    Ok(Arc::new(mail.context("alert_smtp_url")?))
}

/// The channels that are set up.
///
/// # Errors
/// Where one can't be, with what to write instead.
pub(crate) fn notifiers(config: &Config) -> Result<Vec<Arc<dyn Notifier>>> {
    channels(config).into_iter().map(|(_, channel)| channel).collect()
}

/// The channels that can be set up. The others are warned of: orders are accepted all the same.
fn usable(config: &Config, streams: &Streams) -> Vec<Arc<dyn Notifier>> {
    let mut usable = Vec::new();
    for (name, channel) in channels(config) {
        match channel {
            Ok(notifier) => usable.push(notifier),
            Err(error) => {
                let told = report_error::tell(error.as_ref());
                streams
                    .err
                    .line(&format!("warning: no alerts by {name}: {}", told.message()));
            }
        }
    }
    usable
}

/// The watch over the shop of the settings; the marketplace is asked about it by `workflow`, until `stop` is given.
pub(crate) fn watch(
    config: &Config,
    store: &Arc<dyn OpenStore>,
    workflow: &AcceptanceWorkflow,
    stop: &StopSignal,
    streams: &Streams,
) -> Watch {
    watch_by(usable(config, streams), config, store).asking(workflow.clone(), stop.clone())
}

/// The same for a service: what it delivers is counted.
pub(crate) fn metered_watch(
    config: &Config,
    store: &Arc<dyn OpenStore>,
    workflow: &AcceptanceWorkflow,
    stop: &StopSignal,
    metrics: &Arc<Metrics>,
    streams: &Streams,
) -> Watch {
    let metered = usable(config, streams)
        .into_iter()
        .map(|notifier| Arc::new(MeteredNotifier::new(notifier, Arc::clone(metrics))) as Arc<dyn Notifier>);
    watch_by(metered.collect(), config, store).asking(workflow.clone(), stop.clone())
}

fn watch_by(notifiers: Vec<Arc<dyn Notifier>>, config: &Config, store: &Arc<dyn OpenStore>) -> Watch {
    let record: Arc<dyn AlertRecord> = Arc::<dyn OpenStore>::clone(store);
    Watch::new(
        record,
        Arc::new(SystemClock),
        Arc::new(SystemRandom::new()),
        notifiers,
        config.alert_rules(),
        shop(config),
    )
}

/// The shop's name in alerts: where it is, and its id where several are there.
pub(crate) fn shop(config: &Config) -> String {
    match config.marketplace.shop_id {
        Some(id) => format!("{}?shop_id={id}", config.marketplace.url),
        None => config.marketplace.url.clone(),
    }
}

/// The channels that the settings name, whether they can be set up or not.
pub(crate) fn named(config: &Config) -> Vec<&'static str> {
    channels(config).into_iter().map(|(name, _)| name).collect()
}

fn missing(given: &str, needed: &'static str) -> NotPossible {
    NotPossible {
        reason: format!("{given} is set, and {needed} is not"),
        hint: format!("set {needed} as well; `ackord alerts test` tries every channel"),
    }
}

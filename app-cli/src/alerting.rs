//! Builds the channels of alerts from the settings, and the watch that tells by them.

use std::sync::Arc;

use ackord::alerts::{AlertRecord, Watch};
use ackord::ports::Notifier;
use ackord_alerts::{MailNotifier, SlackNotifier, WebhookNotifier};
use ackord_system::{SystemClock, SystemRandom};
use anyhow::{Context as _, Result};

use crate::metrics::{MeteredNotifier, Metrics};
use crate::report_error::NotPossible;
use crate::settings::{Config, KeySource};
use crate::wiring::OpenStore;

/// The channels that are set up.
///
/// # Errors
/// Where one can't be, with what to write instead.
pub(crate) fn notifiers(config: &Config) -> Result<Vec<Arc<dyn Notifier>>> {
    let alerts = &config.alerts;
    let mut notifiers: Vec<Arc<dyn Notifier>> = Vec::new();
    if let Some(url) = &alerts.webhook_url {
        let secret = config.secret("alert_webhook_secret_file", &alerts.webhook_secret)?;
        let secret = secret.ok_or_else(|| missing("alert_webhook_url", "alert_webhook_secret_file"))?;
        let webhook = WebhookNotifier::new("webhook", url, &secret, Arc::new(SystemClock));
        notifiers.push(Arc::new(webhook.context("alert_webhook_url")?));
    }
    if let Some(url) = config.secret("alert_slack_url_file", &alerts.slack_url)? {
        let slack = SlackNotifier::new("slack", &url).context("alert_slack_url_file")?;
        notifiers.push(Arc::new(slack));
    }
    if let Some(url) = &alerts.smtp_url {
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
        let mail = MailNotifier::new("mail", url, password, from, &to).context("alert_smtp_url")?;
        notifiers.push(Arc::new(mail));
    }
    Ok(notifiers)
}

/// The watch over the shop of the settings.
///
/// # Errors
/// As [`notifiers`].
pub(crate) fn watch(config: &Config, store: &Arc<dyn OpenStore>) -> Result<Watch> {
    Ok(watch_by(notifiers(config)?, config, store))
}

/// The same for a service: what it delivers is counted.
///
/// # Errors
/// As [`notifiers`].
pub(crate) fn metered_watch(config: &Config, store: &Arc<dyn OpenStore>, metrics: &Arc<Metrics>) -> Result<Watch> {
    let metered = notifiers(config)?
        .into_iter()
        .map(|notifier| Arc::new(MeteredNotifier::new(notifier, Arc::clone(metrics))) as Arc<dyn Notifier>);
    Ok(watch_by(metered.collect(), config, store))
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

/// The channels that the settings name, without looking into any file.
pub(crate) fn named(config: &Config) -> Vec<&'static str> {
    let alerts = &config.alerts;
    let channels = [
        ("webhook", alerts.webhook_url.is_some()),
        ("slack", !matches!(alerts.slack_url, KeySource::None)),
        ("mail", alerts.smtp_url.is_some()),
    ];
    channels
        .into_iter()
        .filter_map(|(name, is_named)| is_named.then_some(name))
        .collect()
}

fn missing(given: &str, needed: &'static str) -> NotPossible {
    NotPossible {
        reason: format!("{given} is set, and {needed} is not"),
        hint: format!("set {needed} as well; `ackord alerts test` tries every channel"),
    }
}

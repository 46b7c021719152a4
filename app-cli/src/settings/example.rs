//! The text of `ackord.example.toml`, made from the table of settings.

use super::table::{Kind, SETTINGS, Setting};

/// The whole file: every setting explained and commented out, with its default.
#[must_use]
pub fn example() -> String {
    let mut text = String::from(
        "# The settings of ackord, each with its default. Copy this file to `ackord.toml` in the directory where ackord runs (or\n\
         # name it with --config PATH), and take the `#` off what you want to change. A flag goes over an environment variable,\n\
         # that over this file. Spans of time are written as \"250ms\", \"60s\", \"15m\", \"72h\"; unknown keys are errors.\n",
    );
    for setting in SETTINGS {
        text.push('\n');
        text.push_str(&entry(setting));
    }
    text
}

fn entry(setting: &Setting) -> String {
    let mut lines = vec![format!("# {}.", setting.about)];
    if !setting.more.is_empty() {
        lines.push(format!("# {}", setting.more));
    }
    let flag = if setting.flag {
        format!("--{}, ", setting.flag_name())
    } else {
        String::new()
    };
    lines.push(format!("# ({flag}{})", setting.variable()));
    let value = setting.default_text().map_or_else(
        || sample(setting),
        |text| match setting.kind {
            Kind::Number | Kind::Switch => text,
            Kind::Span | Kind::Text => format!("\"{text}\""),
        },
    );
    let note = if setting.default_text().is_none() {
        "   # not set"
    } else {
        ""
    };
    lines.push(format!("#{} = {value}{note}\n", setting.key));
    lines.join("\n")
}

/// A value for a setting without a default.
fn sample(setting: &Setting) -> String {
    match (setting.key, setting.kind) {
        ("calls_per_hour", _) => "1000",
        ("call_burst", _) => "250",
        (_, Kind::Number) => "2001",
        ("api_key_file", _) => "\"/etc/ackord/key\"",
        ("serve_cron", _) => "\"*/10 6-22 * * *\"",
        ("serve_time_zone", _) => "\"America/Toronto\"",
        ("serve_listen", _) => "\"127.0.0.1:9464\"",
        ("serve_token_file", _) => "\"/etc/ackord/token\"",
        ("alert_webhook_url", _) => "\"https://alerts.example/ackord\"",
        ("alert_webhook_secret_file", _) => "\"/etc/ackord/webhook-secret\"",
        ("alert_slack_url_file", _) => "\"/etc/ackord/slack-url\"",
        ("alert_smtp_url", _) => "\"smtps://ackord@mail.example:465\"",
        ("alert_smtp_password_file", _) => "\"/etc/ackord/smtp-password\"",
        ("alert_mail_from", _) => "\"ackord@shop.example\"",
        ("alert_mail_to", _) => "\"orders@shop.example, kim@shop.example\"",
        _ => "\"…\"",
    }
    .to_owned()
}

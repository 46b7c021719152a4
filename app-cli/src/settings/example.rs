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
        || match setting.kind {
            _ if setting.key == "api_key_file" => "\"/etc/ackord/key\"".to_owned(),
            _ if setting.key == "calls_per_hour" => "1000".to_owned(),
            _ if setting.key == "call_burst" => "250".to_owned(),
            _ if setting.key == "serve_cron" => "\"*/10 6-22 * * *\"".to_owned(),
            _ if setting.key == "serve_time_zone" => "\"America/Toronto\"".to_owned(),
            _ if setting.key == "serve_listen" => "\"127.0.0.1:9464\"".to_owned(),
            _ if setting.key == "serve_token_file" => "\"/etc/ackord/token\"".to_owned(),
            Kind::Number => "2001".to_owned(),
            _ => "\"…\"".to_owned(),
        },
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

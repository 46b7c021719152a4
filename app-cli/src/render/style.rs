//! Colours, few and calm. They are taken out again on the way to anything but a terminal.

use ackord::OrderStatus;
use anstyle::{AnsiColor, Style};

fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Something went well.
pub(crate) fn good(text: &str) -> String {
    paint(AnsiColor::Green.on_default(), text)
}

/// Something went wrong.
pub(crate) fn bad(text: &str) -> String {
    paint(AnsiColor::Red.on_default().bold(), text)
}

/// Something is under way, or asks for a look.
pub(crate) fn notice(text: &str) -> String {
    paint(AnsiColor::Yellow.on_default(), text)
}

/// Something of less weight.
pub(crate) fn dim(text: &str) -> String {
    paint(Style::new().dimmed(), text)
}

/// A heading.
pub(crate) fn heading(text: &str) -> String {
    paint(Style::new().bold(), text)
}

/// A status in its colour.
pub(crate) fn status(status: &OrderStatus) -> String {
    let text = super::clean(status.as_str());
    match status {
        OrderStatus::Accepted => good(&text),
        OrderStatus::AcceptanceFailed => bad(&text),
        OrderStatus::PendingAcceptance => notice(&text),
        OrderStatus::Cancelled => dim(&text),
        OrderStatus::Other(_) => text,
    }
}

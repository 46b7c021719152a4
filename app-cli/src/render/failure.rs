//! Entries of the inbox: in a list, and one by itself.

use ackord::ports::FailureRow;

use super::call::block;
use super::table::Listing;
use super::{clean, stamp, style};

/// Entries as a table.
#[must_use]
pub fn failure_rows(failures: &[FailureRow]) -> Listing {
    let mut listing = Listing::new(&["ENTRY", "TIME (UTC)", "ABOUT", "CAUSE", "STANDS", "DETAILS"]);
    for failure in failures {
        listing.row(vec![
            failure.failure_id.to_string(),
            stamp(failure.at),
            failure.related_id.as_deref().map(clean).unwrap_or_default(),
            cause(failure),
            stands(failure),
            failure.details.as_deref().map(clean).unwrap_or_default(),
        ]);
    }
    listing
}

/// Why, or who wrote it where that is not said.
pub(super) fn cause(failure: &FailureRow) -> String {
    clean(failure.cause.as_deref().unwrap_or(&failure.process_name))
}

/// Whether it is open, and for whom it waits.
pub(super) fn stands(failure: &FailureRow) -> String {
    match (failure.resolved_at, failure.needs_person) {
        (Some(_), _) => style::dim("closed"),
        (None, true) => style::notice("waits for a person"),
        (None, false) => "retried by itself".to_owned(),
    }
}

/// One entry with all that is on record of it.
#[must_use]
pub fn failure_page(failure: &FailureRow) -> String {
    let mut lines = vec![format!(
        "{} {}",
        style::heading(&format!("Entry {}", failure.failure_id)),
        cause(failure)
    )];
    let mut fact = |name: &str, text: String| {
        if !text.is_empty() {
            lines.push(format!("  {name:<9} {text}"));
        }
    };
    fact("about", failure.related_id.as_deref().map(clean).unwrap_or_default());
    fact(
        "written",
        format!("{} UTC by {}", stamp(failure.at), clean(&failure.process_name)),
    );
    fact("stands", stands(failure));
    fact("details", failure.details.as_deref().map(clean).unwrap_or_default());
    if let Some(at) = failure.resolved_at {
        let by = failure
            .resolved_by
            .as_deref()
            .map_or_else(String::new, |who| format!(" by {}", clean(who)));
        let words = failure
            .resolution
            .as_deref()
            .map_or_else(String::new, |text| format!(": {}", clean(text)));
        fact("closed", format!("{} UTC{by}{words}", stamp(at)));
    }
    if let Some(payload) = &failure.payload {
        lines.push(style::heading("What was being worked on"));
        lines.push(block(
            &serde_json::to_string_pretty(payload).unwrap_or_else(|_| payload.to_string()),
        ));
    }
    lines.join("\n") + "\n"
}

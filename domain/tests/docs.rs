//! The docs say what the code says.

/// The text between two markers of a file under `docs/`.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let start = text.find(begin).expect("the begin marker") + begin.len();
    let stop = text.find(end).expect("the end marker");
    text[start..stop].trim()
}

#[test]
fn the_diagram_of_the_moves_is_the_one_of_the_table() {
    let docs = include_str!("../../docs/statuses.md");
    let diagram = format!("```mermaid\n{}```", ackord::status::diagram());
    assert_eq!(between(docs, "<!-- moves: begin -->", "<!-- moves: end -->"), diagram);
}

#[test]
fn every_status_cause_and_outcome_stands_in_the_docs() {
    let glossary = include_str!("../../docs/glossary.md");
    for outcome in ackord::call::CallOutcome::all() {
        assert!(
            glossary.contains(&format!("`{outcome}`")),
            "docs/glossary.md lacks {outcome}"
        );
    }
    let statuses = include_str!("../../docs/statuses.md");
    for status in ackord::OrderStatus::OURS {
        assert!(
            statuses.contains(&format!("| `{status}` |")),
            "docs/statuses.md lacks {status}"
        );
    }
    for state in ackord::MarketplaceState::known() {
        let of_lines_only = ["INCIDENT_OPEN", "REFUNDED"].contains(&state.as_str());
        assert!(
            of_lines_only || statuses.contains(&format!("`{state}`")),
            "docs/statuses.md lacks {state}"
        );
    }
}

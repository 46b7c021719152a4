//! `docs/tour.md`, a day at the terminal: its commands are run in order, by the built program in a terminal of its own, against a
//! sandbox, and what they print is held against what the page says.
//!
//! Where the page is out of date, `ACKORD_UPDATE_DOCUMENTS=1 cargo test -p ackord-cli --test cli transcripts` writes its blocks anew.
//! What happens besides the commands stands in the page's comments: [`page::Aside`].

mod clock;
mod page;
mod record;
mod shop;
mod terminal;

use pretty_assertions::StrComparison;

use super::documents::{assert_document, is_to_be_written, root};
use page::{Page, Part};
use shop::Shop;

const PAGE: &str = "docs/tour.md";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_at_the_terminal_is_as_the_program_prints_it() {
    let text = std::fs::read_to_string(root(PAGE)).unwrap();
    let mut page = Page::read(&text);
    let mut shop = Shop::open().await;
    let mut differences = String::new();
    for (line, part) in page.parts() {
        match part {
            Part::Text(_) => {}
            Part::Aside(_, aside) => shop.aside(aside).await,
            Part::Command { command, output } => {
                let printed = shop.run(command);
                if printed != *output {
                    let difference = StrComparison::new(output, &printed);
                    differences += &format!("{PAGE}, line {line}: `{command}` prints otherwise\n{difference}\n\n");
                }
                *output = printed;
            }
        }
    }
    assert!(
        differences.is_empty() || is_to_be_written(),
        "{differences}Once it has been looked at, ACKORD_UPDATE_DOCUMENTS=1 writes it into the page."
    );
    assert_document(PAGE, &page.text());
}

//! A page with transcripts: its text, its commands with what they print, and what happens beside them.

/// What happens beside the commands, in a comment of the page: `<!-- now: 2026-11-23 09:14:05 -->`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Aside {
    /// `now: TIME`: so late it is from here on. A date alone is some time of that day.
    Now(String),
    /// `marketplace: WORDS`: something happens there.
    Marketplace(String),
    /// `$ COMMAND`: a command that is not shown, and ends well.
    Command(String),
}

/// A part of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Text as it stands.
    Text(String),
    /// A line that says what happens.
    Aside(String, Aside),
    /// A command in a block, and what it prints.
    Command { command: String, output: String },
}

/// A page, part by part.
#[derive(Debug)]
pub(super) struct Page(Vec<Part>);

impl Page {
    /// Reads a page.
    ///
    /// # Panics
    /// At a comment that says nothing that is known.
    pub(super) fn read(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut in_block = false;
        for line in text.lines() {
            let whole = format!("{line}\n");
            if line.starts_with("```") {
                in_block = line == "```console";
                parts.push(Part::Text(whole));
            } else if !in_block {
                let comment = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->"));
                parts.push(match comment {
                    Some(words) => Part::Aside(whole, aside(words)),
                    None => Part::Text(whole),
                });
            } else if let Some(command) = line.strip_prefix("$ ") {
                parts.push(Part::Command {
                    command: command.to_owned(),
                    output: String::new(),
                });
            } else if let Some(Part::Command { output, .. }) = parts.last_mut() {
                output.push_str(&whole);
            } else {
                panic!("a block begins without a command: {line}");
            }
        }
        Self(parts)
    }

    /// Its parts, each with the number of its line.
    pub(super) fn parts(&mut self) -> impl Iterator<Item = (usize, &mut Part)> {
        let mut next = 1;
        self.0.iter_mut().map(move |part| {
            let line = next;
            next += written(part).lines().count();
            (line, part)
        })
    }

    /// The page as text.
    pub(super) fn text(&self) -> String {
        self.0.iter().map(written).collect()
    }
}

fn written(part: &Part) -> String {
    match part {
        Part::Text(text) | Part::Aside(text, _) => text.clone(),
        Part::Command { command, output } => format!("$ {command}\n{output}"),
    }
}

fn aside(words: &str) -> Aside {
    if let Some(command) = words.strip_prefix("$ ") {
        return Aside::Command(command.to_owned());
    }
    match words.split_once(": ") {
        Some(("now", time)) => Aside::Now(time.to_owned()),
        Some(("marketplace", what)) => Aside::Marketplace(what.to_owned()),
        _ => panic!("`{words}` says nothing that is known"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "# Page\n\n<!-- now: 2026-11-23 -->\n```console\n$ one\n1\n\n1\n$ two\n```\n\n```sh\n$ not run\n```\n";

    #[test]
    fn commands_are_read_with_what_they_print_and_written_as_they_were() {
        let mut page = Page::read(TEXT);
        assert_eq!(page.text(), TEXT);
        let commands: Vec<(usize, String, String)> = page
            .parts()
            .filter_map(|(line, part)| match part {
                Part::Command { command, output } => Some((line, command.clone(), output.clone())),
                _ => None,
            })
            .collect();
        assert_eq!(
            commands,
            [
                (5, "one".to_owned(), "1\n\n1\n".to_owned()),
                (9, "two".to_owned(), String::new())
            ]
        );
    }

    #[test]
    #[should_panic(expected = "says nothing that is known")]
    fn a_comment_that_is_misspelt_is_found() {
        Page::read("<!-- nwo: 2026-11-23 -->\n");
    }
}

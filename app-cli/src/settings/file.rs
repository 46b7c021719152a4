//! Reads `ackord.toml`.

use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::error::{Origin, SettingsError};
use super::table::{self, Kind, SETTINGS, Setting};
use crate::nearest::nearest;

/// The file that is read where none is named.
pub(super) const NAME: &str = "ackord.toml";

/// A value of the file.
pub(super) struct FileValue {
    pub(super) setting: &'static Setting,
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// The values of the file: of `named`, or else of `ackord.toml` in `directory` where that is there.
pub(super) fn read(named: Option<&Path>, directory: &Path) -> Result<Vec<FileValue>, SettingsError> {
    let path = match named {
        Some(path) => directory.join(path),
        None => directory.join(NAME),
    };
    let shown = named.map_or_else(|| PathBuf::from(NAME), Path::to_path_buf);
    match std::fs::read_to_string(&path) {
        Ok(text) => parse(&text, &shown),
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(SettingsError::FileUnreadable { path: shown, source }),
    }
}

fn parse(text: &str, path: &Path) -> Result<Vec<FileValue>, SettingsError> {
    let line_of = |at: usize| 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
    let table = DeTable::parse(text).map_err(|error| SettingsError::FileSyntax {
        path: path.to_path_buf(),
        line: line_of(error.span().map_or(0, |span| span.start)),
        // The message alone: the whole error would quote the line, which may hold the key.
        problem: error.message().replace('\n', ", "),
    })?;
    let mut values = Vec::new();
    for (key, value) in table.get_ref() {
        let (name, line) = (key.get_ref().as_ref(), line_of(key.span().start));
        let Some(setting) = table::find(name) else {
            return Err(SettingsError::UnknownKey {
                path: path.to_path_buf(),
                line,
                key: name.to_owned(),
                nearest: nearest(name, SETTINGS.iter().map(|setting| setting.key)),
            });
        };
        let origin = Origin::File {
            path: path.to_path_buf(),
            line,
            key: name.to_owned(),
        };
        match text_of(setting, value.get_ref()) {
            Ok(text) => values.push(FileValue { setting, text, origin }),
            Err(problem) => return Err(SettingsError::Value { origin, problem }),
        }
    }
    Ok(values)
}

/// The value as a flag or variable would write it.
fn text_of(setting: &Setting, value: &DeValue<'_>) -> Result<String, String> {
    match (setting.kind, value) {
        (Kind::Text | Kind::Span, DeValue::String(text)) => Ok(text.to_string()),
        (Kind::Number, DeValue::Integer(number)) if number.radix() == 10 => Ok(number.as_str().replace('_', "")),
        (Kind::Switch, DeValue::Boolean(value)) => Ok(value.to_string()),
        (Kind::Span, DeValue::Integer(number)) if number.as_str() == "0" => Ok("0".to_owned()),
        (Kind::Span, DeValue::Integer(number)) => Err(format!(
            "wants a span of time in quotes, with its unit: \"{}s\"",
            number.as_str()
        )),
        (Kind::Span, _) => Err("wants a span of time in quotes: \"60s\"".to_owned()),
        (Kind::Number, _) => Err("wants a whole number, without quotes".to_owned()),
        (Kind::Switch, _) => Err("wants true or false, without quotes".to_owned()),
        (Kind::Text, _) => Err("wants a text in quotes".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> SettingsError {
        parse(text, Path::new("ackord.toml")).err().unwrap()
    }

    #[test]
    fn values_are_read_with_their_lines() {
        let values = parse(
            "# mine\npoll_interval = \"15m\"\nshop_id = 2_001\n",
            Path::new("a.toml"),
        )
        .unwrap();
        let read: Vec<_> = values
            .iter()
            .map(|value| (value.setting.key, value.text.as_str(), value.origin.to_string()))
            .collect();
        assert!(read.contains(&("poll_interval", "15m", "a.toml, line 2, `poll_interval`".to_owned())));
        assert!(read.contains(&("shop_id", "2001", "a.toml, line 3, `shop_id`".to_owned())));
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_the_nearest() {
        let error = problem("\npoll_intervall = \"15m\"\n");
        assert_eq!(error.to_string(), "ackord.toml, line 2: `poll_intervall` is no setting");
        assert_eq!(error.hints(), ["did you mean `poll_interval`?"]);
        assert!(
            problem("[marketplace]\nurl = \"x\"")
                .to_string()
                .contains("`marketplace` is no setting")
        );
    }

    #[test]
    fn a_span_without_unit_is_told_how_to_write_it() {
        assert!(problem("lease = 20").to_string().contains("\"20s\""));
        assert!(parse("poll_interval = 0", Path::new("a")).is_ok());
    }

    #[test]
    fn a_value_of_the_wrong_type_is_told_the_right_one() {
        assert!(problem("concurrency = \"16\"").to_string().contains("without quotes"));
        assert!(problem("concurrency = 1.5").to_string().contains("whole number"));
        assert!(problem("store = 5").to_string().contains("in quotes"));
    }

    #[test]
    fn what_is_no_toml_is_told_by_its_line_without_quoting_it() {
        let error = problem("lease = \"20s\"\napi_key = \"hunter2\n");
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("line 2"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

//! What can be wrong with settings, and where a value came from.

use std::fmt;
use std::path::PathBuf;

use ackord::settings::InvalidSetting;

/// Where the value of a setting comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag, by its name.
    Flag(String),
    /// An environment variable, by its name.
    Variable(String),
    /// A key of the settings file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The key.
        key: String,
    },
    /// Nobody set it.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "the flag --{name}"),
            Self::Variable(name) => write!(f, "the environment variable {name}"),
            Self::File { path, line, key } => write!(f, "{}, line {line}, `{key}`", path.display()),
            Self::Default => f.write_str("the default"),
        }
    }
}

/// Settings that can't be used. No message holds the API key or a password.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The settings file can't be read.
    #[error("the settings file {} can't be read", path.display())]
    FileUnreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The settings file is no TOML.
    #[error("{}, line {line}: {problem}", path.display())]
    FileSyntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// The settings file has a key that is none.
    #[error("{}, line {line}: `{key}` is no setting", path.display())]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The key.
        key: String,
        /// The one that was probably meant.
        nearest: Option<&'static str>,
    },
    /// A value can't be read.
    #[error("{origin}: {problem}")]
    Value {
        /// Where it comes from.
        origin: Origin,
        /// What is wrong with it.
        problem: String,
    },
    /// Values don't fit together.
    #[error("{source}")]
    DoesNotFit {
        /// Where it and those that it has to fit come from, in words.
        origins: Vec<String>,
        /// What is wrong.
        source: InvalidSetting,
    },
    /// No API key was given.
    #[error("no API key was given")]
    NoKey,
    /// The API key can't be used.
    #[error("{origin}: {problem}")]
    Key {
        /// Where it comes from.
        origin: Origin,
        /// What is wrong with it.
        problem: String,
        /// What the system says.
        #[source]
        source: Option<std::io::Error>,
    },
}

impl SettingsError {
    /// Whether it is the command line that can't be read.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Value {
                origin: Origin::Flag(_),
                ..
            }
        )
    }

    /// What to do about it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::FileUnreadable { .. } => vec!["name another file with --config PATH".to_owned()],
            Self::Value {
                origin: Origin::Flag(_),
                ..
            } => Vec::new(),
            Self::FileSyntax { .. } | Self::Value { .. } => {
                vec!["ackord.example.toml shows every setting with its default".to_owned()]
            }
            Self::UnknownKey {
                nearest: Some(name), ..
            } => vec![format!("did you mean `{name}`?")],
            Self::UnknownKey { nearest: None, .. } => {
                vec!["ackord.example.toml names every setting".to_owned()]
            }
            Self::DoesNotFit { origins, .. } => origins.clone(),
            Self::NoKey => vec![
                "set ACKORD_API_KEY, or ACKORD_API_KEY_FILE to a file that holds the key alone".to_owned(),
                "to try without a key: `ackord demo`, or `ackord sandbox` for a marketplace on this machine".to_owned(),
            ],
            Self::Key { .. } => vec!["the key is made in the marketplace's back office, under API key".to_owned()],
        }
    }
}

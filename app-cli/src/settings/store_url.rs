//! Which store: chosen by the scheme of its URL.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// The store's URL. Its password is shown nowhere.
#[derive(Clone)]
pub enum StoreUrl {
    /// `sqlite:PATH`, kept as the path.
    Sqlite(String),
    /// `postgres://…` or `postgresql://…`, whole.
    Postgres(SecretString),
}

impl Default for StoreUrl {
    fn default() -> Self {
        Self::Sqlite("ackord.db".to_owned())
    }
}

impl StoreUrl {
    /// Reads a store's URL.
    ///
    /// # Errors
    /// What is wrong with it; never with its password.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (scheme, rest) = text
            .split_once(':')
            .ok_or("names no kind of store; write `sqlite:PATH` or `postgres://USER@HOST/DATABASE`")?;
        match scheme.to_ascii_lowercase().as_str() {
            "sqlite" | "sqlite3" => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                if path.is_empty() {
                    return Err("names no file; write `sqlite:PATH`".to_owned());
                }
                Ok(Self::Sqlite(path.to_owned()))
            }
            "postgres" | "postgresql" => match Url::parse(text) {
                Ok(_) => Ok(Self::Postgres(text.into())),
                Err(error) => Err(format!("is no database URL: {error}")),
            },
            other => Err(format!(
                "names the store `{other}`, which is not known; write `sqlite:PATH` or `postgres://USER@HOST/DATABASE`"
            )),
        }
    }
}

/// As it may be shown: a password is replaced by `***`.
impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{path}"),
            Self::Postgres(url) => {
                let Ok(mut url) = Url::parse(url.expose_secret()) else {
                    return f.write_str("postgres://***");
                };
                if url.password().is_some() && url.set_password(Some("***")).is_err() {
                    return f.write_str("postgres://***");
                }
                let secret_query = url.query_pairs().any(|(name, _)| name.contains("password"));
                if secret_query {
                    url.set_query(Some("***"));
                }
                write!(f, "{url}")
            }
        }
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_chooses_the_store() {
        for (text, shown) in [
            ("sqlite:ackord.db", "sqlite:ackord.db"),
            ("sqlite:///var/lib/ackord.db", "sqlite:/var/lib/ackord.db"),
            ("sqlite:/var/lib/ackord.db", "sqlite:/var/lib/ackord.db"),
            ("postgres://ana@db.example/shop", "postgres://ana@db.example/shop"),
            ("postgresql://db.example/shop", "postgresql://db.example/shop"),
        ] {
            assert_eq!(StoreUrl::parse(text).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn other_schemes_are_refused_with_what_would_do() {
        for text in ["mysql://db.example/shop", "ackord.db", "sqlite:"] {
            let problem = StoreUrl::parse(text).unwrap_err();
            assert!(problem.contains("sqlite:PATH"), "{problem}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        for text in [
            "postgres://ana:hunter2@db.example/shop",
            "postgres://db.example/shop?user=ana&password=hunter2",
        ] {
            let url = StoreUrl::parse(text).unwrap();
            assert!(!format!("{url} {url:?}").contains("hunter2"), "{url}");
        }
        let problem = StoreUrl::parse("postgres://ana:hunter2@:bad:/x").unwrap_err();
        assert!(!problem.contains("hunter2"), "{problem}");
    }
}

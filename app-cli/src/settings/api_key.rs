//! The API key: from a variable, the settings file, or best from a file of its own; never from a flag, which every user of
//! the machine can read in the list of processes.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use super::error::{Origin, SettingsError};

/// Where the API key comes from.
#[derive(Debug, Clone, Default)]
pub enum KeySource {
    /// Nobody gave one.
    #[default]
    None,
    /// It was given as such.
    Given(SecretString),
    /// It stands alone in a file.
    File(PathBuf),
}

impl KeySource {
    /// The key; `origin` is where the source was named.
    ///
    /// # Errors
    /// [`SettingsError::NoKey`] where none was given, [`SettingsError::Key`] where it can't be read or is none.
    pub fn read(&self, origin: &Origin) -> Result<SecretString, SettingsError> {
        let wrong = |problem: String, source| SettingsError::Key {
            origin: origin.clone(),
            problem,
            source,
        };
        let key = match self {
            Self::None => return Err(SettingsError::NoKey),
            Self::Given(key) => SecretString::from(key.expose_secret().trim()),
            Self::File(path) => {
                let text = read_small(path)
                    .map_err(|error| wrong(format!("the key file {} can't be read", path.display()), Some(error)))?;
                SecretString::from(text.trim())
            }
        };
        if key.expose_secret().is_empty() {
            return Err(wrong("the key is empty".to_owned(), None));
        }
        if !key.expose_secret().bytes().all(|byte| byte.is_ascii_graphic()) {
            let problem = "the key holds a space, a line break or a letter that no key has";
            return Err(wrong(problem.to_owned(), None));
        }
        Ok(key)
    }
}

/// A key has some dozens of bytes; a path that leads to a device or a large file must not hang or fill the memory.
fn read_small(path: &Path) -> std::io::Result<String> {
    use std::io::Read;

    let mut text = String::new();
    std::fs::File::open(path)?.take(4096).read_to_string(&mut text)?;
    Ok(text)
}

/// A warning where others can read a settings file that holds a key.
pub(super) fn warning_of_open_file(path: &Path) -> Option<String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;

        let mode = std::fs::metadata(path).ok()?.permissions().mode();
        if mode & 0o077 != 0 {
            let shown = path.display();
            return Some(format!(
                "{shown} holds the API key and can be read by others: `chmod 600 {shown}`, or keep the key in a file of its own (api_key_file)"
            ));
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(key: &str) -> Result<SecretString, SettingsError> {
        KeySource::Given(key.into()).read(&Origin::Variable("ACKORD_API_KEY".to_owned()))
    }

    #[test]
    fn a_key_may_end_in_a_line_break() {
        assert_eq!(given("abc-123\n").unwrap().expose_secret(), "abc-123");
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_shown() {
        for key in ["  ", "secret one", "schlüssel-geheim"] {
            let error = given(key).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains("ACKORD_API_KEY"), "{shown}");
            assert!(!shown.contains("secret one") && !shown.contains("geheim"), "{shown}");
        }
    }

    #[test]
    fn a_missing_key_file_is_named() {
        let source = KeySource::File("/nowhere/key".into());
        let error = source.read(&Origin::Flag("api-key-file".to_owned())).unwrap_err();
        assert!(error.to_string().contains("/nowhere/key"), "{error}");
        assert!(error.to_string().contains("--api-key-file"), "{error}");
    }
}

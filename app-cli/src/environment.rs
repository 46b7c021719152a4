//! What a command knows of the process around it: the environment variables and the working directory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The variables of the environment and the working directory, read once.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    directory: PathBuf,
}

/// Names alone: the values may be secret.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment")
            .field("variables", &self.variables.keys().collect::<Vec<_>>())
            .field("directory", &self.directory)
            .finish()
    }
}

impl Environment {
    /// That of this process. Variables that are not Unicode are left out.
    #[must_use]
    pub fn of_process() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self {
            variables,
            directory: std::env::current_dir().unwrap_or_default(),
        }
    }

    /// The name of the user, as the system tells it; of one who works by `sudo`, their own.
    #[must_use]
    pub fn user(&self) -> String {
        let name = ["SUDO_USER", "USER", "LOGNAME"]
            .into_iter()
            .find_map(|name| self.get(name));
        name.unwrap_or("an unknown user").to_owned()
    }

    /// An empty one in this directory.
    #[must_use]
    pub fn in_directory(directory: impl Into<PathBuf>) -> Self {
        Self {
            variables: BTreeMap::new(),
            directory: directory.into(),
        }
    }

    /// With this variable besides.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// The value of a variable; `None` where it is not set, or empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The names of the variables that begin with `prefix`.
    pub fn names_with<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.variables
            .iter()
            .filter(move |(name, value)| name.starts_with(prefix) && !value.is_empty())
            .map(|(name, _)| name.as_str())
    }

    /// The working directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_sudo_it_is_still_the_user_who_works() {
        let root = Environment::in_directory("/").with("USER", "root");
        assert_eq!(root.user(), "root");
        assert_eq!(root.with("SUDO_USER", "kim").user(), "kim");
        assert_eq!(Environment::default().user(), "an unknown user");
    }
}

//! The account that runs the server: PostgreSQL refuses to run as root, so that tests run as root lend it another one.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use super::ServerError;

/// The accounts to run as where the tests run as root, best first.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// A user and its group, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Account {
    user: u32,
    group: u32,
}

impl Account {
    /// The account to run a server as when it may not be ours; `None` means our own.
    pub(super) fn for_server(own_files: &Path) -> Result<Option<Self>, ServerError> {
        let owner =
            fs::metadata(own_files).map_err(|error| ServerError::broken("reading whose files ours are", &error))?;
        if owner.uid() != 0 {
            return Ok(None);
        }
        let passwd = fs::read_to_string("/etc/passwd")
            .map_err(|error| ServerError::broken("reading the accounts of this machine", &error))?;
        UNPRIVILEGED
            .iter()
            .find_map(|name| Self::named(&passwd, name))
            .map(Some)
            .ok_or_else(|| {
                ServerError::Broken("the tests run as root, and there is no account postgres or nobody".to_owned())
            })
    }

    /// Finds an account in the text of the accounts file.
    fn named(passwd: &str, name: &str) -> Option<Self> {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next() == Some(name)).then_some(())?;
            let user = fields.nth(1)?.parse().ok()?;
            let group = fields.next()?.parse().ok()?;
            (user != 0).then_some(Self { user, group })
        })
    }

    /// Has a command run as this account.
    pub(super) fn run(self, command: &mut Command) {
        command.uid(self.user).gid(self.group);
    }

    /// Hands a file or directory to this account.
    pub(super) fn own(self, path: &Path) -> Result<(), ServerError> {
        std::os::unix::fs::chown(path, Some(self.user), Some(self.group))
            .map_err(|error| ServerError::broken("handing the server its files", &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str =
        "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\nbroken:x:a:b\nzero:x:0:0::";

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        assert_eq!(
            Account::named(PASSWD, "nobody"),
            Some(Account {
                user: 65534,
                group: 65533
            })
        );
        assert_eq!(Account::named(PASSWD, "nobod"), None);
    }

    #[test]
    fn an_account_that_is_broken_or_root_is_passed_over() {
        assert_eq!(Account::named(PASSWD, "broken"), None);
        assert_eq!(Account::named(PASSWD, "zero"), None);
    }
}

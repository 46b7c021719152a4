//! The codes with which the process ends.

use std::process::ExitCode;

/// How the process ends. The order is the order of the codes: the greatest one that applies wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Done; orders that await validation or a retry are no failure.
    Done = 0,
    /// Wrong settings, a failed start, or nothing under that id.
    Settings = 1,
    /// A command line that can't be read.
    Usage = 2,
    /// This run opened an entry that waits for a person, sending is held, the record does not agree with itself, or a person's
    /// decision could not be carried out.
    NeedsPerson = 3,
    /// The marketplace can't be reached, asks for a longer rest than the run waits for, or does not take the key.
    Marketplace = 4,
    /// The database.
    Database = 5,
}

impl Exit {
    /// Every code, with its meaning for the documentation.
    pub const ALL: [(Self, &'static str); 6] = [
        (
            Self::Done,
            "done; orders that await validation or a scheduled retry are no failure",
        ),
        (
            Self::Settings,
            "wrong settings or a failed start; also: nothing is on record under the id that was asked for, a message of `alerts test` did not arrive, or an order of `demo` ended otherwise than expected",
        ),
        (
            Self::Usage,
            "the command line can't be read, or a decision was not confirmed (`--yes` where nobody can be asked)",
        ),
        (
            Self::NeedsPerson,
            "this run opened an entry that waits for a person, sending is held until `ackord reconcile` has come to its end, \
             `verify` found what can't be in the record, or what a person asked for could not be carried out as things stand",
        ),
        (
            Self::Marketplace,
            "the marketplace can't be reached, asks for a longer rest than the run waits for, does not take the key, left too many acceptances in a row unanswered, takes longer than a lease leaves room for, or is another shop's; or the budget of calls is used up",
        ),
        (
            Self::Database,
            "the database can't be reached, read or written, or its schema is older or newer than the program's",
        ),
    ];

    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_the_documented_ones() {
        let codes: Vec<u8> = Exit::ALL.iter().map(|(exit, _)| exit.code()).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn the_highest_of_several_wins() {
        assert_eq!(Exit::NeedsPerson.max(Exit::Database), Exit::Database);
        assert_eq!(Exit::NeedsPerson.max(Exit::Marketplace), Exit::Marketplace);
    }
}

//! Why a case did not get its fixture, and what that makes of the case.

use std::env;
use std::sync::Once;

use libtest_mimic::{Completion, Failed};

use crate::postgres::ServerError;

/// The environment variable that, set to `true`, makes a missing fixture a failure.
const CI_VARIABLE: &str = "CI";

/// What stood between a case and its fixture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// This machine lacks what the fixture needs: the case is ignored, except where `CI` is `true`.
    #[error("{reason}; remedy: {remedy}")]
    Unavailable {
        /// What is missing.
        reason: String,
        /// What to do about it.
        remedy: String,
    },
    /// The fixture could be had but broke: the case fails.
    #[error("the fixture broke: {0}")]
    Broken(String),
}

impl From<ServerError> for SetupError {
    fn from(error: ServerError) -> Self {
        match error {
            ServerError::Unavailable { reason, remedy } => Self::Unavailable { reason, remedy },
            ServerError::Broken(words) => Self::Broken(words),
        }
    }
}

impl SetupError {
    /// The outcome of a case without its fixture.
    pub(super) fn outcome(self) -> Result<Completion, Failed> {
        let required = env::var(CI_VARIABLE).is_ok_and(|value| value == "true");
        self.outcome_where(required)
    }

    fn outcome_where(self, required: bool) -> Result<Completion, Failed> {
        match &self {
            Self::Unavailable { reason, remedy } if !required => {
                announce(reason, remedy);
                Ok(Completion::ignored_with(self))
            }
            Self::Unavailable { .. } => Err(format!("{CI_VARIABLE} is true, where no case is ignored: {self}").into()),
            Self::Broken(_) => Err(self.into()),
        }
    }
}

/// Says once, before the first of the cases, why some are ignored.
#[expect(
    clippy::print_stderr,
    reason = "who runs the tests is to see that cases are left out"
)]
fn announce(reason: &str, remedy: &str) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| eprintln!("\nSome cases are ignored. Reason: {reason}. Remedy: {remedy}.\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unavailable() -> SetupError {
        SetupError::Unavailable {
            reason: "no server".to_owned(),
            remedy: "install one".to_owned(),
        }
    }

    #[test]
    fn a_missing_fixture_has_the_case_ignored_with_reason_and_remedy() {
        let Ok(Completion::Ignored { reason: Some(reason) }) = unavailable().outcome_where(false) else {
            panic!("the case was not ignored with a reason");
        };
        assert_eq!(reason, "no server; remedy: install one");
    }

    #[test]
    fn a_missing_fixture_fails_the_case_in_ci() {
        let failed = unavailable().outcome_where(true).err().unwrap();
        assert!(failed.message().unwrap().contains("no server; remedy: install one"));
    }

    #[test]
    fn a_broken_fixture_fails_the_case_everywhere() {
        let broken = SetupError::Broken("no room".to_owned());
        assert!(broken.clone().outcome_where(false).is_err());
        assert!(broken.outcome_where(true).is_err());
    }
}

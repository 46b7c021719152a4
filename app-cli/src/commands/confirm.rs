//! Questions before what can't be taken back.

use std::io::{self, IsTerminal as _};

use anyhow::Result;

use super::Context;
use crate::render::fitted;
use crate::report_error::NotConfirmed;

/// Asks on a terminal whether to go on; elsewhere nobody can be asked, and `--yes` is needed. `what` is what would happen,
/// without a full stop.
///
/// # Errors
/// [`NotConfirmed`], or what the terminal says.
pub(super) fn confirm(what: &str, context: &Context<'_>) -> Result<()> {
    let err = &context.streams.err;
    if !(err.is_terminal() && io::stdin().is_terminal()) {
        return Err(NotConfirmed(what.to_owned()).into());
    }
    err.write(&fitted(&format!("{what}. Go on? [y/N] "), err))?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    if is_yes(&answer) {
        Ok(())
    } else {
        Err(NotConfirmed(what.to_owned()).into())
    }
}

/// Whether a typed line agrees. Nothing at all, the end of the input among it, does not.
fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::is_yes;

    #[test]
    fn only_a_plain_yes_agrees() {
        for yes in ["y\n", "Y\n", "yes\r\n", " YES \n"] {
            assert!(is_yes(yes), "{yes:?}");
        }
        for no in ["", "\n", "n\n", "no\n", "yess\n", "y n\n", "\u{1b}[A\n"] {
            assert!(!is_yes(no), "{no:?}");
        }
    }
}

//! Catches the panic of a case with its place, so that the failure tells where it happened.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static IN_CASE: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `work` and returns what it does, or the words and the place of its panic.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    install();
    IN_CASE.set(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(work));
    IN_CASE.set(false);
    let told = LAST.take();
    outcome.map_err(|payload| told.unwrap_or_else(|| words(payload.as_ref())))
}

/// Has panics inside cases kept for their failure; all others go where they went before.
fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if IN_CASE.get() {
                let trace = Backtrace::capture();
                let trace = if trace.status() == BacktraceStatus::Captured {
                    format!("\n{trace}")
                } else {
                    String::new()
                };
                LAST.set(Some(format!("{info}{trace}")));
            } else {
                previous(info);
            }
        }));
    });
}

fn words(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without words").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_told_with_its_words_and_its_file() {
        let told = caught(|| panic!("the seal is broken")).unwrap_err();
        assert!(
            told.contains("the seal is broken") && told.contains("panics.rs"),
            "{told}"
        );
    }

    #[test]
    fn work_that_returns_is_left_alone() {
        assert_eq!(caught(|| 7), Ok(7));
    }
}

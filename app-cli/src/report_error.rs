//! Turns every error into its kind, its hints and the process's exit code: the one place that does.

use std::error::Error as StdError;
use std::io;

use ackord::ports::{MarketplaceError, StoreError};
use ackord::settings::InvalidSetting;
use ackord::workflow::Halt;
use ackord_sandbox::SandboxError;

use crate::exit::Exit;
use crate::logs::WORDS;
use crate::render::{clean, style};
use crate::settings::SettingsError;
use crate::streams::{Streams, is_reader_gone};
use crate::wiring::NoStoreYet;

/// What was asked for is not on record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no {what} {id}")]
pub struct NotOnRecord {
    /// What was asked for.
    pub what: &'static str,
    /// Its id.
    pub id: String,
}

/// A value on the command line that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("--{flag}: `{value}` {problem}")]
pub struct BadFlag {
    /// The flag.
    pub flag: &'static str,
    /// What was given.
    pub value: String,
    /// What is wrong with it.
    pub problem: String,
}

/// What can't be taken back, and nobody confirmed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}: nobody confirmed that")]
pub struct NotConfirmed(pub String);

/// A decision that can't be carried out as things stand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct NotPossible {
    /// Why not.
    pub reason: String,
    /// What to do instead.
    pub hint: String,
}

/// An error as people and programs are told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The kind, a stable word.
    pub kind: &'static str,
    /// How the process ends.
    pub exit: Exit,
    /// The error and its causes, outermost first.
    pub chain: Vec<String>,
    /// What to do.
    pub hints: Vec<String>,
}

impl Told {
    /// The whole chain in one line.
    #[must_use]
    pub fn message(&self) -> String {
        self.chain.join(": ")
    }
}

/// Walks the chain of causes once and reads it.
#[must_use]
pub fn tell(error: &(dyn StdError + 'static)) -> Told {
    let mut told = Told {
        kind: "other",
        exit: Exit::Settings,
        chain: Vec::new(),
        hints: Vec::new(),
    };
    let mut classed = false;
    let mut next = Some(error);
    while let Some(cause) = next {
        let text = clean(&cause.to_string());
        // A cause whose words the error above it already said adds nothing.
        if !told.chain.last().is_some_and(|above: &String| above.contains(&text)) {
            told.chain.push(text);
        }
        if !classed && let Some((kind, exit, hints)) = class(cause) {
            (told.kind, told.exit, told.hints) = (kind, exit, hints);
            classed = true;
        }
        next = cause.source();
    }
    told
}

/// Tells an error on stderr and gives the exit code. A reader of ours that went away is no error.
pub fn report(error: &(dyn StdError + 'static), streams: &Streams) -> Exit {
    let mut next = Some(error);
    while let Some(cause) = next {
        if cause.downcast_ref::<io::Error>().is_some_and(is_reader_gone) {
            return Exit::Done;
        }
        next = cause.source();
    }
    let told = tell(error);
    print(&told, streams);
    told.exit
}

/// Prints what [`tell`] made of an error.
pub fn print(told: &Told, streams: &Streams) {
    if streams.err.logs_words() {
        let hint = told.hints.join("; ");
        tracing::error!(target: WORDS, kind = told.kind, hint = hint.as_str(), "{}", told.message());
        return;
    }
    let (first, causes) = told
        .chain
        .split_first()
        .map_or(("unknown", &[][..]), |(first, rest)| (first.as_str(), rest));
    streams.err.line(&format!("{} {first}", style::bad("error:")));
    for cause in causes {
        streams.err.line(&format!("  because {cause}"));
    }
    for hint in &told.hints {
        streams.err.line(&format!("  {} {hint}", style::dim("→")));
    }
}

type Class = (&'static str, Exit, Vec<String>);

/// The class of one error of the chain, where it is one that decides.
fn class(error: &(dyn StdError + 'static)) -> Option<Class> {
    if let Some(error) = error.downcast_ref::<SettingsError>() {
        let exit = if error.is_usage() { Exit::Usage } else { Exit::Settings };
        return Some(("settings", exit, error.hints()));
    }
    if error.is::<InvalidSetting>() || error.is::<ackord_bestbuy::SettingsError>() {
        return Some(("settings", Exit::Settings, Vec::new()));
    }
    if error.is::<BadFlag>() {
        return Some(("usage", Exit::Usage, Vec::new()));
    }
    if error.is::<NotConfirmed>() {
        let hint = "add --yes where nobody can be asked";
        return Some(("usage", Exit::Usage, vec![hint.to_owned()]));
    }
    if let Some(error) = error.downcast_ref::<NotPossible>() {
        return Some(("not_possible", Exit::NeedsPerson, vec![error.hint.clone()]));
    }
    if let Some(missing) = error.downcast_ref::<NotOnRecord>() {
        let list = format!("`ackord {}s list` shows what is on record", missing.what);
        return Some(("not_on_record", Exit::Settings, vec![list]));
    }
    if error.is::<NoStoreYet>() {
        let hint = "`ackord run` makes one, `ackord migrate` too; or name another with --store";
        return Some(("store", Exit::Database, vec![hint.to_owned()]));
    }
    if let Some(error) = error.downcast_ref::<StoreError>() {
        return Some(("store", Exit::Database, hints_of_store(error)));
    }
    if let Some(halt) = error.downcast_ref::<Halt>() {
        return class_of_halt(halt);
    }
    if let Some(error) = error.downcast_ref::<MarketplaceError>() {
        return class_of_marketplace(error);
    }
    if let Some(error) = error.downcast_ref::<SandboxError>() {
        return Some(("sandbox", Exit::Settings, hints_of_sandbox(error)));
    }
    None
}

/// `None` where the cause of the halt decides.
fn class_of_halt(halt: &Halt) -> Option<Class> {
    let marketplace = |kind, hint: &str| Some((kind, Exit::Marketplace, vec![hint.to_owned()]));
    match halt {
        Halt::Settings(_) => Some(("settings", Exit::Settings, Vec::new())),
        Halt::Store(_) | Halt::Marketplace(_) => None,
        Halt::Stopped => Some(("stopped", Exit::Done, vec!["the next run goes on from here".into()])),
        Halt::Throttled { .. } => marketplace(
            "throttled",
            "nothing is lost: a run after that time goes on. Run less often, or raise `patience` to wait for it",
        ),
        Halt::OutOfBudget { .. } => marketplace(
            "out_of_budget",
            "nothing is lost: a run after that time goes on. Raise `calls_per_hour` if the marketplace allows the key more, or \
             `patience` to wait for it",
        ),
        Halt::Credentials { .. } => marketplace("credentials", KEY_HINT),
        Halt::BreakerOpen { .. } => marketplace(
            "breaker_open",
            "the marketplace seems to be down: no order lost an attempt for it, and the next run tries one first",
        ),
        Halt::TooSlow { .. } => marketplace(
            "too_slow",
            "the marketplace or the database takes longer than a lease leaves room for: find out which (`ackord calls list` \
             shows the times), or raise `lease`",
        ),
        Halt::SendingHeld { .. } => Some(("sending_held", Exit::NeedsPerson, vec![RECONCILE_HINT.to_owned()])),
        Halt::HoldTakenOver => Some((
            "hold_taken_over",
            Exit::NeedsPerson,
            vec!["wait for the other one: sending is allowed again when it has come to its end".to_owned()],
        )),
        Halt::HeldByOthers { .. } => Some((
            "held_by_others",
            Exit::NeedsPerson,
            vec!["stop the other workers, then `ackord reconcile` again".to_owned()],
        )),
        Halt::WrongShop { .. } => marketplace(
            "wrong_shop",
            "set `shop_id` to the shop that these orders belong to (`ackord check` names the key's own), or use that shop's store",
        ),
        _ => Some(("other", Exit::Settings, Vec::new())),
    }
}

const RECONCILE_HINT: &str = "`ackord reconcile` asks the marketplace about every order and then allows sending again";

const KEY_HINT: &str = "is the key the one of this `marketplace_url`? A new one is made in the marketplace's back office: set \
                        ACKORD_API_KEY or ACKORD_API_KEY_FILE to it, then `ackord check`";

/// A key may be well and not be let at the shop.
const FORBIDDEN: u16 = 403;

const FORBIDDEN_HINT: &str = "a shop that the marketplace has suspended, or a `shop_id` that is not the key's, is answered like this too: \
                              `ackord check` tells";

/// `None` where the cause decides.
fn class_of_marketplace(error: &MarketplaceError) -> Option<Class> {
    let hint = match error {
        MarketplaceError::Unrecorded(_) => return None,
        MarketplaceError::Unreachable { .. } => {
            "check the network and `marketplace_url`; nothing is lost, the next run goes on"
        }
        MarketplaceError::Throttled { .. } => {
            return Some((
                "throttled",
                Exit::Marketplace,
                vec!["nothing is lost: a later run goes on. Run less often".to_owned()],
            ));
        }
        MarketplaceError::Credentials { status } => {
            let mut hints = vec![KEY_HINT.to_owned()];
            if *status == FORBIDDEN {
                hints.push(FORBIDDEN_HINT.to_owned());
            }
            return Some(("credentials", Exit::Marketplace, hints));
        }
        MarketplaceError::Refused { .. } => "check `shop_id` and `marketplace_url`; `ackord calls list` shows the call",
        MarketplaceError::Unreadable { .. } => {
            "is `marketplace_url` the marketplace's API, and no proxy's page? `ackord calls list` shows the answer"
        }
        _ => "`ackord calls list` shows the call",
    };
    Some(("marketplace", Exit::Marketplace, vec![hint.to_owned()]))
}

fn hints_of_store(error: &StoreError) -> Vec<String> {
    let hint = match error {
        StoreError::Unreachable(_) => "is the database running, and is `store` its URL?",
        StoreError::Unconfirmed(_) => "the next run finds out what stands and goes on from there",
        StoreError::Busy(_) => "another program holds the database for long; the next run goes on",
        StoreError::NewerSchema { .. } => "a newer ackord wrote this store: use that version",
        StoreError::NotMigrated { found: 0, .. } => "the store is empty: `ackord run` or `ackord migrate` sets it up",
        StoreError::NotMigrated { .. } => "back the store up, then `ackord migrate`",
        StoreError::ReadOnly(_) => "give this user the right to write the file and its directory",
        StoreError::Full(_) => "make room on the disk; nothing is lost, the next run goes on",
        StoreError::Refused { .. } => "check `store`: its path or database, and the rights there",
        StoreError::Corrupt { .. } => {
            "another program wrote what no reader understands: mend that row, or restore a backup"
        }
        _ => return Vec::new(),
    };
    vec![hint.to_owned()]
}

fn hints_of_sandbox(error: &SandboxError) -> Vec<String> {
    match error {
        SandboxError::Bind { .. } => vec!["choose another with --port, or --port 0 for a free one".to_owned()],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit_of(error: impl StdError + 'static) -> (&'static str, Exit) {
        let told = tell(&error);
        (told.kind, told.exit)
    }

    fn lost() -> StoreError {
        StoreError::Unreachable("connection refused".into())
    }

    #[test]
    fn every_halt_has_its_kind_and_exit_code() {
        let throttled = Halt::Throttled {
            until: ackord::Timestamp::UNIX_EPOCH,
        };
        assert_eq!(exit_of(throttled), ("throttled", Exit::Marketplace));
        let credentials = Halt::Credentials { detail: "401".into() };
        assert_eq!(exit_of(credentials), ("credentials", Exit::Marketplace));
        assert_eq!(
            exit_of(Halt::BreakerOpen { unanswered: 5 }),
            ("breaker_open", Exit::Marketplace)
        );
        assert_eq!(
            exit_of(Halt::WrongShop { asked: 10 }),
            ("wrong_shop", Exit::Marketplace)
        );
        let held = Halt::SendingHeld {
            since: ackord::Timestamp::UNIX_EPOCH,
        };
        assert_eq!(exit_of(held), ("sending_held", Exit::NeedsPerson));
        assert_eq!(exit_of(Halt::HoldTakenOver), ("hold_taken_over", Exit::NeedsPerson));
        assert_eq!(
            exit_of(Halt::HeldByOthers { orders: 1 }),
            ("held_by_others", Exit::NeedsPerson)
        );
        assert_eq!(exit_of(Halt::Store(lost())), ("store", Exit::Database));
        let setting = InvalidSetting {
            name: "lease",
            problem: "is short".into(),
        };
        assert_eq!(exit_of(Halt::Settings(setting)), ("settings", Exit::Settings));
        let refused = MarketplaceError::Credentials { status: 401 };
        assert_eq!(exit_of(Halt::Marketplace(refused)), ("credentials", Exit::Marketplace));
        let unreachable = MarketplaceError::Unreachable {
            what: "connection refused".into(),
            source: None,
        };
        assert_eq!(exit_of(unreachable), ("marketplace", Exit::Marketplace));
    }

    #[test]
    fn a_call_that_could_not_be_recorded_is_the_databases_fault() {
        let error = Halt::Marketplace(MarketplaceError::Unrecorded(lost()));
        assert_eq!(exit_of(error), ("store", Exit::Database));
    }

    #[test]
    fn every_store_error_is_the_databases_fault_and_has_a_hint() {
        let cause = || Box::<dyn StdError + Send + Sync>::from("why");
        for error in [
            StoreError::Unreachable(cause()),
            StoreError::Unconfirmed(cause()),
            StoreError::Busy(cause()),
            StoreError::NewerSchema { found: 9, known: 2 },
            StoreError::NotMigrated { found: 1, needed: 2 },
            StoreError::ReadOnly(cause()),
            StoreError::Full(cause()),
            StoreError::Refused {
                what: "that".into(),
                source: None,
            },
            StoreError::Corrupt { what: "row 1".into() },
        ] {
            let told = tell(&error);
            assert_eq!(told.exit, Exit::Database, "{error}");
            assert_eq!(told.hints.len(), 1, "{error}");
        }
    }

    #[test]
    fn the_chain_is_told_once_without_repetition() {
        let error = anyhow::Error::new(lost()).context("the orders can't be listed");
        let told = tell(error.as_ref());
        assert_eq!(
            told.chain,
            [
                "the orders can't be listed",
                "the store can't be reached",
                "connection refused"
            ]
        );
        assert_eq!(told.exit, Exit::Database);
    }

    #[test]
    fn a_key_that_is_not_let_at_the_shop_has_more_than_one_reason() {
        let hints = |status| tell(&MarketplaceError::Credentials { status }).hints;
        assert_eq!(hints(401), [KEY_HINT]);
        assert_eq!(hints(403), [KEY_HINT, FORBIDDEN_HINT]);
    }

    #[test]
    fn a_connection_that_broke_as_a_pipe_does_is_no_reader_that_went_away() {
        let streams = Streams::to(io::sink(), io::sink());
        let lost = StoreError::Unreachable(Box::new(io::Error::from(io::ErrorKind::BrokenPipe)));
        assert_ne!(report(&lost, &streams), Exit::Done);
    }

    #[test]
    fn words_from_outside_bring_no_control_characters() {
        let error = MarketplaceError::Unreadable {
            what: "\u{1b}[31mred\u{7}".into(),
        };
        assert!(!tell(&error).message().contains(['\u{1b}', '\u{7}']));
    }
}

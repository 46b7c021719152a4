//! `ackord check`: tries the settings, the store, the credentials and what stands around them, a line each.

mod around;

use std::path::Path;
use std::sync::Arc;

use ackord::call::{CallEnd, CallId, NewCall, SeenState};
use ackord::ports::{Account, CallLog, ShopKey, StoreError, StoreResult};
use anyhow::Result;
use async_trait::async_trait;
use clap::Args;
use serde_json::{Value, json};

use super::Context;
use crate::exit::Exit;
use crate::render::{self, clean, hung, style};
use crate::report_error;
use crate::settings::{Config, SettingFlags, StoreFlag};
use crate::streams::Sink;
use crate::wiring::{self, OpenStore};

/// Arguments of `ackord check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// As one JSON object
    #[arg(long)]
    pub json: bool,
    /// The store
    #[command(flatten)]
    pub store: StoreFlag,
    /// All other settings
    #[command(flatten)]
    pub settings: SettingFlags,
}

/// What one look at something showed.
#[derive(Debug)]
struct Finding {
    what: &'static str,
    exit: Exit,
    words: String,
    hints: Vec<String>,
}

impl Finding {
    fn fine(what: &'static str, words: impl Into<String>) -> Self {
        Self {
            what,
            exit: Exit::Done,
            words: words.into(),
            hints: Vec::new(),
        }
    }

    fn problem(what: &'static str, error: &(dyn std::error::Error + 'static)) -> Self {
        let told = report_error::tell(error);
        Self {
            what,
            exit: told.exit,
            words: told.message(),
            hints: told.hints,
        }
    }
}

/// Checks everything it can, tells what it found, and ends with the code of the worst.
///
/// # Errors
/// Where the output can't be written; problems found are no errors.
pub async fn check(args: &CheckArgs, context: &Context<'_>) -> Result<Exit> {
    let findings = match context.settings(&args.store.and(&args.settings)) {
        Err(error) => vec![Finding::problem("settings", &error)],
        Ok(config) => {
            let mut findings = vec![settings_finding(&config)];
            let (store, calls) = store_finding(&config).await;
            findings.push(store);
            findings.extend(around::clock(calls.as_ref()).await);
            let (credentials, shop) = credentials_finding(&config, calls.clone()).await;
            findings.push(credentials);
            findings.push(around::limits(&config, calls.as_ref(), shop.as_ref()).await);
            findings.push(around::alerts(&config));
            findings
        }
    };
    let exit = findings.iter().map(|finding| finding.exit).max().unwrap_or(Exit::Done);
    let text = if args.json {
        let checks: Vec<Value> = findings.iter().map(to_json).collect();
        render::json::pretty(&json!({ "ok": exit == Exit::Done, "checks": checks }))
    } else {
        findings
            .iter()
            .map(|finding| to_lines(finding, &context.streams.out))
            .collect()
    };
    context.streams.out.tell(&text)?;
    Ok(exit)
}

fn settings_finding(config: &Config) -> Finding {
    let origins = config.origins();
    let words = match origins.len() {
        0 => "all defaults".to_owned(),
        count => {
            let mut named: Vec<&str> = origins.iter().map(|(key, _)| *key).collect();
            named.sort_unstable();
            format!("{count} set ({}), the rest defaults", named.join(", "))
        }
    };
    Finding::fine("settings", words)
}

/// Tries the store. The call log is the store's own where it can take a call.
async fn store_finding(config: &Config) -> (Finding, Option<Arc<dyn OpenStore>>) {
    let url = &config.store;
    let empty = || {
        (
            Finding::fine("store", format!("{url}, empty: the first run sets it up")),
            None,
        )
    };
    if wiring::is_missing(url) {
        return match wiring::missing_directory(url) {
            None => empty(),
            Some(directory) => (no_directory(&directory), None),
        };
    }
    let store = match wiring::open(config).await {
        Ok(store) => store,
        Err(error) => return (Finding::problem("store", &error), None),
    };
    match store.check_schema().await {
        Ok(()) => (Finding::fine("store", format!("{url}, schema up to date")), Some(store)),
        Err(StoreError::NotMigrated { found: 0, .. }) => empty(),
        Err(error) => (Finding::problem("store", &error), None),
    }
}

/// A run makes the file of a SQLite store, and no directory for it.
fn no_directory(directory: &Path) -> Finding {
    Finding {
        what: "store",
        exit: Exit::Database,
        words: format!("there is no directory `{}` to make it in", directory.display()),
        hints: vec!["make the directory, or name another place with `store`".to_owned()],
    }
}

/// Asks the marketplace whose key it is; tells by what its shop is known in the store as well.
async fn credentials_finding(config: &Config, store: Option<Arc<dyn OpenStore>>) -> (Finding, Option<ShopKey>) {
    let what = "marketplace";
    let budget = store.as_ref().and_then(|store| wiring::budget(config, store));
    let log: Arc<dyn CallLog> = match store {
        Some(store) => store,
        None => Arc::new(NowhereLog),
    };
    let marketplace = match wiring::marketplace(config, log, budget.clone()) {
        Ok(marketplace) => marketplace,
        Err(error) => return (Finding::problem(what, error.as_ref()), None),
    };
    let key = marketplace.shop_key();
    if let Some(budget) = budget {
        match budget.draw_one(&marketplace.shop_key()).await {
            Ok(true) => {}
            Ok(false) => return (out_of_budget(what), Some(key)),
            Err(error) => return (Finding::problem(what, &error), Some(key)),
        }
    }
    let url = &config.marketplace.url;
    let finding = match marketplace.account().await {
        Ok(account) => of_account(what, url, &account, config.marketplace.shop_id),
        Err(error) => Finding::problem(what, &error),
    };
    (finding, Some(key))
}

/// Nothing is wrong with it; it is just not asked now.
fn out_of_budget(what: &'static str) -> Finding {
    Finding {
        hints: vec!["try again later: calls come back evenly over the hour".to_owned()],
        ..Finding::fine(what, "not asked: the budget of `calls_per_hour` is used up for now")
    }
}

fn of_account(what: &'static str, url: &str, account: &Account, asked: Option<i64>) -> Finding {
    let name = account
        .shop_name
        .as_deref()
        .map_or_else(|| "a shop without a name".to_owned(), clean);
    let id = account.shop_id.map(|id| format!(" ({id})")).unwrap_or_default();
    let state = account
        .shop_state
        .as_deref()
        .map_or_else(|| "unknown".to_owned(), clean);
    let words = format!("{url} takes the key: {name}{id}, {state}");
    let wrong_shop = matches!((asked, account.shop_id), (Some(asked), Some(answered)) if asked != answered);
    let hint = if wrong_shop {
        "the answer is about another shop than `shop_id` asks for: look the id up in the marketplace's back office"
    } else if matches!(state.as_str(), "SUSPENDED" | "TERMINATED") {
        "the marketplace takes no acceptances for a shop in this state: ask its operator"
    } else {
        return Finding::fine(what, words);
    };
    Finding {
        what,
        exit: Exit::Marketplace,
        words,
        hints: vec![hint.to_owned()],
    }
}

fn to_lines(finding: &Finding, out: &Sink) -> String {
    let mark = if finding.exit == Exit::Done {
        style::good("ok     ")
    } else {
        style::bad("problem")
    };
    let mut text = hung(&format!("{:<12} {mark}  ", finding.what), &finding.words, out) + "\n";
    for hint in &finding.hints {
        text += &hung(&format!("{:<12} {} ", "", style::dim("       →")), hint, out);
        text.push('\n');
    }
    text
}

fn to_json(finding: &Finding) -> Value {
    json!({
        "check": finding.what,
        "ok": finding.exit == Exit::Done,
        "message": finding.words,
        "hints": finding.hints,
        "exit_code": finding.exit.code(),
    })
}

/// Takes the one call of a check whose store can't take it: a check changes nothing, so it sets no store up.
#[derive(Debug)]
struct NowhereLog;

#[async_trait]
impl CallLog for NowhereLog {
    async fn begin(&self, _: &NewCall) -> StoreResult<CallId> {
        Ok(CallId(0))
    }

    async fn finish(&self, _: CallId, _: &CallEnd, _: &[SeenState]) -> StoreResult<()> {
        Ok(())
    }
}

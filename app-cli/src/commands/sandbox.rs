//! `ackord sandbox`: a marketplace on this machine.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use ackord_sandbox::{FaultRule, Sandbox, SandboxHandle, SandboxOptions, Shop, demo_set};
use anyhow::{Context as _, Result};
use clap::Args;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::Context;
use crate::exit::Exit;
use crate::render::json;
use crate::report_error::BadFlag;
use crate::signals::EndSignals;

/// Arguments of `ackord sandbox`.
#[derive(Debug, Args)]
pub struct SandboxArgs {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub bind: IpAddr,
    /// On which port; 0 for a free one
    #[arg(long, value_name = "PORT", default_value_t = 8710)]
    pub port: u16,
    /// The API key that is let in [default: sandbox-key]
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// The shop's id [default: 2001]
    #[arg(long, value_name = "ID")]
    pub shop_id: Option<i64>,
    /// The seed of everything that is left to chance
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// How many plain orders wait at the start
    #[arg(long, value_name = "NUMBER")]
    pub orders: Option<u32>,
    /// With the orders and faults of `ackord demo` besides
    #[arg(long)]
    pub demo: bool,
    /// A fault, as JSON: '{"endpoint":"or21","times":1,"fault":{"kind":"status","status":503}}'; may be given several times
    #[arg(long, value_name = "JSON")]
    pub fault: Vec<String>,
    /// A file with a JSON array of faults
    #[arg(long, value_name = "PATH")]
    pub faults: Option<PathBuf>,
    /// How long until an order that nobody accepted is refused, as `24h`
    #[arg(long, value_name = "SPAN")]
    pub deadline: Option<String>,
    /// A file with all options of the sandbox as a JSON object; flags go over it
    #[arg(long, value_name = "PATH")]
    pub options: Option<PathBuf>,
    /// Print where it listens as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Serves until it is stopped, by Ctrl-C or SIGTERM.
///
/// # Errors
/// Options that can't be read, or an address that can't be listened on.
pub async fn sandbox(args: &SandboxArgs, context: &Context<'_>) -> Result<Exit> {
    let mut end = EndSignals::new()?;
    let handle = Sandbox::with_options(options(args)?).start().await?;
    let text = if args.json {
        in_json(&handle, args)
    } else {
        in_words(&handle, args)
    };
    context.streams.out.write(&text)?;
    context.streams.err.line("serving until Ctrl-C");
    end.given().await;
    handle.stop().await;
    Ok(Exit::Done)
}

fn options(args: &SandboxArgs) -> Result<SandboxOptions> {
    let mut options = match &args.options {
        Some(path) => read::<SandboxOptions>(path)?,
        None => SandboxOptions::default(),
    };
    options.bind = SocketAddr::new(args.bind, args.port);
    options.keys.extend(args.key.clone());
    if let Some(seed) = args.seed {
        options.seed = seed;
    }
    if let Some(shop_id) = args.shop_id {
        options.shops.insert(0, Shop::open(shop_id));
    }
    if let Some(orders) = args.orders {
        options.bulk = orders;
    }
    if args.demo {
        let set = demo_set();
        options.orders.extend(set.orders);
        options.faults.extend(set.faults);
    }
    if let Some(path) = &args.faults {
        options.faults.extend(read::<Vec<FaultRule>>(path)?);
    }
    for text in &args.fault {
        let rule =
            serde_json::from_str(text).map_err(|error| bad_flag("fault", text, format!("is no fault: {error}")))?;
        options.faults.push(rule);
    }
    if let Some(text) = &args.deadline {
        let span = crate::span::parse(text).map_err(|problem| bad_flag("deadline", text, problem))?;
        options.acceptance_deadline_ms = Some(u64::try_from(span.as_millis()).unwrap_or(u64::MAX));
    }
    Ok(options)
}

fn bad_flag(flag: &'static str, value: &str, problem: String) -> BadFlag {
    BadFlag {
        flag,
        value: value.to_owned(),
        problem,
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} holds no options of the sandbox", path.display()))
}

/// The shop to name to the client, where another than the default was asked for.
fn in_words(handle: &SandboxHandle, args: &SandboxArgs) -> String {
    let url = handle.url();
    let shop = args
        .shop_id
        .map(|id| format!("export ACKORD_SHOP_ID={id}\n"))
        .unwrap_or_default();
    format!(
        "# a marketplace listens on {url}; its control API and ledger are under {url}/_sandbox\n\
         export ACKORD_MARKETPLACE_URL={url}\n\
         export ACKORD_API_KEY={}\n{shop}",
        shell_word(handle.api_key())
    )
}

fn in_json(handle: &SandboxHandle, args: &SandboxArgs) -> String {
    json::line(&json!({
        "url": handle.url(),
        "api_key": handle.api_key(),
        "shop_id": args.shop_id,
        "control_url": format!("{}/_sandbox", handle.url()),
    }))
}

/// A word that any shell takes as it is.
pub(super) fn shell_word(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@%+=,".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_read_them() {
        assert_eq!(shell_word("sqlite:/tmp/a-b.db"), "sqlite:/tmp/a-b.db");
        assert_eq!(shell_word("it's here"), "'it'\\''s here'");
        assert_eq!(shell_word(""), "''");
    }
}

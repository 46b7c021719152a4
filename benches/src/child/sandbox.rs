//! The marketplace in a process of its own.

use ackord_sandbox::{Fault, FaultRule, Moment, OrderSeed, SandboxOptions, serve};
use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{Process, answer, input, read};
use crate::process::cpu_seconds;

/// The command that [`serve_sandbox`] answers to.
pub(crate) const COMMAND: &str = "child-sandbox";

/// Where a marketplace is found.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Address {
    url: String,
    key: String,
}

/// A marketplace in another process; it ends with this value.
#[derive(Debug)]
pub struct Marketplace {
    process: Process,
    address: Address,
}

impl Marketplace {
    /// Starts one with so many plain orders, whose every answer takes so long.
    ///
    /// # Errors
    /// Where it does not start.
    pub async fn start(orders: u64, latency_ms: u64) -> Result<Self> {
        let options = SandboxOptions {
            bulk: u32::try_from(orders)?,
            ..SandboxOptions::default()
        };
        Self::start_with(options, latency_ms).await
    }

    /// Starts one with these orders alone.
    ///
    /// # Errors
    /// Where it does not start.
    pub async fn start_seeded(orders: Vec<OrderSeed>) -> Result<Self> {
        let options = SandboxOptions {
            orders,
            ..SandboxOptions::default()
        };
        Self::start_with(options, 0).await
    }

    async fn start_with(mut options: SandboxOptions, latency_ms: u64) -> Result<Self> {
        options.acceptance_deadline_ms = None;
        if latency_ms > 0 {
            options.faults.push(FaultRule::always(Fault::Latency {
                ms: latency_ms,
                to_ms: None,
                moment: Moment::Before,
            }));
        }
        let mut process = Process::start(COMMAND, &options).await?;
        let address = process.hear().await?;
        Ok(Self { process, address })
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.address.url
    }

    /// The key of its shop.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.address.key
    }

    /// The processor time that it has used, in seconds, where the system tells it.
    #[must_use]
    pub fn cpu_seconds(&self) -> Option<f64> {
        cpu_seconds(self.process.pid()?)
    }

    /// Stops it.
    ///
    /// # Errors
    /// Where it can't be waited for.
    pub async fn stop(self) -> Result<()> {
        self.process.end().await
    }
}

/// The other side: reads its options, serves, and ends when its input does.
///
/// # Errors
/// Options that can't be read, or an address that can't be listened on.
pub async fn serve_sandbox() -> Result<()> {
    let mut input = input();
    let options: SandboxOptions = read(&mut input).await?;
    let (started, listens) = tokio::sync::oneshot::channel();
    let until_the_end = async move {
        if let Ok(address) = listens.await {
            let told = answer(&address).await;
            // Whatever comes in is passed over until nothing can any more.
            while told.is_ok() && matches!(input.next_line().await, Ok(Some(_))) {}
        }
    };
    let tell = |handle: &ackord_sandbox::SandboxHandle| {
        let address = Address {
            url: handle.url(),
            key: handle.api_key().to_owned(),
        };
        // Whoever waits for it is the future beside it.
        let _ = started.send(address);
    };
    serve(options, tell, until_the_end).await?;
    Ok(())
}

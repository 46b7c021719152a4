//! Choosing a sandbox's options one by one, and starting it.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::clock::SandboxClock;
use crate::error::SandboxError;
use crate::faults::FaultRule;
use crate::gateway::Gateway;
use crate::handle::SandboxHandle;
use crate::options::{SandboxOptions, Shop};
use crate::seed::OrderSeed;
use crate::world::World;

/// A marketplace to be started.
#[derive(Debug, Clone, Default)]
#[must_use = "a sandbox does nothing until it is started"]
pub struct Sandbox {
    options: SandboxOptions,
}

impl Sandbox {
    /// A sandbox with the default options.
    pub fn builder() -> Self {
        Self::default()
    }

    /// A sandbox with these options.
    pub fn with_options(options: SandboxOptions) -> Self {
        Self { options }
    }

    /// Listening there in place of a free loopback port.
    pub fn bind(mut self, address: SocketAddr) -> Self {
        self.options.bind = address;
        self
    }

    /// With this seed for everything that is left to chance.
    pub fn seed(mut self, seed: u64) -> Self {
        self.options.seed = seed;
        self
    }

    /// Letting this key in.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.options.keys.push(key.into());
        self
    }

    /// With this shop; the first one given is the default shop.
    pub fn shop(mut self, shop: Shop) -> Self {
        self.options.shops.push(shop);
        self
    }

    /// With this order in it.
    pub fn order(mut self, order: OrderSeed) -> Self {
        self.options.orders.push(order);
        self
    }

    /// With these orders in it.
    pub fn orders(mut self, orders: impl IntoIterator<Item = OrderSeed>) -> Self {
        self.options.orders.extend(orders);
        self
    }

    /// With this many plain orders `BULK-000001`, … in it.
    pub fn bulk(mut self, count: u32) -> Self {
        self.options.bulk = count;
        self
    }

    /// With this fault rule.
    pub fn fault(mut self, rule: FaultRule) -> Self {
        self.options.faults.push(rule);
        self
    }

    /// With these fault rules.
    pub fn faults(mut self, rules: impl IntoIterator<Item = FaultRule>) -> Self {
        self.options.faults.extend(rules);
        self
    }

    /// On this clock.
    pub fn clock(mut self, clock: SandboxClock) -> Self {
        self.options.clock = clock;
        self
    }

    /// With every option open to change.
    pub fn configure(mut self, change: impl FnOnce(&mut SandboxOptions)) -> Self {
        change(&mut self.options);
        self
    }

    /// Starts it. Must be called within a tokio runtime with time and network enabled.
    ///
    /// # Errors
    /// Where the address can't be listened on, or an order or a fault of the options can't be used.
    pub async fn start(self) -> Result<SandboxHandle, SandboxError> {
        let bind = self.options.bind;
        let keys = self.options.keys_or_default();
        let gateway = Arc::new(Gateway::new(World::new(self.options)?));
        let key = keys.into_iter().next().unwrap_or_default();
        SandboxHandle::open(key, gateway, bind).await
    }
}

/// Runs a sandbox until `shutdown` resolves. `started` is told once it listens.
///
/// # Errors
/// As [`Sandbox::start`].
pub async fn serve(
    options: SandboxOptions,
    started: impl FnOnce(&SandboxHandle),
    shutdown: impl Future<Output = ()>,
) -> Result<(), SandboxError> {
    let handle = Sandbox::with_options(options).start().await?;
    started(&handle);
    shutdown.await;
    handle.stop().await;
    Ok(())
}

//! Starting a sandbox, holding on to it, and asking its ledger.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinHandle;

use crate::clock::SandboxClock;
use crate::error::SandboxError;
use crate::faults::{Act, ArmedFault, Endpoint, FaultRule};
use crate::gateway::Gateway;
use crate::ledger::{Counts, LedgerReport, OrderLedger};
use crate::options::{SandboxOptions, Shop, ShopState};
use crate::seed::OrderSeed;
use crate::server::{Door, serve as serve_connections};
use crate::state::MarketState;
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
        let (door, address) = Door::open(bind).await?;
        let router = crate::routes::router()
            .merge(crate::control::router())
            .with_state(Arc::clone(&gateway));
        let task = tokio::spawn(serve_connections(Arc::clone(&door), router, Arc::clone(&gateway)));
        Ok(SandboxHandle {
            key: keys.into_iter().next().unwrap_or_default(),
            gateway,
            door,
            address,
            task: Some(task),
        })
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

/// A running sandbox. Dropping it closes its port at once.
#[derive(Debug)]
pub struct SandboxHandle {
    key: String,
    gateway: Arc<Gateway>,
    door: Arc<Door>,
    address: SocketAddr,
    task: Option<JoinHandle<()>>,
}

impl SandboxHandle {
    /// The base URL, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The first key that is let in.
    #[must_use]
    pub fn api_key(&self) -> &str {
        &self.key
    }

    /// The ledger. It stays readable after the sandbox has stopped.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        Ledger {
            gateway: Arc::clone(&self.gateway),
        }
    }

    /// Puts an order in.
    ///
    /// # Errors
    /// Where its id is empty or taken, or its shop isn't there.
    pub fn put_order(&self, order: OrderSeed) -> Result<(), SandboxError> {
        self.gateway.change(|world| world.put(order))
    }

    /// Puts many plain orders in: `PREFIX-000001`, …
    ///
    /// # Errors
    /// Where one of the ids is taken.
    pub fn put_bulk(&self, prefix: &str, count: u32) -> Result<(), SandboxError> {
        self.gateway.change(|world| world.put_bulk(prefix, count))
    }

    /// Lets other hands do something to an order.
    ///
    /// # Errors
    /// Where the order isn't there, or it is too late for that.
    pub fn act(&self, order_id: &str, act: &Act) -> Result<(), SandboxError> {
        self.gateway.change(|world| world.act(order_id, act))
    }

    /// The customer cancels the order.
    ///
    /// # Errors
    /// As [`SandboxHandle::act`].
    pub fn cancel(&self, order_id: &str) -> Result<(), SandboxError> {
        self.act(order_id, &Act::CancelByCustomer)
    }

    /// A person accepts the order in the back office.
    ///
    /// # Errors
    /// As [`SandboxHandle::act`].
    pub fn accept(&self, order_id: &str) -> Result<(), SandboxError> {
        self.act(order_id, &Act::Accept)
    }

    /// A person refuses the order in the back office.
    ///
    /// # Errors
    /// As [`SandboxHandle::act`].
    pub fn refuse(&self, order_id: &str) -> Result<(), SandboxError> {
        self.act(order_id, &Act::Refuse)
    }

    /// Puts the order into a state, whatever it was in.
    ///
    /// # Errors
    /// Where the order isn't there.
    pub fn set_state(&self, order_id: &str, state: impl Into<MarketState>) -> Result<(), SandboxError> {
        let state = state.into();
        self.act(order_id, &Act::SetState { state, lines: None })
    }

    /// Revokes every key, or lets the keys in again.
    pub fn revoke_keys(&self, revoked: bool) {
        self.gateway.change(|world| world.revoke_keys(revoked));
    }

    /// Puts a shop into a state; whether there is such a shop.
    pub fn set_shop_state(&self, shop_id: i64, state: ShopState) -> bool {
        self.gateway.change(|world| world.set_shop_state(Some(shop_id), state))
    }

    /// Adds a fault rule behind the others and returns its number.
    ///
    /// # Errors
    /// Where the rule makes no sense.
    pub fn add_fault(&self, rule: FaultRule) -> Result<u64, SandboxError> {
        self.gateway.change(|world| world.add_fault(rule))
    }

    /// The fault rules in force.
    #[must_use]
    pub fn faults(&self) -> Vec<ArmedFault> {
        self.gateway.world().armory().list()
    }

    /// Takes a fault rule away; whether it was there.
    pub fn remove_fault(&self, fault_id: u64) -> bool {
        self.gateway.change(|world| world.armory_mut().remove(fault_id))
    }

    /// Takes every fault rule away.
    pub fn clear_faults(&self) {
        self.gateway.change(|world| world.armory_mut().clear());
    }

    /// Lets every call that hangs by a fault go on.
    pub fn release_held(&self) {
        self.gateway.release();
    }

    /// Moves a manual clock forward and applies what falls due by then.
    ///
    /// # Errors
    /// Where the sandbox runs on the machine's clock.
    pub fn advance(&self, by: SignedDuration) -> Result<Timestamp, SandboxError> {
        self.gateway.change(|world| world.advance(by))
    }

    /// Puts everything back to how it was at the start.
    ///
    /// # Errors
    /// Where an order or a fault of the options can't be used, which then would not have started either.
    pub fn reset(&self) -> Result<(), SandboxError> {
        self.gateway.change(World::reset)
    }

    /// Stops it and returns once every connection is closed.
    pub async fn stop(mut self) {
        self.close();
        if let Some(task) = self.task.take()
            && let Err(broken) = task.await
        {
            tracing::debug!(%broken, "the sandbox had already ended");
        }
    }

    fn close(&self) {
        self.door.close();
        self.gateway.close();
    }
}

impl Drop for SandboxHandle {
    fn drop(&mut self) {
        self.close();
    }
}

/// A view of the ledger: what was received and what took effect.
#[derive(Debug, Clone)]
pub struct Ledger {
    gateway: Arc<Gateway>,
}

impl Ledger {
    /// How many OR21 took effect on the order.
    #[must_use]
    pub fn decisions_applied(&self, order_id: &str) -> usize {
        self.of(order_id, OrderLedger::decisions_applied)
    }

    /// How many OR21 were received for the order.
    #[must_use]
    pub fn acceptances_received(&self, order_id: &str) -> usize {
        self.of(order_id, OrderLedger::acceptances_received)
    }

    /// How many answers the order stood in.
    #[must_use]
    pub fn looks(&self, order_id: &str) -> usize {
        self.of(order_id, |entry| entry.looks.len())
    }

    /// The order's present state, if there is such an order.
    #[must_use]
    pub fn state(&self, order_id: &str) -> Option<MarketState> {
        let world = self.gateway.world();
        world.order_ledger(order_id)?.state.clone()
    }

    /// Everything about one order.
    #[must_use]
    pub fn order(&self, order_id: &str) -> Option<OrderLedger> {
        self.gateway.world().order_ledger(order_id).cloned()
    }

    /// How many calls of this endpoint were received.
    #[must_use]
    pub fn calls(&self, endpoint: Endpoint) -> u64 {
        let world = self.gateway.world();
        world.counts().calls.get(&endpoint).copied().unwrap_or(0)
    }

    /// How many calls were received altogether.
    #[must_use]
    pub fn calls_total(&self) -> u64 {
        self.gateway.world().counts().calls_total
    }

    /// The most ids in one OR11.
    #[must_use]
    pub fn max_ids_in_a_look(&self) -> usize {
        self.gateway.world().counts().max_ids_in_a_look
    }

    /// The counts over everything.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.gateway.world().counts().clone()
    }

    /// The whole ledger.
    #[must_use]
    pub fn report(&self) -> LedgerReport {
        self.gateway.world().ledger_report()
    }

    /// Returns once this holds of the ledger, asking again after everything that happens.
    pub async fn until(&self, mut holds: impl FnMut(&Self) -> bool) {
        let mut changes = self.gateway.watch_changes();
        while !holds(self) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    fn of(&self, order_id: &str, figure: impl FnOnce(&OrderLedger) -> usize) -> usize {
        let world = self.gateway.world();
        world.order_ledger(order_id).map_or(0, figure)
    }
}

//! Holding on to a running sandbox, and steering it.

use std::net::SocketAddr;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinHandle;

use crate::error::SandboxError;
use crate::faults::{Act, ArmedFault, FaultRule};
use crate::gateway::Gateway;
use crate::ledger::Ledger;
use crate::options::ShopState;
use crate::seed::OrderSeed;
use crate::server::{Door, serve};
use crate::state::MarketState;
use crate::world::World;

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
    /// Opens the door of a gateway and serves behind it.
    ///
    /// # Errors
    /// Where the address can't be listened on.
    pub(crate) async fn open(key: String, gateway: Arc<Gateway>, bind: SocketAddr) -> Result<Self, SandboxError> {
        let (door, address) = Door::open(bind).await?;
        let task = tokio::spawn(serving(&door, &gateway));
        Ok(Self {
            key,
            gateway,
            door,
            address,
            task: Some(task),
        })
    }

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
        Ledger::new(Arc::clone(&self.gateway))
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

    /// Goes away as a process that is killed would: nobody listens any more, every connection is closed, and calls that
    /// were held up before their effect take none. Orders, faults, ledger and clock stay. Returns once all is closed.
    pub async fn go_down(&mut self) {
        self.close();
        self.ended().await;
    }

    /// Listens again at its address, with everything as it was when it went down. Where it never went down, it does so
    /// first.
    ///
    /// # Errors
    /// Where the address can't be listened on any more.
    pub async fn come_back(&mut self) -> Result<(), SandboxError> {
        self.go_down().await;
        let (door, _) = Door::open(self.address).await?;
        self.task = Some(tokio::spawn(serving(&door, &self.gateway)));
        self.door = door;
        Ok(())
    }

    /// Stops it and returns once every connection is closed.
    pub async fn stop(mut self) {
        self.go_down().await;
    }

    async fn ended(&mut self) {
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

/// Serves what comes in by this door, until the gateway closes.
fn serving(door: &Arc<Door>, gateway: &Arc<Gateway>) -> impl Future<Output = ()> + Send + use<> {
    let router = crate::routes::router()
        .merge(crate::control::router())
        .with_state(Arc::clone(gateway));
    serve(Arc::clone(door), router, gateway.watch_closing())
}

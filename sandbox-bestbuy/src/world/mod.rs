//! The marketplace's whole state behind one lock: orders, their indexes, keys, shops, faults and the ledger.
//!
//! Nothing here waits: every operation takes the time as the clock reads it, applies what has fallen due, and does its
//! work in one step. Listings and decisions go through indexes, never over all orders.

mod accept;
mod account;
mod hands;
mod listing;
mod order;
mod receive;
mod record;

pub(crate) use account::Caller;
pub(crate) use listing::ListQuery;
pub(crate) use receive::{Receipt, Received};

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::chance::Chance;
use crate::error::SandboxError;
use crate::faults::{Armory, FaultRule};
use crate::ledger::{Counts, OrderLedger};
use crate::lifecycle::{Cause, Life, Move};
use crate::options::{OrderAcceptance, SandboxOptions, Shop};
use crate::payload::{Blueprint, FullBody, Invented};
use crate::seed::OrderSeed;
use crate::state::MarketState;
use account::DecisionStats;
use order::Order;

/// An order's place in a listing: by creation, then by id.
type Place = (Timestamp, Arc<str>);

/// Everything that the sandbox knows.
#[derive(Debug)]
pub(crate) struct World {
    options: SandboxOptions,
    chance: Chance,
    keys: Vec<String>,
    keys_revoked: bool,
    shops: Vec<Shop>,
    orders: HashMap<Arc<str>, Order>,
    by_state: HashMap<(i64, MarketState), BTreeSet<Place>>,
    by_shop: HashMap<i64, BTreeSet<Place>>,
    timers: BTreeSet<Place>,
    ledger: HashMap<Arc<str>, OrderLedger>,
    counts: Counts,
    stats: HashMap<i64, DecisionStats>,
    armory: Armory,
}

impl World {
    /// A world as the options describe it.
    ///
    /// # Errors
    /// Where an order or a fault of the options can't be used.
    pub(crate) fn new(options: SandboxOptions) -> Result<Self, SandboxError> {
        let chance = Chance::new(options.seed);
        let mut world = Self {
            chance,
            keys: options.keys_or_default(),
            keys_revoked: false,
            shops: options.shops_or_default(),
            orders: HashMap::new(),
            by_state: HashMap::new(),
            by_shop: HashMap::new(),
            timers: BTreeSet::new(),
            ledger: HashMap::new(),
            counts: Counts::default(),
            stats: HashMap::new(),
            armory: Armory::new(chance),
            options,
        };
        for seed in world.options.orders.clone() {
            world.put(seed)?;
        }
        world.put_bulk("BULK", world.options.bulk)?;
        for rule in world.options.faults.clone() {
            world.add_fault(rule)?;
        }
        Ok(world)
    }

    /// Puts everything back to how it was at the start.
    ///
    /// # Errors
    /// As [`World::new`], which it succeeded in once.
    pub(crate) fn reset(&mut self) -> Result<(), SandboxError> {
        *self = Self::new(self.options.clone())?;
        Ok(())
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.options.clock.now()
    }

    pub(crate) fn options(&self) -> &SandboxOptions {
        &self.options
    }

    pub(crate) fn armory(&self) -> &Armory {
        &self.armory
    }

    pub(crate) fn armory_mut(&mut self) -> &mut Armory {
        &mut self.armory
    }

    pub(crate) fn order_count(&self) -> usize {
        self.orders.len()
    }

    /// Sets whether one decision may accept some lines and refuse others.
    pub(crate) fn set_partial_acceptance(&mut self, enabled: bool) {
        self.options.partial_acceptance = enabled;
    }

    /// Adds a fault rule behind the others.
    ///
    /// # Errors
    /// Where the rule makes no sense.
    pub(crate) fn add_fault(&mut self, rule: FaultRule) -> Result<u64, SandboxError> {
        match rule.complaint() {
            Some(reason) => Err(SandboxError::BadFault { reason }),
            None => Ok(self.armory.add(rule)),
        }
    }

    /// Puts an order in.
    ///
    /// # Errors
    /// Where its id is empty or taken, or its shop isn't there.
    pub(crate) fn put(&mut self, mut seed: OrderSeed) -> Result<(), SandboxError> {
        self.tick();
        if seed.order_id.is_empty() {
            return Err(SandboxError::EmptyOrderId);
        }
        let id: Arc<str> = seed.order_id.as_str().into();
        if self.orders.contains_key(&id) {
            return Err(SandboxError::OrderExists {
                order_id: seed.order_id,
            });
        }
        let shop_id = seed.shop_id.unwrap_or_else(|| self.default_shop());
        if !self.shops.iter().any(|shop| shop.shop_id == shop_id) {
            return Err(SandboxError::NoSuchShop { shop_id });
        }
        let now = self.now();
        let created_at = seed.created_at.unwrap_or(now);
        let (blueprint, given_lines) = match seed.full.take() {
            Some(body) => {
                seed.state.get_or_insert_with(|| {
                    let named = body.get("order_state").and_then(Value::as_str);
                    named.map_or(MarketState::WaitingAcceptance, MarketState::from)
                });
                let full = FullBody::new(body);
                let lines = full.given_line_states();
                (Blueprint::Full(full), lines)
            }
            None => (Blueprint::Invented(Invented::new(&seed, created_at, self.chance)), None),
        };
        let lines = blueprint.line_ids();
        let deadline = self.options.acceptance_deadline_ms;
        let (life, moves) = Life::new(&seed, lines.len(), created_at, now, deadline, given_lines);
        let order = Order::new(id.clone(), shop_id, created_at, now, blueprint, lines, life);
        self.by_shop
            .entry(shop_id)
            .or_default()
            .insert((created_at, id.clone()));
        self.orders.insert(id.clone(), order);
        self.ledger.entry(id.clone()).or_insert_with(|| OrderLedger::new(&id));
        self.moved(&id, moves);
        if self.options.order_acceptance == OrderAcceptance::Automatic {
            self.move_order(&id, |life, lines| {
                if !life.is_undecided() {
                    return Vec::new();
                }
                life.decide(&vec![true; lines], None, Cause::AutomaticAcceptance, now)
            });
        }
        Ok(())
    }

    /// Puts many plain orders in: `PREFIX-000001`, …
    ///
    /// # Errors
    /// Where one of the ids is taken; those before it stay.
    pub(crate) fn put_bulk(&mut self, prefix: &str, count: u32) -> Result<(), SandboxError> {
        (1..=count).try_for_each(|number| self.put(OrderSeed::plain(format!("{prefix}-{number:06}"))))
    }

    /// Moves a manual clock and applies what falls due by its new reading.
    ///
    /// # Errors
    /// Where the clock is the machine's.
    pub(crate) fn advance(&mut self, by: SignedDuration) -> Result<Timestamp, SandboxError> {
        let now = self.options.clock.advance(by).ok_or(SandboxError::ClockIsReal)?;
        self.tick();
        Ok(now)
    }

    /// Ids and states of up to `limit` orders of all shops, by creation, for the control API.
    pub(crate) fn overview(&mut self, state: Option<&MarketState>, limit: usize) -> Vec<Value> {
        self.tick();
        let mut places: Vec<&Place> = self.by_shop.values().flatten().collect();
        places.sort();
        places
            .into_iter()
            .filter_map(|(_, id)| self.orders.get(id))
            .filter(|order| state.is_none_or(|state| order.life.state() == state))
            .take(limit)
            .map(|order| {
                json!({
                    "order_id": &*order.id,
                    "shop_id": order.shop_id,
                    "state": order.life.state(),
                    "created_at": order.created_at,
                })
            })
            .collect()
    }

    /// Applies everything that has fallen due by now.
    pub(crate) fn tick(&mut self) {
        let now = self.now();
        while let Some((at, id)) = self.timers.first().cloned() {
            if at > now {
                break;
            }
            self.timers.remove(&(at, id.clone()));
            if let Some(order) = self.orders.get_mut(&id) {
                order.timer = None;
            }
            self.move_order(&id, |life, _| life.tick(now));
        }
    }

    /// Lets `change` move an order, and follows its moves in the indexes and the ledger.
    fn move_order(&mut self, id: &str, change: impl FnOnce(&mut Life, usize) -> Vec<Move>) {
        let Some(order) = self.orders.get_mut(id) else {
            return;
        };
        let lines = order.line_ids.len();
        let moves = change(&mut order.life, lines);
        self.moved(id, moves);
    }

    fn moved(&mut self, id: &str, moves: Vec<Move>) {
        let Some(order) = self.orders.get_mut(id) else {
            return;
        };
        let place = (order.created_at, order.id.clone());
        for moved in moves {
            if let Some(from) = &moved.from
                && let Some(set) = self.by_state.get_mut(&(order.shop_id, from.clone()))
            {
                set.remove(&place);
            }
            self.by_state
                .entry((order.shop_id, moved.to.clone()))
                .or_default()
                .insert(place.clone());
            self.stats
                .entry(order.shop_id)
                .or_default()
                .count(&moved, order.created_at);
            if let Some(entry) = self.ledger.get_mut(id) {
                record::transition(entry, &moved, self.counts.calls_total);
            }
            order.has_moved(&moved, self.counts.calls_total);
        }
        let timer = order.life.next_timer();
        if timer != order.timer {
            if let Some(old) = order.timer {
                self.timers.remove(&(old, order.id.clone()));
            }
            if let Some(new) = timer {
                self.timers.insert((new, order.id.clone()));
            }
            order.timer = timer;
        }
    }
}

//! What happens between two steps: kills, freezes, outages, jumps of clocks, people, other programs.

use ackord::status::OrderStatus;
use ackord::work::Phase;

use crate::faults::{FaultKind, Op};
use crate::fleet::Fleet;
use crate::sim::Sim;
use crate::times::{HOUR, SECOND};

const ACTS: [FaultKind; 27] = [
    FaultKind::CrashDone,
    FaultKind::CrashDone,
    FaultKind::CrashDone,
    FaultKind::CrashDone,
    FaultKind::CrashDone,
    FaultKind::Freeze,
    FaultKind::Freeze,
    FaultKind::Freeze,
    FaultKind::GracefulStop,
    FaultKind::GracefulStop,
    FaultKind::WallJump,
    FaultKind::StoreOutage,
    FaultKind::StoreFull,
    FaultKind::StoreRestart,
    FaultKind::StoreRestart,
    FaultKind::MarketOutage,
    FaultKind::CredentialsSpan,
    FaultKind::PersonAccepts,
    FaultKind::PersonRefuses,
    FaultKind::CustomerCancels,
    FaultKind::ForeignPending,
    FaultKind::ForeignPending,
    FaultKind::ForeignFailed,
    FaultKind::ForeignRetry,
    FaultKind::ForeignShipped,
    FaultKind::Rebuilt,
    FaultKind::StoreClockForward,
];

const FOREIGN: [FaultKind; 4] = [
    FaultKind::ForeignShipped,
    FaultKind::ForeignLabel,
    FaultKind::ForeignAccepted,
    FaultKind::ForeignCancelled,
];

/// What happens to a worker.
const TO_A_WORKER: [FaultKind; 4] = [
    FaultKind::CrashDone,
    FaultKind::Freeze,
    FaultKind::GracefulStop,
    FaultKind::WallJump,
];

/// Lets somebody act, or not.
pub(crate) fn meddle(sim: &Sim, fleet: &mut Fleet) {
    let (act, slot, order, span, coin) = {
        let mut state = sim.state();
        let once_in = state.profile.acts;
        let aimed_at = state.aimed_at.take();
        if !state.storm || (aimed_at.is_none() && !state.rng.once_in(once_in)) {
            return;
        }
        let (workers, orders) = (state.profile.workers as u64, state.profile.orders as u64);
        let jumps = state.profile.store_jumps && state.rng.once_in(6);
        let act = if aimed_at.is_some() {
            state.rng.pick(&TO_A_WORKER)
        } else if jumps {
            FaultKind::StoreClockForward
        } else {
            state.rng.pick(&ACTS)
        };
        let slot = aimed_at.unwrap_or(usize::try_from(state.rng.below(workers)).unwrap_or(0));
        let order = usize::try_from(state.rng.below(orders)).unwrap_or(0);
        let span = state.rng.pick(&[SECOND, 4 * SECOND, 20 * SECOND, 60 * SECOND]);
        (act, slot, order, span, state.rng.next())
    };
    let now = sim.now();
    match act {
        FaultKind::CrashDone => fleet.kill(slot),
        FaultKind::Freeze => fleet.freeze(slot),
        FaultKind::GracefulStop => fleet.ask_to_stop(slot),
        FaultKind::WallJump => fleet.jump_wall(slot),
        FaultKind::StoreRestart => fleet.restart_store(),
        FaultKind::Rebuilt => sim.begin_rebuild(),
        FaultKind::StoreOutage => sim.state().spans.store_out = now + span,
        FaultKind::StoreFull => sim.state().spans.store_full = now + span,
        FaultKind::MarketOutage => sim.state().spans.market_out = now + span,
        FaultKind::CredentialsSpan => sim.state().spans.key_refused = now + span,
        FaultKind::StoreClockForward => jump_store(sim, coin),
        FaultKind::PersonAccepts | FaultKind::PersonRefuses | FaultKind::CustomerCancels => sim.hands(order, act),
        FaultKind::ForeignShipped => sim.append_foreign(order, FOREIGN[(coin % 4) as usize]),
        foreign => sim.append_foreign(order, foreign),
    }
}

/// Somebody acts on one order: a person, the customer or another program.
pub(crate) fn meddle_with(sim: &Sim, order: usize) {
    let settled = sim.phase(order) == Some(Phase::Settled);
    let act = {
        let mut state = sim.state();
        if !state.storm {
            return;
        }
        if settled {
            drop(state);
            return sim.append_foreign(order, FaultKind::ForeignPending);
        }
        state.rng.pick(&[
            FaultKind::PersonAccepts,
            FaultKind::CustomerCancels,
            FaultKind::ForeignPending,
            FaultKind::ForeignFailed,
            FaultKind::ForeignRetry,
            FaultKind::ForeignShipped,
            FaultKind::ForeignAccepted,
        ])
    };
    match act {
        FaultKind::PersonAccepts | FaultKind::CustomerCancels => sim.hands(order, act),
        foreign => sim.append_foreign(order, foreign),
    }
}

/// Lets the store's clock jump, where the seed has that.
fn jump_store(sim: &Sim, coin: u64) {
    if !sim.state().profile.store_jumps {
        return;
    }
    let by = ((coin >> 8) % (2 * HOUR)).cast_signed();
    // Jumps don't add up for ever: a pause that is on record lasts as much longer as the clock jumped back.
    let forward = match sim.times.store_offset() / HOUR.cast_signed() {
        ..-2 => true,
        3.. => false,
        _ => coin.is_multiple_of(2),
    };
    let (fault, by) = if forward {
        (FaultKind::StoreClockForward, by)
    } else {
        (FaultKind::StoreClockBack, -by)
    };
    sim.times.jump_store(by);
    let mut state = sim.state();
    // The pauses on record were given in the store's time.
    state.facts.pauses.clear();
    let flying: Vec<(Op, usize)> = state.flight.values().map(|call| (call.op, call.slot)).collect();
    for (op, slot) in flying {
        sim.strikes_call(&mut state, fault, op, slot);
    }
}

impl Sim {
    /// Another program appends an entry to an order that it knows.
    pub(crate) fn append_foreign(&self, order: usize, fault: FaultKind) {
        let id = &self.ids[order];
        let newest = self
            .memory
            .inspect(id, |rows| rows.entries.last().map(|entry| entry.status.clone()));
        let Some(newest) = newest else { return };
        // What is shipped is not asked to be accepted any more; other programs know that much.
        let shipped = matches!(newest, OrderStatus::Other(_));
        let (status, retry_in) = match fault {
            FaultKind::ForeignPending => ("pending_acceptance", None),
            FaultKind::ForeignFailed => ("acceptance_failed", None),
            FaultKind::ForeignRetry => ("acceptance_failed", Some(30 * SECOND)),
            FaultKind::ForeignAccepted => ("accepted", None),
            FaultKind::ForeignCancelled => ("cancelled", None),
            FaultKind::ForeignLabel => ("label_created", None),
            _ => ("shipped", None),
        };
        if shipped && status == "acceptance_failed" {
            return;
        }
        let retry_at =
            retry_in.map(|wait| ackord::time::plus(self.times.store_now(), std::time::Duration::from_micros(wait)));
        self.strikes_order(fault, order);
        let told = self
            .memory
            .append_foreign(id, status, Some("by another program"), retry_at);
        if let Err(error) = told {
            self.violate(|| format!("{id}: another program could not append: {error}"));
        }
        let mut state = self.state();
        state.dirty.insert(order);
        state.facts.is_due_anew(order);
        if let Some(hold) = &mut state.facts.hold {
            hold.unsettled.remove(&order);
        }
    }
}

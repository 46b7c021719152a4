//! Calls of what comes after a restored backup: the hold on sending, orders taken up for a look, the work table made anew.

use super::super::call::Call;
use super::{Generator, SECOND, micros};

impl Generator {
    /// A hold that comes up is mostly ended soon, so that other calls have something left to do.
    pub(super) fn recover(&mut self) -> Call {
        match self.below(14) {
            0..2 => Call::HoldSending { now: self.near() },
            2..6 => Call::AllowSending {
                epoch_off: if self.chance(85) { 0 } else { self.one_of(&[-1, 1]) },
            },
            6 => Call::Sending,
            7..9 => Call::ToReconcile { since: self.near() },
            _ => self.take_up(),
        }
    }

    fn take_up(&mut self) -> Call {
        // Each order is named once.
        let count = self.below(5);
        let mut orders: Vec<_> = (0..count).map(|_| self.order()).collect();
        orders.sort_unstable();
        orders.dedup();
        Call::TakeUp {
            op: self.next_op(),
            orders,
            now: self.near(),
            lease: micros(self.one_of(&[20 * SECOND, 20 * SECOND, 2 * SECOND, 0, 3_600 * SECOND])),
        }
    }

    pub(super) fn rebuild(&mut self) -> Call {
        let after = self.maybe(30, Self::order);
        let limit = self.one_of(&[0, 1, 2, 5, 100, 100]);
        match self.below(6) {
            0 => Call::BeginRebuild,
            1..3 => Call::Records { after, limit },
            _ => Call::Rebuild {
                after,
                limit,
                now: self.near(),
            },
        }
    }
}

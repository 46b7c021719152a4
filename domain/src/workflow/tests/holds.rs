//! The hold on sending as the store in memory guards it, each rule by itself.

use super::drive::block_on;
use super::leases::{Desk, LEASE};
use crate::memory::MemoryStore;
use crate::ports::{Clock as _, Hold, Recovery as _, Settled, TakeUp};
use crate::work::{Claimed, Epoch};

impl Desk {
    fn memory(&self) -> &MemoryStore {
        &self.world.memory
    }

    fn hold(&self) -> Hold {
        block_on(self.memory().hold_sending(self.world.clock.now())).unwrap()
    }

    fn taken_up(&self, claimed: &Claimed) -> Claimed {
        let request = TakeUp {
            ids: vec![claimed.order_id.clone()],
            now: self.world.clock.now(),
            lease: LEASE,
            worker: "reconciler".to_owned(),
            operation: self.operation(),
        };
        block_on(self.memory().take_up(&request)).unwrap().pop().unwrap()
    }
}

#[test]
pub(super) fn while_sending_is_held_no_order_is_claimed_to_be_sent() {
    let desk = Desk::new();
    let hold = desk.hold();
    assert!(desk.claim("one").is_none());
    assert!(block_on(desk.memory().allow_sending(hold)).unwrap());
    assert!(desk.claim("one").is_some());
}

#[test]
pub(super) fn while_sending_is_held_no_intent_is_written() {
    let desk = Desk::new();
    let claimed = desk.claim("one").unwrap();
    let hold = desk.hold();
    // Under a lease of after the hold: nothing else stands in the way.
    let taken = desk.taken_up(&claimed);
    assert_eq!(desk.intend(&taken), None);
    assert!(block_on(desk.memory().allow_sending(hold)).unwrap());
    assert!(desk.intend(&taken).is_some());
}

#[test]
pub(super) fn a_lease_from_before_a_hold_settles_nothing() {
    let desk = Desk::new();
    let claimed = desk.claim("one").unwrap();
    desk.hold();
    assert_eq!(desk.settle(&claimed), Settled::Lost);
    let taken = desk.taken_up(&claimed);
    assert_eq!(desk.settle(&taken), Settled::Written);
}

#[test]
pub(super) fn a_hold_begins_in_an_epoch_that_no_restored_store_had() {
    let desk = Desk::new();
    let now = desk.world.clock.now();
    assert!(Epoch::least_at(now) > Epoch(1), "the clock tells no time before 1970");
    assert!(desk.hold().epoch >= Epoch::least_at(now));
}

#[test]
pub(super) fn a_hold_that_was_taken_over_is_lifted_by_nobody_else() {
    let desk = Desk::new();
    let (earlier, later) = (desk.hold(), desk.hold());
    assert!(!block_on(desk.memory().allow_sending(earlier)).unwrap());
    assert_eq!(block_on(desk.memory().sending()).unwrap().hold, Some(later));
}

//! Ingest: every page of what waits for acceptance is stored before anything is accepted.
//!
//! The list shrinks while orders are accepted, and offsets would then skip some: so all pages come first. They are stored as
//! they arrive, in one transaction with those that came in meanwhile; only ids, lines and states of the first are kept in
//! memory, to justify the sends of the next minute. A crash leaves the later pages to the next run. One unreadable order
//! costs itself alone: it goes to the inbox with its JSON.

use std::collections::HashMap;

use futures_channel::mpsc::{self, Receiver, Sender};
use futures_util::SinkExt as _;
use futures_util::StreamExt as _;
use futures_util::future::{OptionFuture, join};

use crate::call::CallId;
use crate::failure::{FailureCause, NewFailure};
use crate::guards::{Guard, dropped};
use crate::order::{Order, OrderId};
use crate::ports::{InboxEntry, KnownOrder, NewOrder, Page, PageCursor, StoreClock, UnreadableOrder};
use crate::reading::Seen;
use crate::state::MarketplaceState;
use crate::time::{self, Timestamp};
use crate::work::{Claimed, Epoch};

use super::core::Core;
use super::decide::LookedAt;
use super::events::Event;
use super::purse::Purse;
use super::report::Halt;
use super::rest::not_paused;
use super::stop::StopSignal;
use super::tally::Tally;

/// No shop has this many pages of waiting orders; a marketplace that never ends its list is stopped here.
const MOST_PAGES: usize = 100_000;

/// How many orders of the list are kept to justify sends, the first: those that come later are looked at, a hundred to a
/// call. So memory does not grow with what waits.
const MOST_KEPT: usize = 20_000;

/// How many pages may have been read and not be stored yet, besides the one in hand.
const PAGES_AHEAD: usize = 2;

/// How many pages are stored together at most.
const PAGES_TOGETHER: usize = 4;

/// How many such writes may be under way at once.
const STORING_AT_ONCE: usize = 2;

/// What the ingest listing showed of each order, as far as it can justify a send.
#[derive(Debug)]
pub(super) struct Waiting {
    orders: HashMap<OrderId, (Seen, LookedAt)>,
    /// When the newest look began that showed any.
    newest: Option<Timestamp>,
    /// Whether it is too much to be kept as a whole.
    is_cut: bool,
    /// The store's epoch before it was asked for.
    epoch: Epoch,
}

impl Waiting {
    pub(super) fn new(epoch: Epoch) -> Self {
        Self {
            orders: HashMap::new(),
            newest: None,
            is_cut: false,
            epoch,
        }
    }

    /// What was seen of a claimed order, if that was not before `oldest`. A claim in a later epoch is shown nothing: sending
    /// was held in between, and what a call of before did may not have shown yet.
    pub(super) fn seen(&self, claimed: &Claimed, oldest: Timestamp) -> Option<(&Seen, LookedAt)> {
        self.orders
            .get(&claimed.order_id)
            .filter(|_| claimed.fence.epoch() <= self.epoch || dropped(Guard::ListBeforeHold))
            .filter(|(_, look)| look.began_at >= oldest)
            .map(|(seen, look)| (seen, *look))
    }

    fn add(&mut self, order: &Order, look: LookedAt) {
        if self.orders.len() >= MOST_KEPT && !self.orders.contains_key(&order.id) {
            self.is_cut = true;
            return;
        }
        self.orders.insert(order.id.clone(), (Seen::from(order), look));
        self.newest = self.newest.max(Some(look.began_at));
    }

    /// Whether it shows the orders that are waiting, and any of them no earlier than `oldest`.
    pub(super) fn is_fresh(&self, oldest: Timestamp) -> bool {
        !self.is_cut && self.newest.is_some_and(|newest| newest >= oldest)
    }
}

/// Stores every waiting order; `epoch` is the store's.
///
/// Pages are read while those before them are stored. What has come in meanwhile is stored together.
pub(super) async fn ingest(
    core: &Core,
    clock: StoreClock,
    epoch: Epoch,
    stop: &StopSignal,
    purse: &Purse<'_>,
    tally: &mut Tally<'_>,
) -> Result<Waiting, Halt> {
    let mut waiting = Waiting::new(epoch);
    let mut reads = 0;
    let (to_store, read) = mpsc::channel(PAGES_AHEAD);
    let (all_read, all_stored) = join(
        read_pages(core, clock, (stop, purse), to_store, &mut reads),
        store_pages(core, clock, read, &mut waiting, tally),
    )
    .await;
    tally.report.calls.reads += reads;
    all_stored?;
    all_read?;
    Ok(waiting)
}

/// Reads page after page, as far ahead of `pages` as there is room; ends where nobody takes them any more.
///
/// The first page tells how far the pages are apart, about: from then on the one after the next is read along with the next.
/// It counts only where the next ends right before it. Otherwise it is read again, so that no order is passed over.
async fn read_pages(
    core: &Core,
    clock: StoreClock,
    (stop, purse): (&StopSignal, &Purse<'_>),
    mut pages: Sender<Page>,
    reads: &mut u64,
) -> Result<(), Halt> {
    let mut cursor = None;
    let mut apart = None;
    let mut total = None;
    for _ in 0..MOST_PAGES {
        if stop.is_given() {
            return Err(Halt::Stopped);
        }
        let guess = guess(cursor, apart, total);
        let drawn = purse.some(clock, 1 + usize::from(guess.is_some())).await?;
        let guess = guess.filter(|_| drawn > 1);
        not_paused(core, clock).await?;
        *reads += 1 + u64::from(guess.is_some());
        let read = |cursor| core.ports.marketplace.waiting(cursor);
        let along = OptionFuture::from(guess.map(|guess| read(Some(guess))));
        let (page, along) = join(read(cursor), along).await;
        let page = page.map_err(Halt::Marketplace)?;
        let mut next = after(&page);
        apart = apart.or(page.next.map(|next| next.offset));
        total = page.total;
        // Where storing failed, it says why.
        if pages.send(page).await.is_err() {
            break;
        }
        if let Some(along) = along {
            let along = along.map_err(Halt::Marketplace)?;
            if next == guess {
                next = after(&along);
            }
            if pages.send(along).await.is_err() {
                break;
            }
        }
        if next.is_none() {
            break;
        }
        cursor = next;
    }
    Ok(())
}

/// Where the next page begins, if there is one.
fn after(page: &Page) -> Option<PageCursor> {
    page.next.filter(|_| !dropped(Guard::AllPages))
}

/// Where the page after the one at `cursor` begins, if they are all as far apart as the first two and there is one.
fn guess(cursor: Option<PageCursor>, apart: Option<u64>, total: Option<u64>) -> Option<PageCursor> {
    let offset = cursor?.offset.checked_add(apart?)?;
    (offset < total?).then_some(PageCursor { offset })
}

async fn store_pages(
    core: &Core,
    clock: StoreClock,
    pages: Receiver<Page>,
    waiting: &mut Waiting,
    tally: &mut Tally<'_>,
) -> Result<(), Halt> {
    let mut stored = pages
        .ready_chunks(PAGES_TOGETHER)
        .map(|pages| store(core, clock, pages))
        .buffered(STORING_AT_ONCE);
    // Nothing is awaited in between: what waits there for a connection could be waiting for one that a write holds.
    while let Some(stored) = stored.next().await {
        take_in(clock, stored?, waiting, tally);
    }
    Ok(())
}

/// Pages whose orders are stored.
struct Stored {
    pages: Vec<Page>,
    new: usize,
    known: usize,
    entries: Vec<InboxEntry>,
    opened: usize,
}

/// Stores the orders of these pages, and files what a person has to see.
async fn store(core: &Core, clock: StoreClock, pages: Vec<Page>) -> Result<Stored, Halt> {
    let mut orders = Vec::new();
    let mut entries = Vec::new();
    let mut listed_waiting = HashMap::new();
    for Page { listing, .. } in &pages {
        entries.extend(listing.unreadable.iter().map(unreadable));
        for order in &listing.orders {
            orders.push(new_order(order, listing.call));
            if order.state == MarketplaceState::WaitingAcceptance {
                listed_waiting.insert(&order.id, clock.at(listing.began_at));
            }
        }
    }
    let ingested = core.store_new(&orders, core.now(clock)).await.map_err(Halt::Store)?;
    let contradicts = |known: &&KnownOrder| {
        // A listing older than the entry, or as stale as listings may be, contradicts nothing.
        let certain_from = time::plus(known.status_at, core.settings.read_staleness);
        let listed_at = listed_waiting.get(&known.order_id);
        !known.status.is_unsettled()
            && !dropped(Guard::ContradictionIsFiled)
            && listed_at.is_some_and(|listed_at| certain_from <= *listed_at)
    };
    entries.extend(ingested.known.iter().filter(contradicts).map(contradiction));
    let opened = open_entries(core, &entries).await?;
    Ok(Stored {
        pages,
        new: ingested.new.len(),
        known: ingested.known.len(),
        entries,
        opened,
    })
}

/// Keeps what can justify sends, and tells of it.
fn take_in(clock: StoreClock, stored: Stored, waiting: &mut Waiting, tally: &mut Tally<'_>) {
    for Page { listing, .. } in &stored.pages {
        let look = LookedAt {
            call: listing.call,
            began_at: clock.at(listing.began_at),
        };
        for order in &listing.orders {
            waiting.add(order, look);
        }
    }
    tell_opened(&stored.entries, stored.opened, tally);
    tally.report.ingested += stored.new as u64;
    tally.tell(&Event::Ingested {
        new: stored.new,
        known: stored.known,
        total: stored.pages.last().and_then(|page| page.total),
    });
}

/// Opens entries in the inbox.
pub(super) async fn open(core: &Core, entries: &[InboxEntry], tally: &mut Tally<'_>) -> Result<(), Halt> {
    let opened = open_entries(core, entries).await?;
    tell_opened(entries, opened, tally);
    Ok(())
}

/// Opens entries in the inbox; tells how many were not there before.
async fn open_entries(core: &Core, entries: &[InboxEntry]) -> Result<usize, Halt> {
    if entries.is_empty() {
        return Ok(0);
    }
    core.ports.store.open(entries).await.map_err(Halt::Store)
}

fn tell_opened(entries: &[InboxEntry], opened: usize, tally: &mut Tally<'_>) {
    tally.report.needs_person += opened as u64;
    if opened > 0 {
        for InboxEntry { failure, .. } in entries {
            tally.tell(&Event::NeedsPerson {
                related_id: failure.related_id.clone(),
                details: failure.details.clone(),
            });
        }
    }
}

fn new_order(order: &Order, look: CallId) -> NewOrder {
    NewOrder {
        order_id: order.id.clone(),
        raw: order.raw.clone(),
        placed_at: order.placed_at.map(time::to_micros),
        note: format!("Ingested as '{}' with {}", order.state, lines_text(order.lines.len())),
        look,
    }
}

fn lines_text(lines: usize) -> String {
    if lines == 1 {
        "1 line".to_owned()
    } else {
        format!("{lines} lines")
    }
}

fn unreadable(order: &UnreadableOrder) -> InboxEntry {
    let related_id = order
        .order_id
        .as_ref()
        .map_or(order.stand_in.as_str(), OrderId::as_str)
        .to_owned();
    let details = format!(
        "An order in the marketplace's list can't be read: {}. The others were taken in; accept this one on the \
         marketplace, and report the payload as a fault of this program.",
        order.problem
    );
    InboxEntry {
        failure: NewFailure {
            related_id,
            cause: FailureCause::Unreadable,
            details,
            payload: order.redacted.clone(),
            needs_person: true,
        },
        version: None,
    }
}

/// Settled on our side, yet the marketplace still waits: one inbox entry, no send.
fn contradiction(known: &KnownOrder) -> InboxEntry {
    let details = format!(
        "The order's status is '{}', yet the marketplace lists it as 'WAITING_ACCEPTANCE'. Nothing is sent. \
         If it should be accepted, add a 'pending_acceptance' entry to its timeline.",
        known.status
    );
    InboxEntry {
        failure: NewFailure {
            related_id: known.order_id.as_str().to_owned(),
            cause: FailureCause::Contradiction,
            details,
            payload: serde_json::json!({
                "order_id": known.order_id.as_str(),
                "status": known.status.as_str(),
                "version": known.version.0,
                "state": "WAITING_ACCEPTANCE",
            }),
            needs_person: true,
        },
        version: Some(known.version),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(n: usize) -> Order {
        Order {
            id: OrderId::new(format!("O-{n}")).unwrap(),
            state: MarketplaceState::WaitingAcceptance,
            lines: Vec::new(),
            placed_at: None,
            decided_at: None,
            raw: "{}".into(),
        }
    }

    #[test]
    fn of_a_list_of_any_length_so_many_orders_are_kept_and_the_others_are_looked_at() {
        let look = LookedAt {
            call: CallId(1),
            began_at: Timestamp::UNIX_EPOCH,
        };
        let mut waiting = Waiting::new(Epoch(0));
        for n in 0..MOST_KEPT {
            waiting.add(&listed(n), look);
        }
        assert!(waiting.is_fresh(look.began_at));
        // Once more is not one more.
        waiting.add(&listed(0), look);
        assert!(waiting.is_fresh(look.began_at));
        waiting.add(&listed(MOST_KEPT), look);
        assert!(!waiting.is_fresh(look.began_at), "whole looks are worth their call now");
        assert_eq!(waiting.orders.len(), MOST_KEPT);
        assert!(!waiting.orders.contains_key(&listed(MOST_KEPT).id));
    }
}

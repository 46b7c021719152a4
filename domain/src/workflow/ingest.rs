//! Ingest: every page of what waits for acceptance is stored before anything is accepted.
//!
//! The list shrinks while orders are accepted, and offsets would then skip some: so all pages come first. Each page is
//! stored as it arrives, in one transaction; only ids, lines and states are kept in memory, to justify the sends of the
//! next minute. A crash leaves the later pages to the next run. One unreadable order costs itself alone: it goes to the
//! inbox with its JSON.

use std::collections::{HashMap, HashSet};

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
use super::report::Halt;
use super::rest::not_paused;
use super::stop::StopSignal;
use super::tally::Tally;

/// No shop has this many pages of waiting orders; a marketplace that never ends its list is stopped here.
const MOST_PAGES: usize = 100_000;

/// What the ingest listing showed of each order, as far as it can justify a send.
#[derive(Debug)]
pub(super) struct Waiting {
    orders: HashMap<OrderId, (Seen, LookedAt)>,
    /// When the newest look began that showed any.
    newest: Option<Timestamp>,
    /// The store's epoch before it was asked for.
    epoch: Epoch,
}

impl Waiting {
    fn new(epoch: Epoch) -> Self {
        Self {
            orders: HashMap::new(),
            newest: None,
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

    /// Whether any of it was seen no earlier than `oldest`.
    pub(super) fn is_fresh(&self, oldest: Timestamp) -> bool {
        self.newest.is_some_and(|newest| newest >= oldest)
    }
}

/// Stores every waiting order; `epoch` is the store's.
pub(super) async fn ingest(
    core: &Core,
    clock: StoreClock,
    epoch: Epoch,
    stop: &StopSignal,
    tally: &mut Tally<'_>,
) -> Result<Waiting, Halt> {
    let mut waiting = Waiting::new(epoch);
    let mut cursor: Option<PageCursor> = None;
    for _ in 0..MOST_PAGES {
        if stop.is_given() {
            return Err(Halt::Stopped);
        }
        not_paused(core, clock).await?;
        tally.report.calls.reads += 1;
        let page = core
            .ports
            .marketplace
            .waiting(cursor)
            .await
            .map_err(Halt::Marketplace)?;
        let look = LookedAt {
            call: page.listing.call,
            began_at: clock.at(page.listing.began_at),
        };
        store_page(core, clock, &page, look, &mut waiting, tally).await?;
        match page.next {
            Some(next) if !dropped(Guard::AllPages) => cursor = Some(next),
            _ => break,
        }
    }
    Ok(waiting)
}

async fn store_page(
    core: &Core,
    clock: StoreClock,
    page: &Page,
    look: LookedAt,
    waiting: &mut Waiting,
    tally: &mut Tally<'_>,
) -> Result<(), Halt> {
    let now = core.now(clock);
    let orders: Vec<_> = page
        .listing
        .orders
        .iter()
        .map(|order| new_order(order, look.call))
        .collect();
    let ingested = core.store_new(&orders, now).await.map_err(Halt::Store)?;
    let mut entries: Vec<_> = page.listing.unreadable.iter().map(unreadable).collect();
    let listed_waiting: HashSet<_> = page
        .listing
        .orders
        .iter()
        .filter(|order| order.state == MarketplaceState::WaitingAcceptance)
        .map(|order| &order.id)
        .collect();
    entries.extend(
        ingested
            .known
            .iter()
            .filter(|_| !dropped(Guard::ContradictionIsFiled))
            .filter(|known| !known.status.is_unsettled() && listed_waiting.contains(&known.order_id))
            // A listing older than the entry, or as stale as listings may be, contradicts nothing.
            .filter(|known| time::plus(known.status_at, core.settings.read_staleness) <= look.began_at)
            .map(contradiction),
    );
    open(core, &entries, tally).await?;

    tally.report.ingested += ingested.new.len() as u64;
    let (new, known) = (ingested.new.len(), ingested.known.len());
    tally.tell(&Event::Ingested {
        new,
        known,
        total: page.total,
    });
    for order in &page.listing.orders {
        waiting.orders.insert(order.id.clone(), (Seen::from(order), look));
        waiting.newest = waiting.newest.max(Some(look.began_at));
    }
    Ok(())
}

/// Opens entries in the inbox.
pub(super) async fn open(core: &Core, entries: &[InboxEntry], tally: &mut Tally<'_>) -> Result<(), Halt> {
    if entries.is_empty() {
        return Ok(());
    }
    let opened = core.ports.store.open(entries).await.map_err(Halt::Store)?;
    tally.report.needs_person += opened as u64;
    if opened > 0 {
        for entry in entries {
            let InboxEntry { failure, .. } = entry;
            tally.tell(&Event::NeedsPerson {
                related_id: failure.related_id.clone(),
                details: failure.details.clone(),
            });
        }
    }
    Ok(())
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

//! The work table made anew from the record, page by page, while workers go on.

use ackord::order::OrderId;
use ackord::ports::{RebuiltPage, RecordAudit as _, StoreError};
use futures_util::FutureExt as _;

use crate::faults::FaultKind;
use crate::sim::{Event, Sim};
use crate::times::SECOND;

/// How many orders a page has.
const PAGE_SIZES: [usize; 3] = [1, 7, 100];

impl Sim {
    /// Somebody gives `verify --rebuild`.
    pub(crate) fn begin_rebuild(&self) {
        let begun = self.memory.begin_rebuild().now_or_never();
        if !matches!(begun, Some(Ok(()))) {
            self.violate(|| format!("a rebuild could not begin: {begun:?}"));
        }
        self.rebuild_page(None);
    }

    /// One page of it; the next one comes soon.
    pub(crate) fn rebuild_page(&self, after: Option<OrderId>) {
        let limit = self.state().rng.pick(&PAGE_SIZES);
        self.strikes_page(after.as_ref(), limit);
        let page = self.memory.rebuild(after, limit, self.times.store_now());
        match page.now_or_never() {
            Some(Ok(page)) => self.rebuilt(page),
            other => self.violate(|| format!("a page could not be made anew: {:?}", other.map(told))),
        }
    }

    /// Counts the orders of the page as they stand before it.
    fn strikes_page(&self, after: Option<&OrderId>, limit: usize) {
        let stored =
            |(order, id): &(usize, &OrderId)| after.is_none_or(|after| *id > after) && self.phase(*order).is_some();
        for (order, _) in self.ids.iter().enumerate().filter(stored).take(limit) {
            self.strikes_order(FaultKind::Rebuilt, order);
            let mut state = self.state();
            state.dirty.insert(order);
            state.facts.is_due_anew(order);
        }
    }

    fn rebuilt(&self, page: RebuiltPage) {
        let Some(last) = page.last.clone() else { return };
        if page.removed > 0 || !page.skipped.is_empty() {
            self.violate(|| format!("a rebuild leaves orders out: {page:?}"));
        }
        let mut state = self.state();
        let at = self.now() + state.rng.below(SECOND);
        state.schedule(at, Event::Rebuild(Some(last)));
    }
}

fn told(page: Result<RebuiltPage, StoreError>) -> String {
    page.map_or_else(|error| error.to_string(), |page| format!("{page:?}"))
}

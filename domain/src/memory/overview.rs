//! [`Overview`]: how the store stands.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::store::MemoryStore;
use super::tables::Tables;
use super::work_table::WorkRow;
use crate::call::CallOutcome;
use crate::failure::FailureCause;
use crate::order::OrderId;
use crate::ports::{OpenGroup, Overview, OverviewRequest, PhaseCount, StoreResult, StoreStanding, Unaccepted};
use crate::work::Phase;

#[async_trait]
impl Overview for MemoryStore {
    async fn standing(&self, asked: &OverviewRequest) -> StoreResult<StoreStanding> {
        let tables = self.tables();
        let mut phases: BTreeMap<Phase, u64> = BTreeMap::new();
        let mut standing = StoreStanding::default();
        for (id, row) in tables.work.iter() {
            if row.standing.phase == Phase::Settled {
                continue;
            }
            *phases.entry(row.standing.phase).or_default() += 1;
            standing.leased += u64::from(row.lease_until.is_some_and(|until| until > asked.now));
            if tables.is_unaccepted(id, row) {
                let placed_at = row.placed_at;
                standing.unaccepted += 1;
                standing.half += u64::from(placed_at <= asked.half_by);
                standing.late += u64::from(placed_at <= asked.late_by);
                standing.past += u64::from(placed_at <= asked.past_by);
                standing.oldest.push(Unaccepted {
                    order_id: id.clone(),
                    placed_at,
                });
            }
        }
        standing
            .oldest
            .sort_by(|one, other| (one.placed_at, &one.order_id).cmp(&(other.placed_at, &other.order_id)));
        standing.oldest.truncate(asked.names);
        standing.phases = phases
            .into_iter()
            .map(|(phase, orders)| PhaseCount { phase, orders })
            .collect();
        standing.open = tables.open_groups(asked.names);
        Ok(standing)
    }
}

impl Tables {
    /// Whether an unsettled order is not known to be accepted.
    fn is_unaccepted(&self, id: &OrderId, row: &WorkRow) -> bool {
        match row.standing.phase {
            Phase::Settled => false,
            Phase::Validating => {
                let call = row.call.and_then(|call| self.calls.get(&call));
                let is_applied = call.is_some_and(|call| call.row.outcome == Some(CallOutcome::Applied));
                row.standing.call_open && !is_applied
            }
            _ => !self.failures_about(id.as_str()).any(|failure| {
                failure.row.resolved_at.is_none()
                    && failure.row.cause.as_deref() == Some(FailureCause::DebitOverdue.as_str())
            }),
        }
    }

    fn open_groups(&self, names: usize) -> Vec<OpenGroup> {
        let mut groups: BTreeMap<(&str, &str, bool), OpenGroup> = BTreeMap::new();
        for failure in self
            .failures
            .values()
            .filter(|failure| failure.row.resolved_at.is_none())
        {
            let row = &failure.row;
            let cause = row.cause.as_deref().unwrap_or_default();
            let group = groups
                .entry((&row.process_name, cause, row.needs_person))
                .or_insert_with(|| OpenGroup {
                    process_name: row.process_name.clone(),
                    cause: cause.to_owned(),
                    needs_person: row.needs_person,
                    entries: 0,
                    oldest_at: row.at,
                    first: Vec::new(),
                });
            group.entries += 1;
            group.oldest_at = group.oldest_at.min(row.at);
            if let Some(related) = row.related_id.as_ref().filter(|_| group.first.len() < names) {
                group.first.push(related.clone());
            }
        }
        groups.into_values().collect()
    }
}

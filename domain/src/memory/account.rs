//! [`AccountStore`]: what the marketplace said of shops.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::store::MemoryStore;
use crate::ports::{AccountCheck, AccountRecord, AccountStore, Check, CheckDue, DayFigures, StoreResult};
use crate::time::{self, Timestamp};

/// Shops that were asked about, by name.
pub(super) type AccountTables = BTreeMap<String, KnownAccount>;

/// A shop that was asked about.
#[derive(Debug)]
pub(super) struct KnownAccount {
    figures_asked_at: Timestamp,
    record: AccountRecord,
}

impl KnownAccount {
    fn asked_at(now: Timestamp) -> Self {
        let record = AccountRecord {
            asked_at: Some(now),
            ..AccountRecord::default()
        };
        Self {
            figures_asked_at: now,
            record,
        }
    }
}

#[async_trait]
impl AccountStore for MemoryStore {
    async fn reserve_check(&self, shop: &str, due: &CheckDue) -> StoreResult<Option<Check>> {
        let mut tables = self.tables();
        let now = time::to_micros(due.now);
        let Some(known) = tables.accounts.get_mut(shop) else {
            tables.accounts.insert(shop.to_owned(), KnownAccount::asked_at(now));
            return Ok(Some(Check { figures: true }));
        };
        if !due.is_due(known.record.asked_at) {
            return Ok(None);
        }
        known.record.asked_at = Some(now);
        let figures = known.figures_asked_at <= due.figures_by || known.figures_asked_at > due.ahead;
        if figures {
            known.figures_asked_at = now;
        }
        Ok(Some(Check { figures }))
    }

    async fn note_check(&self, shop: &str, now: Timestamp, said: &AccountCheck) -> StoreResult<()> {
        let mut tables = self.tables();
        let now = time::to_micros(now);
        let Some(known) = tables.accounts.get_mut(shop) else {
            return Ok(());
        };
        let record = &mut known.record;
        record.answered_at = Some(now);
        if said.state.is_some() {
            record.state_told_at = Some(now);
            if record.state != said.state {
                record.state_before = record.state.take();
                record.state.clone_from(&said.state);
                record.state_since = Some(now);
            }
        }
        if let Some(figures) = said.figures
            && record.figures.iter().all(|day| day.read_at != now)
        {
            record.figures.push(DayFigures { read_at: now, figures });
            record.figures.sort_by_key(|day| day.read_at);
        }
        Ok(())
    }

    async fn set_figures_asked(&self, shop: &str, asked_at: Timestamp) -> StoreResult<()> {
        if let Some(known) = self.tables().accounts.get_mut(shop) {
            known.figures_asked_at = time::to_micros(asked_at);
        }
        Ok(())
    }

    async fn account_record(&self, shop: &str, figures_since: Timestamp) -> StoreResult<AccountRecord> {
        let tables = self.tables();
        let mut record = tables
            .accounts
            .get(shop)
            .map(|known| known.record.clone())
            .unwrap_or_default();
        record.figures.retain(|day| day.read_at >= figures_since);
        Ok(record)
    }
}

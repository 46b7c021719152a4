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
    asked_at: Timestamp,
    figures_asked_at: Timestamp,
    record: AccountRecord,
}

#[async_trait]
impl AccountStore for MemoryStore {
    async fn reserve_check(&self, shop: &str, due: &CheckDue) -> StoreResult<Option<Check>> {
        let mut tables = self.tables();
        let now = time::to_micros(due.now);
        let Some(known) = tables.accounts.get_mut(shop) else {
            let known = KnownAccount {
                asked_at: now,
                figures_asked_at: now,
                record: AccountRecord::default(),
            };
            tables.accounts.insert(shop.to_owned(), known);
            return Ok(Some(Check { figures: true }));
        };
        if known.asked_at > due.asked_by && known.asked_at <= due.ahead {
            return Ok(None);
        }
        known.asked_at = now;
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
        if said.state.is_some() && record.state != said.state {
            record.state.clone_from(&said.state);
            record.state_since = Some(now);
        }
        if let Some(figures) = said.figures
            && record.figures.iter().all(|day| day.read_at != now)
        {
            record.figures.push(DayFigures { read_at: now, figures });
            record.figures.sort_by_key(|day| day.read_at);
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

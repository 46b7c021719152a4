//! The ports: what the workflow asks of the outside, each as small as an adapter can make it.
//!
//! Every duty of an implementer is a MUST sentence; those of the store's and the marketplace's ports each have a case in the contract
//! suites.

mod account_store;
mod alert_store;
mod audit;
mod call_log;
mod clock;
mod desk;
mod inbox;
mod marketplace;
#[cfg(any(test, feature = "mocks"))]
mod mocks;
mod notifier;
mod overview;
mod randomness;
mod record;
mod recovery;
mod retention;
mod shop;
mod store_error;
mod timeline;
mod work_store;

pub use account_store::{AccountCheck, AccountRecord, AccountStore, Check, CheckDue, DayFigures};
pub use alert_store::{
    AlertChange, AlertId, AlertRow, AlertStore, Delivery, DeliveryEnd, DeliveryId, DeliveryRow, ShopHealth, WITHDRAWN,
};
pub use audit::{RebuiltPage, RecordAudit};
pub use call_log::CallLog;
pub use clock::{Clock, StoreClock};
pub use desk::{Decided, Desk, ManualEntry, OPERATOR};
pub use inbox::{Inbox, InboxEntry};
pub use marketplace::{
    Account, Listing, Look, Marketplace, MarketplaceError, MarketplaceResult, Page, PageCursor, SendAnswer, SendPermit,
    SendVerdict, ShopFigures, ShopKey, UnreadableOrder,
};
pub use notifier::{Notifier, NotifyError};
pub use overview::{OpenGroup, Overview, OverviewRequest, PhaseCount, StoreStanding, Unaccepted};
pub use randomness::{Randomness, new_operation};
pub use record::{
    CallFilter, CallRow, Entry, FailureFilter, FailureRow, OrderCursor, OrderFilter, OrderStory, OrderSummary,
    RecordReader,
};
pub use recovery::{Hold, Recovery, Sending, TakeUp};
pub use retention::{PruneBatch, PrunedBatch, Pruning, Retention};
pub use shop::{PollSlot, SharedBudget, ShopState, ShopStore};
pub use store_error::{StoreError, StoreResult};
pub use timeline::{EntryCursor, EntryFilter, TimelineRow};
pub use work_store::{
    ClaimRequest, Ingested, Intent, KnownOrder, NewOrder, OrderStanding, RecordedAnswer, RenewRequest, Settled,
    Suspects, WorkStore,
};

#[cfg(any(test, feature = "mocks"))]
pub use self::{
    account_store::MockAccountStore, alert_store::MockAlertStore, audit::MockRecordAudit, call_log::MockCallLog,
    clock::MockClock, desk::MockDesk, inbox::MockInbox, marketplace::MockMarketplace, mocks::MockStore,
    notifier::MockNotifier, overview::MockOverview, randomness::MockRandomness, record::MockRecordReader,
    recovery::MockRecovery, retention::MockRetention, shop::MockShopStore, work_store::MockWorkStore,
};

/// All the store ports in one: what the workflow is given.
pub trait Store: WorkStore + ShopStore + CallLog + Inbox + Recovery {}

impl<S: WorkStore + ShopStore + CallLog + Inbox + Recovery> Store for S {}

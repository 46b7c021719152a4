//! The store in memory with one fault.
//!
//! The file is long because the ports are: each method stands here once, with the faults that it may have.

use std::sync::Arc;
use std::time::Duration;

use ackord::audit::{OrderRecord, Shown};
use ackord::budget::{CallRate, Drawn, Wanted, draw};
use ackord::call::{CallEnd, CallId, NewCall, SeenState};
use ackord::failure::FailureId;
use ackord::memory::MemoryStore;
use ackord::order::OrderId;
use ackord::ports::{
    CallFilter, CallLog, CallRow, ClaimRequest, Decided, Desk, EntryCursor, EntryFilter, FailureFilter, FailureRow,
    Hold, Inbox, InboxEntry, Ingested, Intent, ManualEntry, NewOrder, OrderFilter, OrderStanding, OrderStory,
    OrderSummary, PollSlot, PruneBatch, PrunedBatch, Pruning, RebuiltPage, RecordAudit, RecordReader, RecordedAnswer,
    Recovery, RenewRequest, Retention, Sending, Settled, ShopKey, ShopState, ShopStore, StoreResult, Suspects, TakeUp,
    TimelineRow, WorkStore,
};
use ackord::time::{Timestamp, plus};
use ackord::work::{Claimed, OperationId, Phase, Settlement};
use async_trait::async_trait;

use super::super::fixture::{AnyStore, MEMORY, StoreFixture};
use super::super::given::op;

macro_rules! faults {
    ($($name:ident => $words:literal),* $(,)?) => {
        /// What is wrong with a store.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Fault {
            $(#[doc = concat!("It ", $words, ".")] $name),*
        }

        impl Fault {
            /// Every fault.
            pub const ALL: [Self; [$($words),*].len()] = [$(Self::$name),*];

            /// What a store with it does.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $words),*
                }
            }
        }
    };
}

faults! {
    IngestForgetsOperations => "ingests_twice_when_it_is_asked_twice",
    ClaimForgetsOperations => "claims_twice_when_it_is_asked_twice",
    ClaimIgnoresTheLimit => "claims_past_the_limit",
    ClaimIgnoresDueTimes => "claims_what_is_not_due",
    ClaimIgnoresPhases => "claims_in_any_phase",
    ClaimLeasesForNoTime => "leases_for_no_time",
    ClaimLosesTheOrder => "claims_the_youngest_first",
    ClaimForgetsTheCall => "claims_without_the_last_call",
    ClaimCountsNothing => "counts_no_unreleased_claims",
    ClaimTakesSuspects => "claims_suspects_where_they_are_to_be_left_out",
    ClaimCountsNothingAlone => "counts_no_claims_alone",
    ClaimSetsFencesBack => "gives_out_smaller_fencing_numbers",
    RenewRevives => "renews_a_lease_that_passed_on",
    RenewIgnoresTheVersion => "renews_a_lease_on_an_older_version",
    RenewForgets => "renews_nothing",
    IntentIgnoresTheFence => "intends_under_a_lost_lease",
    IntentIgnoresTheVersion => "intends_on_an_older_version",
    IntentForgetsOperations => "intends_twice_when_it_is_asked_twice",
    IntentStopsAtALostOne => "stops_intending_at_a_lost_one",
    AnswerNeedsTheLease => "writes_answers_under_the_lease_alone",
    AnswerSwallowsStrangers => "swallows_answers_to_no_call",
    SettleIgnoresTheFence => "settles_under_a_lost_lease",
    SettleIgnoresTheVersion => "settles_on_an_older_version",
    SettleForgetsOperations => "settles_twice_when_it_is_asked_twice",
    SettleStopsAtALostOne => "stops_settling_at_a_lost_one",
    SettleDropsTheFailure => "opens_no_inbox_entry",
    SettleDropsTheResolution => "closes_no_inbox_entry",
    SettleLeavesTheCallOpen => "closes_no_call",
    SettleDropsTheLinks => "forgets_what_justifies_an_entry",
    SettleKeepsTheStanding => "leaves_the_standing_as_it_was",
    NextDueSeesLeases => "tells_due_times_of_leased_orders",
    CountForgetsLeases => "counts_due_orders_alone",
    PollIsAlwaysGranted => "grants_every_poll",
    DrawsAreForgotten => "forgets_drawn_calls",
    PauseIsForgotten => "forgets_pauses",
    UnansweredNeverEnds => "never_sets_unanswered_calls_back",
    FinishDropsStates => "forgets_what_a_look_showed",
    FinishSwallowsStrangers => "swallows_ends_of_no_call",
    InboxForgetsVersions => "opens_an_entry_again_for_its_version",
    InboxOpensNothing => "opens_nothing_and_says_it_did",
    StatusByTime => "tells_the_status_by_time",
    PagesLeaveOneOut => "leaves_an_order_out_between_pages",
    HoldIsForgotten => "forgets_holds",
    HoldKeepsTheEpoch => "holds_without_a_new_epoch",
    HoldKeepsLeases => "leaves_leases_when_it_holds",
    AllowEndsAnyHold => "lifts_the_hold_of_another",
    TakeUpForgetsOperations => "takes_up_twice_when_it_is_asked_twice",
    TakeUpTakesLeased => "takes_up_what_others_hold",
    ReconcileForgetsTheSettled => "forgets_settled_orders_to_reconcile",
    SummariesLoseTheOrder => "tells_of_orders_by_id_whatever_was_asked",
    CallsIgnoreOutcomes => "lists_calls_of_any_outcome",
    FailuresIgnoreOpen => "lists_closed_entries_as_open",
    StoryShowsOthers => "tells_of_other_orders_in_a_story",
    EntriesLeaveOneOut => "leaves_an_entry_out_between_pages",
    EntriesIgnoreTheEnd => "tells_of_entries_after_the_span_that_was_asked_for",
    EntriesAreAllFirst => "takes_every_entry_for_the_first_of_its_status",
    NewestEntryStandsStill => "tells_of_an_entry_of_before_as_the_newest",
    RecordsLeaveOneOut => "leaves_an_order_out_of_the_record",
    RecordsForgetStates => "forgets_what_looks_showed_in_the_record",
    RebuildDoesNothing => "rebuilds_nothing_and_says_it_did",
    PruneIgnoresAge => "prunes_what_is_young",
    PruneStartsAnew => "prunes_from_the_first_call_each_time",
    PruneIsNotOnRecord => "prunes_without_a_record",
    PreviewPrunes => "prunes_where_it_was_to_tell",
    ManualIgnoresTheVersion => "takes_a_persons_entry_on_an_older_version",
    ManualDropsTheResolution => "closes_no_inbox_entry_with_a_persons_entry",
    ManualForgetsTheActor => "forgets_who_added_an_entry",
    ManualWritesTwice => "writes_a_second_entry_of_a_person_for_one_order",
    ClosingClosesNothing => "closes_nothing_and_says_it_did",
    StandingForgetsTheInbox => "forgets_the_inbox_in_its_overview",
    StandingLosesTheOrder => "tells_of_the_youngest_orders_first",
    StandingCountsAcceptedOnes => "counts_accepted_orders_as_at_risk",
    TroubleBeginsAnew => "forgets_since_when_a_trouble_is_there",
    AlertsGoOutBeforeTheyStand => "opens_alerts_without_their_messages",
    AlertChangesIgnoreTheVersion => "changes_alerts_that_changed_meanwhile",
    MessagesAreAnybodys => "gives_a_message_to_two_takers",
    MessagesAreTakenEarly => "gives_out_messages_that_are_not_due",
    DeliveriesEndUnnoticed => "forgets_that_a_message_arrived",
    ChecksAreAnybodys => "lets_everybody_ask_about_the_shop",
    FiguresAreNeverPutOff => "never_puts_figures_off",
    AccountStateIsAsOldAsItBegan => "forgets_when_a_state_was_told_again",
    FiguresAreAskedForEachTime => "lets_the_figures_be_asked_for_each_time",
    AccountStateBeginsAnew => "forgets_since_when_the_shop_is_in_its_state",
}

/// The store in memory behind a fault.
#[derive(Debug, Clone)]
pub(super) struct Faulty {
    pub(super) store: MemoryStore,
    pub(super) fault: Fault,
}

impl StoreFixture {
    /// A store in memory with a fault.
    pub(super) fn faulty(fault: Fault) -> Self {
        let (store, foreign) = Self::memory_at_noon();
        let stores: [Arc<dyn AnyStore>; 2] = [0, 1].map(|_| {
            let store = store.clone();
            Arc::new(Faulty { store, fault }) as Arc<dyn AnyStore>
        });
        Self::new(stores, foreign, MEMORY, ())
    }
}

impl Fault {
    /// Whether it is about alerts: they are no part of the record, and no history of calls changes them.
    #[must_use]
    pub fn is_about_alerts(self) -> bool {
        matches!(
            self,
            Self::StandingForgetsTheInbox
                | Self::StandingLosesTheOrder
                | Self::StandingCountsAcceptedOnes
                | Self::TroubleBeginsAnew
                | Self::AlertsGoOutBeforeTheyStand
                | Self::AlertChangesIgnoreTheVersion
                | Self::MessagesAreAnybodys
                | Self::MessagesAreTakenEarly
                | Self::DeliveriesEndUnnoticed
                | Self::ChecksAreAnybodys
                | Self::FiguresAreAskedForEachTime
                | Self::FiguresAreNeverPutOff
                | Self::AccountStateIsAsOldAsItBegan
                | Self::AccountStateBeginsAnew
        )
    }

    /// The store, with this fault.
    #[must_use]
    pub fn of(self, store: MemoryStore) -> Arc<dyn AnyStore> {
        Arc::new(Faulty { store, fault: self })
    }
}

impl Faulty {
    pub(super) fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    /// The operation, or another one where the fault is to forget it.
    fn operation(&self, operation: OperationId, fault: Fault) -> OperationId {
        if self.has(fault) { op() } else { operation }
    }
}

#[async_trait]
impl WorkStore for Faulty {
    async fn now(&self) -> StoreResult<Timestamp> {
        self.store.now().await
    }

    async fn ingest(&self, orders: &[NewOrder], now: Timestamp, operation: OperationId) -> StoreResult<Ingested> {
        let operation = self.operation(operation, Fault::IngestForgetsOperations);
        self.store.ingest(orders, now, operation).await
    }

    async fn claim(&self, request: &ClaimRequest) -> StoreResult<Vec<Claimed>> {
        let mut request = request.clone();
        request.operation = self.operation(request.operation, Fault::ClaimForgetsOperations);
        match self.fault {
            Fault::ClaimIgnoresTheLimit => request.limit = usize::MAX,
            Fault::ClaimIgnoresDueTimes => request.now = plus(request.now, Duration::from_secs(60)),
            Fault::ClaimIgnoresPhases => request.phases = Phase::all().collect(),
            Fault::ClaimTakesSuspects => request.suspects = Suspects::AloneAtLast,
            Fault::ClaimLeasesForNoTime => request.lease = Duration::ZERO,
            _ => {}
        }
        let mut claimed = self.store.claim(&request).await?;
        match self.fault {
            Fault::ClaimLosesTheOrder => claimed.reverse(),
            Fault::ClaimForgetsTheCall => claimed.iter_mut().for_each(|claimed| claimed.call = None),
            Fault::ClaimCountsNothing => claimed.iter_mut().for_each(|claimed| claimed.unreleased_claims = 1),
            Fault::ClaimCountsNothingAlone => claimed.iter_mut().for_each(|claimed| claimed.unreleased_alone = 0),
            Fault::ClaimSetsFencesBack => claimed
                .iter_mut()
                .for_each(|claimed| claimed.fence.0 = -claimed.fence.0),
            _ => {}
        }
        Ok(claimed)
    }

    async fn renew(&self, request: &RenewRequest) -> StoreResult<Vec<Settled>> {
        if self.has(Fault::RenewForgets) {
            return Ok(vec![Settled::Written; request.leases.len()]);
        }
        let mut request = request.clone();
        for lease in &mut request.leases {
            match self.store.work(&lease.order_id) {
                Some(work) if self.has(Fault::RenewRevives) => lease.fence = work.fence,
                Some(work) if self.has(Fault::RenewIgnoresTheVersion) => lease.version = work.version,
                _ => {}
            }
        }
        self.store.renew(&request).await
    }

    async fn record_intents(&self, intents: &[Intent], operation: OperationId) -> StoreResult<Vec<Option<CallId>>> {
        let operation = self.operation(operation, Fault::IntentForgetsOperations);
        let mut intents = intents.to_vec();
        for intent in &mut intents {
            match self.store.work(&intent.order_id) {
                Some(work) if self.has(Fault::IntentIgnoresTheFence) => intent.fence = work.fence,
                Some(work) if self.has(Fault::IntentIgnoresTheVersion) => intent.version = work.version,
                _ => {}
            }
        }
        let mut calls = self.store.record_intents(&intents, operation).await?;
        if self.has(Fault::IntentStopsAtALostOne) {
            let written = calls.iter().take_while(|call| call.is_some()).count();
            calls[written..].fill(None);
        }
        Ok(calls)
    }

    async fn record_answers(&self, answers: &[RecordedAnswer]) -> StoreResult<()> {
        let calls = self.store.logged_calls();
        let mut answers = answers.to_vec();
        answers.retain(|answer| {
            let call = calls.iter().find(|call| call.row.call_id == answer.call);
            match (self.fault, call) {
                (Fault::AnswerSwallowsStrangers, None) => false,
                (Fault::AnswerNeedsTheLease, Some(call)) => {
                    let order = call.row.related_id.as_deref().and_then(|id| OrderId::new(id).ok());
                    let work = order.and_then(|id| self.store.work(&id));
                    work.is_none_or(|work| Some(work.fence) == call.fence)
                }
                _ => true,
            }
        });
        self.store.record_answers(&answers).await
    }

    async fn settle(
        &self,
        settlements: &[Settlement],
        now: Timestamp,
        operation: OperationId,
    ) -> StoreResult<Vec<Settled>> {
        let operation = self.operation(operation, Fault::SettleForgetsOperations);
        let mut settlements = settlements.to_vec();
        for settlement in &mut settlements {
            let work = self.store.work(&settlement.order_id);
            match (self.fault, work) {
                (Fault::SettleIgnoresTheFence, Some(work)) => settlement.fence = work.fence,
                (Fault::SettleIgnoresTheVersion, Some(work)) => settlement.version = work.version,
                (Fault::SettleKeepsTheStanding, Some(work)) => settlement.standing = work.standing,
                (Fault::SettleDropsTheFailure, _) => settlement.failure = None,
                (Fault::SettleDropsTheResolution, _) => settlement.resolution = None,
                (Fault::SettleLeavesTheCallOpen, _) => settlement.close_call = None,
                (Fault::SettleDropsTheLinks, _) => {
                    if let Some(entry) = &mut settlement.entry {
                        (entry.send, entry.look) = (None, None);
                    }
                }
                _ => {}
            }
        }
        let mut settled = self.store.settle(&settlements, now, operation).await?;
        if self.has(Fault::SettleStopsAtALostOne) {
            let written = settled.iter().take_while(|one| **one == Settled::Written).count();
            settled[written..].fill(Settled::Lost);
        }
        Ok(settled)
    }

    async fn next_due(&self, phases: &[Phase], now: Timestamp) -> StoreResult<Option<Timestamp>> {
        let late = plus(now, Duration::from_secs(86_400));
        let now = if self.has(Fault::NextDueSeesLeases) { late } else { now };
        self.store.next_due(phases, now).await
    }

    async fn standings(&self, ids: &[OrderId]) -> StoreResult<Vec<OrderStanding>> {
        self.store.standings(ids).await
    }

    async fn count(&self, phases: &[Phase]) -> StoreResult<u64> {
        if self.has(Fault::CountForgetsLeases) {
            let rows = self.store.work_rows();
            let free = rows.values().filter(|row| row.lease_until.is_none());
            return Ok(free.filter(|row| phases.contains(&row.standing.phase)).count() as u64);
        }
        self.store.count(phases).await
    }
}

#[async_trait]
impl ShopStore for Faulty {
    async fn shop(&self, key: &ShopKey) -> StoreResult<ShopState> {
        self.store.shop(key).await
    }

    async fn reserve_poll(&self, key: &ShopKey, now: Timestamp, interval: Duration) -> StoreResult<PollSlot> {
        let slot = self.store.reserve_poll(key, now, interval).await?;
        Ok(if self.has(Fault::PollIsAlwaysGranted) {
            PollSlot::Granted
        } else {
            slot
        })
    }

    async fn draw_calls(&self, key: &ShopKey, rate: CallRate, wanted: Wanted) -> StoreResult<Drawn> {
        if self.has(Fault::DrawsAreForgotten) {
            return Ok(draw(None, self.store.now().await?, rate, wanted).0);
        }
        self.store.draw_calls(key, rate, wanted).await
    }

    async fn pause(&self, key: &ShopKey, until: Timestamp) -> StoreResult<()> {
        if self.has(Fault::PauseIsForgotten) {
            return Ok(());
        }
        self.store.pause(key, until).await
    }

    async fn count_unanswered(&self, key: &ShopKey, answered: bool, unanswered: u32) -> StoreResult<ShopState> {
        let answered = answered && !self.has(Fault::UnansweredNeverEnds);
        self.store.count_unanswered(key, answered, unanswered).await
    }
}

#[async_trait]
impl CallLog for Faulty {
    async fn begin(&self, call: &NewCall) -> StoreResult<CallId> {
        self.store.begin(call).await
    }

    async fn finish(&self, id: CallId, end: &CallEnd, seen: &[SeenState]) -> StoreResult<()> {
        let seen = if self.has(Fault::FinishDropsStates) { &[] } else { seen };
        let finished = self.store.finish(id, end, seen).await;
        if self.has(Fault::FinishSwallowsStrangers) {
            Ok(())
        } else {
            finished
        }
    }
}

#[async_trait]
impl Inbox for Faulty {
    async fn open(&self, entries: &[InboxEntry]) -> StoreResult<usize> {
        if self.has(Fault::InboxOpensNothing) {
            return Ok(entries.len());
        }
        let mut entries = entries.to_vec();
        if self.has(Fault::InboxForgetsVersions) {
            entries.iter_mut().for_each(|entry| entry.version = None);
        }
        self.store.open(&entries).await
    }
}

#[async_trait]
impl RecordAudit for Faulty {
    async fn records(&self, after: Option<OrderId>, limit: usize) -> StoreResult<Vec<OrderRecord>> {
        let mut records = self.store.records(after, limit).await?;
        if self.has(Fault::RecordsLeaveOneOut) && records.len() > 1 {
            records.remove(0);
        }
        if self.has(Fault::RecordsForgetStates) {
            let calls = records.iter_mut().flat_map(|record| &mut record.calls);
            calls.for_each(|call| call.shown = Shown::Nothing);
        }
        Ok(records)
    }

    async fn begin_rebuild(&self) -> StoreResult<()> {
        self.store.begin_rebuild().await
    }

    async fn rebuild(&self, after: Option<OrderId>, limit: usize, now: Timestamp) -> StoreResult<RebuiltPage> {
        if self.has(Fault::RebuildDoesNothing) {
            let records = self.store.records(after, limit).await?;
            return Ok(RebuiltPage {
                last: records.last().map(|record| record.order_id.clone()),
                rebuilt: records.len() as u64,
                ..RebuiltPage::default()
            });
        }
        self.store.rebuild(after, limit, now).await
    }
}

#[async_trait]
impl Retention for Faulty {
    async fn prune(&self, batch: &PruneBatch) -> StoreResult<PrunedBatch> {
        let mut batch = batch.clone();
        match self.fault {
            Fault::PruneIgnoresAge => batch.before = Timestamp::MAX,
            Fault::PruneStartsAnew => batch.after = None,
            _ => {}
        }
        self.store.prune(&batch).await
    }

    async fn prunable(&self, batch: &PruneBatch) -> StoreResult<PrunedBatch> {
        if self.has(Fault::PreviewPrunes) {
            return self.store.prune(batch).await;
        }
        self.store.prunable(batch).await
    }

    async fn prunings(&self, limit: usize) -> StoreResult<Vec<Pruning>> {
        let limit = if self.has(Fault::PruneIsNotOnRecord) { 0 } else { limit };
        self.store.prunings(limit).await
    }
}

#[async_trait]
impl Desk for Faulty {
    async fn add_entries(&self, entries: &[ManualEntry], actor: &str) -> StoreResult<Vec<Decided>> {
        let mut entries = entries.to_vec();
        for entry in &mut entries {
            if self.has(Fault::ManualDropsTheResolution) {
                entry.resolution = None;
            }
            if self.has(Fault::ManualIgnoresTheVersion)
                && let Some(row) = self.store.work_rows().get(&entry.order_id)
            {
                entry.version = row.version;
            }
        }
        let actor = if self.has(Fault::ManualForgetsTheActor) {
            "somebody"
        } else {
            actor
        };
        if self.has(Fault::ManualWritesTwice) {
            let mut decided = Vec::new();
            for entry in &entries {
                decided.extend(self.store.add_entries(std::slice::from_ref(entry), actor).await?);
            }
            return Ok(decided);
        }
        self.store.add_entries(&entries, actor).await
    }

    async fn close_failures(&self, ids: &[FailureId], actor: &str, resolution: &str) -> StoreResult<Vec<Decided>> {
        if self.has(Fault::ClosingClosesNothing) {
            return Ok(vec![Decided::Written; ids.len()]);
        }
        self.store.close_failures(ids, actor, resolution).await
    }
}

#[async_trait]
impl Recovery for Faulty {
    async fn sending(&self) -> StoreResult<Sending> {
        self.store.sending().await
    }

    async fn hold_sending(&self, now: Timestamp) -> StoreResult<Hold> {
        let leased: Vec<_> = self.store.work_rows().into_iter().collect();
        let mut hold = self.store.hold_sending(now).await?;
        match self.fault {
            Fault::HoldIsForgotten => {
                self.store.allow_sending(hold).await?;
            }
            Fault::HoldKeepsTheEpoch => hold.epoch.0 = 1,
            Fault::HoldKeepsLeases => {
                for (id, row) in leased.into_iter().filter(|(_, row)| row.lease_until.is_some()) {
                    let request = TakeUp {
                        ids: vec![id],
                        now,
                        lease: row
                            .lease_until
                            .map_or(Duration::ZERO, |until| ackord::time::until(now, until)),
                        worker: row.worker.unwrap_or_default(),
                        operation: op(),
                    };
                    self.store.take_up(&request).await?;
                }
            }
            _ => {}
        }
        Ok(hold)
    }

    async fn allow_sending(&self, hold: Hold) -> StoreResult<bool> {
        match self.store.sending().await?.hold {
            Some(standing) if self.has(Fault::AllowEndsAnyHold) => self.store.allow_sending(standing).await,
            _ => self.store.allow_sending(hold).await,
        }
    }

    async fn to_reconcile(&self, settled_since: Timestamp) -> StoreResult<Vec<OrderId>> {
        let mut ids = self.store.to_reconcile(settled_since).await?;
        if self.has(Fault::ReconcileForgetsTheSettled) {
            let rows = self.store.work_rows();
            ids.retain(|id| rows.get(id).is_some_and(|row| row.standing.phase != Phase::Settled));
        }
        Ok(ids)
    }

    async fn take_up(&self, request: &TakeUp) -> StoreResult<Vec<Claimed>> {
        let mut request = request.clone();
        request.operation = self.operation(request.operation, Fault::TakeUpForgetsOperations);
        if self.has(Fault::TakeUpTakesLeased) {
            request.now = plus(request.now, Duration::from_secs(86_400));
        }
        self.store.take_up(&request).await
    }
}

#[async_trait]
impl RecordReader for Faulty {
    async fn orders(&self, filter: &OrderFilter) -> StoreResult<Vec<OrderSummary>> {
        let mut orders = self.store.orders(filter).await?;
        if self.has(Fault::PagesLeaveOneOut) && filter.after.is_some() && orders.len() > 1 {
            orders.remove(0);
        }
        Ok(orders)
    }

    async fn story(&self, id: &OrderId) -> StoreResult<Option<OrderStory>> {
        let story = self.store.story(id).await?;
        Ok(story.map(|mut story| {
            match self.fault {
                Fault::StatusByTime => {
                    let newest = story.entries.iter().max_by_key(|entry| entry.at);
                    story.summary.status = newest.map(|entry| entry.status.clone());
                }
                Fault::StoryShowsOthers => {
                    let calls = self.store.logged_calls();
                    story.calls = calls.into_iter().map(|call| call.row).collect();
                }
                _ => {}
            }
            story
        }))
    }

    async fn summaries(&self, ids: &[OrderId]) -> StoreResult<Vec<OrderSummary>> {
        let mut told = self.store.summaries(ids).await?;
        if self.has(Fault::SummariesLoseTheOrder) {
            told.sort_by(|one, other| one.order_id.cmp(&other.order_id));
        }
        Ok(told)
    }

    async fn entries(&self, filter: &EntryFilter) -> StoreResult<Vec<TimelineRow>> {
        let mut filter = filter.clone();
        if self.has(Fault::EntriesIgnoreTheEnd) {
            filter.before = None;
        }
        let mut rows = RecordReader::entries(&self.store, &filter).await?;
        if self.has(Fault::EntriesLeaveOneOut) && filter.after.is_some() && rows.len() > 1 {
            rows.remove(0);
        }
        if self.has(Fault::EntriesAreAllFirst) {
            rows.iter_mut().for_each(|row| row.is_first = true);
        }
        Ok(rows)
    }

    async fn newest_entry(&self) -> StoreResult<Option<EntryCursor>> {
        let newest = self.store.newest_entry().await?;
        Ok(if self.has(Fault::NewestEntryStandsStill) {
            newest.map(|_| EntryCursor(1))
        } else {
            newest
        })
    }

    async fn calls(&self, filter: &CallFilter) -> StoreResult<Vec<CallRow>> {
        let mut filter = filter.clone();
        if self.has(Fault::CallsIgnoreOutcomes) {
            filter.outcome = None;
        }
        self.store.calls(&filter).await
    }

    async fn call(&self, id: CallId) -> StoreResult<Option<CallRow>> {
        self.store.call(id).await
    }

    async fn failures(&self, filter: &FailureFilter) -> StoreResult<Vec<FailureRow>> {
        let mut filter = filter.clone();
        if self.has(Fault::FailuresIgnoreOpen) {
            filter.open = None;
        }
        self.store.failures(&filter).await
    }

    async fn failure(&self, id: FailureId) -> StoreResult<Option<FailureRow>> {
        self.store.failure(id).await
    }
}

//! The watch: a round reads how things stand, brings the alerts on record up to that, and delivers what is due.
//!
//! A store that can't be reached can keep no alert. Then the watch itself remembers since when, and tells people directly, once by
//! each channel, and of the end. A process that ends in the meantime begins to count anew.
//!
//! A message may arrive while the store fails, so that this can't be noted. The watch remembers it, and notes it before anything else once
//! the store is back: the message is not sent again, unless its lease has ended meanwhile and another watch is the first to find the
//! store back.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::{Either, select};

use super::changes::changes;
use super::conditions::{Condition, Facts, conditions};
use super::health::{RunNote, of_store};
use super::rules::AlertRules;
use super::{Kind, Message, Severity, account, post, words};
use crate::alerts::Trouble;
use crate::ports::{
    AccountCheck, AccountStore, AlertChange, AlertStore, Clock, Delivery, DeliveryEnd, MarketplaceError, Notifier,
    Overview, Randomness, StoreError, StoreResult,
};
use crate::time::{self, Timestamp};
use crate::workflow::{AcceptanceWorkflow, Halt, StopSignal};

/// A word of the marketplace's for a state is no longer than this.
const LONGEST_STATE: usize = 64;

/// What a round did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Round {
    /// What is wrong and has lasted for long enough to be told: how much each matters.
    pub open: Vec<Severity>,
    /// Alerts that people were told of, again or for the first time.
    pub told: usize,
    /// Alerts that are over.
    pub cleared: usize,
    /// Messages that arrived.
    pub delivered: usize,
    /// Messages that did not arrive this time.
    pub failed: usize,
}

/// The store ports that alerts are made from.
pub trait AlertRecord: AlertStore + AccountStore + Overview {}

impl<S: AlertStore + AccountStore + Overview + ?Sized> AlertRecord for S {}

/// Watches over a shop. Several may watch over one: each change of an alert, and each message, is one watch's.
pub struct Watch {
    store: Arc<dyn AlertRecord>,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
    notifiers: Vec<Arc<dyn Notifier>>,
    rules: AlertRules,
    shop: String,
    /// Asks the marketplace about the shop itself, until it is to stop.
    asking: Option<(AcceptanceWorkflow, StopSignal)>,
    /// A store that can't be reached: since when, and which channels were told.
    outage: Mutex<Option<Outage>>,
    /// How deliveries ended, as long as that is not on record.
    ends: Mutex<VecDeque<Ended>>,
}

/// How a delivery ended.
#[derive(Debug, Clone)]
struct Ended {
    delivery: Delivery,
    end: DeliveryEnd,
    at: Timestamp,
}

#[derive(Debug, Clone)]
struct Outage {
    since: Timestamp,
    /// The channels that know of it, and not yet of its end.
    told: BTreeSet<String>,
    is_over: bool,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("shop", &self.shop)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

impl Watch {
    /// A watch over the shop of this name, which tells by `notifiers`. Their names differ.
    #[must_use]
    pub fn new(
        store: Arc<dyn AlertRecord>,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
        notifiers: Vec<Arc<dyn Notifier>>,
        rules: AlertRules,
        shop: String,
    ) -> Self {
        Self {
            store,
            clock,
            randomness,
            notifiers,
            rules,
            shop,
            asking: None,
            outage: Mutex::default(),
            ends: Mutex::default(),
        }
    }

    /// Has the watch ask the marketplace about the shop itself too, by this workflow: for its state every hour, and for its
    /// acceptance figures every day. Of several watches over a shop one does. Once `stop` is given nothing is asked any more, and no
    /// answer waited for: the round goes on with what is known.
    #[must_use]
    pub fn asking(self, workflow: AcceptanceWorkflow, stop: StopSignal) -> Self {
        Self {
            asking: Some((workflow, stop)),
            ..self
        }
    }

    /// Notes how a run ended. What can't be noted because the store fails is seen by the next round.
    ///
    /// # Errors
    /// A [`StoreError`].
    pub async fn note_run(&self, note: &RunNote) -> StoreResult<()> {
        self.store.note_run(&self.shop, self.clock.now(), note).await
    }

    /// Makes a round.
    ///
    /// # Errors
    /// A [`StoreError`]: nothing is lost, the next round sees what this one did not.
    pub async fn round(&self) -> StoreResult<Round> {
        match self.look().await {
            Ok(mut round) => {
                round.delivered += self.store_is_back().await;
                Ok(round)
            }
            Err(error) => {
                self.store_is_down(&error).await;
                Err(error)
            }
        }
    }

    async fn look(&self) -> StoreResult<Round> {
        self.note_ends().await?;
        let store_now = self.check_account().await?;
        let now = self.clock.now();
        // The alerts come first. Read after what they are about, one that another watch has just raised would look as if it were over;
        // what changes them from here on is seen by its version.
        let rows = self
            .store
            .alerts(&self.shop, time::minus(now, self.rules.remembered()))
            .await?;
        let standing = self.store.standing(&self.rules.overview(now)).await?;
        let health = self.store.health(&self.shop).await?;
        let account = self
            .store
            .account_record(&self.shop, account::figures_since(now))
            .await?;
        let facts = Facts {
            shop: &self.shop,
            now,
            store_now: store_now.unwrap_or(now),
            standing: &standing,
            health: &health,
            account: &account,
        };
        let conditions = conditions(&facts, &self.rules);
        let changes = changes(&conditions, &rows, now, &self.rules);
        let has_lasted = |condition: &&Condition| time::until(condition.since, now) >= condition.lasting;
        let mut round = Round {
            open: conditions
                .iter()
                .filter(has_lasted)
                .map(|condition| condition.severity)
                .collect(),
            ..Round::default()
        };
        if !changes.is_empty() {
            let written = self
                .store
                .change_alerts(&self.shop, &changes, &self.channels(), now)
                .await?;
            for (change, _) in changes.iter().zip(written).filter(|(_, written)| *written) {
                match change {
                    AlertChange::Open { tell, .. } | AlertChange::Update { tell, .. } => {
                        round.told += usize::from(*tell)
                    }
                    AlertChange::Clear { .. } => round.cleared += 1,
                }
            }
        }
        self.deliver(&mut round).await?;
        Ok(round)
    }

    /// Asks the marketplace about the shop itself, where that is due. Tells the time afterwards by the store's clock, which all watches
    /// share: by their own, one that is ahead and one that is behind would each find it due.
    async fn check_account(&self) -> StoreResult<Option<Timestamp>> {
        let Some((workflow, stop)) = &self.asking else {
            return Ok(None);
        };
        let clock = workflow.store_clock().await?;
        if !stop.is_given() {
            self.ask(workflow, stop, workflow.now(clock)).await?;
        }
        Ok(Some(workflow.now(clock)))
    }

    /// A shop that can't be asked about is what runs meet too, and tell.
    async fn ask(&self, workflow: &AcceptanceWorkflow, stop: &StopSignal, now: Timestamp) -> StoreResult<()> {
        let health = self.store.health(&self.shop).await?;
        let known = self
            .store
            .account_record(&self.shop, account::figures_since(now))
            .await?;
        let due = account::due(now, &health, &known);
        // A write for each round would be one too many: mostly it is not due.
        if !due.is_due(known.asked_at) {
            return Ok(());
        }
        let Some(check) = self.store.reserve_check(&self.shop, &due).await? else {
            return Ok(());
        };
        let said = match select(pin!(workflow.check_account(check.figures)), pin!(stop.given())).await {
            Either::Left((said, _)) => said,
            Either::Right(_) => Err(Halt::Stopped),
        };
        let said = match said {
            Ok(mut said) => {
                said.state = said
                    .state
                    .map(|state| state.chars().take(LONGEST_STATE).collect::<String>())
                    .filter(|state| !state.is_empty());
                self.store.note_check(&self.shop, now, &said).await?;
                said
            }
            Err(Halt::Store(error)) => return Err(error),
            Err(halt) => {
                tracing::info!(%halt, "the marketplace could not be asked about the shop");
                let nothing = AccountCheck::default();
                if is_answer(&halt) {
                    self.store.note_check(&self.shop, now, &nothing).await?;
                }
                nothing
            }
        };
        if check.figures && !said.figures_asked {
            let asked_at = account::with_the_next_state(now);
            self.store.set_figures_asked(&self.shop, asked_at).await?;
        }
        Ok(())
    }

    /// Delivers what is due, until nothing is.
    async fn deliver(&self, round: &mut Round) -> StoreResult<()> {
        let channels = self.channels();
        if channels.is_empty() {
            return Ok(());
        }
        loop {
            let now = self.clock.now();
            let due = self
                .store
                .take_deliveries(&self.shop, &channels, now, post::LEASE, post::TOGETHER)
                .await?;
            if due.is_empty() {
                return Ok(());
            }
            let ends = post::deliver(&self.notifiers, &due, &*self.clock, &*self.randomness).await;
            for (delivery, end) in due.into_iter().zip(ends) {
                match end {
                    DeliveryEnd::Delivered => round.delivered += 1,
                    DeliveryEnd::Again { .. } | DeliveryEnd::GivenUp { .. } => round.failed += 1,
                }
                let at = self.clock.now();
                self.ends().push_back(Ended { delivery, end, at });
            }
            self.note_ends().await?;
        }
    }

    /// Puts on record how deliveries ended. What the store fails to note is noted the next time.
    async fn note_ends(&self) -> StoreResult<()> {
        loop {
            let Some(Ended { delivery, end, at }) = self.ends().front().cloned() else {
                return Ok(());
            };
            let (id, attempt) = (delivery.delivery_id, delivery.attempt);
            self.store.end_delivery(id, attempt, &end, at).await?;
            self.ends()
                .retain(|ended| (ended.delivery.delivery_id, ended.delivery.attempt) != (id, attempt));
        }
    }

    fn ends(&self) -> MutexGuard<'_, VecDeque<Ended>> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn channels(&self) -> Vec<String> {
        self.notifiers
            .iter()
            .map(|notifier| notifier.name().to_owned())
            .collect()
    }

    /// Tells people directly of a store that has been down for too long.
    async fn store_is_down(&self, error: &StoreError) {
        let now = self.clock.now();
        let outage = {
            let mut known = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
            let goes_on = known.take().filter(|outage| !outage.is_over);
            known
                .insert(goes_on.unwrap_or_else(|| Outage {
                    since: now,
                    told: BTreeSet::new(),
                    is_over: false,
                }))
                .clone()
        };
        if time::until(outage.since, now) < self.rules.outage_after {
            return;
        }
        let mut message = self.about_the_store(Kind::Raised, outage.since, now);
        message.lines = of_store(error)
            .trouble()
            .map(|(_, detail)| detail.to_owned())
            .into_iter()
            .collect();
        let untold = self
            .notifiers
            .iter()
            .filter(|notifier| !outage.told.contains(notifier.name()));
        for notifier in untold {
            if notifier.deliver(&id_of("down", outage.since), &message).await.is_ok() {
                let mut known = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(outage) = known.as_mut() {
                    outage.told.insert(notifier.name().to_owned());
                }
            }
        }
    }

    /// Tells those who were told of the store's outage that it is over, again until it arrives. Tells how many messages arrived.
    async fn store_is_back(&self) -> usize {
        let outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut outage) = outage else { return 0 };
        let message = self.about_the_store(Kind::Cleared, outage.since, self.clock.now());
        let id = id_of("back", outage.since);
        let told = self
            .notifiers
            .iter()
            .filter(|notifier| outage.told.contains(notifier.name()));
        let mut arrived = Vec::new();
        for notifier in told {
            if notifier.deliver(&id, &message).await.is_ok() {
                arrived.push(notifier.name());
            }
        }
        outage.told.retain(|channel| !arrived.contains(&&**channel));
        if !outage.told.is_empty() {
            outage.is_over = true;
            *self.outage.lock().unwrap_or_else(PoisonError::into_inner) = Some(outage);
        }
        arrived.len()
    }

    fn about_the_store(&self, kind: Kind, since: Timestamp, at: Timestamp) -> Message {
        let (title, remedy) = words::of_trouble(Trouble::StoreDown);
        Message {
            kind,
            key: format!("trouble:{}", Trouble::StoreDown.as_str()),
            severity: Severity::Urgent,
            shop: self.shop.clone(),
            title: title.to_owned(),
            lines: Vec::new(),
            remedy: remedy.to_owned(),
            count: 1,
            since,
            at,
        }
    }
}

/// Whether the marketplace answered, and would answer the same again.
fn is_answer(halt: &Halt) -> bool {
    matches!(
        halt,
        Halt::Marketplace(MarketplaceError::Credentials { .. } | MarketplaceError::Refused { .. })
    )
}

fn id_of(what: &str, since: Timestamp) -> String {
    format!("ackord-store-{what}-{}", since.as_second())
}

#[cfg(test)]
mod tests;

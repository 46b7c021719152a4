//! The guards by name: each condition that keeps a promise, and, for tests of the tests, a switch that drops it.
//!
//! A suite that can't fail shows nothing. So each guard asks at its place whether it is dropped, and the suites are run
//! with one dropped at a time: each must be caught. Without the feature `mutants` the question is a constant and compiles
//! away; with it, the switch is the thread's own and stands at "none" until a test turns it.

use std::fmt;

/// Declares the guards, each with what it protects.
macro_rules! guards {
    ($(#[doc = $doc:literal] $guard:ident = $name:literal,)+) => {
        /// A guard: a condition in the workflow or in the store in memory that keeps a promise.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Guard {
            $(#[doc = $doc] $guard,)+
        }

        impl Guard {
            /// Every guard.
            pub fn all() -> impl Iterator<Item = Self> {
                [$(Self::$guard),+].into_iter()
            }

            /// The name under which it stands in lists.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$guard => $name,)+
                }
            }

            /// What it protects, in one sentence.
            #[must_use]
            pub fn protects(self) -> &'static str {
                match self {
                    $(Self::$guard => $doc.trim_ascii(),)+
                }
            }
        }
    };
}

guards! {
    /// A lost answer is an unknown outcome, not a failed attempt.
    LostAnswerIsNoFailure = "lost_answer_is_no_failure",
    /// An order counts as accepted once a look shows it, not when a call was answered with success.
    AcceptedOnlyWhenSeen = "accepted_only_when_seen",
    /// Looks decide about an unknown outcome only from the moment on by which the call has ended.
    WaitForAnswerBy = "wait_for_answer_by",
    /// Two looks decide about an unknown outcome, not one.
    SecondLook = "second_look",
    /// The look that decides about an unknown outcome is later than reads may be stale.
    StalenessBeforeDeciding = "staleness_before_deciding",
    /// An order whose acceptance was answered with success but never seen goes to a person, and is not sent again.
    NoResendAfterSuccess = "no_resend_after_success",
    /// An order whose acceptance met another state than it needs is not sent again by itself.
    NoResendAfterPrecondition = "no_resend_after_precondition",
    /// A refused order waits for a person instead of a retry.
    RefusedIsNotRetried = "refused_is_not_retried",
    /// Attempts end at their limit.
    AttemptLimit = "attempt_limit",
    /// A resend repeats the decision of the first intent.
    FrozenDecision = "frozen_decision",
    /// Only a look that shows the order waiting justifies a send: none of a state that is not known.
    OnlyWaitingIsSent = "only_waiting_is_sent",
    /// A call on record without a decision is looked at before anything else is done with its order.
    TakeoverLooks = "takeover_looks",
    /// A call that two looks found without an effect is closed on record.
    UnansweredIsClosed = "unanswered_is_closed",
    /// A look that justifies a send is young.
    LookFreshness = "look_freshness",
    /// An order with an earlier call is looked at anew after its claim; the list of waiting orders does not serve.
    LookAfterClaim = "look_after_claim",
    /// After an earlier call that may have had an effect, a look justifies a send only once it would show that effect.
    EffectWouldShow = "effect_would_show",
    /// Orders in review are looked at, and never sent.
    ReviewIsNotSent = "review_is_not_sent",
    /// A status that is no more acceptance's business is not fought: such an order in the list goes to a person.
    ContradictionIsFiled = "contradiction_is_filed",
    /// All pages are taken in before anything is accepted.
    AllPages = "all_pages",
    /// No acceptance leaves without its intent on record.
    IntentBeforeSend = "intent_before_send",
    /// A write that was not confirmed is repeated under its operation id.
    SameOperation = "same_operation",
    /// An acceptance starts no later than its `answer_by` counts on.
    StartBy = "start_by",
    /// An acceptance is begun only where its lease leaves time for it.
    TimeForACall = "time_for_a_call",
    /// A worker trusts its lease only until a margin before the end.
    LeaseMargin = "lease_margin",
    /// The lease is asked for once more right before the first byte leaves.
    PermitBeforeBytes = "permit_before_bytes",
    /// No byte of an acceptance leaves after its `answer_by`, however long its lease lasts.
    PermitEndsWithTheCall = "permit_ends_with_the_call",
    /// A reading of the store's clock that took long is not used.
    SlowClockReadings = "slow_clock_readings",
    /// After calls in a row without an answer the workflow stops sending.
    Breaker = "breaker",
    /// A run stops where the marketplace does not take the key.
    CredentialsStop = "credentials_stop",
    /// Nothing is sent while the marketplace asks for a rest.
    PauseIsKept = "pause_is_kept",
    /// The shop is looked at no oftener than the poll interval.
    PollInterval = "poll_interval",
    /// Calls are drawn from a budget that all workers of a shop share.
    CallsAreCounted = "calls_are_counted",
    /// No call leaves that was not drawn from the budget.
    NoCallBeyondBudget = "no_call_beyond_budget",
    /// A look that shows none of many orders is a fault of the settings, and fails no order.
    WrongShop = "wrong_shop",
    /// A settled order's earlier entries in the inbox are closed.
    EarlierFailuresAreClosed = "earlier_failures_are_closed",
    /// Each failed attempt has its entry in the inbox, in the same transaction.
    FailureIsFiled = "failure_is_filed",
    /// A status is written only under the newest lease of its order.
    FenceOnSettle = "fence_on_settle",
    /// A status is written only over the entry that its worker saw.
    VersionOnSettle = "version_on_settle",
    /// An intent is written only under the newest lease of its order.
    FenceOnIntent = "fence_on_intent",
    /// An intent is written only over the entry that its worker saw.
    VersionOnIntent = "version_on_intent",
    /// Each claim gets a fencing number of its own.
    FenceGrows = "fence_grows",
    /// An order under a live lease is given to nobody else.
    LiveLeaseIsKept = "live_lease_is_kept",
    /// A lease that would end much later than leases last does not hold: a clock has jumped.
    EndlessLeaseIsVoid = "endless_lease_is_void",
    /// An answer is put on record also where the lease was lost meanwhile.
    LateAnswerIsKept = "late_answer_is_kept",
    /// An answer on record is not replaced by another one.
    FirstAnswerStands = "first_answer_stands",
    /// An order that is known is left alone when it is listed again.
    KnownOrderIsLeftAlone = "known_order_is_left_alone",
    /// Another program's entry forgets no call that is still undecided.
    ForeignEntryKeepsTheCall = "foreign_entry_keeps_the_call",
    /// While sending is held no order is given out to be sent.
    HoldOnClaims = "hold_on_claims",
    /// While sending is held no intent is written.
    HoldOnIntents = "hold_on_intents",
    /// A hold on sending voids every lease from before it.
    HoldVoidsLeases = "hold_voids_leases",
    /// A hold begins in an epoch that a restored store did not have before.
    HoldBeginsAnEpoch = "hold_begins_an_epoch",
    /// A hold is lifted by the reconcile that began it, and by no other.
    OwnHoldIsLifted = "own_hold_is_lifted",
    /// A reconcile whose hold was taken over stops.
    TakenOverStops = "taken_over_stops",
    /// A reconcile looks once calls from before its hold have ended and show.
    WaitAfterHold = "wait_after_hold",
    /// A hold is lifted once every order was looked at.
    AllLookedAtBeforeLift = "all_looked_at_before_lift",
    /// A list from before a hold justifies no send after it.
    ListBeforeHold = "list_before_hold",
}

impl Guard {
    /// Reads what [`Guard::name`] wrote; `None` for any other text.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::all().find(|guard| guard.name() == name)
    }
}

impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether a test has dropped this guard: never, in a build without the feature `mutants`.
#[cfg(not(any(test, feature = "mutants")))]
#[inline(always)]
pub(crate) const fn dropped(_: Guard) -> bool {
    false
}

#[cfg(any(test, feature = "mutants"))]
pub(crate) use switch::dropped;
#[cfg(any(test, feature = "mutants"))]
pub use switch::{Restored, drop_one};

#[cfg(any(test, feature = "mutants"))]
mod switch {
    //! The thread's own switch.

    use std::cell::Cell;

    use super::Guard;

    thread_local! {
        static DROPPED: Cell<Option<Guard>> = const { Cell::new(None) };
    }

    /// Whether a test has dropped this guard on this thread.
    pub(crate) fn dropped(guard: Guard) -> bool {
        DROPPED.get() == Some(guard)
    }

    /// Drops a guard on this thread until what is returned goes out of scope.
    pub fn drop_one(guard: Guard) -> Restored {
        Restored(DROPPED.replace(Some(guard)))
    }

    /// Gives back what was dropped before.
    #[derive(Debug)]
    #[must_use = "the guard stands again as soon as this goes out of scope"]
    pub struct Restored(Option<Guard>);

    impl Drop for Restored {
        fn drop(&mut self) {
            DROPPED.set(self.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_guard_reads_back_as_itself_and_says_what_it_protects() {
        for guard in Guard::all() {
            assert_eq!(Guard::parse(guard.name()), Some(guard));
            assert!(guard.protects().ends_with('.'), "{guard}");
        }
        assert_eq!(Guard::parse("luck"), None);
    }

    #[test]
    fn a_guard_is_dropped_on_one_thread_for_as_long_as_it_was_asked_for() {
        assert!(!dropped(Guard::SecondLook));
        {
            let _dropped = drop_one(Guard::SecondLook);
            assert!(dropped(Guard::SecondLook));
            assert!(!dropped(Guard::Breaker));
            let elsewhere = std::thread::spawn(|| dropped(Guard::SecondLook)).join();
            assert!(!elsewhere.unwrap());
        }
        assert!(!dropped(Guard::SecondLook));
    }
}

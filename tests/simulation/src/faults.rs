//! Every kind of fault, and the places where one can strike.

use std::fmt;

use ackord::work::Phase;

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every one of them, in a fixed order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in reports.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }
    };
}

named! {
    /// A kind of fault.
    FaultKind {
        /// The store can't be reached: nothing is done.
        StoreUnreachable = "store unreachable",
        /// The transaction is aborted by other writers, again and again.
        StoreBusy = "store busy",
        /// The disk is full.
        StoreFull = "store full",
        /// The acknowledgement of a write that was done is lost.
        AckLostDone = "acknowledgement lost, written",
        /// The acknowledgement of a write that was not done is lost.
        AckLostNotDone = "acknowledgement lost, not written",
        /// A write is given up as unconfirmed and takes effect later, after others' writes.
        CommitLate = "commit lands later",
        /// The store is slow.
        StoreSlow = "store slow",
        /// The store is out for a while.
        StoreOutage = "store outage",
        /// The store restarts: every call under way is cut.
        StoreRestart = "store restart",
        /// The store's clock jumps forward.
        StoreClockForward = "store clock forward",
        /// The store's clock jumps back.
        StoreClockBack = "store clock back",

        /// An acceptance takes long, up to beyond its timeout.
        SendSlow = "send slow",
        /// 5xx before the effect.
        SendErrorBefore = "send 5xx before effect",
        /// 5xx after the effect.
        SendErrorAfter = "send 5xx after effect",
        /// 429 with a time.
        SendThrottled = "send 429 with a time",
        /// 429 without a time.
        SendThrottledNoTime = "send 429 without a time",
        /// The effect happens, the answer never comes.
        AnswerLost = "answer lost after effect",
        /// No readable answer, and the effect happens later.
        EffectLate = "effect after a lost answer",
        /// Success is answered, and the effect happens later.
        EffectAfterSuccess = "effect after success was said",
        /// The connection is reset on the way there.
        SendReset = "send reset before effect",
        /// No connection comes about.
        NotSent = "not sent",
        /// A proxy's page in place of the answer, after the effect.
        SendHtml = "send HTML page after effect",
        /// The key is not taken.
        SendCredentials = "send 401",
        /// Answered as processed already, though it waits.
        FalsePrecondition = "false precondition",
        /// Refused though it waits.
        Refused = "refused",
        /// Success is answered, nothing ever happens.
        EmptyPromise = "success without effect",
        /// The process is frozen between the last check and the first byte, past its lease.
        FrozenInSend = "frozen inside a send",

        /// A read takes long, up to beyond its timeout.
        ReadSlow = "read slow",
        /// A read is answered with 5xx.
        ReadError = "read 5xx",
        /// A read is answered with 429.
        ReadThrottled = "read 429",
        /// A read's answer is not JSON.
        ReadBadJson = "read bad JSON",
        /// A read's answer is a proxy's page or a redirect.
        ReadHtml = "read HTML page",
        /// A read's connection is reset.
        ReadReset = "read reset",
        /// The key is not taken by a read.
        ReadCredentials = "read 401",
        /// An order shows an unknown state.
        UnknownState = "unknown state",
        /// An order lacks a field: it can't be read.
        OrderUnreadable = "order unreadable",
        /// An order shows no lines.
        NoLines = "no lines",
        /// An order's lines come in another order.
        LinesReordered = "lines in another order",
        /// An order is not in the answer.
        OrderMissing = "order missing",
        /// An order is shown as it was.
        StaleRead = "stale read",
        /// A list is empty though orders wait.
        EmptyListing = "empty listing",
        /// Orders are missing from a page, the next one shifted.
        PageShift = "page shifted",

        /// Everything on the marketplace is answered with 5xx for a while.
        MarketOutage = "marketplace outage",
        /// The key is not taken for a while.
        CredentialsSpan = "key refused for a while",
        /// A person accepts on the marketplace.
        PersonAccepts = "a person accepts",
        /// A person refuses on the marketplace.
        PersonRefuses = "a person refuses",
        /// The customer cancels.
        CustomerCancels = "the customer cancels",
        /// The marketplace refuses at the deadline.
        DeadlinePasses = "the deadline passes",

        /// Another program asks for acceptance.
        ForeignPending = "foreign pending_acceptance",
        /// Another program marks as failed.
        ForeignFailed = "foreign acceptance_failed",
        /// Another program marks as failed, with a time for a retry.
        ForeignRetry = "foreign acceptance_failed with a retry",
        /// Another program marks as accepted.
        ForeignAccepted = "foreign accepted",
        /// Another program marks as cancelled.
        ForeignCancelled = "foreign cancelled",
        /// Another program makes a label.
        ForeignLabel = "foreign label_created",
        /// Another program ships.
        ForeignShipped = "foreign shipped",
        /// The work table is made anew from the record, while workers go on.
        Rebuilt = "work table made anew",

        /// A worker is killed; its call in flight had not happened and never does.
        CrashNothingDone = "killed, call in flight not done",
        /// A worker is killed; its call in flight had happened.
        CrashDone = "killed, call in flight done",
        /// A worker is killed; its call in flight happens later.
        CrashDoneLater = "killed, call in flight done later",
        /// A worker is asked to stop.
        GracefulStop = "asked to stop",
        /// A worker's process is frozen for a while.
        Freeze = "frozen",
        /// A worker's wall clock jumps.
        WallJump = "wall clock jumps",
    }
}

named! {
    /// A port call, or none: what a worker is doing.
    Op {
        /// Between two calls: asleep, or about to make one.
        Between = "(between calls)",
        /// The store's time.
        Now = "now",
        /// Ingest.
        Ingest = "ingest",
        /// Claim.
        Claim = "claim",
        /// Leases prolonged.
        Renew = "renew",
        /// Intents.
        Intents = "record_intents",
        /// Answers.
        Answers = "record_answers",
        /// Settle.
        Settle = "settle",
        /// The next due time.
        NextDue = "next_due",
        /// Standings.
        Standings = "standings",
        /// Count.
        Count = "count",
        /// Whether sending is held.
        Sending = "sending",
        /// Sending is held.
        HoldSending = "hold_sending",
        /// A hold is lifted.
        AllowSending = "allow_sending",
        /// The orders to look at before a hold is lifted.
        ToReconcile = "to_reconcile",
        /// Orders leased for a look.
        TakeUp = "take_up",
        /// The shop's state.
        Shop = "shop",
        /// The right to look.
        ReservePoll = "reserve_poll",
        /// A pause.
        Pause = "pause",
        /// Calls drawn from the budget.
        DrawCalls = "draw_calls",
        /// The count of unanswered calls.
        CountUnanswered = "count_unanswered",
        /// A read begins, on record.
        Begin = "begin",
        /// A read ends, on record.
        Finish = "finish",
        /// Inbox entries.
        Open = "open",
        /// A page of the list.
        Waiting = "waiting",
        /// A look.
        Look = "look",
        /// An acceptance.
        Accept = "accept",
    }
}

impl Op {
    /// Whether it is made so seldom that chance alone would hardly ever strike its worker.
    pub(crate) fn is_seldom(self) -> bool {
        matches!(
            self,
            Self::Renew
                | Self::Standings
                | Self::Pause
                | Self::CountUnanswered
                | Self::Open
                | Self::HoldSending
                | Self::AllowSending
                | Self::ToReconcile
                | Self::TakeUp
        )
    }

    /// Whether the store is written by it.
    #[must_use]
    pub fn writes(self) -> bool {
        matches!(
            self,
            Self::Ingest
                | Self::Claim
                | Self::Renew
                | Self::Intents
                | Self::Answers
                | Self::Settle
                | Self::HoldSending
                | Self::AllowSending
                | Self::TakeUp
                | Self::ReservePoll
                | Self::Pause
                | Self::DrawCalls
                | Self::CountUnanswered
                | Self::Begin
                | Self::Finish
                | Self::Open
        )
    }
}

named! {
    /// How an order stands with us when a fault strikes it.
    OrderPlace {
        /// Not taken in yet.
        New = "new",
        /// To be sent.
        Ready = "ready",
        /// An intent is durable.
        Sending = "sending",
        /// To be seen as accepted.
        Validating = "validating",
        /// Failed, to be tried again.
        Retry = "retry",
        /// Failed by another program, to be filed.
        Unfiled = "unfiled",
        /// Waits for a person.
        Review = "review",
        /// Done.
        Settled = "settled",
    }
}

impl From<Option<Phase>> for OrderPlace {
    fn from(phase: Option<Phase>) -> Self {
        match phase {
            None => Self::New,
            Some(Phase::Ready) => Self::Ready,
            Some(Phase::Sending) => Self::Sending,
            Some(Phase::Validating) => Self::Validating,
            Some(Phase::Retry) => Self::Retry,
            Some(Phase::Unfiled) => Self::Unfiled,
            Some(Phase::Review) => Self::Review,
            Some(Phase::Settled) => Self::Settled,
        }
    }
}

/// Where a fault struck: the state in (state, fault).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// An order that stood like this.
    Order(OrderPlace),
    /// A call, or a worker that made it.
    Call(Op),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order(place) => place.fmt(f),
            Self::Call(op) => op.fmt(f),
        }
    }
}

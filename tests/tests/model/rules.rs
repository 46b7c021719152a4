//! What a configuration of the model is: times in ticks, who else acts, and which guard is broken.

/// One guard of the protocol, broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    /// A settlement is written also by a worker whose lease another one has.
    FenceOnSettle,
    /// A settlement is written over an entry that its worker never saw.
    VersionOnSettle,
    /// An intent is written also by a worker whose lease another one has.
    FenceOnIntent,
    /// An intent is written over an entry that its worker never saw.
    VersionOnIntent,
    /// Looks count from the moment the call left on, not from its `answer_by`.
    AnswerBy,
    /// The first look that began after `answer_by` decides.
    SecondLook,
    /// Two looks after `answer_by` decide, also within the staleness of reads.
    Staleness,
    /// An order that was answered with "precondition" may be sent again.
    Precondition,
    /// A call without a readable answer counts as failed at once.
    Unknown,
    /// A call may start as long as the lease is trusted, however long ago its intent was written.
    StartBy,
    /// The lease is trusted to its very end, and a call needs no time left under it.
    LeaseMargin,
    /// The call leaves first, its intent is put on record with the answer.
    IntentFirst,
    /// Who takes over an open call sends its decision again without a look.
    TakeoverLook,
    /// The listing serves as the look also where the order has an earlier call.
    Listing,
    /// The answer "applied" settles the order as accepted.
    AcceptedBySight,
    /// Another program's `pending_acceptance` forgets the open call.
    ForeignKeepsCall,
    /// An earlier call that may have had an effect need only have ended before the look that justifies a send; reads may
    /// be behind it.
    EarlierEffect,
}

/// One configuration.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    /// The most that a call takes.
    pub(crate) call_timeout: u8,
    /// The margin before a lease's end, and the most between an intent's time and its call.
    pub(crate) margin: u8,
    /// How old a read may be: an effect older than this is seen.
    pub(crate) staleness: u8,
    /// The least between two looks at an order in flight.
    pub(crate) poll: u8,
    /// How many looks an order gets.
    pub(crate) looks: u8,
    /// How many attempts an order gets.
    pub(crate) attempts: u8,
    /// How far each worker's idea of the store's time runs ahead.
    pub(crate) lead: [u8; 2],
    /// Whether the marketplace takes an acceptance only of an order that waits for it.
    pub(crate) compare_and_set: bool,
    /// Whether a worker may be frozen between its last check and the first byte.
    pub(crate) freezes: bool,
    /// Whether the calls of frozen workers are held to all that others are.
    pub(crate) frozen_calls_count: bool,
    /// Whether people cancel and accept on the marketplace.
    pub(crate) hands: bool,
    /// Whether a look may come back without the order.
    pub(crate) gaps: bool,
    /// How many entries other programs write at the most, at any moment.
    pub(crate) foreign_entries: u8,
    /// Whether states that are alike are made one.
    pub(crate) reduced: bool,
    /// The guards that are broken.
    pub(crate) broken: &'static [Broken],
}

impl Rules {
    /// The shipped protocol against a marketplace that checks nothing: the guards alone must hold.
    pub(crate) fn guards_alone() -> Self {
        Self {
            call_timeout: 1,
            margin: 1,
            staleness: 1,
            poll: 0,
            looks: 2,
            attempts: 2,
            lead: [0, 0],
            compare_and_set: false,
            freezes: false,
            frozen_calls_count: false,
            hands: false,
            gaps: false,
            foreign_entries: 0,
            reduced: true,
            broken: &[],
        }
    }

    /// The same with these guards broken.
    pub(crate) fn without(self, broken: &'static [Broken]) -> Self {
        Self { broken, ..self }
    }

    pub(crate) fn lacks(&self, guard: Broken) -> bool {
        self.broken.contains(&guard)
    }

    /// The shortest lease that the settings allow.
    pub(crate) fn lease(&self) -> u8 {
        self.call_timeout + 3 * self.margin
    }

    /// From the intent's time to its `answer_by`.
    pub(crate) fn answer_within(&self) -> u8 {
        self.margin + self.call_timeout
    }
}

//! Histories at random: few orders, many calls, so that most calls meet what earlier ones left.
//!
//! The file is long because the ports are: each call has its arm here.

mod restoring;

use std::time::Duration;

use ackord::call::{CallOutcome, Endpoint};
use ackord::failure::FailureCause;
use ackord::memory::SeededRandom;
use ackord::ports::{Randomness as _, Suspects};
use ackord::status::OrderStatus;
use ackord::work::Phase;

use super::call::{
    Appending, At, Call, CallRef, Deciding, Ending, Entering, Failing, Hold, Intending, Listed, Op, Settling,
};

/// The orders of every history: few, so that they meet; odd, as ids may be.
pub(super) const ORDERS: [&str; 7] = [
    "A-1",
    "a-1",
    "ö/ 12-B",
    "日本-\u{1f6d2}",
    "it's \"q\" \\ %_",
    "NULL",
    " z\t",
];

/// Texts that stores have to give back as they were.
const TEXTS: [&str; 8] = [
    "plain",
    "",
    "it's \"quoted\" \\ 'twice' $1 ?1",
    "zażółć 日本語 🛒👩🏽‍🚀 e\u{301}",
    "line\r\nbreaks\tand \u{1} control \u{7f}",
    "{\"looks\":\"like json\"}",
    "NULL",
    "nul \0 inside",
];

/// The same without the character that other programs can't write everywhere.
const FOREIGN_TEXTS: usize = TEXTS.len() - 1;

const SHOPS: [&str; 2] = ["shop", "ärger's shop"];

const STATES: [Option<&str>; 4] = [
    Some("WAITING_ACCEPTANCE"),
    Some("SHIPPING"),
    Some("ON THE \"MOON\""),
    None,
];

const SECOND: i64 = 1_000_000;

/// The steps of the clock between two calls, in microseconds; some go back.
const STEPS: [i64; 13] = [
    0,
    0,
    0,
    1,
    SECOND,
    5 * SECOND,
    20 * SECOND - 1,
    20 * SECOND,
    60 * SECOND,
    60 * SECOND,
    3_600 * SECOND,
    -30 * SECOND,
    -3_600 * SECOND,
];

/// Makes histories from a seed: the same ones from the same seed.
#[derive(Debug)]
pub(super) struct Generator {
    random: SeededRandom,
    now: At,
    ops: Op,
}

impl Generator {
    pub(super) fn new(seed: u64) -> Self {
        // Spread out, so that seeds beside each other have nothing in common.
        let random = SeededRandom::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5DEE_CE66_D1CE_4E5B);
        Self {
            random,
            now: At(0),
            ops: 0,
        }
    }

    pub(super) fn history(mut self, length: usize) -> Vec<Call> {
        // Half of the histories begin with something to work on.
        let mut history = Vec::with_capacity(length);
        if self.chance(50) {
            history.push(self.ingest());
        }
        while history.len() < length {
            let step = self.one_of(&STEPS);
            self.now = self.now.plus(step);
            history.push(self.call());
        }
        history
    }

    fn call(&mut self) -> Call {
        match self.below(100) {
            0..7 => self.ingest(),
            7..22 => self.claim(),
            22..24 => self.renew(),
            24..33 => self.intend(),
            33..38 => self.answer(),
            38..54 => self.settle(),
            54..60 => self.repeat(),
            60..63 => self.begin(),
            63..66 => self.finish(),
            66..68 => self.open_inbox(),
            68..73 => self.foreign(),
            73..75 => self.decide(),
            75..79 => self.shop(),
            79..83 => self.ask(),
            83..90 => self.recover(),
            90..94 => self.rebuild(),
            _ => self.read(),
        }
    }

    fn next_op(&mut self) -> Op {
        self.ops += 1;
        self.ops
    }

    fn ingest(&mut self) -> Call {
        let count = self.below(6);
        let orders = (0..count).map(|_| Listed {
            order: self.order(),
            placed_at: self.maybe(80, |g| {
                let ago = g.one_of(&[0, 1, 3_600 * SECOND, 3_600 * SECOND, 86_400 * SECOND]);
                At(-ago)
            }),
            note: self.text(),
            look: self.call_ref(),
        });
        let orders = orders.collect();
        Call::Ingest {
            op: self.next_op(),
            now: self.now,
            orders,
        }
    }

    fn claim(&mut self) -> Call {
        let lease = self.one_of(&[20 * SECOND, 20 * SECOND, 2 * SECOND, 1, 0, 3_600 * SECOND]);
        Call::Claim {
            op: self.next_op(),
            now: self.near(),
            phases: self.phases(),
            lease: micros(lease),
            worker: self.one_of(&["one", "two", "drei"]),
            limit: self.one_of(&[0, 1, 2, 3, 100, 100]),
            suspects: self.one_of(&[Suspects::LeftOut, Suspects::AloneAtLast, Suspects::AloneAtLast]),
        }
    }

    fn renew(&mut self) -> Call {
        // Each lease is of another order.
        let count = 1 + self.below(3);
        let mut holds: Vec<_> = (0..count).map(|_| self.hold()).collect();
        holds.sort_by_key(|hold| hold.order);
        holds.dedup_by_key(|hold| hold.order);
        Call::Renew {
            holds,
            now: self.near(),
            lease: micros(self.one_of(&[20 * SECOND, 2 * SECOND, 0])),
        }
    }

    fn intend(&mut self) -> Call {
        let count = 1 + self.below(3);
        let intents = (0..count).map(|_| {
            let hold = self.hold();
            Intending {
                hold,
                related: if self.chance(90) {
                    hold.order
                } else {
                    self.foreign_text()
                },
                at: self.near(),
                lines: 1 + self.below(3) as u8,
            }
        });
        let mut intents: Vec<_> = intents.collect();
        intents.sort_by_key(|intent| intent.hold.order);
        Call::Intend {
            op: self.next_op(),
            intents,
        }
    }

    fn answer(&mut self) -> Call {
        let count = self.below(3) + usize::from(self.chance(90));
        Call::Answer {
            answers: (0..count).map(|_| self.ending()).collect(),
        }
    }

    fn ending(&mut self) -> Ending {
        let outcomes: Vec<_> = CallOutcome::all().collect();
        Ending {
            call: self.call_ref(),
            outcome: self.one_of(&outcomes),
            status: self.maybe(70, |g| g.one_of(&[200, 204, 400, 503, 599])),
            response: self.maybe(70, Self::text),
            duration: micros(self.one_of(&[0, 999, 1_000, 87_654, 86_400 * SECOND])),
        }
    }

    fn settle(&mut self) -> Call {
        let count = self.one_of(&[0, 1, 1, 1, 1, 2, 3]);
        let mut settlements: Vec<_> = (0..count).map(|_| self.settling()).collect();
        settlements.sort_by_key(|settling| settling.hold.order);
        Call::Settle {
            op: self.next_op(),
            now: self.near(),
            settlements,
        }
    }

    fn settling(&mut self) -> Settling {
        let hold = self.hold();
        let phase = self.phase();
        Settling {
            hold,
            entry: self.maybe(50, Self::entering),
            failure: self.maybe(25, |g| Failing {
                related: hold.order,
                ..g.failing()
            }),
            resolution: self.maybe(20, Self::text),
            close: self.maybe(20, |g| {
                if g.chance(80) {
                    CallRef::LastOf(hold.order)
                } else {
                    g.call_ref()
                }
            }),
            phase,
            due_at: self.maybe(if phase == Phase::Settled { 10 } else { 90 }, Self::near),
            counts: [1 + self.below(5) as u32, 0, 1, 2].map(|count| count + self.below(3) as u32),
            since: self.near(),
            call_open: self.chance(40),
            keeps_count: self.chance(40),
            lines: self.below(3) as u8,
            reason: self.maybe(30, Self::text),
        }
    }

    fn entering(&mut self) -> Entering {
        Entering {
            status: self.one_of(&OrderStatus::OURS.each_ref()).clone(),
            note: self.text(),
            attempt: self.maybe(80, |g| 1 + g.below(5) as u32),
            retry_at: self.maybe(30, Self::near),
            send: self.maybe(30, Self::call_ref),
            look: self.maybe(30, Self::call_ref),
        }
    }

    fn failing(&mut self) -> Failing {
        let causes = [FailureCause::Refused, FailureCause::NotFound, FailureCause::Foreign];
        Failing {
            related: if self.chance(80) { self.order() } else { self.text() },
            cause: self.one_of(&causes),
            details: self.text(),
            needs_person: self.chance(50),
            version: self.maybe(60, |g| 1 + g.below(4) as i64),
        }
    }

    fn repeat(&mut self) -> Call {
        // Mostly one of the last few: an answer that was lost is asked for soon.
        let back = self.below(6) as Op;
        Call::Repeat {
            op: self.ops.saturating_sub(back).max(1),
        }
    }

    fn begin(&mut self) -> Call {
        Call::Begin {
            endpoint: self.one_of(&[Endpoint::Or11, Endpoint::Or11, Endpoint::A01]),
            related: self.maybe(20, Self::order),
            text: self.text(),
            at: self.near(),
        }
    }

    fn finish(&mut self) -> Call {
        let ending = self.ending();
        let count = self.below(4);
        let seen = (0..count).map(|_| (self.order(), self.one_of(&STATES))).collect();
        Call::Finish { ending, seen }
    }

    fn open_inbox(&mut self) -> Call {
        let count = self.below(4);
        let entries = (0..count).map(|_| self.failing()).collect();
        Call::OpenInbox { entries }
    }

    fn foreign(&mut self) -> Call {
        match self.below(10) {
            0..2 => Call::ForeignOrder { order: self.order() },
            2..8 => {
                let count = 1 + self.below(2);
                let entries = (0..count).map(|_| self.appending()).collect();
                Call::ForeignEntries { entries }
            }
            8 => Call::ForeignFailure {
                related: self.order(),
                process: self.one_of(&["Shipping", "OrderAcceptance"]),
                details: self.foreign_text(),
            },
            _ => Call::RaiseEpoch,
        }
    }

    fn appending(&mut self) -> Appending {
        let statuses = [
            "pending_acceptance",
            "pending_acceptance",
            "acceptance_failed",
            "acceptance_failed",
            "accepted",
            "cancelled",
            "shipped",
            " accepted",
            "",
        ];
        Appending {
            order: self.order(),
            status: self.one_of(&statuses),
            note: self.maybe(70, Self::foreign_text),
            retry_at: self.maybe(40, Self::near),
        }
    }

    fn decide(&mut self) -> Call {
        if self.chance(30) {
            let count = 1 + self.below(3);
            return Call::CloseFailures {
                failures: (0..count).map(|_| self.below(12)).collect(),
            };
        }
        let statuses = [
            "pending_acceptance",
            "pending_acceptance",
            "shipped",
            "on_hold",
            "acceptance_failed",
        ];
        let count = 1 + self.below(3);
        let entries = (0..count).map(|_| Deciding {
            order: self.order(),
            version_off: if self.chance(80) { 0 } else { self.one_of(&[-1, 1]) },
            status: self.one_of(&statuses),
            note: self.text(),
            resolution: self.maybe(60, Self::text),
        });
        Call::Decide {
            entries: entries.collect(),
        }
    }

    fn shop(&mut self) -> Call {
        let key = self.one_of(&SHOPS);
        match self.below(8) {
            0 => Call::Shop { key },
            1 => Call::Pause {
                key,
                until: self.near(),
            },
            2..5 => Call::CountUnanswered {
                key,
                answered: self.chance(30),
                unanswered: self.one_of(&[0, 1, 2, u32::MAX]),
            },
            5 => {
                let least = self.one_of(&[1, 1, 2, 3]);
                Call::DrawCalls {
                    key,
                    least,
                    most: self.one_of(&[least, 4, 9]),
                }
            }
            _ => Call::ReservePoll {
                key,
                now: self.near(),
                interval: micros(self.one_of(&[0, 20 * SECOND, 60 * SECOND, 3_600 * SECOND])),
            },
        }
    }

    fn ask(&mut self) -> Call {
        match self.below(3) {
            0 => Call::NextDue {
                phases: self.phases(),
                now: self.near(),
            },
            1 => {
                let count = self.below(5);
                let orders = (0..count).map(|_| self.order()).collect();
                Call::Standings { orders }
            }
            _ => Call::Count { phases: self.phases() },
        }
    }

    fn read(&mut self) -> Call {
        let limit = self.one_of(&[0, 1, 2, 5, 1000]);
        match self.below(8) {
            0 => Call::ListOrders {
                status: self.maybe(40, |g| {
                    g.one_of(&["pending_acceptance", "acceptance_failed", "accepted", "shipped"])
                }),
                since: self.maybe(20, Self::near),
                after: self.maybe(40, Self::order),
                limit,
            },
            1 => Call::Story { order: self.order() },
            2 => Call::ListCalls {
                order: self.maybe(40, Self::order),
                endpoint: self.maybe(30, |g| g.one_of(&["OR11", "OR21"])),
                outcome: self.maybe(20, |g| g.one_of(&[CallOutcome::Applied, CallOutcome::Unanswered])),
                since: self.maybe(20, Self::near),
                before: self.maybe(30, |g| CallRef::Nth(g.below(20))),
                limit,
            },
            3 => Call::Lookup { call: self.call_ref() },
            4 => self.prune(),
            5 => Call::Summaries {
                orders: (0..self.below(5)).map(|_| self.order()).collect(),
            },
            6 => Call::Stream {
                since: self.maybe(20, Self::near),
                before: self.maybe(40, Self::near),
                limit,
            },
            _ => Call::ListFailures {
                open: self.maybe(40, |g| g.chance(50)),
                needs_person: self.maybe(30, |g| g.chance(50)),
                cause: self.maybe(30, |g| g.one_of(&["refused", "not_found"])),
                related: self.maybe(30, Self::order),
                since: self.maybe(20, Self::near),
                limit,
            },
        }
    }

    fn prune(&mut self) -> Call {
        if self.chance(45) {
            return Call::Prunings {
                limit: self.one_of(&[0, 1, 100, 100]),
            };
        }
        Call::Prune {
            before: self.near(),
            now: self.near(),
            limit: self.one_of(&[1, 3, 100]),
            preview: self.chance(30),
        }
    }

    /// Mostly the lease as it is; sometimes one that passed on, or a version that did.
    fn hold(&mut self) -> Hold {
        Hold {
            order: self.order(),
            fence_off: if self.chance(88) { 0 } else { self.one_of(&[-1, 1]) },
            version_off: if self.chance(90) { 0 } else { self.one_of(&[-1, 1]) },
        }
    }

    fn call_ref(&mut self) -> CallRef {
        match self.below(20) {
            0 => CallRef::Stranger,
            1..10 => CallRef::LastOf(self.order()),
            _ => CallRef::Nth(self.below(20)),
        }
    }

    /// A time around now, also at the edges of it and of a lease.
    fn near(&mut self) -> At {
        let off = self.one_of(&[
            0,
            0,
            0,
            0,
            0,
            1,
            -1,
            SECOND,
            20 * SECOND,
            20 * SECOND + 1,
            60 * SECOND,
            -60 * SECOND,
        ]);
        self.now.plus(off)
    }

    fn phase(&mut self) -> Phase {
        let all: Vec<_> = Phase::all().collect();
        if self.chance(40) {
            Phase::Ready
        } else {
            self.one_of(&all)
        }
    }

    fn phases(&mut self) -> Vec<Phase> {
        match self.below(4) {
            0 => Phase::all().collect(),
            1 => vec![Phase::Ready],
            2 => vec![Phase::Ready, Phase::Sending, Phase::Validating],
            _ => (0..self.below(4)).map(|_| self.phase()).collect(),
        }
    }

    fn order(&mut self) -> &'static str {
        // The first few come up most.
        if self.chance(60) {
            self.one_of(&ORDERS[..3])
        } else {
            self.one_of(&ORDERS)
        }
    }

    fn text(&mut self) -> &'static str {
        self.one_of(&TEXTS)
    }

    fn foreign_text(&mut self) -> &'static str {
        self.one_of(&TEXTS[..FOREIGN_TEXTS])
    }

    fn maybe<T>(&mut self, percent: usize, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.chance(percent).then(|| make(self))
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.random.next_u64() % bound as u64) as usize
    }
}

fn micros(count: i64) -> Duration {
    Duration::from_micros(count.unsigned_abs())
}

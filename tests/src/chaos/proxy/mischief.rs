//! What goes wrong with connections, and how often.

use std::time::Duration;

use crate::chaos::{Chance, Kind};

/// How often which harm is done. The first four are probabilities for each connection, the last two for each commit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mischief {
    /// It is reset after some bytes from the client.
    pub cut_sending: f64,
    /// It is reset after some bytes from the server.
    pub cut_receiving: f64,
    /// It stands still for a while, once.
    pub stall: f64,
    /// The server's end goes away unnoticed.
    pub half_open: f64,
    /// The commit is done, its acknowledgement never arrives.
    pub lose_acknowledgement: f64,
    /// The commit is never forwarded.
    pub never_send: f64,
    /// How many bytes pass at the most before harm comes to a connection.
    pub within_bytes: u64,
    /// How long a stall is.
    pub stall_for: (Duration, Duration),
    /// How long a half-open connection stays so before it is reset, where the client does not give up first.
    pub half_open_for: (Duration, Duration),
}

impl Mischief {
    /// None.
    pub const NONE: Self = Self {
        cut_sending: 0.0,
        cut_receiving: 0.0,
        stall: 0.0,
        half_open: 0.0,
        lose_acknowledgement: 0.0,
        never_send: 0.0,
        within_bytes: 0,
        stall_for: (Duration::ZERO, Duration::ZERO),
        half_open_for: (Duration::ZERO, Duration::ZERO),
    };

    /// What is to become of a new connection.
    pub(super) fn doom(&self, chance: &mut Chance) -> Doom {
        let after = chance.below(self.within_bytes) + 1;
        if chance.happens(self.cut_sending) {
            Doom::CutSending { after }
        } else if chance.happens(self.cut_receiving) {
            Doom::CutReceiving { after }
        } else if chance.happens(self.stall) {
            let pause = chance.span(self.stall_for);
            Doom::Stall { after, pause }
        } else if chance.happens(self.half_open) {
            let pause = chance.span(self.half_open_for);
            Doom::HalfOpen { after, pause }
        } else {
            Doom::None
        }
    }

    /// What is to become of a commit.
    pub(super) fn at_commit(&self, chance: &mut Chance) -> AtCommit {
        if chance.happens(self.lose_acknowledgement) {
            AtCommit::LoseAcknowledgement
        } else if chance.happens(self.never_send) {
            AtCommit::NeverSend
        } else {
            AtCommit::Forward
        }
    }
}

/// What is to become of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doom {
    /// Nothing.
    None,
    /// Reset once so many bytes came from the client; the last of them still pass.
    CutSending { after: u64 },
    /// Reset once so many bytes came from the server; the last of them still pass.
    CutReceiving { after: u64 },
    /// Once so many bytes came from the client, nothing passes for a while.
    Stall { after: u64, pause: Duration },
    /// Once so many bytes came from the client, the server's end goes away, and the client is not told.
    HalfOpen { after: u64, pause: Duration },
}

/// What is to become of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AtCommit {
    /// It passes.
    Forward,
    /// It passes, its acknowledgement does not.
    LoseAcknowledgement,
    /// It does not pass.
    NeverSend,
}

/// The kinds under which harm to the connections of one proxy is counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kinds {
    pub(super) cut_sending: Kind,
    pub(super) cut_receiving: Kind,
    pub(super) stalled: Kind,
    pub(super) half_open: Kind,
}

impl Kinds {
    pub(super) const STORE: Self = Self {
        cut_sending: Kind::StoreCutSending,
        cut_receiving: Kind::StoreCutReceiving,
        stalled: Kind::StoreStalled,
        half_open: Kind::StoreHalfOpen,
    };
    pub(super) const MARKET: Self = Self {
        cut_sending: Kind::MarketCutSending,
        cut_receiving: Kind::MarketCutReceiving,
        stalled: Kind::MarketStalled,
        half_open: Kind::MarketHalfOpen,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_mischief_nothing_happens() {
        let mut chance = Chance::new(3);
        for _ in 0..100 {
            assert_eq!(Mischief::NONE.doom(&mut chance), Doom::None);
            assert_eq!(Mischief::NONE.at_commit(&mut chance), AtCommit::Forward);
        }
    }

    #[test]
    fn every_harm_is_drawn() {
        let mischief = Mischief {
            cut_sending: 0.2,
            cut_receiving: 0.2,
            stall: 0.2,
            half_open: 0.2,
            lose_acknowledgement: 0.3,
            never_send: 0.3,
            within_bytes: 100,
            ..Mischief::NONE
        };
        let mut chance = Chance::new(3);
        let dooms: Vec<Doom> = (0..200).map(|_| mischief.doom(&mut chance)).collect();
        let drawn = |is: fn(&Doom) -> bool| dooms.iter().any(is);
        assert!(drawn(|doom| matches!(doom, Doom::CutSending { after: 1..=100 })));
        assert!(drawn(|doom| matches!(doom, Doom::CutReceiving { after: 1..=100 })));
        assert!(drawn(|doom| matches!(doom, Doom::Stall { .. })));
        assert!(drawn(|doom| matches!(doom, Doom::HalfOpen { .. })));
        assert!(drawn(|doom| *doom == Doom::None));
        let commits: Vec<AtCommit> = (0..200).map(|_| mischief.at_commit(&mut chance)).collect();
        for at in [AtCommit::Forward, AtCommit::LoseAcknowledgement, AtCommit::NeverSend] {
            assert!(commits.contains(&at), "{at:?}");
        }
    }
}

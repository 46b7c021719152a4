//! One order as the world keeps it: its life, its body, and how it looked before.

use std::sync::Arc;

use jiff::Timestamp;

use crate::clock::earlier;
use crate::lifecycle::{Life, Move};
use crate::options::PayloadShape;
use crate::payload::{Blueprint, Shown};

/// How an order looked from some moment on.
#[derive(Debug, Clone)]
struct Snapshot {
    at: Timestamp,
    call: u64,
    shown: Shown,
}

/// An order in the world.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) id: Arc<str>,
    pub(super) shop_id: i64,
    pub(super) created_at: Timestamp,
    pub(super) blueprint: Blueprint,
    pub(super) line_ids: Vec<String>,
    pub(super) life: Life,
    pub(super) timer: Option<Timestamp>,
    updated_at: Timestamp,
    paid_at: Option<Timestamp>,
    history: Vec<Snapshot>,
    text: Option<Arc<str>>,
}

impl Order {
    pub(super) fn new(
        id: Arc<str>,
        shop_id: i64,
        created_at: Timestamp,
        now: Timestamp,
        blueprint: Blueprint,
        line_ids: Vec<String>,
        life: Life,
    ) -> Self {
        Self {
            id,
            shop_id,
            created_at,
            blueprint,
            line_ids,
            life,
            timer: None,
            updated_at: now.min(created_at),
            paid_at: None,
            history: Vec::new(),
            text: None,
        }
    }

    /// Follows a move: the dates that hang on it, the history, the body.
    pub(super) fn has_moved(&mut self, moved: &Move, call: u64) {
        if moved.from.is_some() {
            self.updated_at = moved.at;
        }
        if moved.to.is_paid() && self.paid_at.is_none() {
            self.paid_at = Some(moved.at);
        }
        self.text = None;
        self.history.push(Snapshot {
            at: moved.at,
            call,
            shown: self.shown(),
        });
    }

    /// The order as it looks now.
    pub(super) fn shown(&self) -> Shown {
        Shown {
            state: self.life.state().clone(),
            line_states: self.life.line_states(),
            decision_date: self.life.decision_date(),
            updated_at: self.updated_at,
            paid_at: self.paid_at,
        }
    }

    /// The order as it looked `ms` ago and without the effects of the last `calls` calls before this one. Before its
    /// first appearance it is taken to have looked as it first did.
    pub(super) fn shown_before(&self, ms: u64, calls: u64, now: Timestamp, call: u64) -> Shown {
        let by_time = earlier(now, ms);
        let by_call = match calls {
            0 => u64::MAX,
            some => call.saturating_sub(1).saturating_sub(some),
        };
        let seen = self
            .history
            .iter()
            .rev()
            .find(|snapshot| snapshot.at <= by_time && snapshot.call <= by_call)
            .or_else(|| self.history.first());
        seen.map_or_else(|| self.shown(), |snapshot| snapshot.shown.clone())
    }

    /// The JSON text of the order as it looks now, made once and kept until it moves.
    pub(super) fn text(&mut self, shape: PayloadShape) -> Arc<str> {
        if let Some(text) = &self.text {
            return text.clone();
        }
        let text = self.text_of(&self.shown(), shape);
        self.text = Some(text.clone());
        text
    }

    /// The JSON text of the order as it would look so.
    pub(super) fn text_of(&self, shown: &Shown, shape: PayloadShape) -> Arc<str> {
        self.blueprint.body(shown, shape).to_string().into()
    }
}

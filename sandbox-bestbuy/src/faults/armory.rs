//! The rules in force, and what they decide about one call.

use std::collections::{HashMap, HashSet};

use super::fault::{Act, Endpoint, Fault, Moment, RetryAfter};
use super::rule::{ArmedFault, FaultRule};
use crate::chance::Chance;

/// The call that the rules are asked about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) endpoint: Endpoint,
    /// OR21's and OR12's own order, or those on OR11's page.
    pub(crate) order_ids: &'a [String],
}

/// How a call ends, where it does not end well. At most one rule decides that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    Status(u16, Moment),
    TooManyRequests(Option<RetryAfter>),
    AnswerLost,
    Reset(Moment),
    BadJson,
    TruncatedJson,
    CutBody,
    Html(u16),
    EmptyBody,
    HugeBody(u64),
    Redirect { status: u16, location: String },
}

impl Ending {
    /// Whether the call ends before it is carried out.
    pub(crate) fn is_before_effect(&self) -> bool {
        matches!(
            self,
            Self::Status(_, Moment::Before)
                | Self::Reset(Moment::Before)
                | Self::TooManyRequests(_)
                | Self::Redirect { .. }
        )
    }

    /// A word for the ledger.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Status(..) => "status",
            Self::TooManyRequests(_) => "too_many_requests",
            Self::AnswerLost => "answer_lost",
            Self::Reset(_) => "reset",
            Self::BadJson => "bad_json",
            Self::TruncatedJson => "truncated_json",
            Self::CutBody => "cut_body",
            Self::Html(_) => "html",
            Self::EmptyBody => "empty_body",
            Self::HugeBody(_) => "huge_body",
            Self::Redirect { .. } => "redirect",
        }
    }
}

/// Damage to one order in an answer that is otherwise sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Damage {
    UnknownState(String),
    MissingField(String),
    NullLines,
    Missing,
}

/// What the rules decided about one call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) delay_before_ms: u64,
    pub(crate) delay_after_ms: u64,
    pub(crate) hang_before: bool,
    pub(crate) hang_after: bool,
    /// Acts and the order that their rule names, if it names one.
    pub(crate) hands_before: Vec<(Act, Option<String>)>,
    pub(crate) hands_after: Vec<(Act, Option<String>)>,
    pub(crate) ending: Option<Ending>,
    /// Damages and the order that their rule names, if it names one.
    pub(crate) damages: Vec<(Damage, Option<String>)>,
    /// How far back a read looks: milliseconds, calls.
    pub(crate) stale: Option<(u64, u64)>,
    /// Bytes in a piece of the body, milliseconds between pieces.
    pub(crate) slow: Option<(usize, u64)>,
}

/// The rules in force.
#[derive(Debug)]
pub(crate) struct Armory {
    chance: Chance,
    next_id: u64,
    rules: Vec<Armed>,
}

#[derive(Debug)]
struct Armed {
    fault_id: u64,
    rule: FaultRule,
    struck: u64,
    all: Count,
    by_order: HashMap<String, Count>,
}

/// How many calls a rule matched, and how many of those it could have struck and did.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    seen: u64,
    struck: u64,
}

impl Armory {
    pub(crate) fn new(chance: Chance) -> Self {
        Self {
            chance,
            next_id: 1,
            rules: Vec::new(),
        }
    }

    /// Adds a rule behind the others and returns its number.
    pub(crate) fn add(&mut self, rule: FaultRule) -> u64 {
        let fault_id = self.next_id;
        self.next_id += 1;
        self.rules.push(Armed {
            fault_id,
            rule,
            struck: 0,
            all: Count::default(),
            by_order: HashMap::new(),
        });
        fault_id
    }

    /// Takes a rule away; whether it was there.
    pub(crate) fn remove(&mut self, fault_id: u64) -> bool {
        let before = self.rules.len();
        self.rules.retain(|armed| armed.fault_id != fault_id);
        self.rules.len() != before
    }

    /// Takes every rule away.
    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    pub(crate) fn list(&self) -> Vec<ArmedFault> {
        self.rules
            .iter()
            .map(|armed| ArmedFault {
                fault_id: armed.fault_id,
                struck: armed.struck,
                rule: armed.rule.clone(),
            })
            .collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Asks every rule in order about a call. Once one has decided how the call ends, later rules that would end it
    /// are not asked and count nothing.
    pub(crate) fn consult(&mut self, target: Target<'_>) -> Verdict {
        let mut verdict = Verdict::default();
        let on_page: HashSet<&str> = target.order_ids.iter().map(String::as_str).collect();
        let own_order = match target.endpoint {
            Endpoint::Or12 | Endpoint::Or21 => target.order_ids.first().map(String::as_str),
            _ => None,
        };
        for armed in &mut self.rules {
            let aimed = armed.rule.endpoint.is_none_or(|e| e == target.endpoint)
                && armed.rule.order_id.as_deref().is_none_or(|id| on_page.contains(id));
            let settled = verdict.ending.is_some() && ending_of(&armed.rule.fault).is_some();
            if !aimed || settled {
                continue;
            }
            let subject = armed.rule.order_id.clone();
            let subject = subject.as_deref().or(own_order).unwrap_or("").to_owned();
            if let Some(nth) = armed.strikes(self.chance, &subject) {
                verdict.take(&armed.rule, armed.fault_id, self.chance, &subject, nth);
            }
        }
        verdict
    }
}

impl Armed {
    /// Counts a matching call; the count of the call for its subject if the rule strikes it.
    fn strikes(&mut self, chance: Chance, subject: &str) -> Option<u64> {
        let own = self.by_order.entry(subject.to_owned()).or_default();
        let nth = own.seen;
        let counted = if self.rule.per_order { *own } else { self.all };
        own.seen += 1;
        self.all.seen += 1;
        let struck = counted.seen >= self.rule.skip
            && self.rule.times.is_none_or(|times| counted.struck < times)
            && chance.happens(self.rule.probability, self.fault_id, subject, nth);
        if struck {
            own.struck += 1;
            self.all.struck += 1;
            self.struck += 1;
        }
        struck.then_some(nth)
    }
}

impl Verdict {
    fn take(&mut self, rule: &FaultRule, who: u64, chance: Chance, subject: &str, nth: u64) {
        let named = rule.order_id.clone();
        match &rule.fault {
            Fault::Latency { ms, to_ms, moment } => {
                let drawn = chance.between(*ms, to_ms.unwrap_or(*ms), who, subject, nth);
                match moment {
                    Moment::Before => self.delay_before_ms += drawn,
                    Moment::After => self.delay_after_ms += drawn,
                }
            }
            Fault::Hang { moment: Moment::Before } => self.hang_before = true,
            Fault::Hang { moment: Moment::After } => self.hang_after = true,
            Fault::Hands { act, moment } => match moment {
                Moment::Before => self.hands_before.push((act.clone(), named)),
                Moment::After => self.hands_after.push((act.clone(), named)),
            },
            Fault::SlowBody { chunk_bytes, pause_ms } => self.slow = Some((*chunk_bytes, *pause_ms)),
            Fault::StaleRead { ms, calls } => self.stale = Some((*ms, *calls)),
            Fault::UnknownState { value } => self.damages.push((Damage::UnknownState(value.clone()), named)),
            Fault::MissingField { field } => self.damages.push((Damage::MissingField(field.clone()), named)),
            Fault::NullLines => self.damages.push((Damage::NullLines, named)),
            Fault::OrderMissing => self.damages.push((Damage::Missing, named)),
            ending => self.ending = ending_of(ending),
        }
    }
}

/// How a call ends under this fault, if the fault is one that ends it.
fn ending_of(fault: &Fault) -> Option<Ending> {
    Some(match fault {
        Fault::Status { status, moment } => Ending::Status(*status, *moment),
        Fault::TooManyRequests { retry_after } => Ending::TooManyRequests(*retry_after),
        Fault::AnswerLost => Ending::AnswerLost,
        Fault::Reset { moment } => Ending::Reset(*moment),
        Fault::BadJson => Ending::BadJson,
        Fault::TruncatedJson => Ending::TruncatedJson,
        Fault::CutBody => Ending::CutBody,
        Fault::Html { status } => Ending::Html(*status),
        Fault::EmptyBody => Ending::EmptyBody,
        Fault::HugeBody { bytes } => Ending::HugeBody(*bytes),
        Fault::Redirect { status, location } => Ending::Redirect {
            status: *status,
            location: location.clone(),
        },
        Fault::Latency { .. }
        | Fault::Hang { .. }
        | Fault::SlowBody { .. }
        | Fault::UnknownState { .. }
        | Fault::MissingField { .. }
        | Fault::NullLines
        | Fault::OrderMissing
        | Fault::StaleRead { .. }
        | Fault::Hands { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn armory(rules: impl IntoIterator<Item = FaultRule>) -> Armory {
        let mut armory = Armory::new(Chance::new(7));
        for rule in rules {
            armory.add(rule);
        }
        armory
    }

    fn ask(armory: &mut Armory, endpoint: Endpoint, order_id: &str) -> Verdict {
        armory.consult(Target {
            endpoint,
            order_ids: &[order_id.to_owned()],
        })
    }

    fn lost(armory: &mut Armory, order_id: &str) -> bool {
        ask(armory, Endpoint::Or21, order_id).ending.is_some()
    }

    #[test]
    fn a_rule_strikes_after_its_skips_and_as_often_as_it_may() {
        let rule = FaultRule::on(Endpoint::Or21, Fault::AnswerLost).skip(1).times(2);
        let mut armory = armory([rule]);
        let struck: Vec<bool> = (0..5).map(|_| lost(&mut armory, "A")).collect();
        assert_eq!(struck, [false, true, true, false, false]);
        assert_eq!(armory.list()[0].struck, 2);
    }

    #[test]
    fn a_rule_for_one_order_leaves_the_others_alone() {
        let mut armory = armory([FaultRule::on(Endpoint::Or21, Fault::AnswerLost).order("A")]);
        assert!(!lost(&mut armory, "B"));
        assert!(lost(&mut armory, "A"));
        assert!(ask(&mut armory, Endpoint::Or11, "A").ending.is_none());
    }

    #[test]
    fn a_rule_that_counts_per_order_strikes_each_order_once() {
        let rule = FaultRule::on(Endpoint::Or21, Fault::AnswerLost).once().per_order();
        let mut armory = armory([rule]);
        let struck = ["A", "B", "A", "B"].map(|id| lost(&mut armory, id));
        assert_eq!(struck, [true, true, false, false]);
    }

    #[test]
    fn the_first_rule_that_ends_a_call_decides_and_later_ones_count_nothing() {
        let mut armory = armory([
            FaultRule::always(Fault::EmptyBody).once(),
            FaultRule::always(Fault::BadJson).once(),
        ]);
        let endings: Vec<_> = (0..3).map(|_| ask(&mut armory, Endpoint::Or11, "A").ending).collect();
        assert_eq!(endings, [Some(Ending::EmptyBody), Some(Ending::BadJson), None]);
    }

    #[test]
    fn chance_for_one_order_does_not_depend_on_calls_for_others() {
        let rule = FaultRule::on(Endpoint::Or21, Fault::AnswerLost).probability(0.5);
        let (mut alone, mut amid) = (armory([rule.clone()]), armory([rule]));
        for round in 0..50 {
            lost(&mut amid, &format!("other-{round}"));
            assert_eq!(lost(&mut alone, "A"), lost(&mut amid, "A"));
        }
    }

    #[test]
    fn latencies_add_up_and_go_with_an_ending() {
        let slow = |ms| {
            FaultRule::always(Fault::Latency {
                ms,
                to_ms: None,
                moment: Moment::Before,
            })
        };
        let mut armory = armory([slow(5), FaultRule::always(Fault::AnswerLost), slow(7)]);
        let verdict = ask(&mut armory, Endpoint::Or21, "A");
        assert_eq!(verdict.delay_before_ms, 12);
        assert_eq!(verdict.ending, Some(Ending::AnswerLost));
    }

    #[test]
    fn a_removed_rule_strikes_no_more() {
        let mut armory = armory([FaultRule::always(Fault::AnswerLost)]);
        assert!(armory.remove(1));
        assert!(!armory.remove(1));
        assert!(!lost(&mut armory, "A"));
    }
}

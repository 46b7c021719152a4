//! The rules that aim faults at calls.

use serde::{Deserialize, Serialize};

use super::fault::{Act, Endpoint, Fault, Moment};

/// A fault and the calls that it is aimed at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// The endpoint; any if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Endpoint>,
    /// The order: OR21's and OR12's own, or one among those that OR11 returns. Any if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<String>,
    /// How many matching calls pass first.
    #[serde(default)]
    pub skip: u64,
    /// How many times it strikes after those; no limit if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// The probability that it strikes a call which it could, from 0 to 1.
    #[serde(default = "certain")]
    pub probability: f64,
    /// Whether `skip` and `times` count for each order by itself (OR21 and OR12 alone).
    #[serde(default)]
    pub per_order: bool,
    /// What goes wrong.
    pub fault: Fault,
}

fn certain() -> f64 {
    1.0
}

impl FaultRule {
    /// A fault of every call.
    #[must_use]
    pub fn always(fault: Fault) -> Self {
        Self {
            endpoint: None,
            order_id: None,
            skip: 0,
            times: None,
            probability: 1.0,
            per_order: false,
            fault,
        }
    }

    /// A fault of every call of one endpoint.
    #[must_use]
    pub fn on(endpoint: Endpoint, fault: Fault) -> Self {
        Self {
            endpoint: Some(endpoint),
            ..Self::always(fault)
        }
    }

    /// Other hands at a moment of a call.
    #[must_use]
    pub fn hands(endpoint: Endpoint, act: Act, moment: Moment) -> Self {
        Self::on(endpoint, Fault::Hands { act, moment })
    }

    /// For one order alone.
    #[must_use]
    pub fn order(mut self, order_id: impl Into<String>) -> Self {
        self.order_id = Some(order_id.into());
        self
    }

    /// Letting this many matching calls pass first.
    #[must_use]
    pub fn skip(mut self, calls: u64) -> Self {
        self.skip = calls;
        self
    }

    /// Striking this many times.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Striking once.
    #[must_use]
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// Striking with this probability.
    #[must_use]
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }

    /// Counting `skip` and `times` for each order by itself.
    #[must_use]
    pub fn per_order(mut self) -> Self {
        self.per_order = true;
        self
    }

    /// What is wrong with the rule, if anything.
    pub(crate) fn complaint(&self) -> Option<String> {
        if !(0.0..=1.0).contains(&self.probability) {
            return Some(format!("probability {} is not from 0 to 1", self.probability));
        }
        match &self.fault {
            Fault::Status { status, .. } | Fault::Html { status } if !(200..=599).contains(status) => {
                Some(format!("{status} is not a status that can be answered"))
            }
            Fault::Redirect { status, .. } if !(300..=399).contains(status) => {
                Some(format!("{status} is not a redirect"))
            }
            Fault::Redirect { location, .. }
                if location.is_empty() || !location.bytes().all(|b| (0x21..0x7f).contains(&b)) =>
            {
                Some("the location is not a URL".to_owned())
            }
            Fault::SlowBody { chunk_bytes: 0, .. } => Some("a piece of a slow body has at least one byte".to_owned()),
            _ => None,
        }
    }
}

/// A rule in force, with its number and how often it has struck.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmedFault {
    /// The number by which it can be taken away.
    pub fault_id: u64,
    /// How often it has struck.
    pub struck: u64,
    /// The rule.
    pub rule: FaultRule,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::faults::RetryAfter;
    use crate::state::MarketState;

    #[test]
    fn a_rule_reads_from_its_shortest_json_form() {
        let rule: FaultRule = serde_json::from_value(json!({
            "endpoint": "or21", "times": 1, "fault": {"kind": "answer_lost"}
        }))
        .unwrap();
        assert_eq!(rule, FaultRule::on(Endpoint::Or21, Fault::AnswerLost).once());
    }

    #[test]
    fn other_hands_read_from_json_with_their_act() {
        let rule: FaultRule = serde_json::from_value(json!({
            "endpoint": "or11", "order_id": "A-1",
            "fault": {"kind": "hands", "act": {"set_state": {"state": "SHIPPED"}}, "moment": "after"}
        }))
        .unwrap();
        let act = Act::SetState {
            state: MarketState::Shipped,
            lines: None,
        };
        assert_eq!(rule, FaultRule::hands(Endpoint::Or11, act, Moment::After).order("A-1"));
    }

    #[test]
    fn a_misspelt_setting_of_a_fault_is_refused() {
        for rule in [
            json!({"fault": {"kind": "reset", "moments": "after"}}),
            json!({"fault": {"kind": "answer_lost"}, "time": 1}),
            json!({"fault": {"kind": "hands", "act": "dance"}}),
        ] {
            assert!(serde_json::from_value::<FaultRule>(rule).is_err());
        }
    }

    #[test]
    fn every_fault_survives_its_json_form() {
        let faults = [
            Fault::Latency {
                ms: 5,
                to_ms: Some(9),
                moment: Moment::After,
            },
            Fault::TooManyRequests {
                retry_after: Some(RetryAfter::DateInSeconds(3)),
            },
            Fault::Hands {
                act: Act::CancelByCustomer,
                moment: Moment::Before,
            },
            Fault::StaleRead { ms: 0, calls: 2 },
            Fault::NullLines,
        ];
        for fault in faults {
            let rule = FaultRule::always(fault);
            let text = serde_json::to_string(&rule).unwrap();
            assert_eq!(serde_json::from_str::<FaultRule>(&text).unwrap(), rule);
        }
    }

    #[test]
    fn senseless_rules_are_complained_of() {
        let fine = FaultRule::always(Fault::EmptyBody);
        assert_eq!(fine.complaint(), None);
        assert!(fine.clone().probability(1.5).complaint().is_some());
        for fault in [
            Fault::Status {
                status: 42,
                moment: Moment::Before,
            },
            Fault::SlowBody {
                chunk_bytes: 0,
                pause_ms: 1,
            },
            Fault::Redirect {
                status: 200,
                location: "/x".to_owned(),
            },
            Fault::Redirect {
                status: 307,
                location: "a b".to_owned(),
            },
        ] {
            assert!(FaultRule::always(fault).complaint().is_some());
        }
    }
}

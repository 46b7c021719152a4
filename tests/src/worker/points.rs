//! The points at which a worker can be told to abort: before and after each call of a port, and within an acceptance.

use std::fmt;
use std::str::FromStr;

/// Where in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Before it is handed to the port.
    Before,
    /// Right before the first byte of an acceptance leaves: its permit is asked for.
    Permit,
    /// While an acceptance is under way: its bytes have left, its answer has not come.
    UnderWay,
    /// After the port has answered, before anybody learns the answer.
    After,
}

/// A point, as `settle.after`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Point {
    /// The method of the port.
    pub method: &'static str,
    /// Where in it.
    pub side: Side,
}

/// Every method of a port that a run of the workflow calls.
const METHODS: [&str; 22] = [
    "now",
    "shop",
    "sending",
    "reserve_poll",
    "pause",
    "draw_calls",
    "count_unanswered",
    "ingest",
    "open",
    "claim",
    "renew",
    "record_intents",
    "record_answers",
    "settle",
    "next_due",
    "standings",
    "count",
    "begin",
    "finish",
    "waiting",
    "look",
    "accept",
];

const SIDES: [(Side, &str); 4] = [
    (Side::Before, "before"),
    (Side::Permit, "permit"),
    (Side::UnderWay, "under_way"),
    (Side::After, "after"),
];

impl Point {
    /// Every point.
    pub fn all() -> impl Iterator<Item = Self> {
        METHODS.into_iter().flat_map(|method| {
            SIDES
                .into_iter()
                .filter(move |(side, _)| method == "accept" || matches!(side, Side::Before | Side::After))
                .map(move |(side, _)| Self { method, side })
        })
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = SIDES
            .iter()
            .find(|(side, _)| *side == self.side)
            .map_or("", |(_, name)| name);
        write!(f, "{}.{side}", self.method)
    }
}

/// No point has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no point `{0}`")]
pub struct UnknownPoint(String);

impl FromStr for Point {
    type Err = UnknownPoint;

    fn from_str(name: &str) -> Result<Self, UnknownPoint> {
        Self::all()
            .find(|point| point.to_string() == name)
            .ok_or_else(|| UnknownPoint(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_point_has_a_name_of_its_own_that_reads_back() {
        let names: BTreeSet<String> = Point::all().map(|point| point.to_string()).collect();
        assert_eq!(names.len(), Point::all().count());
        assert!(Point::all().all(|point| point.to_string().parse() == Ok(point)));
        assert!("settle.permit".parse::<Point>().is_err());
    }

    #[test]
    fn every_method_of_the_ports_that_a_worker_decorates_is_listed() {
        let sources = [include_str!("cut_store.rs"), include_str!("cut_marketplace.rs")].join("\n");
        for method in METHODS {
            assert!(sources.contains(&format!("\"{method}\"")), "{method} is never cut");
        }
        let cuts = sources.matches("self.cut(\"").count() + sources.matches("self.at(\"").count();
        assert_eq!(cuts, METHODS.len(), "a method is cut that is not listed");
    }
}

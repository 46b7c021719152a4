//! Which (state, fault) pairs were reached, and how often.

use crate::faults::{FaultKind, Op, OrderPlace, Place};

const ORDER_PLACES: usize = OrderPlace::ALL.len();
const PLACES: usize = ORDER_PLACES + Op::ALL.len();
const CELLS: usize = PLACES * FaultKind::ALL.len();

/// Counts of (state, fault) pairs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    cells: Vec<u64>,
}

impl Default for Coverage {
    fn default() -> Self {
        Self { cells: vec![0; CELLS] }
    }
}

impl Coverage {
    /// Counts a fault.
    pub fn count(&mut self, fault: FaultKind, place: Place) {
        self.cells[cell(fault, place)] += 1;
    }

    /// How often a fault struck there.
    #[must_use]
    pub fn of(&self, fault: FaultKind, place: Place) -> u64 {
        self.cells[cell(fault, place)]
    }

    /// How often a fault struck anywhere.
    #[must_use]
    pub fn total(&self, fault: FaultKind) -> u64 {
        self.cells[fault as usize * PLACES..(fault as usize + 1) * PLACES]
            .iter()
            .sum()
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.cells.iter_mut().zip(&other.cells) {
            *mine += theirs;
        }
    }

    /// The counts as a flat list, to be put away and read back by [`Coverage::from_cells`].
    #[must_use]
    pub fn cells(&self) -> &[u64] {
        &self.cells
    }

    /// Reads back what [`Coverage::cells`] gave; `None` for a list of another length.
    #[must_use]
    pub fn from_cells(cells: Vec<u64>) -> Option<Self> {
        (cells.len() == CELLS).then_some(Self { cells })
    }
}

/// The counts as two tables, one row for each fault: by how the order stood, and by the call that was under way.
#[must_use]
pub fn matrix(coverage: &Coverage) -> String {
    let orders: Vec<Place> = OrderPlace::ALL.iter().map(|place| Place::Order(*place)).collect();
    let calls: Vec<Place> = Op::ALL.iter().map(|op| Place::Call(*op)).collect();
    [orders, calls].map(|places| table(coverage, &places)).join("\n")
}

fn table(coverage: &Coverage, places: &[Place]) -> String {
    let mut text = format!("{:38}", "");
    for place in places {
        text.push_str(&format!(
            " {:>10}",
            place.to_string().chars().take(10).collect::<String>()
        ));
    }
    for fault in FaultKind::ALL {
        let counts: Vec<u64> = places.iter().map(|place| coverage.of(*fault, *place)).collect();
        if counts.iter().any(|count| *count > 0) {
            text.push_str(&format!("\n{fault:38}"));
            for count in counts {
                text.push_str(&format!(" {count:>10}"));
            }
        }
    }
    text.push('\n');
    text
}

fn cell(fault: FaultKind, place: Place) -> usize {
    let place = match place {
        Place::Order(place) => place as usize,
        Place::Call(op) => ORDER_PLACES + op as usize,
    };
    fault as usize * PLACES + place
}

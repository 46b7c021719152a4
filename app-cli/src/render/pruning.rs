//! Prunings in a list, and sizes.

use ackord::ports::Pruning;

use super::table::Listing;
use super::{clean, stamp};

/// Prunings as a table.
#[must_use]
pub fn pruning_rows(prunings: &[Pruning]) -> Listing {
    let mut listing =
        Listing::new(&["TIME (UTC)", "BY", "STARTED BEFORE", "BODIES", "SIZE", "CALLS"]).numbers(&["BODIES", "SIZE"]);
    for pruning in prunings {
        listing.row(vec![
            stamp(pruning.at),
            clean(&pruning.actor),
            stamp(pruning.before),
            pruning.calls.to_string(),
            size(pruning.bytes),
            format!("{} to {}", pruning.first, pruning.last),
        ]);
    }
    listing
}

/// A number of bytes in the unit that suits it: `312 bytes`, `4.2 MiB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} bytes");
    }
    let mut tenths = bytes.saturating_mul(10) / 1024;
    let mut unit = 0;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_told_in_the_unit_that_suits_them() {
        let sizes = [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (1_048_575, "1023.9 KiB"),
            (1_048_576, "1.0 MiB"),
            (4_509_715_660, "4.1 GiB"),
            (u64::MAX, "1638.3 PiB"),
        ];
        for (bytes, words) in sizes {
            assert_eq!(size(bytes), words);
        }
    }
}

//! A bar for each span of time: what was accepted, and what was lost.

use super::Named;
use crate::render::style;
use crate::streams::Sink;

/// How long the longest bar may get.
const LONGEST: usize = 60;
/// What a line has besides its bar: the day, the gaps, the number.
const BESIDE: usize = 24;
/// The least that is left for bars on a narrow terminal.
const SHORTEST: usize = 10;

/// The chart under its legend.
#[must_use]
pub fn chart(named: &Named<'_>, sink: &Sink) -> String {
    let most = named.spans().map(|(.., counts)| counts.accepted + counts.lost()).max();
    let Some(most) = most.filter(|most| *most > 0) else {
        return String::new();
    };
    let room = sink.width().map_or(LONGEST + BESIDE, usize::from);
    let room = room.saturating_sub(BESIDE).clamp(SHORTEST, LONGEST);
    let mut text = format!(
        "\n{} accepted  {} cancelled or refused\n",
        style::good("█"),
        style::bad("░")
    );
    for (day, _, _, counts) in named.spans() {
        let (good, bad) = lengths(counts.accepted, counts.lost(), most, room);
        let bar = format!("{}{}", style::good(&"█".repeat(good)), style::bad(&"░".repeat(bad)));
        let line = match counts.accepted + counts.lost() {
            0 => day,
            number => format!("{day}  {bar} {number}"),
        };
        text.push_str(&format!("{line}\n"));
    }
    text
}

/// The two parts of a bar, of which `room` stands for `most`; what there is at all shows.
fn lengths(good: u64, bad: u64, most: u64, room: usize) -> (usize, usize) {
    let scaled = |number: u64| {
        let cells = (u128::from(number) * room as u128).div_ceil(u128::from(most.max(1)));
        usize::try_from(cells).unwrap_or(room)
    };
    let lost = scaled(bad);
    let accepted = scaled(good.saturating_add(bad)).saturating_sub(lost);
    (if good > 0 { accepted.max(1) } else { 0 }, lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_keep_their_proportions_and_hide_nothing() {
        assert_eq!(lengths(100, 0, 100, 60), (60, 0));
        assert_eq!(lengths(50, 0, 100, 60), (30, 0));
        assert_eq!(lengths(30, 20, 100, 60), (18, 12));
        assert_eq!(lengths(1000, 1, 1001, 60), (59, 1));
        assert_eq!(lengths(1, 1000, 1001, 60), (1, 60));
        assert_eq!(lengths(1, 0, 1_000_000, 60), (1, 0));
        assert_eq!(lengths(0, 0, 100, 60), (0, 0));
        assert_eq!(lengths(u64::MAX, 0, u64::MAX, 60), (60, 0));
    }
}

//! The time on the page: how it goes with the machine's, and the output told in it.
//!
//! The page's clock stands still while commands run, so times are cut to its steps, and spans rounded to them. What can't be the same
//! twice is made up: how long a call or a run took, how much there is to prune.

use std::sync::LazyLock;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use regex::{Captures, Regex};

/// A step of the page's clock. All that was done before the next one must take less.
const STEP: i64 = 300;

/// How long after the one before something happened, where milliseconds are told.
const APART: SignedDuration = SignedDuration::from_millis(118);

/// How long each call took.
const TOOK: &str = "124 ms";

/// A time or date, broken over lines maybe, or a time of day.
static TIME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"\b(?<date>\d{4}-\d\d-\d\d)(?:(?<gap>T|\s+)(?<minute>\d\d:\d\d)(?<second>:\d\d)?(?<fraction>\.\d+)?(?<zone>Z)?)?\b|\b(?<clock>\d\d:\d\d:\d\d)\b",
    )
    .unwrap()
});

/// A span of time, rounded as people are told it.
static SPAN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b(\d+)(d|h|m|s|ms)(?: (\d+)(h|m|s|ms))?\b").unwrap());

static TOOK_ANY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b\d+ ms\b").unwrap());

/// How many answers there are goes by which looks were shared, and how long they are by the times in them.
static BODIES_ANY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b\d+ bodies \(\d+\.\d KiB\)").unwrap());

/// So many answers, and so long.
const BODIES: &str = "86 bodies (212.5 KiB)";

/// The page's clock.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// How far it is ahead of the machine's.
    ahead: SignedDuration,
    /// A time at which a step begins.
    step: Timestamp,
}

impl Clock {
    /// Sets it to a time of the page, or to some time of a day, by whole days from the machine's. Tells by how much more it is
    /// ahead.
    pub(super) fn set(&mut self, text: &str) -> SignedDuration {
        let now = now();
        let before = self.ahead;
        if text.len() == "2026-11-23".len() {
            let day: Date = text.parse().unwrap();
            let today = now.to_zoned(TimeZone::UTC).date();
            self.ahead = midnight(day).duration_since(midnight(today));
        } else {
            self.step = utc(&text.parse().unwrap());
            self.ahead = self.step.duration_since(now);
        }
        self.ahead - before
    }

    /// The machine's time at a time of the page.
    pub(super) fn real(&self, page: &str) -> Timestamp {
        utc(&page.parse().unwrap()) - self.ahead
    }

    /// A command with its dates as the machine has them.
    pub(super) fn command(&self, command: &str) -> String {
        let dates = TIME.replace_all(command, |found: &Captures<'_>| {
            let day: Date = found["date"].parse().unwrap();
            (midnight(day) - self.ahead).to_zoned(TimeZone::UTC).date().to_string()
        });
        dates.into_owned()
    }

    /// What was printed, in the page's time.
    pub(super) fn told(&self, printed: &str) -> String {
        let mut told = Told {
            clock: self,
            last: None,
        };
        let printed = in_columns(&TIME, printed, |found| told.time(found));
        let printed = in_columns(&SPAN, &printed, |found| span(&found[0], found));
        let printed = in_columns(&TOOK_ANY, &printed, |_| TOOK.to_owned());
        in_columns(&BODIES_ANY, &printed, |_| BODIES.to_owned())
    }

    /// The beginning of the step that a time of the machine lies in; times were cut, so it may lie a little before.
    fn step_of(&self, real: Timestamp, cut: SignedDuration) -> Timestamp {
        let since = (real + self.ahead + cut).duration_since(self.step).as_secs();
        self.step + SignedDuration::from_secs(since.div_euclid(STEP) * STEP)
    }
}

/// Times of one output.
struct Told<'a> {
    clock: &'a Clock,
    /// The last that was told to the millisecond: its step, and itself.
    last: Option<(Timestamp, Timestamp)>,
}

impl Told<'_> {
    fn time(&mut self, found: &Captures<'_>) -> String {
        let part = |name: &str| found.name(name).map_or("", |part| part.as_str());
        if !part("clock").is_empty() {
            let today = now().to_zoned(TimeZone::UTC).date();
            let at = self.whole(&today.to_string(), part("clock"), SignedDuration::from_secs(1));
            return at.strftime("%H:%M:%S").to_string();
        }
        if part("minute").is_empty() {
            return self.date(part("date"));
        }
        let second = part("second");
        let cut = SignedDuration::from_secs(if second.is_empty() { 60 } else { 1 });
        let second = if second.is_empty() { ":00" } else { second };
        let step = self.whole(part("date"), &format!("{}{second}", part("minute")), cut);
        let (at, form) = match (part("gap"), part("second"), part("fraction")) {
            ("T", ..) => (step, "%H:%M:%SZ"),
            (_, "", _) => (step, "%H:%M"),
            (_, _, "") => (step, "%H:%M:%S"),
            _ => (self.exact(step), "%H:%M:%S%.3f"),
        };
        format!("{}{}{}", at.strftime("%Y-%m-%d"), part("gap"), at.strftime(form))
    }

    fn whole(&self, date: &str, time: &str, cut: SignedDuration) -> Timestamp {
        let real: DateTime = format!("{date}T{time}").parse().unwrap();
        self.clock.step_of(utc(&real), cut)
    }

    /// One after the other, as they stand.
    fn exact(&mut self, step: Timestamp) -> Timestamp {
        let at = match self.last {
            Some((of, last)) if of == step => last + APART,
            _ => step + APART,
        };
        self.last = Some((step, at));
        at
    }

    /// A day; by a clock that is ahead by other than days no day can be told.
    fn date(&self, date: &str) -> String {
        let day: Date = date.parse().unwrap();
        let ahead = self.clock.ahead.as_secs();
        assert_eq!(ahead % 86_400, 0, "{date}: set the clock to a day before");
        (day + SignedDuration::from_secs(ahead)).to_string()
    }
}

/// A span that time has worn down, or grown by, since the step began.
fn span(whole: &str, parts: &Captures<'_>) -> String {
    let seconds = |number: &str, unit: &str| {
        let number: i64 = number.parse().unwrap();
        match unit {
            "d" => number * 86_400,
            "h" => number * 3600,
            "m" => number * 60,
            "s" => number,
            _ => 0,
        }
    };
    let rest = parts.get(3).map_or(0, |number| seconds(number.as_str(), &parts[4]));
    let seconds = seconds(&parts[1], &parts[2]) + rest;
    if seconds < STEP / 2 {
        return "2s".to_owned();
    }
    if seconds % STEP == 0 {
        return whole.to_owned();
    }
    let minutes = (seconds + STEP / 2) / STEP * STEP / 60;
    let units = [(minutes / 1440, 'd'), (minutes / 60 % 24, 'h'), (minutes % 60, 'm')];
    let told = units.iter().skip_while(|(number, _)| *number == 0).take(2);
    let told: Vec<String> = told
        .filter(|(number, _)| *number > 0)
        .map(|(number, unit)| format!("{number}{unit}"))
        .collect();
    told.join(" ")
}

/// Replaces what is found; where a column ends behind it, the next one stays where it is.
fn in_columns(pattern: &Regex, text: &str, mut replace: impl FnMut(&Captures<'_>) -> String) -> String {
    let mut told = String::new();
    let mut at = 0;
    while let Some(found) = pattern.captures_at(text, at) {
        let whole = found.get(0).unwrap();
        let new = replace(&found);
        told.push_str(&text[at..whole.start()]);
        told.push_str(&new);
        at = whole.end();
        let rest = &text[at..];
        let gap = rest.len() - rest.trim_start_matches(' ').len();
        if gap >= 2 {
            told.push_str(&" ".repeat((gap + whole.len()).saturating_sub(new.len()).max(2)));
            at += gap;
        }
    }
    told + &text[at..]
}

fn midnight(day: Date) -> Timestamp {
    utc(&day.at(0, 0, 0, 0))
}

fn utc(time: &DateTime) -> Timestamp {
    time.to_zoned(TimeZone::UTC).unwrap().timestamp()
}

/// The machine's time, in whole seconds.
fn now() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clock at 09:14:05 of the page, and the machine's time then.
    fn clock() -> (Clock, Timestamp) {
        let mut clock = Clock::default();
        clock.set("2026-11-23 09:14:05");
        let real = clock.real("2026-11-23 09:14:05");
        (clock, real)
    }

    #[test]
    fn times_are_cut_to_the_steps_of_the_page_in_every_form() {
        let (clock, real) = clock();
        let late = real + SignedDuration::from_secs(70);
        let told = |form: &str, at: Timestamp| clock.told(&at.strftime(form).to_string());
        assert_eq!(told("%Y-%m-%d %H:%M:%S", late), "2026-11-23 09:14:05");
        assert_eq!(told("%Y-%m-%d %H:%M UTC", real), "2026-11-23 09:14 UTC");
        assert_eq!(told("(%Y-%m-%dT%H:%M:%S.123456Z)", late), "(2026-11-23T09:14:05Z)");
        assert_eq!(told("%H:%M:%S UTC  1 accepted", late), "09:14:05 UTC  1 accepted");
        let due = late + SignedDuration::from_hours(24);
        assert_eq!(told("%Y-%m-%d %H:%M:%S", due), "2026-11-24 09:14:05");
        let exact = "%Y-%m-%d %H:%M:%S%.3f";
        let (first, second) = (real.strftime(exact), late.strftime(exact));
        assert_eq!(
            clock.told(&format!("{first}\n{second}\n{second}")),
            "2026-11-23 09:14:05.118\n2026-11-23 09:14:05.236\n2026-11-23 09:14:05.354"
        );
    }

    #[test]
    fn spans_are_rounded_and_columns_stay() {
        let (clock, _) = clock();
        assert_eq!(clock.told("in 17h 19m  a"), "in 17h 20m  a");
        assert_eq!(clock.told("in 3h  a"), "in 3h  a");
        assert_eq!(clock.told("3h 4m  a"), "3h 5m  a");
        assert_eq!(clock.told("1h 59m  a"), "2h      a");
        assert_eq!(clock.told("(in 59m 52s)"), "(in 1h)");
        assert_eq!(clock.told("9 calls, 613ms"), "9 calls, 2s");
        assert_eq!(clock.told("every 5m, HTTP 200, 98 ms"), "every 5m, HTTP 200, 124 ms");
    }

    #[test]
    fn days_go_both_ways_by_a_clock_that_is_ahead_by_days() {
        let mut clock = Clock::default();
        clock.set("2026-11-27");
        let command = clock.command("ackord stats --since 2026-11-23");
        let (_, day) = command.rsplit_once(' ').unwrap();
        assert_eq!(clock.told(day), "2026-11-23");
    }
}

//! The trace of a simulation: a hash over every step, and on demand a story that people can read.

use crate::times::{HOUR, MILLI, MINUTE, SECOND};

/// A hash over what happened, and the story of it.
#[derive(Debug)]
pub(crate) struct Trace {
    hash: u64,
    story: Option<Vec<String>>,
}

impl Trace {
    pub(crate) fn new(with_story: bool) -> Self {
        Self {
            hash: 0xCBF2_9CE4_8422_2325,
            story: with_story.then(Vec::new),
        }
    }

    /// Takes a step into the hash.
    pub(crate) fn mix(&mut self, what: u64, detail: u64) {
        self.hash = (self.hash ^ what).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(23) ^ detail;
        self.hash = self.hash.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    /// Takes words into the hash.
    pub(crate) fn mix_text(&mut self, text: &str) {
        for chunk in text.as_bytes().chunks(8) {
            let word = chunk.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
            self.mix(word, chunk.len() as u64);
        }
    }

    /// Adds a line to the story, where one is told.
    pub(crate) fn tell(&mut self, now: u64, line: impl FnOnce() -> String) {
        if let Some(story) = &mut self.story {
            story.push(format!("{}  {}", clock_text(now), line()));
        }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn take_story(&mut self) -> Vec<String> {
        self.story.as_mut().map(std::mem::take).unwrap_or_default()
    }
}

/// `1:02:03.004005` since the start.
pub(crate) fn clock_text(now: u64) -> String {
    let (hours, minutes, seconds) = (now / HOUR, now % HOUR / MINUTE, now % MINUTE / SECOND);
    let (millis, micros) = (now % SECOND / MILLI, now % MILLI);
    format!("{hours}:{minutes:02}:{seconds:02}.{millis:03}{micros:03}")
}

//! What a server says on its standard error: the last lines, and a signal for those that mean something.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How many lines are kept for the message of a failure.
const KEPT_LINES: usize = 30;

/// The lines so far, shared between the thread that reads them and those who wait.
#[derive(Debug, Default)]
pub(super) struct Log {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<String>,
    /// What happened so far.
    seen: Mark,
    /// No more lines will come.
    ended: bool,
}

/// What the lines tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// The server accepts connections.
    Ready,
    /// The keeper has stopped the server.
    Stopped,
    /// The server will not come to serve.
    GaveUp,
}

/// How often each event had been seen at a moment; a wait looks at what came later.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark {
    ready: u64,
    stopped: u64,
    gave_up: u64,
}

impl Mark {
    fn count(&mut self, event: Event) -> &mut u64 {
        match event {
            Event::Ready => &mut self.ready,
            Event::Stopped => &mut self.stopped,
            Event::GaveUp => &mut self.gave_up,
        }
    }

    fn has(mut self, event: Event, mut since: Self) -> bool {
        *self.count(event) > *since.count(event)
    }
}

impl Log {
    /// Reads `source` to its end on a thread of its own.
    pub(super) fn follow(log: &Arc<Self>, source: impl Read + Send + 'static) {
        let log = Arc::clone(log);
        thread::spawn(move || {
            let mut lines = BufReader::new(source).split(b'\n');
            while let Some(Ok(line)) = lines.next() {
                log.add(&String::from_utf8_lossy(&line));
            }
            log.locked().ended = true;
            log.changed.notify_all();
        });
    }

    /// Where the log stands now.
    pub(super) fn mark(&self) -> Mark {
        self.locked().seen
    }

    /// Waits until `event` has been seen since `mark`.
    ///
    /// # Errors
    /// The last lines, if the server gave up or ended before that, or nothing of the kind was said within `limit`.
    pub(super) fn wait_for(&self, event: Event, mark: Mark, limit: Duration) -> Result<(), String> {
        let waiting =
            |state: &mut State| !state.seen.has(event, mark) && !state.seen.has(Event::GaveUp, mark) && !state.ended;
        let waited = self.changed.wait_timeout_while(self.locked(), limit, waiting);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.seen.has(event, mark) {
            return Ok(());
        }
        let fate = if state.ended || state.seen.has(Event::GaveUp, mark) {
            "it gave up"
        } else {
            "it took too long"
        };
        Err(format!(
            "{fate}; its last words: {}",
            Vec::from_iter(state.lines.iter().cloned()).join(" | ")
        ))
    }

    fn add(&self, line: &str) {
        let mut state = self.locked();
        if let Some(event) = Event::told_by(line) {
            *state.seen.count(event) += 1;
        }
        if state.lines.len() == KEPT_LINES {
            state.lines.pop_front();
        }
        state.lines.push_back(line.trim_end().to_owned());
        self.changed.notify_all();
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Event {
    fn told_by(line: &str) -> Option<Self> {
        let words = [
            ("database system is ready to accept connections", Self::Ready),
            ("keeper: stopped", Self::Stopped),
            ("keeper: initdb failed", Self::GaveUp),
            ("could not create any TCP/IP sockets", Self::GaveUp),
        ];
        words
            .into_iter()
            .find_map(|(words, event)| line.contains(words).then_some(event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn a_server_that_gets_ready_ends_the_wait() {
        let log = Arc::new(Log::default());
        let mark = log.mark();
        Log::follow(
            &log,
            &b"LOG:  starting\nLOG:  database system is ready to accept connections\n"[..],
        );
        assert_eq!(log.wait_for(Event::Ready, mark, LONG), Ok(()));
    }

    #[test]
    fn a_server_that_ends_first_is_quoted() {
        let log = Arc::new(Log::default());
        let mark = log.mark();
        Log::follow(&log, &b"FATAL:  no room\n"[..]);
        assert_eq!(
            log.wait_for(Event::Ready, mark, LONG),
            Err("it gave up; its last words: FATAL:  no room".to_owned())
        );
    }

    #[test]
    fn what_was_said_before_the_mark_does_not_count() {
        let log = Arc::new(Log::default());
        log.add("database system is ready to accept connections");
        let refused = log.wait_for(Event::Ready, log.mark(), Duration::ZERO).unwrap_err();
        assert!(refused.starts_with("it took too long"), "{refused}");
    }

    #[test]
    fn only_the_last_lines_are_kept() {
        let log = Log::default();
        (0..100).for_each(|number| log.add(&format!("line {number}")));
        let state = log.locked();
        assert_eq!(state.lines.len(), KEPT_LINES);
        assert_eq!(state.lines.back().map(String::as_str), Some("line 99"));
    }
}

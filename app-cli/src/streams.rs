//! Where a command writes: data on `out`, words on `err`.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::ProgressBar;

use crate::logs::WORDS;
use crate::render::fitted;

/// Whether output is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The reader of our output went away, as `head` does once it has enough. Other pipes and connections break too: those are errors.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads the output any more")]
struct ReaderGone;

/// Whether this is an output without a reader.
pub(crate) fn is_reader_gone(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<ReaderGone>())
}

/// One of the two streams. Clones write to the same place.
#[derive(Clone)]
pub struct Sink {
    writer: Arc<Mutex<Box<dyn Write + Send>>>,
    bar: Arc<Mutex<Option<ProgressBar>>>,
    width: Option<u16>,
    coloured: bool,
    /// Whether lines of words go through the log.
    logs_words: bool,
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sink")
            .field("width", &self.width)
            .field("coloured", &self.coloured)
            .finish_non_exhaustive()
    }
}

impl Sink {
    /// Writes to `writer`, which is no terminal.
    #[must_use]
    pub fn to(writer: impl Write + Send + 'static) -> Self {
        Self {
            writer: Arc::new(Mutex::new(Box::new(writer))),
            bar: Arc::default(),
            width: None,
            coloured: false,
            logs_words: false,
        }
    }

    /// The same as a terminal of this width.
    #[cfg(test)]
    pub(crate) fn of_width(mut self, width: u16) -> Self {
        self.width = Some(width);
        self
    }

    /// Whether lines of words go through the log.
    #[must_use]
    pub fn logs_words(&self) -> bool {
        self.logs_words
    }

    /// Whether it is a terminal.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.width.is_some()
    }

    /// The terminal's width in columns; `None` where it is no terminal: lines are then as long as they need to be.
    #[must_use]
    pub fn width(&self) -> Option<u16> {
        self.width
    }

    /// Shows or takes away the progress bar that lines must not run into.
    pub fn set_bar(&self, bar: Option<ProgressBar>) {
        *self.bar.lock().unwrap_or_else(PoisonError::into_inner) = bar;
    }

    /// Writes text as it stands, without its colours where the stream takes none.
    ///
    /// # Errors
    /// What the stream says; a reader that went away among it.
    pub fn write(&self, text: &str) -> io::Result<()> {
        let bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match bar {
            Some(bar) => bar.suspend(|| self.write_plainly(text)),
            None => self.write_plainly(text),
        }
    }

    /// Writes what a command did or found, where its exit code tells that too: without a reader it goes on all the same.
    ///
    /// # Errors
    /// What the stream says, but for a reader that went away.
    pub fn tell(&self, text: &str) -> io::Result<()> {
        match self.write(text) {
            Err(error) if is_reader_gone(&error) => Ok(()),
            written => written,
        }
    }

    /// Writes a line of words, broken between them where it is too long for the terminal. Where even that fails there is nobody
    /// left to tell.
    pub fn line(&self, text: &str) {
        if self.logs_words {
            let plain = anstream::adapter::strip_str(text).to_string();
            tracing::info!(target: WORDS, "{}", plain.trim());
            return;
        }
        let _nobody_left_to_tell = self.write(&format!("{}\n", fitted(text, self)));
    }

    fn write_plainly(&self, text: &str) -> io::Result<()> {
        self.write_through(text).map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => io::Error::new(io::ErrorKind::BrokenPipe, ReaderGone),
            _ => error,
        })
    }

    fn write_through(&self, text: &str) -> io::Result<()> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if self.coloured {
            writer.write_all(text.as_bytes())?;
        } else {
            let plain = anstream::adapter::strip_str(text).to_string();
            writer.write_all(plain.as_bytes())?;
        }
        writer.flush()
    }
}

/// For the log: each event is one write.
impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Self::write(self, &String::from_utf8_lossy(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The two streams of a command.
#[derive(Debug, Clone)]
pub struct Streams {
    /// Data.
    pub out: Sink,
    /// Words: progress, hints, errors, the log.
    pub err: Sink,
}

impl Streams {
    /// Those of this process.
    #[must_use]
    pub fn of_process() -> Self {
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let out = Sink {
            width: stdout.is_terminal().then(|| width_of(&stdout)),
            coloured: anstream::AutoStream::choice(&stdout) != anstream::ColorChoice::Never,
            ..Sink::to(stdout)
        };
        let err = Sink {
            width: stderr.is_terminal().then(|| width_of(&stderr)),
            coloured: anstream::AutoStream::choice(&stderr) != anstream::ColorChoice::Never,
            ..Sink::to(stderr)
        };
        Self { out, err }
    }

    /// Two writers that are no terminals.
    #[must_use]
    pub fn to(out: impl Write + Send + 'static, err: impl Write + Send + 'static) -> Self {
        Self {
            out: Sink::to(out),
            err: Sink::to(err),
        }
    }

    /// The same with lines of words going through the log, which has to write to this `err` itself.
    #[must_use]
    pub fn words_to_log(mut self) -> Self {
        self.err.logs_words = true;
        self
    }

    /// The same with the user's choice of colour.
    #[must_use]
    pub fn coloured(&self, colour: Colour) -> Self {
        let choose = |sink: &Sink| Sink {
            coloured: match colour {
                Colour::Auto => sink.coloured,
                Colour::Always => true,
                Colour::Never => false,
            },
            ..sink.clone()
        };
        Self {
            out: choose(&self.out),
            err: choose(&self.err),
        }
    }
}

#[cfg(unix)]
fn width_of(stream: &impl std::os::fd::AsFd) -> u16 {
    terminal_size::terminal_size_of(stream).map_or(100, |(width, _)| width.0)
}

#[cfg(windows)]
fn width_of(stream: &impl std::os::windows::io::AsHandle) -> u16 {
    terminal_size::terminal_size_of(stream).map_or(100, |(width, _)| width.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A stream whose reader has gone away.
    struct Unread;

    impl Write for Unread {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_went_away_stops_a_listing_and_no_report() {
        let sink = Sink::to(Unread);
        assert!(is_reader_gone(&sink.write("a row").unwrap_err()));
        assert!(sink.tell("12 accepted").is_ok());
        assert!(!is_reader_gone(&io::ErrorKind::BrokenPipe.into()), "another pipe");
    }

    #[test]
    fn colours_stay_away_from_what_is_no_terminal() {
        let buffer = Buffer::default();
        let sink = Sink::to(buffer.clone());
        sink.line("\u{1b}[32maccepted\u{1b}[0m");
        assert_eq!(*buffer.0.lock().unwrap(), b"accepted\n");
    }

    #[test]
    fn colours_can_be_asked_for() {
        let buffer = Buffer::default();
        let streams = Streams::to(buffer.clone(), io::sink()).coloured(Colour::Always);
        streams.out.line("\u{1b}[32maccepted\u{1b}[0m");
        assert!(buffer.0.lock().unwrap().starts_with(b"\x1b[32m"));
    }
}

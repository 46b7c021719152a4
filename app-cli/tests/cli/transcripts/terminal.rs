//! A terminal: a command runs in it, and what then stands on its screen is what a person would see.

use std::fs::File;
use std::io::Read as _;
use std::process::{Command, Stdio};

use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// Lines enough for the longest output: nothing scrolls away.
const ROWS: u16 = 500;

/// How wide the terminal is.
const COLUMNS: u16 = 100;

/// How a command ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// Its exit code.
    pub(super) code: Option<i32>,
    /// What stands on the screen, without empty lines at the end.
    pub(super) screen: String,
    /// What was written to the terminal, control sequences included.
    pub(super) written: String,
}

/// Runs a command to its end. One that goes on until Ctrl-C gets that once it has said `enough`.
pub(super) fn run(mut command: Command, enough: Option<&str>) -> Ended {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let size = Winsize {
        ws_row: ROWS,
        ws_col: COLUMNS,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&ours, size).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let theirs = open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).unwrap();
    command
        .stdin(Stdio::null())
        .stdout(theirs.try_clone().unwrap())
        .stderr(theirs);
    let mut child = command.spawn().unwrap();
    // Its end of the terminal is the child's alone from here on, so that reading ends with it.
    drop(command);

    let mut written = Vec::new();
    let mut enough = enough;
    let mut ours = File::from(ours);
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = ours.read(&mut buffer) {
        written.extend_from_slice(&buffer[..count]);
        if enough.is_some_and(|words| String::from_utf8_lossy(&written).contains(words)) {
            enough = None;
            // As a terminal shows that the key was pressed.
            written.extend_from_slice(b"^C");
            kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        }
    }
    let mut screen = vt100::Parser::new(ROWS, COLUMNS, 0);
    screen.process(&written);
    Ended {
        code: child.wait().unwrap().code(),
        screen: screen.screen().contents().trim_end().to_owned(),
        written: String::from_utf8_lossy(&written).into_owned(),
    }
}

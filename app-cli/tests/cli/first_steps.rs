//! The README's first steps, as somebody takes them who has just come: each command as it stands there, in an empty directory. Two
//! things differ. The program is not installed but the one that was built; and where something else listens on the sandbox's usual
//! port, the commands get another one.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How many commands there may be.
const MOST: usize = 5;

/// How long a step may take until it says what is waited for.
const LIMIT: Duration = Duration::from_secs(60);

/// Where the sandbox listens unless it is told otherwise.
const PORT: u16 = 8710;

#[test]
fn the_first_steps_lead_from_nothing_to_accepted_orders() {
    // Who else runs this test waits: there is one such port.
    let lock = File::create(std::env::temp_dir().join("ackord-first-steps.lock")).unwrap();
    lock.lock().unwrap();
    let steps = steps();
    assert!((1..=MOST).contains(&steps.len()), "{steps:#?}");
    let orders = number_after(&steps, "--orders ");
    let directory = tempfile::tempdir().unwrap();
    let mut running = Vec::new();
    let mut shown = String::new();
    for step in on_a_free_port(steps) {
        let began = Instant::now();
        if let Some(path) = installed_from(&step) {
            assert!(root(path).join("src/main.rs").is_file(), "{step}");
            continue;
        }
        let mut command = Step::begin(&step, directory.path());
        if step.contains("ackord serve") {
            command.until(&format!("{orders} accepted"));
            command.interrupt();
            shown = command.ended();
        } else if without_comment(&step).ends_with('&') {
            command.until("a marketplace listens on");
            running.push(command);
        } else {
            shown = command.ended();
        }
        println!("{:>6.2} s  {}", began.elapsed().as_secs_f64(), without_comment(&step));
    }
    let accepted = shown.lines().filter(|line| line.contains("accepted")).count();
    assert_eq!(accepted, orders, "the last command shows them all as accepted: {shown}");
    let left = std::fs::read_dir(directory.path()).unwrap().count();
    assert!(left >= 3, "settings, key and store are there");
}

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The lines of the block of commands under the heading.
fn steps() -> Vec<String> {
    let text = std::fs::read_to_string(root("README.md")).unwrap();
    let (_, section) = text.split_once("\n## First steps\n").unwrap();
    let (_, block) = section.split_once("```sh\n").unwrap();
    let (block, _) = block.split_once("```\n").unwrap();
    block.lines().map(str::to_owned).collect()
}

/// From where a step installs the program, if it does.
fn installed_from(step: &str) -> Option<&str> {
    let (_, rest) = step.strip_prefix("cargo install ")?.split_once("--path ")?;
    rest.split(' ').next()
}

fn without_comment(step: &str) -> &str {
    step.split('#').next().unwrap_or(step).trim()
}

fn number_after(steps: &[String], words: &str) -> usize {
    let mut rests = steps.iter().filter_map(|step| step.split_once(words));
    let (_, rest) = rests.next().unwrap();
    rest.split(' ').next().unwrap().parse().unwrap()
}

/// The steps as they are, or with another port where something listens on the usual one.
#[expect(clippy::print_stdout, reason = "who runs the test is to see that the steps differ")]
fn on_a_free_port(steps: Vec<String>) -> Vec<String> {
    if TcpListener::bind(("127.0.0.1", PORT)).is_ok() {
        return steps;
    }
    let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = free.local_addr().unwrap().port();
    println!("something listens on port {PORT}: the commands get {port}");
    let (sandbox, init) = ("ackord sandbox", "ackord init --sandbox");
    let elsewhere = |step: String| {
        step.replacen(sandbox, &format!("{sandbox} --port {port}"), 1).replacen(
            init,
            &format!("{init} --marketplace-url http://127.0.0.1:{port}"),
            1,
        )
    };
    steps.into_iter().map(elsewhere).collect()
}

/// A command that was begun. What it leaves running is ended with this value.
struct Step {
    shell: Child,
    lines: Receiver<String>,
    said: String,
    /// Nothing of it runs any more.
    is_over: bool,
}

impl Step {
    fn begin(line: &str, directory: &Path) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_ackord")).parent().unwrap();
        let others = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([program.to_owned()].into_iter().chain(std::env::split_paths(&others)));
        let mut shell = Command::new("sh")
            .args(["-c", line])
            .current_dir(directory)
            .env_clear()
            .env("PATH", path.unwrap())
            .env("HOME", directory)
            // As at a terminal, where Ctrl-C reaches the command in the foreground alone.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (tell, lines) = channel();
        follow(shell.stdout.take().unwrap(), tell.clone());
        follow(shell.stderr.take().unwrap(), tell);
        Self {
            shell,
            lines,
            said: String::new(),
            is_over: false,
        }
    }

    /// Returns once it says this.
    fn until(&mut self, words: &str) {
        while !self.said.contains(words) {
            let line = self.lines.recv_timeout(LIMIT);
            let line = line.unwrap_or_else(|error| panic!("it never said `{words}` ({error}): {}", self.said));
            self.keep(&line);
        }
    }

    /// Ctrl-C: it reaches the shell as well, which ends by it once its command has ended.
    fn interrupt(&self) {
        assert!(self.signal("-INT"));
    }

    /// Waits for its end, expected to be a good one, and tells what it said.
    fn ended(mut self) -> String {
        loop {
            match self.lines.recv_timeout(LIMIT) {
                Ok(line) => self.keep(&line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end: {}", self.said),
            }
        }
        let status = self.shell.wait().unwrap();
        self.is_over = true;
        let interrupted = status.signal() == Some(2) && self.said.contains("stopping:");
        assert!(status.success() || interrupted, "{status}: {}", self.said);
        std::mem::take(&mut self.said)
    }

    fn keep(&mut self, line: &str) {
        self.said.push_str(line);
        self.said.push('\n');
    }

    /// Sends a signal to the shell and to all that it began.
    fn signal(&self, signal: &str) -> bool {
        let group = format!("-{}", self.shell.id());
        let mut kill = Command::new("kill");
        let sent = kill.args([signal, "--", &group]).stderr(Stdio::null()).status();
        sent.unwrap().success()
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if !self.is_over {
            self.signal("-KILL");
            let _ = self.shell.wait();
        }
    }
}

/// Tells the lines of a stream as they come.
fn follow(stream: impl Read + Send + 'static, tell: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                return;
            }
        }
    });
}

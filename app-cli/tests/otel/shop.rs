//! A shop whose worker is the built program, with short times.

use std::path::PathBuf;

use ackord_sandbox::{Sandbox, SandboxHandle};
use ackord_tests::binary::{Backing, ProgramFixture};
use serde_json::Value;
use tokio::process::Command;

pub(crate) struct Shop {
    fixture: ProgramFixture,
    pub(crate) sandbox: SandboxHandle,
}

/// What a command printed.
#[derive(Debug)]
pub(crate) struct Printed {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Printed {
    /// What it wrote on stdout, as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Shop {
    pub(crate) async fn open(sandbox: Sandbox) -> Self {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_ackord"));
        Self {
            fixture: ProgramFixture::new(program, Backing::Sqlite).await.expect("a store"),
            sandbox: sandbox.start().await.expect("the sandbox starts"),
        }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.fixture.command(arguments);
        command.envs([
            ("ACKORD_MARKETPLACE_URL", self.sandbox.url().as_str()),
            ("ACKORD_API_KEY", self.sandbox.api_key()),
            ("ACKORD_POLL_INTERVAL", "50ms"),
            ("ACKORD_RETRY_BASE", "10ms"),
            ("ACKORD_CALL_TIMEOUT", "800ms"),
            ("ACKORD_CONNECT_TIMEOUT", "500ms"),
            ("ACKORD_LEASE", "3s"),
            ("ACKORD_LEASE_MARGIN", "200ms"),
            ("ACKORD_READ_STALENESS", "20ms"),
        ]);
        command
    }

    /// Runs a command to its end, with more in its environment.
    pub(crate) async fn ackord(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Printed {
        let output = self.command(arguments).envs(environment.iter().copied()).output().await;
        let output = output.expect("the program starts");
        Printed {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// `--quiet run --json` to a good end that accepts so many orders.
    pub(crate) async fn run(&self, accepted: usize, environment: &[(&str, &str)]) -> Printed {
        let printed = self.ackord(&["--quiet", "run", "--json"], environment).await;
        assert_eq!(printed.code, Some(0), "{printed:?}");
        assert_eq!(printed.json()["accepted"], accepted, "{printed:?}");
        printed
    }
}

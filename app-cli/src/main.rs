//! The `ackord` program: hands the process's arguments, environment and streams to the library.

use std::process::ExitCode;

use ackord_cli::{Environment, Streams};

fn main() -> ExitCode {
    let streams = Streams::of_process();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            streams.err.line(&format!("error: no runtime: {error}"));
            return ackord_cli::Exit::Settings.into();
        }
    };
    let exit = runtime.block_on(ackord_cli::launch(
        std::env::args_os(),
        &Environment::of_process(),
        &streams,
    ));
    exit.into()
}

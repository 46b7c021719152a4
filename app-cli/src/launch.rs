//! From arguments to exit code: reads the command line, runs the verb, reports what went wrong.

use std::ffi::OsString;

use clap::Parser;
use clap::error::ErrorKind;

use crate::cli::{Cli, Command};
use crate::commands::{self, Context};
use crate::environment::Environment;
use crate::exit::Exit;
use crate::streams::Streams;
use crate::{logs, report_error};

/// Runs the command line `args`, the program's own name first, and tells how the process should end.
pub async fn launch(
    args: impl IntoIterator<Item = impl Into<OsString>>,
    environment: &Environment,
    streams: &Streams,
) -> Exit {
    let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
    let program = args
        .first()
        .map_or_else(|| "ackord".into(), |name| name.to_string_lossy().into_owned());
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return not_run(&error, streams),
    };
    let streams = streams.coloured(cli.global.color);
    let (streams, log) = logs::start(cli.global.verbose, environment, streams);
    let context = Context {
        environment,
        streams: &streams,
        config: cli.global.config.as_deref(),
        quiet: cli.global.quiet,
        program: &program,
    };
    let ended = match cli.command {
        Command::Demo(args) => commands::demo::demo(&args, &context).await,
        Command::Run(args) => commands::run::run(&args, &context).await,
        Command::Init(args) => commands::init::init(&args, &context).await,
        Command::Alerts(command) => commands::alerts::alerts(&command, &context).await,
        Command::Serve(args) => commands::serve::serve(&args, &context).await,
        Command::Reconcile(args) => commands::reconcile::reconcile(&args, &context).await,
        Command::Migrate(args) => commands::migrate::migrate(&args, &context).await,
        Command::Sandbox(args) => commands::sandbox::sandbox(&args, &context).await,
        Command::Check(args) => commands::check::check(&args, &context).await,
        Command::Verify(args) => commands::verify::verify(&args, &context).await,
        Command::Prune(args) => commands::prune::prune(&args, &context).await,
        Command::Stats(args) => commands::stats::stats(&args, &context).await,
        Command::Export(args) => commands::export::export(&args, &context).await,
        Command::Orders(command) => commands::orders::orders(&command, &context).await,
        Command::Failures(command) => commands::failures::failures(&command, &context).await,
        Command::Calls(command) => commands::calls::calls(&command, &context).await,
        Command::Completions(args) => commands::completions::completions(&args, &context),
        Command::Man(args) => commands::man::man(&args, &context),
    };
    let exit = match ended {
        Ok(exit) => exit,
        Err(error) => report_error::report(error.as_ref(), &streams),
    };
    log.end().await;
    exit
}

/// Help and version are data; a command line that can't be read is an error.
fn not_run(error: &clap::Error, streams: &Streams) -> Exit {
    let text = error.render().ansi().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => match streams.out.write(&text) {
            Ok(()) => Exit::Done,
            Err(error) => report_error::report(&error, streams),
        },
        _ => {
            streams.err.line(text.trim_end());
            Exit::Usage
        }
    }
}

//! The command line: what can be typed. Each verb's arguments stand with the verb, under [`crate::commands`].

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};

use crate::commands;
use crate::exit::Exit;
use crate::streams::Colour;

/// Accepts marketplace orders, proves that each acceptance took, and keeps the story of every order.
///
/// New here? `ackord demo` shows it at work within a minute, without any settings. For real use `ackord init`, then
/// `ackord serve`.
#[derive(Debug, Parser)]
#[command(
    name = "ackord",
    bin_name = "ackord",
    version,
    max_term_width = 110,
    after_help = exit_codes(),
    arg_required_else_help = true,
    subcommand_required = true
)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct GlobalArgs {
    /// The settings file [default: ackord.toml, where that is there] [env: ACKORD_CONFIG]
    #[arg(long, global = true, value_name = "PATH")]
    pub config: Option<PathBuf>,
    /// Show no progress
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Log more to stderr; twice and thrice for still more [env: ACKORD_LOG, for example `ackord=debug`]
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Colour the output
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub color: Colour,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Watch it work: a marketplace in this process, orders of every kind, what became of each
    Demo(commands::demo::DemoArgs),
    /// Set up this directory: ask, write `ackord.toml` with every setting explained, set up the store, check everything
    ///
    /// The API key goes into a file of its own, `ackord.key`, that only its owner reads. Where nobody can be asked, give the settings by
    /// flags or variables, and `--yes`. Nothing that is there is written over.
    Init(commands::init::InitArgs),
    /// Accept what waits for acceptance, and see that each acceptance took
    ///
    /// A run takes in the orders that wait for acceptance, accepts each of them once, and looks at them until each is seen as
    /// accepted or lost, or has used up its looks. Orders whose payment is slow, and those due for a retry later, are left to
    /// the next run: let a timer start one every few minutes. Runs may overlap, on one machine or several.
    ///
    /// An empty store is set up first; one that an older version wrote asks for `ackord migrate`.
    Run(commands::run::RunArgs),
    /// Run on a schedule, for as long as it is left running
    ///
    /// A run begins at once, and then every five minutes, or at the times of `serve_cron`. There is never more than one: what falls due
    /// meanwhile is made up for by a single run right after. SIGUSR1 asks for a run at once. What stops a run, a database or
    /// marketplace that can't be reached among it, is told once, and the next run comes all the same.
    ///
    /// On SIGINT or SIGTERM it finishes what is under way and ends with 0. It tells systemd when it is ready, what it is at, and that it
    /// still turns (Type=notify, WatchdogSec=). Several may share a store: they share the work.
    Serve(commands::serve::ServeArgs),
    /// After a restored backup or a failover: ask the marketplace about every order before anything is sent again
    ///
    /// A store that was restored has forgotten what happened since. This holds sending, for all workers of the store, waits
    /// until calls that may still be on their way have ended, and looks at every unsettled order and at those settled not long
    /// ago. What has moved is settled from what was seen. Then sending is allowed again; nothing is sent by this command.
    ///
    /// Stopped or killed half way it leaves sending held: `ackord run` then looks, but sends nothing, and says so. Give the
    /// command again; it begins anew, and changes nothing twice.
    Reconcile(commands::reconcile::ReconcileArgs),
    /// Bring the store's schema up to date
    Migrate(commands::migrate::MigrateArgs),
    /// Serve a marketplace on this machine, for trying things out
    Sandbox(commands::sandbox::SandboxArgs),
    /// Check settings, store and credentials, and say what to do about each problem
    Check(commands::check::CheckArgs),
    /// Check the record against itself, and name each thing that can't be in it
    ///
    /// Every order's timeline, calls, inbox entries and work row are held against each other: versions without gaps, moves by the
    /// table, each send with its intent, each settled status with the look that showed it, nobody without a next action. Ends
    /// with 3 where anything is wrong. Run it after a restore, after work on the database by hand, or by a timer.
    Verify(commands::verify::VerifyArgs),
    /// Take the bodies of old answers out of the call log
    ///
    /// What the marketplace answered is most of what a store grows by. This takes the bodies of answers out that are older than
    /// you say, in small batches beside whatever runs, and keeps everything else: timelines, the inbox, and of each call what was
    /// asked, how it ended, when, and which state it showed of which order. The bodies of an order that is unsettled, or has
    /// an open entry in the inbox, stay. Each batch stands on record itself: see `--log`.
    ///
    /// Stopped half way it has done what it has done; give it again for the rest. The database uses the space again for what
    /// comes next; to give it back to the disk is the database's own work (VACUUM).
    Prune(commands::prune::PruneArgs),
    /// What became of the orders, by day or week: how many, how fast, and what failed
    ///
    /// New orders, accepted ones and how long that took from when they were placed (the median, and what 95 % stay within), cancelled
    /// and refused ones, and failures by cause: a table and a chart, or `--json`, or `--csv`. Days and weeks are shown whole,
    /// those that --since and --until lie in; by default the last 14 days or 12 weeks. Each thing counts by its own time, so that
    /// an order may be new on one day and accepted on the next.
    ///
    /// The figures are made from the record and change nothing in it. Orders that have no entry yet are not counted.
    Stats(commands::stats::StatsArgs),
    /// Write timelines out, for other programs
    ///
    /// Every entry of every timeline, or those of a span of time or of one order, in the order in which they were written: as comma-separated
    /// values or as JSON lines, to stdout. It takes no more memory for a long history than for a short one. Entries are told with
    /// their notes; what the marketplace said of an order and its customer is not in them.
    ///
    /// So that a spreadsheet takes nothing for a formula, a cell of a CSV file that begins with `=`, `+`, `-`, `@`, a tab or a line break
    /// has an apostrophe before it. Control characters are left out of those files, and written as escapes in JSON.
    Export(commands::export::ExportArgs),
    /// Orders and their stories
    #[command(subcommand)]
    Orders(commands::orders::OrdersCommand),
    /// The failures inbox
    #[command(subcommand)]
    Failures(commands::failures::FailuresCommand),
    /// What people are told: alerts, and what went out about them
    ///
    /// `ackord serve` and `ackord run` see to it that there is one alert for each thing that is wrong, with reminders while it is and an
    /// all-clear once it is over, by every channel that the settings name: a signed webhook, a webhook of Slack, mail.
    #[command(subcommand)]
    Alerts(commands::alerts::AlertsCommand),
    /// The log of calls to the marketplace
    #[command(subcommand)]
    Calls(commands::calls::CallsCommand),
    /// Write what a shell completes at TAB
    ///
    /// For bash: `ackord completions bash > ~/.local/share/bash-completion/completions/ackord`. For zsh: into a file `_ackord` in a directory of
    /// `$fpath`. For fish: `ackord completions fish > ~/.config/fish/completions/ackord.fish`.
    Completions(commands::completions::CompletionsArgs),
    /// Write the manual pages
    ///
    /// The page of `ackord` itself goes to stdout, to be read by `ackord man | man -l -`. With --out there is a page for each command:
    /// `ackord man --out ~/.local/share/man/man1`, then `man ackord-run`.
    Man(commands::man::ManArgs),
}

fn exit_codes() -> String {
    let lines = Exit::ALL.map(|(exit, meaning)| format!("  {}  {meaning}", exit.code()));
    format!("Exit codes (the highest that applies):\n{}", lines.join("\n"))
}

//! Worker processes: started, killed, frozen, stopped, and always started again.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::json;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{Figures, Kind, Tally};

/// How long a worker may take to stop gracefully: the calls under way, and what the store needs.
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// How to start a worker.
#[derive(Debug, Clone)]
pub struct WorkerPlan {
    /// The program: `ackord-worker`.
    pub program: PathBuf,
    /// Its arguments but for its name.
    pub arguments: Vec<String>,
    /// Where its words go.
    pub directory: PathBuf,
}

/// A running worker.
#[derive(Debug)]
pub struct Worker(Child);

impl WorkerPlan {
    /// Starts a worker of this name. Its words are appended to a file of that name.
    ///
    /// # Errors
    /// A program that can't be started.
    pub fn start(&self, name: &str) -> io::Result<Worker> {
        let words = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.words_of(name))?;
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).args(["--worker", name]);
        command
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(words);
        command.kill_on_drop(true).spawn().map(Worker)
    }

    /// The file with the words of the worker of this name.
    #[must_use]
    pub fn words_of(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}.log"))
    }
}

impl Worker {
    /// Kills it, and waits until it is gone.
    ///
    /// # Errors
    /// A process that was gone before.
    pub async fn kill(&mut self) -> io::Result<()> {
        self.0.kill().await
    }

    /// Lets it stand still for a while.
    ///
    /// # Errors
    /// A process that is gone.
    pub async fn freeze(&self, span: Duration) -> io::Result<()> {
        self.signal("-STOP").await?;
        tokio::time::sleep(span).await;
        self.signal("-CONT").await
    }

    /// Asks it to stop, and waits for its end; `None` where it did not end in time.
    ///
    /// # Errors
    /// A process that is gone.
    pub async fn stop(&mut self) -> io::Result<Option<ExitStatus>> {
        self.signal("-TERM").await?;
        timeout(STOP_LIMIT, self.0.wait()).await.ok().transpose()
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// A process that can't be waited for.
    pub async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.0.wait().await
    }

    async fn signal(&self, signal: &str) -> io::Result<()> {
        let id = self.0.id().ok_or(io::ErrorKind::NotFound)?.to_string();
        let told = Command::new("kill").args([signal, &id]).status().await?;
        if told.success() {
            Ok(())
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }
}

/// What is done to a worker.
#[derive(Debug)]
enum Order {
    Kill { rest: Duration },
    Freeze { span: Duration },
    Stop,
    End(oneshot::Sender<()>),
}

/// Several workers, each under somebody who starts it again.
#[derive(Debug)]
pub struct Fleet {
    berths: Vec<Berth>,
}

#[derive(Debug)]
struct Berth {
    orders: mpsc::Sender<Order>,
    task: JoinHandle<()>,
}

impl Drop for Berth {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Fleet {
    /// Starts so many workers.
    #[must_use]
    pub fn start(plan: &WorkerPlan, count: usize, tally: &Tally, figures: &Figures) -> Self {
        let berth = |number: usize| {
            let (orders, inbox) = mpsc::channel(1);
            let keeper = Keeper {
                plan: plan.clone(),
                name: format!("worker-{number}"),
                tally: tally.clone(),
                figures: figures.clone(),
            };
            Berth {
                orders,
                task: tokio::spawn(keeper.keep(inbox)),
            }
        };
        Self {
            berths: (0..count).map(berth).collect(),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn size(&self) -> usize {
        self.berths.len()
    }

    /// Kills one and starts it again after a rest, unless something is being done to it already.
    pub fn kill(&self, number: usize, rest: Duration) {
        self.give(number, Order::Kill { rest });
    }

    /// Freezes one for a while, unless something is being done to it already.
    pub fn freeze(&self, number: usize, span: Duration) {
        self.give(number, Order::Freeze { span });
    }

    /// Stops one gracefully and starts it again, unless something is being done to it already.
    pub fn stop(&self, number: usize) {
        self.give(number, Order::Stop);
    }

    /// Stops all of them gracefully, for good.
    pub async fn end(mut self) {
        let mut ends = Vec::new();
        for berth in &self.berths {
            let (done, end) = oneshot::channel();
            // A berth whose task panicked has nobody to tell; the others are still ended.
            if berth.orders.send(Order::End(done)).await.is_ok() {
                ends.push(end);
            }
        }
        for end in ends {
            let _ = end.await;
        }
        self.berths.clear();
    }

    fn give(&self, number: usize, order: Order) {
        if let Some(berth) = self.berths.get(number) {
            // A full inbox means that something is being done to it already.
            let _ = berth.orders.try_send(order);
        }
    }
}

/// Keeps one worker running.
#[derive(Debug)]
struct Keeper {
    plan: WorkerPlan,
    name: String,
    tally: Tally,
    figures: Figures,
}

impl Keeper {
    async fn keep(self, mut orders: mpsc::Receiver<Order>) {
        loop {
            let mut worker = match self.plan.start(&self.name) {
                Ok(worker) => worker,
                Err(error) => panic!("{} can't be started: {error}", self.plan.program.display()),
            };
            if self.until_it_ends(&mut worker, &mut orders).await {
                return;
            }
        }
    }

    /// Follows orders until the worker has ended; whether it is not to be started again.
    async fn until_it_ends(&self, worker: &mut Worker, orders: &mut mpsc::Receiver<Order>) -> bool {
        loop {
            let order = tokio::select! {
                status = worker.ended() => {
                    self.ended_by_itself(status);
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    return false;
                }
                order = orders.recv() => order,
            };
            match order {
                None => return true,
                Some(Order::Kill { rest }) => {
                    if worker.kill().await.is_ok() {
                        self.tally.count(Kind::WorkerKilled);
                    }
                    tokio::time::sleep(rest).await;
                    return false;
                }
                Some(Order::Freeze { span }) => {
                    if worker.freeze(span).await.is_ok() {
                        self.tally.count(Kind::WorkerFrozen);
                    }
                }
                Some(Order::Stop) => {
                    self.stop(worker).await;
                    return false;
                }
                Some(Order::End(done)) => {
                    self.stop(worker).await;
                    // Who asked may have given up.
                    let _ = done.send(());
                    return true;
                }
            }
        }
    }

    async fn stop(&self, worker: &mut Worker) {
        match worker.stop().await {
            Ok(Some(status)) if status.success() => self.tally.count(Kind::WorkerStopped),
            // It was told before it listened.
            Ok(Some(status)) if status.signal() == Some(TERMINATED) => {}
            Ok(Some(status)) => self.ended_by_itself(Ok(status)),
            Ok(None) => self.figures.add("violations: a worker did not stop when asked", 1),
            Err(_) => {}
        }
    }

    /// A worker may give up on its store; it may not panic, nor die of a signal that nobody sent.
    fn ended_by_itself(&self, status: io::Result<ExitStatus>) {
        let gave_up = status.as_ref().is_ok_and(|status| status.code() == Some(GAVE_UP));
        if gave_up {
            self.figures.add("workers that gave up on their store", 1);
        } else {
            self.figures.add("violations: a worker broke down", 1);
            self.figures
                .note(json!({ "worker": self.name, "broke down": format!("{status:?}") }));
        }
    }
}

/// The signal that asks a process to end.
const TERMINATED: i32 = 15;

/// The exit code of a worker that could not open its store.
const GAVE_UP: i32 = 5;

/// Where `ackord-worker` lies: beside the program that runs.
///
/// # Errors
/// Where it is not there.
pub fn worker_beside(program: &Path) -> io::Result<PathBuf> {
    let worker = program.with_file_name("ackord-worker");
    if worker.exists() {
        Ok(worker)
    } else {
        Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("{} is not built", worker.display()),
        ))
    }
}

//! A server in a container, through testcontainers.
//!
//! The container is the affair of one thread with a runtime of its own, because the runtimes of the cases come and go. A
//! keeper removes the container where this process is killed before it can.

use std::env;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use testcontainers::core::{IntoContainerPort as _, Mount};
use testcontainers::runners::AsyncRunner as _;
use testcontainers::{ContainerAsync, GenericImage, ImageExt as _};
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

use super::ServerError;
use super::address::{self, Address, ROLE};
use super::keeper::Keeper;

/// The environment variable that lists images, separated by commas, to run the PostgreSQL contract in.
pub const IMAGES_VARIABLE: &str = "ACKORD_PG_IMAGES";

/// How long a container may take to serve.
const START_LIMIT: Duration = Duration::from_secs(90);

/// How long to leave a server alone between two questions whether it serves yet.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Waits for the end of its orders, then removes the container if it is still there.
const SCRIPT: &str = r#"
while read -r _; do :; done
command -v docker >/dev/null && docker rm --force --volumes "$1" >/dev/null 2>&1
"#;

/// The images that [`IMAGES_VARIABLE`] lists; where there are none, it says so on the standard error.
#[must_use]
#[expect(
    clippy::print_stderr,
    reason = "who runs the tests is to see that a suite is left out"
)]
pub fn containers_from_env() -> Vec<String> {
    let images = listed(&env::var(IMAGES_VARIABLE).unwrap_or_default());
    if images.is_empty() {
        eprintln!(
            "The PostgreSQL contract in containers is skipped: {IMAGES_VARIABLE} lists no image. \
             tests/images/build-postgres.sh builds one."
        );
    }
    images
}

/// Where the server's files lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Files {
    /// In memory, where copying a template is quick, and from where they vanish when the server stops.
    InMemory,
    /// On the disk.
    OnDisk {
        /// A commit waits until it is there.
        durable: bool,
    },
}

/// A server in a running container; dropping it removes the container.
#[derive(Debug)]
pub(super) struct ContainerServer {
    address: Address,
    files: Files,
    orders: Option<Sender<(Order, Reply)>>,
    thread: Option<JoinHandle<()>>,
    /// Goes after the container was removed in good order, and finds nothing left to do.
    _keeper: Keeper,
}

type Reply = SyncSender<Result<(), ServerError>>;

#[derive(Clone, Copy, Debug)]
enum Order {
    Stop,
    Start,
}

impl ContainerServer {
    /// Starts a container of an image that is on this machine.
    pub(super) async fn start(image: String, files: Files) -> Result<Self, ServerError> {
        tokio::task::spawn_blocking(move || Self::start_blocking(image, files))
            .await
            .map_err(|error| ServerError::broken("starting the container", &error))?
    }

    /// Where it listens.
    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Kills the server.
    pub(super) fn stop_immediately(&self) -> Result<(), ServerError> {
        if self.files == Files::InMemory {
            return Err(ServerError::Unavailable {
                reason: "the container keeps its files in memory, and they would not outlive a stop".to_owned(),
                remedy: "start a container of its own for the case".to_owned(),
            });
        }
        self.order(Order::Stop)
    }

    /// Starts it again on its port, and returns when it accepts connections.
    pub(super) fn start_again(&self) -> Result<(), ServerError> {
        self.order(Order::Start)
    }

    fn start_blocking(image: String, files: Files) -> Result<Self, ServerError> {
        let name = format!("ackord-pg-{}", Uuid::now_v7().simple());
        let plan = Plan {
            image,
            files,
            name,
            port: address::free_port()?,
            password: address::password(),
        };
        let address = Address::local(plan.port, &plan.password)?;
        let keeper = Keeper::start(SCRIPT, &[OsStr::new(&plan.name)], Path::new("/"), None)?;
        let (orders, receiver) = channel();
        let (started, start) = sync_channel(1);
        let served = address.clone();
        let thread = thread::spawn(move || serve(&plan, &served, &started, &receiver));
        start
            .recv()
            .map_err(|error| ServerError::broken("starting the container", &error))??;
        Ok(Self {
            address,
            files,
            orders: Some(orders),
            thread: Some(thread),
            _keeper: keeper,
        })
    }

    fn order(&self, order: Order) -> Result<(), ServerError> {
        let gone = |_| ServerError::Broken("the container's thread has ended".to_owned());
        let (reply, answer) = sync_channel(1);
        let orders = self.orders.as_ref().ok_or(()).map_err(gone)?;
        orders.send((order, reply)).map_err(|_| gone(()))?;
        answer.recv().map_err(|_| gone(()))?
    }
}

impl Drop for ContainerServer {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            // If the thread panicked, the keeper removes the container.
            let _ = thread.join();
        }
    }
}

/// What to run, and how to reach it.
#[derive(Debug)]
struct Plan {
    image: String,
    files: Files,
    name: String,
    port: u16,
    password: String,
}

/// The thread of one container: starts it, follows orders, removes it.
fn serve(plan: &Plan, address: &Address, started: &Reply, orders: &Receiver<(Order, Reply)>) {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return report(
                started,
                Err(ServerError::broken("making the container's runtime", &error)),
            );
        }
    };
    let container = match runtime.block_on(run(plan)) {
        Ok(container) => container,
        Err(error) => return report(started, Err(error)),
    };
    report(started, wait_until_it_serves(&runtime, address));
    while let Ok((order, reply)) = orders.recv() {
        let outcome = match order {
            Order::Stop => runtime
                .block_on(container.stop_with_timeout(Some(0)))
                .map_err(|error| ServerError::broken("stopping the container", &error)),
            Order::Start => runtime
                .block_on(container.start())
                .map_err(|error| ServerError::broken("starting the container again", &error))
                .and_then(|()| wait_until_it_serves(&runtime, address)),
        };
        report(&reply, outcome);
    }
    // What cannot be removed here is left to the keeper.
    let _ = runtime.block_on(container.rm());
}

fn report(reply: &Reply, outcome: Result<(), ServerError>) {
    // Whoever asked may have given up.
    let _ = reply.send(outcome);
}

async fn run(plan: &Plan) -> Result<ContainerAsync<GenericImage>, ServerError> {
    let (name, tag) = name_and_tag(&plan.image);
    let durable = plan.files == Files::OnDisk { durable: true };
    let switch = |name: &str| format!("{name}={}", if durable { "on" } else { "off" });
    let settings = [
        switch("fsync"),
        switch("full_page_writes"),
        "max_connections=200".to_owned(),
    ];
    let words = settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]);
    let request = GenericImage::new(name, tag)
        .with_mapped_port(plan.port, 5432.tcp())
        .with_container_name(&plan.name)
        .with_env_var("POSTGRES_USER", ROLE)
        .with_env_var("POSTGRES_DB", "postgres")
        .with_env_var("POSTGRES_PASSWORD", &plan.password)
        .with_cmd(["postgres".to_owned()].into_iter().chain(words))
        .with_startup_timeout(START_LIMIT);
    let request = match plan.files {
        Files::OnDisk { .. } => request,
        Files::InMemory => request
            .with_mount(Mount::tmpfs_mount("/memory").with_mode(0o1777))
            .with_env_var("PGDATA", "/memory/cluster"),
    };
    request
        .start()
        .await
        .map_err(|error| ServerError::broken("running the container", &error))
}

/// Asks until the server answers. A container has no line to wait for that means the same in every image: the official
/// ones say twice that they are ready.
fn wait_until_it_serves(runtime: &Runtime, address: &Address) -> Result<(), ServerError> {
    let since = Instant::now();
    loop {
        match runtime.block_on(address.run(&["SELECT 1".to_owned()])) {
            Err(_) if since.elapsed() < START_LIMIT => thread::sleep(ASK_AGAIN_AFTER),
            outcome => return outcome,
        }
    }
}

/// The parts of an image's name; the tag is what follows the last colon, unless that belongs to a registry's port.
fn name_and_tag(image: &str) -> (&str, &str) {
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (image, "latest"),
    }
}

fn listed(images: &str) -> Vec<String> {
    images
        .split(',')
        .map(str::trim)
        .filter(|image| !image.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_listed_with_commas_and_any_space_between() {
        assert_eq!(
            listed(" ackord-postgres:15, ,postgres:17,"),
            ["ackord-postgres:15", "postgres:17"]
        );
    }

    #[test]
    fn a_name_without_a_tag_means_the_latest() {
        assert_eq!(name_and_tag("ackord-postgres:15"), ("ackord-postgres", "15"));
        assert_eq!(name_and_tag("postgres"), ("postgres", "latest"));
        assert_eq!(
            name_and_tag("example.org:5000/postgres"),
            ("example.org:5000/postgres", "latest")
        );
    }
}

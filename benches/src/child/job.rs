//! What a worker process is told, and what it tells.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::place::StoreAddress;
use crate::process::Memory;

use super::MethodTimes;

/// What a worker process is to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WorkerJob {
    /// The store.
    pub store: StoreAddress,
    /// The marketplace's address.
    pub marketplace: String,
    /// The key of the shop.
    pub key: String,
    /// The worker's name; several in one process get a number behind it.
    pub name: String,
    /// How many workflows run at once in the process, each with a store and a client of its own.
    pub workers: usize,
    /// How many acceptances each may have under way.
    pub concurrency: usize,
    /// How many connections each may have to PostgreSQL.
    pub connections: u32,
    /// The poll interval, in milliseconds.
    pub poll_ms: u64,
}

/// What a worker process did.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WorkerResult {
    /// From the word to go until all of its workers were done, in milliseconds.
    pub wall_ms: f64,
    /// What its workers' runs did together.
    pub runs: RunFigures,
    /// When its first acceptance was handed to the client, in microseconds since 1970; none where it sent none.
    pub first_sent_us: Option<i64>,
    /// When the last answer to an acceptance was durable, in microseconds since 1970.
    pub last_durable_us: Option<i64>,
    /// The time that went into each method of the ports, over all workers.
    pub methods: BTreeMap<String, MethodTimes>,
    /// The process's memory, where the system tells it.
    pub memory: Option<Memory>,
    /// The process's processor time in seconds, from the word to go, where the system tells it.
    pub cpu_s: Option<f64>,
}

/// The sums over the runs of workers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct RunFigures {
    /// How many runs.
    pub runs: u64,
    /// Orders stored for the first time.
    pub ingested: u64,
    /// Orders settled as accepted.
    pub accepted: u64,
    /// Acceptances that were or may have been sent.
    pub sends: u64,
    /// Pages of the list, and looks.
    pub reads: u64,
    /// Settlements that somebody else was faster with.
    pub lost_to_others: u64,
    /// What stopped runs before their work was done.
    pub halts: Vec<String>,
}

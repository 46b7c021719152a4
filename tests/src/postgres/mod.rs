//! A throwaway PostgreSQL for tests.
//!
//! A server comes from the first of these that can be had: the one that `TEST_DATABASE_URL` names; PostgreSQL's own
//! programs on this machine, started in a temporary directory; a container. Where none can, the caller gets
//! [`ServerError::Unavailable`] with the reason and the remedy, so that its cases are reported as ignored, never as passed.
//!
//! One server serves a test binary: [`SharedServer`] starts it at the first case that needs it and applies the migrations
//! once, to a template; each case then works in a copy, a [`Database`], which goes away when it is dropped. The server
//! goes away with its last user. It goes away as well when the test process panics or is killed, because a small keeper
//! process waits for our end of a pipe to close, and then stops it and removes its files.

mod account;
mod address;
mod container;
mod database;
mod docker;
mod error;
mod keeper;
mod local;
mod log;
mod place;
mod programs;
mod server;
mod shared;

pub use container::{IMAGES_VARIABLE, containers_from_env};
pub use database::{Database, Template};
pub use error::ServerError;
pub(crate) use place::of_cluster as quick_directory;
pub use server::{Options, Server, Stop, URL_VARIABLE};
pub use shared::SharedServer;

//! Traces of the built program (feature `otel`): what a collector receives of runs and services, and that none is missed where it is away.

mod away;
mod canary;
mod collector;
mod runs;
mod services;
mod settings;
mod shop;
mod trace;
mod wire;

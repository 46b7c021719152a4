//! The workflow over the in-memory store and a scripted marketplace.

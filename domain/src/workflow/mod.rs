//! The acceptance workflow.

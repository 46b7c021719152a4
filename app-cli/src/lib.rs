//! The ackord command line: a thin layer that wires the adapters to the workflow.

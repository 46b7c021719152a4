//! The store ports of Ackord over SQLite, the embedded default.

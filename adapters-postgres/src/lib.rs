//! The store ports of Ackord over PostgreSQL.

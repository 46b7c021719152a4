//! Given, when, then: one case for each row of the tables.

//! The client on the wire: against a played marketplace (wiremock), and against raw TCP.

#![cfg(test)]

mod connections;
mod pages;
mod reads;
mod record;
mod send;
mod support;

//! The channels on the wire: webhooks against a played receiver (wiremock) and raw TCP, mail against a played SMTP server.

#![cfg(test)]

mod mail;
mod slack;
mod support;
mod webhook;

//! The contract of the marketplace port: our client before a mock server, and before the sandbox.

use std::process::ExitCode;

use ackord_tests::contract::marketplace::{self, MarketplaceFixture};
use ackord_tests::harness::{self, Suite};

fn main() -> ExitCode {
    let mut trials = vec![marketplace::every_case_runs()];
    let mock_server = async || Ok(MarketplaceFixture::mock_server().await);
    let mut cases = marketplace::cases();
    cases.extend(marketplace::cases_for_the_mock_server());
    trials.extend(Suite::new("mock_server", cases, mock_server).trials());
    trials.extend(Suite::new("sandbox", marketplace::cases(), MarketplaceFixture::sandbox).trials());
    harness::run(trials)
}

//! Makes a history on which two stores come apart as short as it gets: calls are left out, then parts of calls.

use super::call::Call;
use super::pair::Lane;
use super::play::{Difference, Tallies, play};
use crate::harness::SetupError;

/// How many shorter histories are tried.
const MOST_TRIES: usize = 600;

/// A history that can't be made shorter, and how the stores differ after it.
pub(super) async fn shrink(
    lane: &mut Lane,
    history: Vec<Call>,
    difference: Difference,
) -> Result<(Vec<Call>, Difference), SetupError> {
    let mut tries = 0;
    let mut shortest = (history, difference);
    shortest.0.truncate(shortest.1.at + 1);
    let mut size = shortest.0.len().div_ceil(2);
    while size > 0 {
        let mut start = 0;
        let mut found = false;
        while start < shortest.0.len() && tries < MOST_TRIES {
            let mut less = shortest.0.clone();
            less.drain(start..(start + size).min(shortest.0.len()));
            tries += 1;
            match still_differs(lane, less).await? {
                Some(shorter) => {
                    shortest = shorter;
                    found = true;
                }
                None => start += size,
            }
        }
        if !found || size > 1 {
            size /= 2;
        }
    }
    while let Some(smaller) = smaller_call(lane, &shortest.0, &mut tries).await? {
        shortest = smaller;
    }
    Ok(shortest)
}

/// The history with one call made smaller, if the stores still come apart.
async fn smaller_call(
    lane: &mut Lane,
    history: &[Call],
    tries: &mut usize,
) -> Result<Option<(Vec<Call>, Difference)>, SetupError> {
    for (place, call) in history.iter().enumerate() {
        for smaller in call.smaller() {
            if *tries >= MOST_TRIES {
                return Ok(None);
            }
            *tries += 1;
            let mut less = history.to_vec();
            less[place] = smaller;
            if let Some(found) = still_differs(lane, less).await? {
                return Ok(Some(found));
            }
        }
    }
    Ok(None)
}

async fn still_differs(lane: &mut Lane, mut history: Vec<Call>) -> Result<Option<(Vec<Call>, Difference)>, SetupError> {
    let mut pair = lane.pair().await?;
    let difference = play(&mut pair, &history, &mut Tallies::new()).await;
    Ok(difference.map(|difference| {
        history.truncate(difference.at + 1);
        (history, difference)
    }))
}

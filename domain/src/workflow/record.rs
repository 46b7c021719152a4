//! Record and settle: answers go on record first, whoever holds the lease; then each order is settled by its answer.

use crate::ports::{RecordedAnswer, SendVerdict, Settled, StoreClock};
use crate::work::Settlement;

use super::core::Core;
use super::decide;
use super::report::Halt;
use super::send::Answered;

/// What became of a batch of answers.
#[derive(Debug)]
pub(super) struct Recorded {
    pub(super) settlements: Vec<Settlement>,
    pub(super) results: Vec<Settled>,
    /// How many acceptances in a row were not sent or not answered, over all workers of the shop.
    pub(super) unanswered_in_row: u32,
    /// Whether any of the calls was made or tried, so that the count tells something new.
    pub(super) tried: bool,
}

/// Records answers and settles their orders; `unanswered_in_row` is the count that was known before.
pub(super) async fn record(
    core: &Core,
    clock: StoreClock,
    mut batch: Vec<Answered>,
    unanswered_in_row: u32,
) -> Result<Recorded, Halt> {
    let answers: Vec<_> = batch
        .iter()
        .map(|one| RecordedAnswer {
            call: one.call,
            end: one.answer.end.clone(),
        })
        .collect();
    core.record_answers(&answers).await.map_err(Halt::Store)?;
    for one in &mut batch {
        if let Some(call) = &mut one.claimed.call {
            call.outcome = Some(one.answer.end.outcome);
        }
    }

    let (answered, unanswered) = tail(batch.iter().map(|one| &one.answer.verdict));
    let unanswered_in_row = if counts(unanswered_in_row, &batch) {
        let key = core.ports.marketplace.shop_key();
        let shop = core
            .ports
            .store
            .count_unanswered(&key, answered, unanswered)
            .await
            .map_err(Halt::Store)?;
        shop.unanswered_in_row
    } else {
        unanswered_in_row
    };

    let now = core.now(clock);
    let ctx = core.context(now, unanswered_in_row >= core.settings.breaker_threshold);
    let settlements: Vec<_> = batch
        .iter()
        .map(|one| decide::after_answer(&one.claimed, &one.answer.verdict, &one.answer.detail, &ctx))
        .collect();
    let results = core.settle(&settlements, now).await.map_err(Halt::Store)?;
    Ok(Recorded {
        settlements,
        results,
        unanswered_in_row,
        tried: answered || unanswered > 0,
    })
}

/// Whether a batch changes the count of acceptances in a row that were not sent or not answered.
pub(super) fn counts(unanswered_in_row: u32, batch: &[Answered]) -> bool {
    let (answered, unanswered) = tail(batch.iter().map(|one| &one.answer.verdict));
    unanswered > 0 || (answered && unanswered_in_row > 0)
}

/// Whether any of the verdicts, in the order in which they came, was an answer, and how many after the last such were none.
fn tail<'a>(verdicts: impl Iterator<Item = &'a SendVerdict>) -> (bool, u32) {
    let mut answered = false;
    let mut unanswered = 0;
    for verdict in verdicts {
        match verdict {
            SendVerdict::NotSent | SendVerdict::Unknown => unanswered += 1,
            SendVerdict::Withdrawn => {}
            SendVerdict::Applied
            | SendVerdict::Precondition
            | SendVerdict::Refused
            | SendVerdict::Credentials
            | SendVerdict::Throttled(_) => {
                answered = true;
                unanswered = 0;
            }
        }
    }
    (answered, unanswered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_came_after_the_last_answer_counts() {
        use SendVerdict::{Applied, NotSent, Unknown, Withdrawn};
        assert_eq!(tail([Unknown, NotSent, Applied, Unknown, Withdrawn].iter()), (true, 1));
        assert_eq!(tail([Unknown, NotSent].iter()), (false, 2));
        assert_eq!(tail([Withdrawn].iter()), (false, 0));
        assert_eq!(tail([Unknown, Applied].iter()), (true, 0));
    }
}

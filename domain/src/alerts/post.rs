//! The post: takes what is due out of the outbox and delivers it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use crate::ports::{Clock, Delivery, DeliveryEnd, Notifier, NotifyError, Randomness};
use crate::retry::{doubled, jittered};
use crate::time::{self, Timestamp};

use super::health::chain;

/// For so long nobody else takes a message that is being delivered; a notifier ends within half a minute.
pub(super) const LEASE: Duration = Duration::from_secs(60);
/// So many messages are taken at once.
pub(super) const TOGETHER: usize = 20;
const FIRST_WAIT: Duration = Duration::from_secs(15);
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// A message that has not arrived by then is given up: what it said is long out of date, and reminders have followed it.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(24 * 3600);

/// Tries these messages at once, and tells how each ended.
pub(super) async fn deliver(
    notifiers: &[Arc<dyn Notifier>],
    due: &[Delivery],
    clock: &dyn Clock,
    randomness: &dyn Randomness,
) -> Vec<DeliveryEnd> {
    let attempts = due.iter().map(|delivery| async move {
        let Some(notifier) = notifiers.iter().find(|notifier| notifier.name() == delivery.channel) else {
            return DeliveryEnd::Again {
                at: time::plus(clock.now(), LONGEST_WAIT),
                error: "the channel is not set up here".to_owned(),
            };
        };
        // Ids begin anew in every store, and a receiver may hear of several.
        let id = format!(
            "ackord-{}-{}",
            delivery.delivery_id.0,
            delivery.written_at.as_microsecond()
        );
        match notifier.deliver(&id, &delivery.message).await {
            Ok(()) => DeliveryEnd::Delivered,
            Err(error) => after(&error, delivery, clock.now(), randomness),
        }
    });
    join_all(attempts).await
}

/// What comes of a message that did not arrive.
fn after(error: &NotifyError, delivery: &Delivery, now: Timestamp, randomness: &dyn Randomness) -> DeliveryEnd {
    let words = chain(error);
    if time::until(delivery.written_at, now) >= GIVEN_UP_AFTER {
        return DeliveryEnd::GivenUp { error: words };
    }
    let wait = match error {
        NotifyError::Unreachable { .. } | NotifyError::Throttled { retry_after: None } => jittered(
            doubled(FIRST_WAIT, delivery.attempt.saturating_sub(1), LONGEST_WAIT),
            randomness,
        ),
        // No rest at all would have the same message tried again and again in one round.
        NotifyError::Throttled {
            retry_after: Some(rest),
        } => (*rest).max(FIRST_WAIT),
        // Somebody has to mend the settings; the message is not lost until then.
        NotifyError::Refused { .. } => LONGEST_WAIT,
    };
    DeliveryEnd::Again {
        at: time::plus(now, wait),
        error: words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::{Kind, Message, Severity};
    use crate::memory::SeededRandom;
    use crate::ports::DeliveryId;

    fn delivery(attempt: u32) -> Delivery {
        let at: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        Delivery {
            delivery_id: DeliveryId(1),
            channel: "webhook".to_owned(),
            message: Message {
                kind: Kind::Raised,
                key: "silence".to_owned(),
                severity: Severity::Critical,
                shop: "s".to_owned(),
                title: "t".to_owned(),
                lines: Vec::new(),
                remedy: String::new(),
                count: 1,
                since: at,
                at,
            },
            attempt,
            written_at: at,
        }
    }

    fn wait(error: &NotifyError, attempt: u32) -> Option<u64> {
        let delivery = delivery(attempt);
        match after(error, &delivery, delivery.written_at, &SeededRandom::new(3)) {
            DeliveryEnd::Again { at, .. } => Some(time::until(delivery.written_at, at).as_secs()),
            _ => None,
        }
    }

    #[test]
    fn waits_grow_up_to_a_quarter_of_an_hour() {
        let lost = NotifyError::Unreachable {
            what: "reset".to_owned(),
            source: None,
        };
        assert!(wait(&lost, 1).unwrap() <= 15);
        assert!(wait(&lost, 30).unwrap() <= 900);
        assert!(wait(&lost, 30).unwrap() >= 450);
    }

    #[test]
    fn a_receiver_is_given_the_rest_that_it_asks_for() {
        let rest = NotifyError::Throttled {
            retry_after: Some(Duration::from_secs(77)),
        };
        assert_eq!(wait(&rest, 1), Some(77));
        let none = NotifyError::Throttled {
            retry_after: Some(Duration::ZERO),
        };
        assert_eq!(wait(&none, 1), Some(15), "never at once");
    }

    #[test]
    fn what_is_refused_waits_for_the_settings_to_be_mended() {
        let refused = NotifyError::Refused { what: "404".to_owned() };
        assert_eq!(wait(&refused, 1), Some(900));
    }

    #[test]
    fn a_message_of_yesterday_is_given_up() {
        let delivery = delivery(90);
        let later = time::plus(delivery.written_at, GIVEN_UP_AFTER);
        let refused = NotifyError::Refused { what: "404".to_owned() };
        let end = after(&refused, &delivery, later, &SeededRandom::new(3));
        assert_eq!(
            end,
            DeliveryEnd::GivenUp {
                error: "the receiver refused the message: 404".to_owned()
            }
        );
    }
}

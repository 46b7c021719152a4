//! What alerts say.

use super::health::Trouble;
use crate::failure::FailureCause;
use crate::ports::OpenGroup;
use crate::time::Timestamp;

/// A time to the minute.
pub(super) fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A line for each of the first, and one for the others.
pub(super) fn names(first: &[String], count: u64) -> Vec<String> {
    and_more(first.to_vec(), count)
}

/// The lines there are, and one that says how many more there would be.
pub(super) fn and_more(mut lines: Vec<String>, count: u64) -> Vec<String> {
    let more = count.saturating_sub(lines.len() as u64);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}

/// So many orders.
fn orders(count: u64) -> String {
    if count == 1 {
        "1 order".to_owned()
    } else {
        format!("{count} orders")
    }
}

/// What is said of entries of the inbox, and what to do.
pub(super) fn of_inbox(group: &OpenGroup, cause: Option<FailureCause>) -> (String, String) {
    let orders = orders(group.entries);
    let Some(cause) = cause else {
        let entries = if group.entries == 1 {
            "1 entry".to_owned()
        } else {
            format!("{} entries", group.entries)
        };
        let title = format!("{entries} of {} in the inbox", group.process_name);
        return (title, "ackord failures list --open".to_owned());
    };
    let title = match cause {
        FailureCause::NotSent => format!("{orders} could not be sent, and all attempts are used up"),
        FailureCause::Unanswered => format!("{orders} got no answer, and all attempts are used up"),
        FailureCause::Refused => format!("{orders}: the marketplace refused the acceptance"),
        FailureCause::NotConfirmed => format!("{orders} were sent and are not seen as accepted"),
        FailureCause::DebitOverdue => format!("{orders}: accepted, and the customer's payment is overdue"),
        FailureCause::UnknownState => format!("{orders} in a state that is not known"),
        FailureCause::NotFound => format!("{orders} not listed by the marketplace"),
        FailureCause::NoLines => format!("{orders} without a line that can be read"),
        FailureCause::Unreadable => format!("{orders} with JSON that can't be read"),
        FailureCause::RefusedByShop => format!("{orders} refused by somebody of the shop"),
        FailureCause::RefusedAtDeadline => {
            format!("{orders} LOST: refused by the marketplace at the acceptance deadline")
        }
        FailureCause::Contradiction => {
            format!("{orders} settled here, and the marketplace still waits for the acceptance")
        }
        FailureCause::Foreign => format!("{orders} failed by another program, with no time for a retry"),
        FailureCause::WorkersLost => format!("{orders}: worker after worker ended with it in hand"),
    };
    (title, format!("ackord failures list --open --cause {cause}"))
}

/// What is said of orders near their deadline.
pub(super) fn of_deadline(named: &str, count: u64) -> String {
    let orders = orders(count);
    let is = if count == 1 { "is" } else { "are" };
    match named {
        "past" => format!("{orders} {is} past the acceptance deadline and not known to be accepted"),
        "late" => format!("{orders} {is} close to the acceptance deadline: four fifths of the time are gone"),
        _ => format!("{orders} {is} not accepted yet: half of the time is gone"),
    }
}

/// What is said of what is in the way, and what to do.
pub(super) fn of_trouble(trouble: Trouble) -> (&'static str, &'static str) {
    match trouble {
        Trouble::Credentials => (
            "the marketplace does not take the API key: nothing is accepted",
            "make a new key in the marketplace's back office, put it where api_key_file says, then `ackord check`",
        ),
        Trouble::MarketplaceDown => (
            "the marketplace is down: orders wait",
            "nothing to do: runs go on by themselves. `ackord calls list` shows what it answers",
        ),
        Trouble::MarketplaceRefuses => (
            "the marketplace refuses what it is asked",
            "`ackord check`; `ackord calls list` shows the answer",
        ),
        Trouble::Throttled => (
            "the marketplace asks for long rests: orders wait",
            "nothing is lost. Run less often (serve_interval), or set calls_per_hour",
        ),
        Trouble::OutOfBudget => (
            "the budget of calls is used up: orders wait",
            "nothing is lost. Raise calls_per_hour if the marketplace allows the key more",
        ),
        Trouble::WrongShop => (
            "the marketplace lists none of our orders: shop_id or the key is another shop's",
            "`ackord check` names the shop of the key; set shop_id to the one that the orders belong to",
        ),
        Trouble::SendingHeld => (
            "sending is held: nothing is accepted",
            "`ackord reconcile` asks the marketplace about every order and then allows sending again",
        ),
        Trouble::TooSlow => (
            "the marketplace or the store is too slow: no acceptance starts in time",
            "`ackord calls list` shows the times; raise `lease` if both are well otherwise",
        ),
        Trouble::Settings => ("the settings don't fit together: nothing runs", "`ackord check`"),
        Trouble::StoreDown => (
            "the store fails: nothing is accepted",
            "is the database running, and has its disk room? `ackord check` tells",
        ),
    }
}

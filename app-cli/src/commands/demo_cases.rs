//! What must have become of each order of the demo, judged by the sandbox's ledger and our record together.

use ackord::OrderStatus;
use ackord::failure::FailureCause;
use ackord::ports::OrderStory;
use ackord_sandbox::Ledger;

/// How an order of the demo must end.
#[derive(Debug, Clone, Copy)]
struct Case {
    order_id: &'static str,
    /// Its status in our record; `None` for an order that must not be on record.
    status: Option<&'static str>,
    /// How many acceptances of ours must have taken effect, by the ledger.
    applied: usize,
    /// How many acceptances the ledger must have received.
    received: usize,
    /// The cause of the entry that must stand open for a person.
    waits: Option<FailureCause>,
    /// Whether an attempt must have failed on the way.
    failed_attempt: bool,
}

const ACCEPTED: Case = Case {
    order_id: "",
    status: Some("accepted"),
    applied: 1,
    received: 1,
    waits: None,
    failed_attempt: false,
};

const LOST: Case = Case {
    status: Some("cancelled"),
    applied: 0,
    ..ACCEPTED
};

const CASES: [Case; 14] = [
    Case {
        order_id: "DEMO-1001-A",
        ..ACCEPTED
    },
    Case {
        order_id: "DEMO-1002-A",
        ..ACCEPTED
    },
    Case {
        order_id: "DEMO-1003-A",
        ..ACCEPTED
    },
    Case {
        order_id: "DEMO-1004-A",
        ..ACCEPTED
    },
    Case {
        order_id: "DEMO-2001-A",
        ..ACCEPTED
    },
    Case {
        order_id: "DEMO-2002-A",
        applied: 1,
        ..LOST
    },
    Case {
        order_id: "DEMO-3001-A",
        status: None,
        received: 0,
        ..LOST
    },
    Case {
        order_id: "DEMO-3002-A",
        ..LOST
    },
    Case {
        order_id: "DEMO-3003-A",
        waits: Some(FailureCause::RefusedAtDeadline),
        ..LOST
    },
    Case {
        order_id: "DEMO-3004-A",
        applied: 0,
        ..ACCEPTED
    },
    Case {
        order_id: "DEMO-4001-A",
        received: 2,
        failed_attempt: true,
        ..ACCEPTED
    },
    Case {
        order_id: "DEMO-4002-A",
        ..ACCEPTED
    },
    Case {
        order_id: "DEMO-4003-A",
        ..ACCEPTED
    },
    Case {
        order_id: "DEMO-4004-A",
        status: Some("pending_acceptance"),
        waits: Some(FailureCause::UnknownState),
        ..ACCEPTED
    },
];

/// What is not as it must be; nothing where all is.
pub(super) fn differences(order_id: &str, story: Option<&OrderStory>, ledger: &Ledger) -> Vec<String> {
    let Some(case) = CASES.iter().find(|case| case.order_id == order_id) else {
        return vec!["nobody said how it must end".to_owned()];
    };
    let mut found = Vec::new();
    let mut expect = |what: &str, wanted: String, got: String| {
        if wanted != got {
            found.push(format!("{what}: {got} instead of {wanted}"));
        }
    };
    let word = |status: Option<&str>| status.unwrap_or("not on record").to_owned();
    let status = story
        .and_then(|story| story.summary.status.as_ref())
        .map(OrderStatus::as_str);
    expect("status", word(case.status), word(status));
    let applied = ledger.decisions_applied(order_id);
    expect(
        "acceptances that took effect",
        case.applied.to_string(),
        applied.to_string(),
    );
    let received = ledger.acceptances_received(order_id);
    expect("acceptances received", case.received.to_string(), received.to_string());
    expect(
        "open for a person",
        cause_word(case.waits.map(FailureCause::as_str)),
        cause_word(open_cause(story)),
    );
    let failed = story.is_some_and(|story| {
        story
            .entries
            .iter()
            .any(|entry| entry.status == OrderStatus::AcceptanceFailed)
    });
    expect("a failed attempt", case.failed_attempt.to_string(), failed.to_string());
    found
}

fn open_cause(story: Option<&OrderStory>) -> Option<&str> {
    let mut open = story?.failures.iter().filter(|failure| failure.resolved_at.is_none());
    open.next().and_then(|failure| failure.cause.as_deref())
}

fn cause_word(cause: Option<&str>) -> String {
    cause.unwrap_or("nothing").to_owned()
}

#[cfg(test)]
mod tests {
    use ackord_sandbox::demo_set;

    use super::*;

    #[test]
    fn every_order_of_the_demo_has_its_case_and_no_case_is_left_over() {
        let named: Vec<&str> = demo_set().scenarios.iter().map(|scenario| scenario.order_id).collect();
        let judged: Vec<&str> = CASES.iter().map(|case| case.order_id).collect();
        assert_eq!(named, judged);
    }
}

//! The shipped protocol, under each configuration in which it must hold.

use std::collections::BTreeSet;
use std::time::Instant;

use stateright::{Checker, HasDiscoveries, Model};

use super::Protocol;
use super::promises::{CANCELLED, REACHED};
use super::rules::{Broken, Rules};

/// Checks every state, and that all of `reached` is; returns what is.
fn holds(name: &str, rules: Rules, reached: &[&'static str]) -> BTreeSet<&'static str> {
    let started = Instant::now();
    let checker = Protocol { rules }
        .checker()
        .threads(2)
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    println!(
        "{name}: {} states, {} steps, depth {}, {:.1} s",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth(),
        started.elapsed().as_secs_f32()
    );
    for (property, path) in checker.discoveries() {
        let kind = checker.discovery_classification(property).to_string();
        assert_eq!(kind, "example", "{property}: {:#?}", path.into_actions());
    }
    let found: BTreeSet<_> = checker.discoveries().into_keys().collect();
    for property in reached {
        assert!(found.contains(property), "never reached: {property}");
    }
    found
}

#[test]
fn the_guards_alone_let_one_decision_take_effect() {
    holds("guards alone", Rules::guards_alone(), &REACHED);
}

/// No look justifies a send that may not show what an earlier call did: behind that these two are a second line.
#[test]
fn two_guards_stand_behind_another_one() {
    let among_others = Rules {
        foreign_entries: 1,
        ..Rules::guards_alone()
    };
    let rules = Rules::guards_alone().without(&[Broken::Precondition]);
    holds("resend on precondition", rules, &REACHED[..1]);
    let rules = among_others.without(&[Broken::ForeignKeepsCall]);
    holds("entry forgets the call", rules, &REACHED);
}

#[test]
fn making_states_alike_changes_no_verdict() {
    let rules = Rules {
        looks: 1,
        attempts: 1,
        ..Rules::guards_alone()
    };
    let reduced = holds("one attempt, alike states made one", rules.clone(), &[]);
    let every = Rules {
        reduced: false,
        ..rules
    };
    assert_eq!(reduced, holds("one attempt, every state", every, &[]));
}

#[test]
fn the_guards_hold_where_calls_are_slow_and_reads_further_behind() {
    let rules = Rules {
        call_timeout: 2,
        staleness: 2,
        looks: 3,
        attempts: 3,
        ..Rules::guards_alone()
    };
    holds("slow calls, reads two ticks behind", rules, &REACHED);
}

#[test]
fn the_guards_hold_against_other_programs_entries() {
    let rules = Rules {
        foreign_entries: 2,
        ..Rules::guards_alone()
    };
    holds("other programs' entries", rules, &REACHED);
}

#[test]
fn the_guards_hold_where_looks_have_gaps() {
    let rules = Rules {
        gaps: true,
        staleness: 2,
        ..Rules::guards_alone()
    };
    holds("looks without the order", rules, &REACHED);
}

#[test]
fn the_guards_hold_where_a_clock_runs_ahead() {
    let rules = Rules {
        lead: [0, 1],
        poll: 2,
        ..Rules::guards_alone()
    };
    holds("a clock ahead", rules, &REACHED);
}

#[test]
fn the_guards_hold_where_a_clock_runs_ahead_by_more_than_the_margin() {
    let rules = Rules {
        lead: [0, 2],
        poll: 3,
        ..Rules::guards_alone()
    };
    holds("a clock ahead by more than the margin", rules, &REACHED);
}

#[test]
fn the_protocol_holds_while_people_and_programs_act() {
    let rules = Rules {
        compare_and_set: true,
        hands: true,
        foreign_entries: 1,
        ..Rules::guards_alone()
    };
    let reached: Vec<_> = REACHED.into_iter().chain([CANCELLED]).collect();
    holds("people and programs", rules, &reached);
}

#[test]
fn a_frozen_send_is_decided_by_the_marketplace() {
    let rules = Rules {
        compare_and_set: true,
        freezes: true,
        ..Rules::guards_alone()
    };
    holds("frozen in the send", rules, &REACHED);
}

//! Nobody in limbo: whatever has happened, there is a way on to a settled order.

use std::collections::{HashMap, VecDeque};

use stateright::{Checker, Model};

use super::Protocol;
use super::rules::Rules;
use super::state::{Phase, State, Status};

/// Walks through every state and back from those that are `ends`; how many states there are, and how many have no way there.
fn stranded(rules: &Rules, ends: fn(&State) -> bool) -> (usize, usize) {
    let protocol = Protocol { rules: rules.clone() };
    let mut numbers: HashMap<State, usize> = HashMap::new();
    let mut came_from: Vec<Vec<usize>> = Vec::new();
    let mut queue = VecDeque::new();
    for state in protocol.init_states() {
        numbers.insert(state.clone(), came_from.len());
        came_from.push(Vec::new());
        queue.push_back(state);
    }
    let mut on_the_way: Vec<usize> = Vec::new();
    while let Some(state) = queue.pop_front() {
        let number = numbers[&state];
        if ends(&state) {
            on_the_way.push(number);
        }
        for next in protocol.next_states(&state) {
            let known = numbers.get(&next).copied();
            let next_number = known.unwrap_or_else(|| {
                numbers.insert(next.clone(), came_from.len());
                came_from.push(Vec::new());
                queue.push_back(next);
                came_from.len() - 1
            });
            came_from[next_number].push(number);
        }
    }
    let mut reaches = vec![false; came_from.len()];
    while let Some(number) = on_the_way.pop() {
        if !std::mem::replace(&mut reaches[number], true) {
            on_the_way.extend(&came_from[number]);
        }
    }
    (reaches.len(), reaches.iter().filter(|reached| !**reached).count())
}

fn is_settled(state: &State) -> bool {
    state.row.standing.phase == Phase::Settled
}

#[test]
fn from_every_state_a_settled_one_or_a_person_can_be_reached() {
    let rules = Rules::guards_alone();
    let (states, stranded) = stranded(&rules, |state| {
        is_settled(state) || state.row.standing.phase == Phase::Review
    });
    println!("nobody in limbo: {states} states, {stranded} stranded");
    assert_eq!(stranded, 0);
    let checker = Protocol { rules }.checker().spawn_bfs().join();
    assert_eq!(checker.unique_state_count(), states, "the checker saw other states");
}

#[test]
fn from_every_state_a_settled_one_can_be_reached_where_people_act() {
    let rules = Rules {
        compare_and_set: true,
        hands: true,
        ..Rules::guards_alone()
    };
    let (states, stranded) = stranded(&rules, is_settled);
    println!("nobody in limbo, people act: {states} states, {stranded} stranded");
    assert_eq!(stranded, 0);
}

#[test]
fn the_way_back_tells_what_can_not_be_reached() {
    let rules = Rules {
        compare_and_set: true,
        hands: true,
        ..Rules::guards_alone()
    };
    let (_, stranded) = stranded(&rules, |state| state.row.status == Status::Accepted);
    assert!(stranded > 0, "an order that was cancelled can't end accepted");
}

//! Questions about the shop itself: they keep to the shop's rest and its budget, and wait for neither.

use super::drive::block_on;
use super::ledger::ReadFault;
use super::world::{World, seconds};
use crate::ports::{AccountCheck, Clock as _, Marketplace as _, ShopFigures, ShopStore as _};
use crate::settings::Settings;
use crate::time;
use crate::workflow::Halt;

fn figures() -> ShopFigures {
    ShopFigures {
        approval_rate: Some(990_000),
        auto_refused_rate: Some(0),
        refused_in_row: Some(1),
    }
}

fn open_shop() -> World {
    shop(Settings::default())
}

fn shop(settings: Settings) -> World {
    let world = World::with(settings);
    let mut state = world.market.state();
    state.shop_state = Some("OPEN".to_owned());
    state.figures = figures();
    drop(state);
    world
}

fn asked(world: &World) -> [usize; 2] {
    world.market.state().account_asked
}

fn check(world: &World, with_figures: bool) -> Result<AccountCheck, Halt> {
    block_on(world.worker().check_account(with_figures))
}

#[test]
fn the_state_is_asked_for_and_the_figures_where_they_are_wanted() {
    let world = open_shop();
    let said = check(&world, false).unwrap();
    assert_eq!((said.state.as_deref(), said.figures), (Some("OPEN"), None));
    assert!(!said.figures_asked);
    assert_eq!(asked(&world), [1, 0]);
    let said = check(&world, true).unwrap();
    assert_eq!((said.figures, said.figures_asked), (Some(figures()), true));
    assert_eq!(asked(&world), [2, 1]);
}

#[test]
fn a_shop_that_rests_is_not_asked_about() {
    let world = open_shop();
    let until = time::plus(world.clock.now(), seconds(60));
    block_on(world.memory.pause(&world.market.shop_key(), until)).unwrap();
    assert!(matches!(check(&world, true), Err(Halt::Throttled { until: told }) if told == until));
    assert_eq!(asked(&world), [0, 0]);
    world.advance(60);
    assert!(check(&world, true).is_ok());
}

#[test]
fn a_rest_that_the_answer_asks_for_is_the_whole_shops() {
    let world = open_shop();
    let fault = ReadFault::Throttled(Some(seconds(90)));
    world.market.state().account_faults.push_back(fault);
    assert!(matches!(check(&world, true), Err(Halt::Throttled { .. })));
    let shop = block_on(world.memory.shop(&world.market.shop_key())).unwrap();
    assert_eq!(shop.paused_until, Some(time::plus(world.clock.now(), seconds(90))));
}

#[test]
fn questions_are_drawn_from_the_budget_and_not_made_beyond_it() {
    let world = shop(Settings {
        calls_per_hour: Some(60),
        call_burst: Some(3),
        ..Settings::default()
    });
    assert!(check(&world, true).unwrap().figures.is_some());
    let said = check(&world, true).unwrap();
    assert_eq!(
        (said.state.as_deref(), said.figures, said.figures_asked),
        (Some("OPEN"), None, false),
        "one call was left"
    );
    assert!(matches!(check(&world, false), Err(Halt::OutOfBudget { .. })));
    assert_eq!(asked(&world), [2, 1]);
}

#[test]
fn figures_that_can_not_be_had_cost_the_state_nothing() {
    let world = open_shop();
    // The first question is answered.
    let faults = [ReadFault::Empty, ReadFault::Unreachable];
    world.market.state().account_faults.extend(faults);
    let said = check(&world, true).unwrap();
    assert_eq!(
        (said.state.as_deref(), said.figures, said.figures_asked),
        (Some("OPEN"), None, true)
    );
}

#[test]
fn an_expired_key_is_told() {
    let world = open_shop();
    world.market.state().account_faults.push_back(ReadFault::Credentials);
    assert!(matches!(check(&world, true), Err(Halt::Marketplace(_))));
}

//! [`ackord::ports::Marketplace::account`].

use ackord::ports::MarketplaceError;

use super::MarketplaceFixture;
use super::fixture::{Call, GivenOrder, SHOP, Terms, Trouble};
use super::given::accept;

pub(super) async fn the_shop_behind_the_key_is_told(f: &MarketplaceFixture) {
    let account = f.client().account().await.unwrap();
    assert_eq!(account.shop_id, Some(SHOP));
    assert_eq!(account.shop_state.as_deref(), Some("OPEN"));
    assert!(account.shop_name.is_some_and(|name| !name.is_empty()));
    let call = f.log.calls().remove(0);
    assert_eq!(call.row.endpoint, "A01");
    assert_eq!(f.log.outcomes(), ["answered"]);
}

pub(super) async fn a_wrong_key_is_told_by_asking_for_the_shop(f: &MarketplaceFixture) {
    let client = f.connect(&Terms {
        key: "k-of-somebody-else".to_owned(),
        ..Terms::default()
    });
    let error = client.account().await.unwrap_err();
    assert!(matches!(error, MarketplaceError::Credentials { .. }), "{error:?}");
    assert_eq!(f.log.outcomes(), ["credentials"]);
}

pub(super) async fn asking_for_the_shop_is_retried_like_any_read(f: &MarketplaceFixture) {
    f.desk.trouble(Call::Account, Trouble::Status(502), Some(1));
    f.client().account().await.unwrap();
    assert_eq!(f.log.outcomes(), ["unknown", "answered"]);
}

pub(super) async fn how_the_shop_decides_is_told(f: &MarketplaceFixture) {
    f.desk.put(vec![GivenOrder::waiting("A-1")]);
    let client = f.client();
    accept(&client, "A-1").await;
    let figures = client.figures().await.unwrap();
    assert_eq!(figures.approval_rate, Some(100 * 10_000));
    assert_eq!(figures.auto_refused_rate, Some(0));
    assert_eq!(figures.refused_in_row, Some(0));
    let call = f.log.calls().remove(0);
    assert_eq!(call.row.endpoint, "A21");
    assert_eq!(f.log.outcomes(), ["answered"]);
}

pub(super) async fn figures_that_are_no_json_are_said_to_be_unreadable(f: &MarketplaceFixture) {
    f.desk.trouble(Call::Figures, Trouble::NotJson, None);
    let error = f.client().figures().await.unwrap_err();
    assert!(matches!(error, MarketplaceError::Unreadable { .. }), "{error:?}");
}

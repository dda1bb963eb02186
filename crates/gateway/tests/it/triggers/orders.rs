//! Orders: what a decision on one loads and leaves behind.

use super::shop::{Shop, at, known_as, on, within};
use crate::world::World;

on_both!(
    contract_085_an_order_that_names_no_checkout_recovers_the_one_that_was_abandoned,
    contract_113_an_order_is_taken_once_however_it_is_reported,
);

const ORDER: &str = r#","data":{"order_id":"1001"}"#;
const RECOVERED: &str =
    "select count(*) from checkouts where state = 3 and recovered_us is not null";
const REPEATED: &str = "select count(*) from activities where note = 5";

async fn contract_085_an_order_that_names_no_checkout_recovers_the_one_that_was_abandoned(
    world: World,
) {
    let shop = Shop::flexype(world).await;
    let opened = within("phone", "A", "checkout_opened", &known_as("jane"));
    shop.then(at(10, 0), vec![opened]).await;
    shop.pass(at(13, 0)).await;
    assert_eq!(shop.number(RECOVERED).await, 0);
    let order = on("desk", "order_completed", &(known_as("jane") + ORDER));
    shop.post(vec![order]).await;
    assert_eq!(shop.number(RECOVERED).await, 1);
}

async fn contract_113_an_order_is_taken_once_however_it_is_reported(world: World) {
    let shop = Shop::flexype(world).await;
    let order = within("phone", "A", "order_completed", ORDER);
    shop.then(at(10, 0), vec![order]).await;
    assert_eq!(shop.number(REPEATED).await, 0);
    let again = on("desk", "order_completed", &(known_as("jane") + ORDER));
    shop.then(at(10, 5), vec![again]).await;
    assert_eq!(shop.number(REPEATED).await, 1);
    let other = on("desk", "order_completed", r#","data":{"order_id":"1002"}"#);
    shop.then(at(10, 6), vec![other]).await;
    assert_eq!(shop.number(REPEATED).await, 1);
}

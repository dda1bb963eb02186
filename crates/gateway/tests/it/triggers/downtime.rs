//! Timers that fell due while nobody looked.

use std::time::Duration;

use domain::delivery::Status;

use super::shop::{Shop, at, known_as, on, within};
use crate::world::World;

on_both!(
    contract_069_093_what_fell_due_while_nobody_looked_fires_once_with_its_deadline,
    contract_058_069_a_shopper_who_is_back_before_the_timer_is_looked_at_changes_nothing,
    contract_069_086_090_092_outcomes_go_by_the_time_things_happened,
);

const OUT: Duration = at(3, 0);

/// A session, a checkout, an order, and a checkout that another took over, all before an outage.
async fn before_the_outage(shop: &Shop) {
    shop.set(at(0, 0));
    let identified = on("d-1", "identified", &known_as("jane"));
    let opened =
        |device: &str, name: &str| within(device, name, "checkout_opened", &known_as(device));
    shop.post(vec![identified, opened("d-2", "A"), opened("d-3", "B")])
        .await;
    shop.set(at(0, 5));
    let order = r#","data":{"order_id":"1"}"#;
    let ordered = within("d-3", "B", "order_completed", order);
    shop.post(vec![ordered, opened("d-4", "C")]).await;
    shop.set(at(0, 7));
    shop.post(vec![opened("d-4", "D")]).await;
}

fn told(expected: &[(&str, Duration)]) -> Vec<(String, Duration)> {
    let owned = |(name, time): &(&str, Duration)| ((*name).to_owned(), *time);
    expected.iter().map(owned).collect()
}

async fn contract_069_093_what_fell_due_while_nobody_looked_fires_once_with_its_deadline(
    world: World,
) {
    let shop = Shop::flexype(world).await;
    before_the_outage(&shop).await;
    shop.stop.cancel();
    shop.set(OUT);
    let (gateway, _second) = shop.another().await;
    let due = shop.due(256).await;
    assert_eq!(gateway.fire_timers(&due).await.unwrap().events, 3);
    // A second look at what is done fires nothing.
    assert_eq!(gateway.fire_timers(&due).await.unwrap().events, 0);
    assert_eq!(shop.due(256).await, []);
    let expected = told(&[
        ("ABANDONED_CHECKOUT", at(0, 15)),
        ("ABANDONED_SESSION", at(0, 15)),
        ("ABANDONED_CHECKOUT", at(0, 22)),
    ]);
    assert_eq!(shop.told().await, expected);
    for event in shop.events().await {
        assert_eq!(event.created_at.0 / 1_000, (shop.midnight + OUT).0 / 1_000);
        let deliveries = shop.deliveries(&event).await;
        assert_eq!(deliveries.len(), 1);
        assert_eq!(deliveries[0].status, Status::Pending);
    }
}

async fn contract_058_069_a_shopper_who_is_back_before_the_timer_is_looked_at_changes_nothing(
    world: World,
) {
    let shop = Shop::flexype(world).await;
    before_the_outage(&shop).await;
    shop.set(OUT);
    let back = |device: &str| on(device, "page_viewed", "");
    shop.post(vec![back("d-1"), back("d-2")]).await;
    let order = r#","data":{"order_id":"2"}"#;
    shop.post(vec![within("d-4", "D", "order_completed", order)])
        .await;
    shop.fire().await;
    let expected = told(&[
        ("ABANDONED_CHECKOUT", at(0, 15)),
        ("ABANDONED_SESSION", at(0, 15)),
        ("ABANDONED_CHECKOUT", at(0, 22)),
    ]);
    assert_eq!(shop.told().await, expected);
    // Both visits of those who came back are new ones.
    shop.pass(OUT + at(1, 0)).await;
    let later = shop.told().await.split_off(3);
    assert_eq!(
        later,
        told(&[
            ("ABANDONED_SESSION", OUT + at(0, 15)),
            ("ABANDONED_SESSION", OUT + at(0, 15))
        ])
    );
}

async fn contract_069_086_090_092_outcomes_go_by_the_time_things_happened(world: World) {
    let shop = Shop::flexype(world).await;
    before_the_outage(&shop).await;
    shop.set(OUT);
    // The platform was cut off too: now it tells what happened meanwhile.
    let order = r#","data":{"order_id":"3"}"#;
    let ordered = within("d-2", "A", "order_completed", order);
    shop.post_of(at(0, 15), ordered).await;
    let viewed = on("d-1", "page_viewed", "");
    shop.post_of(at(0, 15), viewed).await;
    let opened = within("d-4", "E", "checkout_opened", "");
    shop.post_of(at(0, 20), opened).await;
    shop.fire().await;
    shop.pass(OUT + at(2, 0)).await;
    let expected = told(&[
        ("ABANDONED_SESSION", at(0, 30)),
        ("ABANDONED_CHECKOUT", at(0, 35)),
    ]);
    assert_eq!(shop.told().await, expected);
}

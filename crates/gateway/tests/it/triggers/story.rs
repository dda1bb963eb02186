//! The scenarios and the table of FlexyPe's "When each event fires", told by the real engine.

use std::collections::HashSet;
use std::time::Duration;

use domain::delivery::Status;
use domain::merchant::{AcrClock, MerchantSettings};
use gateway::merchants::MerchantPatch;
use serde_json::Value;

use super::shop::{Shop, at, known_as, on, within};
use crate::world::World;

on_both!(
    contract_046_047_049_054_059_069_scenario_1_browsing_ends_in_an_abandoned_session,
    contract_048_057_074_075_077_082_083_089_scenario_2_a_checkout_is_abandoned_midway,
    contract_081_086_087_scenario_3_a_new_checkout_takes_the_place_of_the_last,
    contract_074_078_080_081_083_086_087_the_table_of_10_00_to_10_30,
    contract_055_056_every_activity_moves_the_deadline,
    contract_036_037_038_040_nobody_known_nothing_fires,
    contract_068_090_what_happened_in_one_second_is_told_in_the_order_it_came,
    contract_039_views_before_the_identification_do_not_fire_late_and_are_told_in_the_session,
    contract_058_a_named_session_fires_once_and_a_device_may_visit_again,
    contract_084_085_completion_fires_nothing_before_and_after_the_deadline,
    contract_088_a_checkout_after_an_abandoned_one_has_its_own_timer,
    contract_076_the_store_chooses_the_clock_of_abandoned_checkouts,
    contract_050_051_a_new_customer_is_told_once,
    contract_091_devices_of_one_shopper_share_their_checkouts_and_strangers_do_not,
    contract_094_without_a_subscriber_the_checkout_is_abandoned_all_the_same,
);

const PRODUCT: &str = r#","data":{"product_id":9945414435106,"title":"Shirt"}"#;
const COLLECTION: &str = r#","data":{"collection_id":77,"name":"Shirts"}"#;
const DEVICE: &str = "d-1";

fn told(expected: &[(&str, Duration)]) -> Vec<(String, Duration)> {
    let owned = |(name, time): &(&str, Duration)| ((*name).to_owned(), *time);
    expected.iter().map(owned).collect()
}

fn payload(event: &domain::event::Event) -> Value {
    serde_json::from_slice(&event.payload).unwrap()
}

async fn contract_046_047_049_054_059_069_scenario_1_browsing_ends_in_an_abandoned_session(
    world: World,
) {
    let shop = Shop::flexype(world).await;
    shop.then(at(10, 0), vec![on(DEVICE, "identified", &known_as("jane"))])
        .await;
    shop.then(at(10, 1), vec![on(DEVICE, "product_viewed", PRODUCT)])
        .await;
    shop.then(at(10, 2), vec![on(DEVICE, "product_viewed", PRODUCT)])
        .await;
    shop.then(at(10, 5), vec![on(DEVICE, "collection_viewed", COLLECTION)])
        .await;
    shop.pass(at(13, 0)).await;
    let expected = told(&[
        ("PRODUCT_VIEWED", at(10, 1)),
        ("PRODUCT_VIEWED", at(10, 2)),
        ("COLLECTION_VIEWED", at(10, 5)),
        ("ABANDONED_SESSION", at(10, 20)),
    ]);
    assert_eq!(shop.told().await, expected);
    let events = shop.events().await;
    let ids: HashSet<_> = events.iter().map(|event| event.event_id.clone()).collect();
    assert_eq!(ids.len(), 4);
    for event in &events {
        let deliveries = shop.deliveries(event).await;
        assert_eq!(deliveries.len(), 1);
        assert_eq!(deliveries[0].status, Status::Pending);
    }
    let last = payload(events.last().unwrap());
    assert_eq!(last["products_viewed"].as_array().unwrap().len(), 2);
    assert_eq!(last["collection_viewed"].as_array().unwrap().len(), 1);
    assert_eq!(last["user"]["email"], "jane@example.com");
}

async fn contract_048_057_074_075_077_082_083_089_scenario_2_a_checkout_is_abandoned_midway(
    world: World,
) {
    let shop = Shop::flexype(world).await;
    let identified = on(DEVICE, "identified", &known_as("jane"));
    let viewed = on(DEVICE, "product_viewed", PRODUCT);
    shop.then(at(10, 0), vec![identified, viewed]).await;
    shop.then(at(10, 4), vec![within(DEVICE, "A", "checkout_opened", "")])
        .await;
    for (minute, state) in [(6, "PHONE_ENTERED"), (17, "ADDRESS_LOADED")] {
        let step = format!(r#","data":{{"state":"{state}"}}"#);
        let step = within(DEVICE, "A", "checkout_step", &step);
        shop.then(at(10, minute), vec![step]).await;
    }
    shop.pass(at(10, 30)).await;
    // Returning fires nothing: the checkout stays abandoned.
    for (minute, kind) in [(31, "checkout_opened"), (32, "order_completed")] {
        let data = if kind == "order_completed" {
            r#","data":{"order_id":"1001"}"#
        } else {
            ""
        };
        shop.then(at(10, minute), vec![within(DEVICE, "A", kind, data)])
            .await;
    }
    shop.pass(at(13, 0)).await;
    let expected = told(&[
        ("PRODUCT_VIEWED", at(10, 0)),
        ("ABANDONED_CHECKOUT", at(10, 19)),
    ]);
    assert_eq!(shop.told().await, expected);
    let abandoned = payload(&shop.of_type("ABANDONED_CHECKOUT").await[0]);
    assert_eq!(abandoned["session_id"], "A");
    assert_eq!(abandoned["session_state"], "ADDRESS_LOADED");
}

async fn contract_081_086_087_scenario_3_a_new_checkout_takes_the_place_of_the_last(world: World) {
    let shop = Shop::flexype(world).await;
    let first = within(DEVICE, "A", "checkout_opened", &known_as("jane"));
    shop.then(at(10, 0), vec![first]).await;
    shop.then(at(10, 14), vec![within(DEVICE, "B", "checkout_opened", "")])
        .await;
    shop.pass(at(13, 0)).await;
    assert_eq!(
        shop.told().await,
        told(&[("ABANDONED_CHECKOUT", at(10, 29))])
    );
    let events = shop.events().await;
    assert_eq!(payload(&events[0])["session_id"], "B");
}

async fn contract_074_078_080_081_083_086_087_the_table_of_10_00_to_10_30(world: World) {
    let shop = Shop::flexype(world).await;
    let opened = within(DEVICE, "A", "checkout_opened", &known_as("jane"));
    shop.then(at(10, 0), vec![opened]).await;
    let verified = r#","data":{"state":"OTP_VERIFIED"}"#;
    shop.then(
        at(10, 5),
        vec![within(DEVICE, "A", "checkout_step", verified)],
    )
    .await;
    shop.then(at(10, 10), vec![within(DEVICE, "B", "checkout_opened", "")])
        .await;
    shop.pass(Duration::from_micros(37_499_999_999)).await;
    assert_eq!(shop.told().await, told(&[]));
    shop.pass(at(10, 25)).await;
    assert_eq!(
        shop.told().await,
        told(&[("ABANDONED_CHECKOUT", at(10, 25))])
    );
    let back = r#","data":{"state":"ADDRESS_LOADED"}"#;
    shop.then(at(10, 30), vec![within(DEVICE, "B", "checkout_step", back)])
        .await;
    shop.pass(at(14, 0)).await;
    let events = shop.events().await;
    assert_eq!(events.len(), 1);
    let payload = payload(&events[0]);
    assert_eq!(
        (&payload["session_id"], &payload["session_state"]),
        (&"B".into(), &"INITIATED".into())
    );
}

async fn contract_055_056_every_activity_moves_the_deadline(world: World) {
    let shop = Shop::flexype(world).await;
    let identified = on(DEVICE, "identified", &known_as("jane"));
    shop.then(at(10, 0), vec![identified]).await;
    let url = r#","data":{"url":"https://my-store.com/"}"#;
    let cart = r#","data":{"items":[]}"#;
    let kinds = [
        ("page_viewed", url),
        ("product_viewed", PRODUCT),
        ("collection_viewed", COLLECTION),
        ("cart_updated", cart),
        ("identified", ""),
    ];
    let mut time = at(10, 0);
    for (number, (kind, data)) in (1..).zip(kinds) {
        // A microsecond before the deadline, and exactly at it: both postpone.
        let early = Duration::from_micros(number % 2);
        time += at(0, 15).saturating_sub(early);
        shop.set(time);
        shop.post(vec![on(DEVICE, kind, data)]).await;
        shop.fire().await;
        assert_eq!(shop.of_type("ABANDONED_SESSION").await, [], "{kind}");
    }
    shop.pass(at(15, 0)).await;
    let abandoned = shop.of_type("ABANDONED_SESSION").await;
    assert_eq!(abandoned.len(), 1);
    assert_eq!(abandoned[0].occurred_at, shop.midnight + time + at(0, 15));
}

async fn contract_036_037_038_040_nobody_known_nothing_fires(world: World) {
    let shop = Shop::flexype(world).await;
    let named = on(
        DEVICE,
        "product_viewed",
        r#","identity":{"first_name":"Jane"},"data":{"product_id":1}"#,
    );
    shop.then(at(10, 0), vec![named]).await;
    shop.then(at(10, 1), vec![within(DEVICE, "A", "checkout_opened", "")])
        .await;
    shop.then(at(10, 2), vec![on("d-2", "product_viewed", PRODUCT)])
        .await;
    shop.pass(at(11, 0)).await;
    // Known too late.
    let known = known_as("jane");
    shop.post(vec![on(DEVICE, "page_viewed", &known)]).await;
    shop.pass(at(11, 5)).await;
    assert_eq!(shop.told().await, told(&[]));
    // The visit that began with the identification is one of its own.
    shop.pass(at(13, 0)).await;
    assert_eq!(
        shop.told().await,
        told(&[("ABANDONED_SESSION", at(11, 15))])
    );
}

async fn contract_039_views_before_the_identification_do_not_fire_late_and_are_told_in_the_session(
    world: World,
) {
    let shop = Shop::flexype(world).await;
    shop.then(at(10, 0), vec![on(DEVICE, "product_viewed", PRODUCT)])
        .await;
    shop.then(at(10, 1), vec![on(DEVICE, "identified", &known_as("jane"))])
        .await;
    shop.pass(at(12, 0)).await;
    assert_eq!(
        shop.told().await,
        told(&[("ABANDONED_SESSION", at(10, 16))])
    );
    let event = &shop.events().await[0];
    let viewed = payload(event)["products_viewed"].as_array().unwrap().len();
    assert_eq!(viewed, 1);
}

async fn contract_068_090_what_happened_in_one_second_is_told_in_the_order_it_came(world: World) {
    let shop = Shop::flexype(world).await;
    shop.then(at(10, 0), vec![on(DEVICE, "identified", &known_as("jane"))])
        .await;
    let viewed = |id: u64| {
        let data = format!(r#","data":{{"product_id":{id}}}"#);
        on(DEVICE, "product_viewed", &data)
    };
    for call in 0..5 {
        shop.post((0..20).map(|n| viewed(call * 20 + n)).collect())
            .await;
    }
    shop.pass(at(11, 0)).await;
    let abandoned = shop.of_type("ABANDONED_SESSION").await;
    let payload = payload(&abandoned[0]);
    let told = payload["products_viewed"].as_array().unwrap().iter();
    let told: Vec<_> = told
        .map(|one| one["product_id"].as_u64().unwrap())
        .collect();
    assert_eq!(told, (0..100).collect::<Vec<_>>());
}

async fn contract_058_a_named_session_fires_once_and_a_device_may_visit_again(world: World) {
    let shop = Shop::flexype(world).await;
    let named = format!(
        r#"{{"type":"identified","visitor":{{"device_id":"d-2","session_id":"s-9"}}{}}}"#,
        known_as("nora")
    );
    for hour in [10, 12] {
        let unnamed = on(DEVICE, "identified", &known_as("jane"));
        let named = super::shop::activity(&named);
        shop.then(at(hour, 0), vec![unnamed, named]).await;
    }
    shop.pass(at(14, 0)).await;
    let expected = told(&[
        ("ABANDONED_SESSION", at(10, 15)),
        ("ABANDONED_SESSION", at(10, 15)),
        ("ABANDONED_SESSION", at(12, 15)),
    ]);
    assert_eq!(shop.told().await, expected);
    let last = payload(shop.events().await.last().unwrap());
    assert_eq!(last["user"]["email"], "jane@example.com");
}

async fn contract_084_085_completion_fires_nothing_before_and_after_the_deadline(world: World) {
    let shop = Shop::flexype(world).await;
    let order = r#","data":{"order_id":"1"}"#;
    for (device, minutes) in [("d-1", 14), ("d-2", 15), ("d-3", 16)] {
        let opened = within(device, device, "checkout_opened", &known_as(device));
        shop.post_of(at(0, 0), opened).await;
        shop.set(at(0, minutes));
        // At the deadline the order is there before anybody looks.
        if minutes > 15 {
            shop.fire().await;
        }
        shop.post(vec![within(device, device, "order_completed", order)])
            .await;
        shop.fire().await;
        shop.set(at(0, 0));
    }
    shop.pass(at(2, 0)).await;
    assert_eq!(
        shop.told().await,
        told(&[("ABANDONED_CHECKOUT", at(0, 15))])
    );
    let abandoned = payload(&shop.events().await[0]);
    assert_eq!(abandoned["session_id"], "d-3");
}

async fn contract_088_a_checkout_after_an_abandoned_one_has_its_own_timer(world: World) {
    let shop = Shop::flexype(world).await;
    for (name, minute) in [("A", 0), ("B", 16)] {
        let opened = within(DEVICE, name, "checkout_opened", &known_as("jane"));
        shop.then(at(10, minute), vec![opened]).await;
    }
    shop.pass(at(12, 0)).await;
    let expected = told(&[
        ("ABANDONED_CHECKOUT", at(10, 15)),
        ("ABANDONED_CHECKOUT", at(10, 31)),
    ]);
    assert_eq!(shop.told().await, expected);
    let events = shop.events().await;
    assert_ne!(events[0].event_id, events[1].event_id);
}

async fn contract_076_the_store_chooses_the_clock_of_abandoned_checkouts(world: World) {
    let shop = Shop::flexype(world).await;
    for (clock, device) in [
        (AcrClock::Open, "d-1"),
        (AcrClock::Activity, "d-2"),
        (AcrClock::Open, "d-3"),
    ] {
        let patch = MerchantPatch {
            settings: Some(MerchantSettings {
                acr_clock: clock,
                ..MerchantSettings::default()
            }),
            ..MerchantPatch::default()
        };
        let scope = shop.scope;
        shop.gateway.update_merchant(scope, patch).await.unwrap();
        let opened = within(device, device, "checkout_opened", &known_as(device));
        shop.then(at(10, 0), vec![opened]).await;
    }
    let step = r#","data":{"state":"ADDRESS_LOADED"}"#;
    let steps = ["d-1", "d-2", "d-3"].map(|id| within(id, id, "checkout_step", step));
    shop.then(at(10, 9), steps.into()).await;
    shop.pass(at(12, 0)).await;
    let expected = told(&[
        ("ABANDONED_CHECKOUT", at(10, 15)),
        ("ABANDONED_CHECKOUT", at(10, 15)),
        ("ABANDONED_CHECKOUT", at(10, 24)),
    ]);
    assert_eq!(shop.told().await, expected);
    let last = payload(shop.events().await.last().unwrap());
    assert_eq!(last["session_id"], "d-2");
}

async fn contract_050_051_a_new_customer_is_told_once(world: World) {
    let shop = Shop::flexype(world).await;
    let customer = format!(r#"{},"data":{{"customer_id":"88"}}"#, known_as("jane"));
    for minute in [0, 1, 40] {
        let created = on(DEVICE, "customer_created", &customer);
        shop.then(at(10, minute), vec![created]).await;
    }
    let events = shop.of_type("NEW_CUSTOMER").await;
    assert_eq!(events.len(), 1);
    let id = &payload(&events[0])["shopify_customer_id"];
    assert_eq!(id, "gid://shopify/Customer/88");
}

async fn contract_091_devices_of_one_shopper_share_their_checkouts_and_strangers_do_not(
    world: World,
) {
    let shop = Shop::flexype(world).await;
    let opened =
        |device: &str, name: &str| within(device, name, "checkout_opened", &known_as(&device[..1]));
    shop.then(at(10, 0), vec![opened("j-phone", "A")]).await;
    shop.then(at(10, 1), vec![opened("n-phone", "N")]).await;
    shop.then(at(10, 10), vec![opened("j-desk", "B")]).await;
    shop.pass(at(12, 0)).await;
    let events = shop.events().await;
    let found: Vec<String> = events
        .iter()
        .map(|event| payload(event)["session_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(found, ["N", "B"]);
}

async fn contract_094_without_a_subscriber_the_checkout_is_abandoned_all_the_same(world: World) {
    let shop = Shop::nobody(world).await;
    let opened = within(DEVICE, "A", "checkout_opened", &known_as("jane"));
    shop.then(at(10, 0), vec![opened]).await;
    shop.pass(at(10, 20)).await;
    assert_eq!(
        shop.told().await,
        told(&[("ABANDONED_CHECKOUT", at(10, 15))])
    );
    let event = &shop.events().await[0];
    assert_eq!(shop.deliveries(event).await, []);
    // Whoever subscribes later hears nothing of it.
    shop.world.endpoint(shop.scope, &super::shop::FLEXYPE).await;
    shop.then(at(10, 30), vec![within(DEVICE, "A", "checkout_opened", "")])
        .await;
    shop.pass(at(12, 0)).await;
    assert_eq!(shop.events().await.len(), 1);
}

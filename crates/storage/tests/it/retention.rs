//! Old days and rows go; what is unfinished stays.

use std::time::Duration;

use domain::clock::Micros;
use domain::delivery::Next;
use domain::id::{DeliveryId, EventId, MerchantId};
use storage::events::Ingested;

use crate::world::{World, scope};

const DAY: Duration = Duration::from_hours(24);

on_both!(
    old_finished_events_go_and_unfinished_ones_stay,
    old_keys_and_answers_are_forgotten,
    old_configuration_changes_are_forgotten,
    old_sessions_go_with_their_checkouts_activities_and_strangers,
    old_notices_go_and_those_of_failures_that_last_stay,
);

/// Makes the partitions of an old day by hand.
async fn day_of(world: &World, at: Micros) {
    if !world.settings.is_postgres() {
        return;
    }
    let start = Micros(at.0.div_euclid(86_400_000_000) * 86_400_000_000);
    let (from, to) = (
        EventId::floor(start).uuid(),
        EventId::floor(start + DAY).uuid(),
    );
    let name = start.rfc3339()[..10].replace('-', "");
    for table in [
        "events",
        "deliveries",
        "attempts",
        "activities",
        "fired_events",
    ] {
        let sql = format!(
            "create table {table}_p{name} partition of {table} for values from ('{from}') to ('{to}')"
        );
        world.execute(&sql).await;
    }
}

/// An event with a delivery, made at `at`.
async fn event_at(world: &World, at: Micros, finished: bool) -> (EventId, DeliveryId) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let mut publication = world.publication(merchant, &[endpoint, endpoint], &[]);
    let (event, deliveries) = &mut publication.events[0];
    event.id = world.id_at(at);
    for delivery in deliveries.iter_mut() {
        delivery.id = world.id_at(at);
    }
    let (event, first, second) = (event.id, deliveries[0].id, deliveries[1].id);
    assert_eq!(world.ingest(vec![publication]).await, [Ingested::Stored]);
    world.finish(&[first], Next::Failed).await;
    if finished {
        world.finish(&[second], Next::Succeeded).await;
    }
    (event, second)
}

async fn old_finished_events_go_and_unfinished_ones_stay(world: World) {
    let now = world.now();
    let old = [now - 40 * DAY, now - 39 * DAY, now - 38 * DAY];
    for at in old {
        day_of(&world, at).await;
    }
    let (gone, _) = event_at(&world, old[0], true).await;
    let (kept, unfinished) = event_at(&world, old[1], false).await;
    let (newer, _) = event_at(&world, old[2], true).await;
    let (today, _) = event_at(&world, now, true).await;
    let mut steps = 0;
    while world.storage.expire(30 * DAY).await.unwrap() {
        steps += 1;
        assert!(steps < 10, "it ends");
    }
    let left = world
        .storage
        .events_by_id(&[gone, kept, newer, today])
        .await
        .unwrap();
    let left: Vec<EventId> = left.into_iter().map(|event| event.id).collect();
    assert!(!left.contains(&gone), "an old day with nothing to do goes");
    assert!(left.contains(&kept), "a day that holds a job stays");
    assert!(!left.contains(&newer), "one unfinished day keeps no other");
    assert!(left.contains(&today));
    let claim = world.claim(&[unfinished]).await.remove(0);
    assert_eq!(
        world
            .settle(vec![world.ended(&claim, Next::Succeeded)])
            .await
            .len(),
        1
    );
    while world.storage.expire(30 * DAY).await.unwrap() {}
    assert!(
        world
            .storage
            .events_by_id(&[kept])
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        (world.count("events").await, world.count("deliveries").await),
        (1, 2)
    );
    assert_eq!(
        (
            world.count("attempts").await,
            world.count("failed_deliveries").await
        ),
        (2, 1)
    );
}

async fn old_keys_and_answers_are_forgotten(world: World) {
    let merchant = world.merchant().await.id;
    for key in [[1; 32], [2; 32]] {
        world
            .ingest(vec![world.publication(merchant, &[], &[key])])
            .await;
    }
    let week = (world.now() - 8 * DAY).0;
    let hash = if world.settings.is_postgres() {
        r"'\x01'"
    } else {
        "x'01'"
    };
    let first = if world.settings.is_postgres() {
        format!("decode('{}', 'hex')", "01".repeat(32))
    } else {
        format!("x'{}'", "01".repeat(32))
    };
    world
        .execute(&format!(
            "update keys set created_us = {week} where key_hash = {first}"
        ))
        .await;
    for (at, scope_id) in [
        (week, merchant.uuid()),
        (world.now().0, world.merchant().await.id.uuid()),
    ] {
        let id = world.literal(scope_id);
        let sql = format!(
            "insert into idempotent_answers (scope_id, key_hash, body_hash, created_us) values ({id}, {hash}, {hash}, {at})"
        );
        world.execute(&sql).await;
    }
    while world.storage.expire(30 * DAY).await.unwrap() {}
    assert_eq!(
        (
            world.count("keys").await,
            world.count("idempotent_answers").await
        ),
        (1, 1)
    );
    let again = world.publication(merchant, &[], &[[1; 32]]);
    assert_eq!(world.ingest(vec![again]).await, [Ingested::Stored]);
    assert!(
        world
            .storage
            .merchant(scope(merchant))
            .await
            .unwrap()
            .is_some()
    );
}

async fn old_configuration_changes_are_forgotten(world: World) {
    for _ in 0..3 {
        world.merchant().await;
    }
    assert_eq!(world.count("config_changes").await, 3);
    world.execute("update config_clock set v = 100003").await;
    while world.storage.expire(30 * DAY).await.unwrap() {}
    let left = "select min(v) from config_changes";
    assert_eq!(world.number(left).await, 3);
    assert_eq!(world.count("config_changes").await, 1);
}

async fn old_notices_go_and_those_of_failures_that_last_stay(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let (now, old) = (world.now().0, (world.now() - 32 * DAY).0);
    let lasts = world
        .storage
        .set_failing_since(scope(merchant), endpoint, Some(Micros(old)));
    lasts.await.unwrap();
    let id = world.literal(endpoint.uuid());
    for (since, sent) in [(old, old), (old - 1, old), (old + 1, now)] {
        let row = format!(
            "insert into notices (endpoint_id, since_us, kind, sent_us) values ({id}, {since}, 0, {sent})"
        );
        world.execute(&row).await;
    }
    while world.storage.expire(30 * DAY).await.unwrap() {}
    assert_eq!(world.count("notices").await, 2);
    assert_eq!(world.number("select min(since_us) from notices").await, old);
}

/// A session with a checkout, an activity and the visitor that was last seen in it.
async fn visit(world: &World, merchant: MerchantId, at: Micros, device: u8, known: bool) {
    let id = world.literal(world.id_at::<domain::id::SessionKind>(at).uuid());
    let checkout = world.literal(world.id_at::<domain::id::CheckoutKind>(at).uuid());
    let (merchant, us) = (world.literal(merchant.uuid()), at.0);
    let postgres = world.settings.is_postgres();
    let device = if postgres {
        format!("decode('{device:032x}', 'hex')")
    } else {
        format!("x'{device:032x}'")
    };
    let no = if postgres { "false" } else { "0" };
    let shopper = if known { &id } else { "null" };
    for row in [
        format!(
            "sessions (id, merchant_id, device, state, opened_us, last_us, span_us)
             values ({id}, {merchant}, {device}, 1, {us}, {us}, 1)"
        ),
        format!(
            "checkouts (id, merchant_id, kind, name, client_id, device, state, step, step_us, opened_us, last_us,
               span_us, sliding, announced, in_upsell)
             values ({checkout}, {merchant}, 0, {device}, 'c', {device}, 1, 0, {us}, {us}, {us}, 1, {no}, {no}, {no})"
        ),
        format!(
            "visitors (merchant_id, device, shopper_id, session_id, sessions, first_seen_us)
             values ({merchant}, {device}, {shopper}, {id}, 1, {us})"
        ),
        format!(
            "activities (subject_id, at_us, id, merchant_id, kind, note, body)
             values ({id}, {us}, {id}, {merchant}, 0, 0, {device})"
        ),
        format!("fired_events (subject_id, event_id) values ({id}, {id})"),
    ] {
        world.execute(&format!("insert into {row}")).await;
    }
}

async fn old_sessions_go_with_their_checkouts_activities_and_strangers(world: World) {
    let merchant = world.merchant().await.id;
    let old = world.now() - 40 * DAY;
    day_of(&world, old).await;
    visit(&world, merchant, old, 1, false).await;
    visit(&world, merchant, old, 2, true).await;
    visit(&world, merchant, world.now(), 3, false).await;
    // A stranger who came back since.
    visit(&world, merchant, old, 4, false).await;
    let back = "select count(*) from visitors where session_id is null";
    let device = if world.settings.is_postgres() {
        format!("decode('{:032x}', 'hex')", 4)
    } else {
        format!("x'{:032x}'", 4)
    };
    world
        .execute(&format!(
            "update visitors set session_id = null where device = {device}"
        ))
        .await;
    while world.storage.expire(30 * DAY).await.unwrap() {}
    for table in ["sessions", "checkouts", "activities", "fired_events"] {
        assert_eq!(world.count(table).await, 1, "{table}");
    }
    assert_eq!(world.count("visitors").await, 3, "one stranger goes");
    assert_eq!(world.number(back).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_days_go_even_when_the_lists_cannot_be_cleaned() {
    let world = World::postgres().await;
    let old = world.now() - 40 * DAY;
    day_of(&world, old).await;
    event_at(&world, old, true).await;
    world.execute("alter table keys rename to away").await;
    world.storage.expire(30 * DAY).await.unwrap_err();
    assert_eq!(world.count("events").await, 0);
    world.execute("alter table away rename to keys").await;
    world.storage.expire(30 * DAY).await.unwrap();
    assert_eq!(world.count("failed_deliveries").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coming_day_that_was_left_half_made_is_made_anew() {
    let world = World::postgres().await;
    let day = (world.now() + 5 * DAY).rfc3339()[..10].replace('-', "");
    let name = format!("activities_p{day}");
    world
        .execute(&format!(
            "drop table if exists {name}; create table {name} (subject_id uuid)"
        ))
        .await;
    world.storage.prepare_days().await.unwrap();
    let attached = format!("select count(*) from pg_inherits where inhrelid = '{name}'::regclass");
    assert_eq!(world.number(&attached).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_of_days_is_there_in_advance() {
    let world = World::postgres().await;
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    world.storage.prepare_days().await.unwrap();
    for days in 0..=7 {
        let mut publication = world.publication(merchant, &[endpoint], &[]);
        let at = world.now() + days * DAY;
        publication.events[0].0.id = world.id_at(at);
        publication.events[0].1[0].id = world.id_at(at);
        assert_eq!(
            world.ingest(vec![publication]).await,
            [Ingested::Stored],
            "{days}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_left_half_made_or_half_dropped_is_completed() {
    let world = World::postgres().await;
    let tomorrow = (world.now() + DAY).rfc3339()[..10].replace('-', "");
    world
        .execute(&format!(
            "alter table events detach partition events_p{tomorrow}"
        ))
        .await;
    world.storage.prepare_days().await.unwrap();
    let attached = "select count(*) from pg_inherits where inhparent = 'events'::regclass";
    assert_eq!(world.number(attached).await, 9);
    let old = world.now() - 40 * DAY;
    day_of(&world, old).await;
    let name = old.rfc3339()[..10].replace('-', "");
    world
        .execute(&format!(
            "alter table attempts detach partition attempts_p{name}"
        ))
        .await;
    world
        .execute(&format!("drop table deliveries_p{name}"))
        .await;
    world.storage.expire(30 * DAY).await.unwrap();
    let left = format!("select count(*) from pg_class where relname like '%_p{name}'");
    assert_eq!(world.number(&left).await, 0);
}

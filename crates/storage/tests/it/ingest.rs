//! Taking events in: whole or not at all, once, byte for byte.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use domain::delivery::{SkipReason, Status};
use domain::id::EventId;
use storage::PageRequest;
use storage::events::{EventFilter, IngestResult, Ingested, Publication, event_id_key};

use crate::world::{SKEW, World, scope};

on_both!(
    an_event_comes_with_its_deliveries_and_jobs,
    a_skipped_delivery_has_no_job,
    a_stale_configuration_stores_nothing,
    the_same_key_twice_answers_the_first_event,
    the_same_key_of_another_merchant_is_another_key,
    a_loser_keeps_none_of_its_keys,
    fifty_identical_publications_at_once_make_one_event,
    payloads_are_kept_byte_for_byte,
    a_batch_of_a_thousand_events_is_stored,
    a_batch_that_the_database_refuses_leaves_nothing,
    events_are_filtered_and_paged,
);

async fn an_event_comes_with_its_deliveries_and_jobs(world: World) {
    let merchant = world.merchant().await.id;
    let endpoints = [
        world.endpoint(merchant).await,
        world.endpoint(merchant).await,
    ];
    let ids = endpoints.map(|destination| destination.endpoint.id);
    let publication = world.publication(merchant, &ids, &[]);
    let (event, deliveries) = publication.events[0].clone();
    let before = world.now() - SKEW;
    assert_eq!(world.ingest(vec![publication]).await, [Ingested::Stored]);
    let found = world
        .storage
        .event(scope(merchant), event.id)
        .await
        .unwrap();
    assert_eq!(found.as_ref(), Some(&event));
    let hot = world.storage.events_by_id(&[event.id, event.id]).await;
    assert_eq!(hot.unwrap(), std::slice::from_ref(&event));
    let shown = world
        .storage
        .event_deliveries(scope(merchant), event.id)
        .await
        .unwrap();
    let made: HashSet<_> = deliveries.iter().map(|d| (d.id, d.endpoint_id)).collect();
    assert_eq!(
        shown
            .iter()
            .map(|d| (d.id, d.endpoint_id))
            .collect::<HashSet<_>>(),
        made
    );
    for delivery in shown {
        assert_eq!(delivery.status, Status::Pending);
        assert_eq!(&delivery.wire_event_id, &*event.event_id);
        assert_eq!((delivery.attempt_count, delivery.finished_at), (0, None));
        let (due, number, open) = world.job(delivery.id).await.unwrap();
        assert_eq!(delivery.next_attempt_at.unwrap().0, due);
        assert!(due >= before.0 && due <= world.now().0);
        assert_eq!((number, open), (0, false));
    }
    let other = scope(world.merchant().await.id);
    assert_eq!(world.storage.event(other, event.id).await.unwrap(), None);
    assert!(
        world
            .storage
            .event_deliveries(other, event.id)
            .await
            .unwrap()
            .is_empty()
    );
}

async fn a_skipped_delivery_has_no_job(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let mut publication = world.publication(merchant, &[endpoint], &[]);
    publication.events[0].1[0].skip = Some(SkipReason::EndpointDisabled);
    let id = publication.events[0].1[0].id;
    world.ingest(vec![publication]).await;
    let delivery = world.shown(merchant, id).await;
    assert_eq!(delivery.status, Status::Skipped);
    assert_eq!(delivery.skip_reason, Some(SkipReason::EndpointDisabled));
    assert!(delivery.finished_at.is_some() && delivery.next_attempt_at.is_none());
    assert_eq!(world.count("jobs").await, 0);
}

async fn a_stale_configuration_stores_nothing(world: World) {
    let merchant = world.merchant().await.id;
    let stale = world.storage.config_version().await.unwrap();
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    for keys in [vec![], vec![[1; 32]]] {
        let batch = Arc::new(vec![world.publication(merchant, &[endpoint], &keys)]);
        let result = world
            .storage
            .ingest(stale, batch, world.now())
            .await
            .unwrap();
        assert_eq!(result, IngestResult::Stale);
    }
    for table in ["events", "deliveries", "jobs", "keys"] {
        assert_eq!(world.count(table).await, 0, "{table}");
    }
}

async fn the_same_key_twice_answers_the_first_event(world: World) {
    let merchant = world.merchant().await.id;
    let key = event_id_key("order-1");
    let first = world.publication(merchant, &[], &[key]);
    let keys = first.keys.clone();
    assert_eq!(world.ingest(vec![first]).await, [Ingested::Stored]);
    let second = world.publication(merchant, &[], &[key]);
    assert_eq!(
        world.ingest(vec![second]).await,
        [Ingested::Taken(keys.clone())]
    );
    assert_eq!(world.count("events").await, 1);
    let found = world
        .storage
        .find_event(scope(merchant), "order-1")
        .await
        .unwrap();
    assert_eq!(found.unwrap().id, keys[0].target);
    let by_id = world
        .storage
        .find_event(scope(merchant), &keys[0].target.to_string())
        .await;
    assert_eq!(by_id.unwrap().unwrap().id, keys[0].target);
    assert_eq!(
        world
            .storage
            .find_event(scope(merchant), "order-2")
            .await
            .unwrap(),
        None
    );
}

async fn the_same_key_of_another_merchant_is_another_key(world: World) {
    let batch = vec![
        world.publication(world.merchant().await.id, &[], &[[1; 32]]),
        world.publication(world.merchant().await.id, &[], &[[1; 32]]),
    ];
    assert_eq!(
        world.ingest(batch).await,
        [Ingested::Stored, Ingested::Stored]
    );
}

async fn a_loser_keeps_none_of_its_keys(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let first = world.publication(merchant, &[endpoint], &[[5; 32]]);
    let taken = first.keys.clone();
    world.ingest(vec![first]).await;
    let loser = world.publication(merchant, &[endpoint], &[[4; 32], [5; 32], [6; 32]]);
    let winner = world.publication(merchant, &[endpoint], &[[7; 32]]);
    let fates = world.ingest(vec![loser, winner]).await;
    assert_eq!(fates, [Ingested::Taken(taken), Ingested::Stored]);
    assert_eq!(
        (world.count("keys").await, world.count("events").await),
        (2, 2)
    );
    assert_eq!(
        (world.count("deliveries").await, world.count("jobs").await),
        (2, 2)
    );
    let again = world.publication(merchant, &[], &[[4; 32], [6; 32]]);
    assert_eq!(world.ingest(vec![again]).await, [Ingested::Stored]);
}

async fn fifty_identical_publications_at_once_make_one_event(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    // Two keys in both orders: unsorted, they would deadlock.
    let keys = |n: usize| {
        if n.is_multiple_of(2) {
            [[1; 32], [2; 32]]
        } else {
            [[2; 32], [1; 32]]
        }
    };
    let calls = (0..50).map(|n| world.publication(merchant, &[endpoint], &keys(n)));
    let calls: Vec<_> = calls
        .map(|publication| world.ingest(vec![publication]))
        .collect();
    let fates: Vec<Ingested> = futures::future::join_all(calls).await.concat();
    assert_eq!(
        fates
            .iter()
            .filter(|fate| **fate == Ingested::Stored)
            .count(),
        1
    );
    let target = world
        .storage
        .events(scope(merchant), &EventFilter::default(), page(10))
        .await;
    let target = target.unwrap().rows[0].id;
    for fate in fates {
        if let Ingested::Taken(keys) = fate {
            assert!(!keys.is_empty() && keys.iter().all(|key| key.target == target));
        }
    }
    for (table, rows) in [("events", 1), ("deliveries", 1), ("jobs", 1), ("keys", 2)] {
        assert_eq!(world.count(table).await, rows, "{table}");
    }
}

async fn payloads_are_kept_byte_for_byte(world: World) {
    let merchant = world.merchant().await.id;
    let payloads: Vec<Bytes> = vec![
        r#"{"price": 1.10, "big":12345678901234567890, "e":1E400}"#.into(),
        r#"{"name":"שלום עולם","name":"twice"}"#.into(),
        "{ \"a\" :\t\"\\u05e9\\/\\u0000\" }\r\n".into(),
        format!("{{\"x\":\"{}\"}}", "x".repeat(256 * 1_024 - 8)).into(),
        Bytes::from_static(b"\0\xff\xfe"),
    ];
    let batch: Vec<Publication> = payloads
        .iter()
        .map(|payload| Publication {
            merchant_id: merchant,
            events: vec![(world.event(merchant, payload.clone()), Vec::new())],
            keys: Vec::new(),
        })
        .collect();
    let ids: Vec<EventId> = batch.iter().map(|p| p.events[0].0.id).collect();
    world.ingest(batch).await;
    let hot = world.storage.events_by_id(&ids).await.unwrap();
    for (id, payload) in ids.into_iter().zip(payloads) {
        let read = world
            .storage
            .event(scope(merchant), id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(read.payload, payload);
        assert_eq!(hot.iter().find(|event| event.id == id), Some(&read));
    }
}

async fn a_batch_of_a_thousand_events_is_stored(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let mut whole = world.publication(merchant, &[], &[]);
    whole.events.clear();
    for n in 0..1_000_u16 {
        let mut part = world.publication(
            merchant,
            &[endpoint, endpoint],
            &[event_id_key(&n.to_string())],
        );
        whole.events.append(&mut part.events);
        whole.keys.append(&mut part.keys);
    }
    assert_eq!(world.ingest(vec![whole]).await, [Ingested::Stored]);
    for (table, rows) in [
        ("events", 1_000),
        ("deliveries", 2_000),
        ("jobs", 2_000),
        ("keys", 1_000),
    ] {
        assert_eq!(world.count(table).await, rows, "{table}");
    }
}

async fn a_batch_that_the_database_refuses_leaves_nothing(world: World) {
    let merchant = world.merchant().await.id;
    let twice = world.publication(merchant, &[], &[[3; 32]]);
    let mut other = twice.clone();
    other.keys.clear();
    let version = world.storage.config_version().await.unwrap();
    let batch = Arc::new(vec![twice, other]);
    let refused = world.storage.ingest(version, batch, world.now()).await;
    assert!(
        matches!(refused, Err(storage::Error::Duplicate)),
        "{refused:?}"
    );
    assert_eq!(
        (world.count("events").await, world.count("keys").await),
        (0, 0)
    );
}

async fn events_are_filtered_and_paged(world: World) {
    let merchant = world.merchant().await.id;
    let mut batch: Vec<_> = (0..7)
        .map(|_| world.publication(merchant, &[], &[]))
        .collect();
    batch[3].events[0].0.event_type = "NEW_CUSTOMER".into();
    batch[4].events[0].0.is_test = true;
    let mut ids: Vec<EventId> = batch.iter().map(|p| p.events[0].0.id).collect();
    let (other, test) = (ids[3], ids[4]);
    world.ingest(batch).await;
    ids.sort_unstable();
    ids.reverse();
    let list = async |filter: EventFilter, limit: u64| {
        let (mut seen, mut page) = (Vec::new(), page(limit));
        loop {
            let found = world
                .storage
                .events(scope(merchant), &filter, page)
                .await
                .unwrap();
            seen.extend(found.rows.iter().map(|event| event.id));
            match found.next {
                Some(_) => page.before = found.next,
                None => return seen,
            }
        }
    };
    assert_eq!(list(EventFilter::default(), 2).await, ids);
    let filter = EventFilter {
        event_types: vec!["NEW_CUSTOMER".to_owned()],
        ..EventFilter::default()
    };
    assert_eq!(list(filter, 2).await, [other]);
    let filter = EventFilter {
        is_test: Some(true),
        ..EventFilter::default()
    };
    assert_eq!(list(filter, 2).await, [test]);
    let from = ids[2].made_at();
    let newer = ids.iter().filter(|id| id.made_at() >= from).count();
    let since = EventFilter {
        from: Some(from),
        ..EventFilter::default()
    };
    let until = EventFilter {
        to: Some(from),
        ..EventFilter::default()
    };
    assert_eq!(list(since, 3).await, ids[..newer]);
    assert_eq!(list(until, 3).await, ids[newer..]);
}

const fn page(limit: u64) -> PageRequest {
    PageRequest {
        limit,
        before: None,
    }
}

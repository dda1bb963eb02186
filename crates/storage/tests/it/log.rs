//! The delivery log: filters, shown states, pages, attempts.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use domain::attempt::{Outcome, Trigger};
use domain::clock::Micros;
use domain::delivery::{Delivery, Next, SkipReason, Status};
use domain::id::{DeliveryId, EndpointId, EventId, MerchantId};
use domain::tenancy::{PlatformScope, Reach};
use storage::PageRequest;
use storage::claims::{ClaimResult, Claimed};
use storage::deliveries::DeliveryFilter;

use crate::world::{World, scope};

on_both!(
    every_state_is_shown_and_found_by_its_filter,
    every_other_filter_finds_its_own,
    pages_have_no_gap_and_no_repeat,
    an_attempt_is_read_back_with_every_field,
    an_attempt_without_an_answer_is_read_back,
    attempts_are_paged_in_the_order_they_were_made,
    a_test_send_is_logged,
);

/// Deliveries in every state there is, by name.
struct States {
    merchant: MerchantId,
    endpoint: EndpointId,
    ids: HashMap<&'static str, DeliveryId>,
}

async fn states(world: &World) -> States {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let names = [
        "pending",
        "expired",
        "delivering",
        "retrying",
        "retrying expired",
        "redelivering",
        "succeeded",
        "failed",
        "failed, again pending",
        "succeeded, again delivering",
        "cancelled",
        "skipped",
    ];
    let mut ids = HashMap::new();
    for name in names {
        let mut publication = world.publication(merchant, &[endpoint], &[]);
        let delivery = &mut publication.events[0].1[0];
        delivery.skip = (name == "skipped").then_some(SkipReason::EndpointDisabled);
        ids.insert(name, delivery.id);
        world.ingest(vec![publication]).await;
    }
    let soon = Next::Retry(world.now());
    let later = Next::Retry(world.now() + Duration::from_hours(1));
    let of = scope(merchant);
    for (name, id) in &ids {
        match *name {
            "expired" => lease(world, *id, false).await,
            "delivering" => lease(world, *id, true).await,
            "retrying" => world.finish(&[*id], later).await,
            "retrying expired" => {
                world.finish(&[*id], soon).await;
                lease(world, *id, false).await;
            }
            "redelivering" => {
                world.finish(&[*id], soon).await;
                lease(world, *id, true).await;
            }
            "succeeded" => world.finish(&[*id], Next::Succeeded).await,
            "failed" => world.finish(&[*id], Next::Failed).await,
            "failed, again pending" => {
                world.finish(&[*id], Next::Failed).await;
                world.storage.retry_now(of, *id, "usr_1").await.unwrap();
            }
            "succeeded, again delivering" => {
                world.finish(&[*id], Next::Succeeded).await;
                world.storage.retry_now(of, *id, "usr_1").await.unwrap();
                lease(world, *id, true).await;
            }
            "cancelled" => assert_eq!(world.storage.cancel(of, *id).await.unwrap(), Some(true)),
            _ => {}
        }
    }
    States {
        merchant,
        endpoint,
        ids,
    }
}

/// Claims a job, its lease running or over already.
async fn lease(world: &World, id: DeliveryId, runs: bool) {
    let version = world.storage.config_version().await.unwrap();
    let now = world.now();
    let until = if runs {
        now + Duration::from_hours(1)
    } else {
        now
    };
    let wants = world.wants(&[id], until);
    let claimed = world
        .storage
        .claim(version, wants, true, now)
        .await
        .unwrap();
    assert!(matches!(claimed, ClaimResult::Done(jobs) if jobs.len() == 1));
}

async fn every_state_is_shown_and_found_by_its_filter(world: World) {
    let states = states(&world).await;
    let expected = |name: &str| match name {
        "pending" | "expired" | "failed, again pending" => Status::Pending,
        "retrying" | "retrying expired" => Status::Retrying,
        "delivering" | "redelivering" | "succeeded, again delivering" => Status::Delivering,
        "succeeded" => Status::Succeeded,
        "failed" => Status::Failed,
        "cancelled" => Status::Cancelled,
        _ => Status::Skipped,
    };
    for (name, id) in &states.ids {
        let shown = world.shown(states.merchant, *id).await;
        assert_eq!(shown.status, expected(name), "{name}");
        let waits = matches!(shown.status, Status::Pending | Status::Retrying);
        assert_eq!(shown.next_attempt_at.is_some(), waits, "{name}");
        let over = !waits && shown.status != Status::Delivering;
        assert_eq!(shown.finished_at.is_some(), over, "{name}");
    }
    for of in [
        Reach::from(scope(states.merchant)),
        Reach::from(PlatformScope::proven()),
    ] {
        for status in Status::ALL {
            let filter = DeliveryFilter {
                statuses: vec![status],
                ..DeliveryFilter::default()
            };
            let found = list(&world, of, &filter, 2).await;
            let names: BTreeSet<_> = states
                .ids
                .iter()
                .filter(|(_, id)| found.iter().any(|d| d.id == **id))
                .map(|(name, _)| *name)
                .collect();
            let all: BTreeSet<_> = states
                .ids
                .keys()
                .copied()
                .filter(|name| expected(name) == status)
                .collect();
            assert_eq!(names, all, "{status:?}");
            assert_eq!(found.len(), all.len());
            assert!(found.iter().all(|delivery| delivery.status == status));
        }
        let statuses = vec![Status::Failed, Status::Retrying];
        let filter = DeliveryFilter {
            statuses,
            ..DeliveryFilter::default()
        };
        assert_eq!(list(&world, of, &filter, 2).await.len(), 3);
    }
}

async fn every_other_filter_finds_its_own(world: World) {
    let states = states(&world).await;
    let of = scope(states.merchant);
    let all = list(&world, of, &DeliveryFilter::default(), 100).await;
    assert_eq!(all.len(), 12);
    let foreign = scope(world.merchant().await.id);
    assert!(
        list(&world, foreign, &DeliveryFilter::default(), 10)
            .await
            .is_empty()
    );
    // Another endpoint, another type, a test.
    let other = world.endpoint(states.merchant).await.endpoint.id;
    let mut publication = world.publication(states.merchant, &[other], &[]);
    publication.events[0].0.event_type = "NEW_CUSTOMER".into();
    publication.events[0].0.is_test = true;
    let (event, id) = (publication.events[0].0.id, publication.events[0].1[0].id);
    world.ingest(vec![publication]).await;
    let at = all[5].created_at;
    let newer = all
        .iter()
        .filter(|delivery| delivery.created_at >= at)
        .count();
    for (name, edit, rows) in other_filters(other, states.endpoint, event, at, newer) {
        let mut filter = DeliveryFilter::default();
        edit(&mut filter);
        let found = list(&world, of, &filter, 100).await;
        assert_eq!(found.len(), rows, "{name}");
        assert!(rows != 1 || found[0].id == id, "{name}");
    }
    let filter = DeliveryFilter {
        statuses: vec![Status::Failed],
        endpoint_ids: vec![states.endpoint],
        outcomes: vec![Outcome::HttpStatus],
        event_types: vec!["PRODUCT_VIEWED".to_owned()],
        ..DeliveryFilter::default()
    };
    let found = list(&world, of, &filter, 100).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].id, states.ids["failed"], "all of them together");
}

type Edit = Box<dyn Fn(&mut DeliveryFilter)>;

/// Each filter alone, and how many it finds among twelve deliveries and one test to another endpoint.
fn other_filters(
    other: EndpointId,
    endpoint: EndpointId,
    event: EventId,
    at: Micros,
    newer: usize,
) -> Vec<(&'static str, Edit, usize)> {
    let names = vec!["NEW_CUSTOMER".to_owned(), "NOTHING".to_owned()];
    vec![
        (
            "one endpoint",
            Box::new(move |f| f.endpoint_ids = vec![other]),
            1,
        ),
        (
            "two endpoints",
            Box::new(move |f| f.endpoint_ids = vec![other, endpoint]),
            13,
        ),
        (
            "type",
            Box::new(move |f| f.event_types.clone_from(&names)),
            1,
        ),
        ("event", Box::new(move |f| f.event_id = Some(event)), 1),
        ("tests", Box::new(|f| f.is_test = Some(true)), 1),
        ("no tests", Box::new(|f| f.is_test = Some(false)), 12),
        (
            "outcome",
            Box::new(|f| f.outcomes = vec![Outcome::Success]),
            2,
        ),
        ("attempts", Box::new(|f| f.min_attempts = Some(1)), 7),
        ("more attempts", Box::new(|f| f.min_attempts = Some(100)), 0),
        ("status", Box::new(|f| f.http_statuses = vec![503]), 5),
        (
            "statuses",
            Box::new(|f| f.http_statuses = vec![503, 200]),
            7,
        ),
        (
            "since",
            Box::new(move |f| (f.from, f.is_test) = (Some(at), Some(false))),
            newer,
        ),
        ("until", Box::new(move |f| f.to = Some(at)), 12 - newer),
    ]
}

async fn pages_have_no_gap_and_no_repeat(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let ids = world.publish(merchant, endpoint, 53).await;
    let filter = DeliveryFilter::default();
    let mut page = PageRequest::new(10, None::<DeliveryId>);
    let mut seen = Vec::new();
    loop {
        let found = world
            .storage
            .deliveries(scope(merchant), &filter, page)
            .await
            .unwrap();
        seen.extend(found.rows.iter().map(|delivery| delivery.id));
        // What comes in meanwhile is newer: it moves no page.
        world.publish(merchant, endpoint, 3).await;
        match found.next {
            Some(next) => page.before = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, ids.into_iter().rev().collect::<Vec<_>>());
    let exact = PageRequest::new(71, None::<DeliveryId>);
    let found = world
        .storage
        .deliveries(PlatformScope::proven(), &filter, exact)
        .await
        .unwrap();
    assert_eq!((found.rows.len(), found.next), (71, None));
}

async fn an_attempt_is_read_back_with_every_field(world: World) {
    let (merchant, claim) = manual_claim(&world).await;
    let mut ended = world.ended(&claim, Next::Failed);
    let mut attempt = (*ended.attempt.take().unwrap()).clone();
    attempt.exchange.timings.tls = Some(Duration::from_micros(333));
    ended.attempt = Some(Arc::new(attempt.clone()));
    world.settle(vec![ended]).await;
    let log = world
        .storage
        .attempts(scope(merchant), claim.delivery_id)
        .await
        .unwrap();
    assert_eq!(log[1], (attempt, false));
    assert_eq!(log[1].0.trigger, Trigger::Manual);
    assert_eq!(log[1].0.actor.as_deref(), Some("usr_1"));
    assert_eq!(
        log.iter()
            .map(|(attempt, _)| attempt.number)
            .collect::<Vec<_>>(),
        [1, 2]
    );
}

async fn an_attempt_without_an_answer_is_read_back(world: World) {
    let (merchant, claim) = manual_claim(&world).await;
    for outcome in Outcome::ALL {
        let mut ended = world.ended(&claim, Next::Failed);
        let mut attempt = (*ended.attempt.take().unwrap()).clone();
        (attempt.exchange.response, attempt.exchange.remote_ip) = (None, None);
        attempt.exchange.outcome = outcome;
        attempt.exchange.timings = domain::attempt::Timings::default();
        (ended.outcome, ended.http_status) = (outcome, None);
        ended.attempt = Some(Arc::new(attempt.clone()));
        world.settle(vec![ended]).await;
        let log = world
            .storage
            .attempts(scope(merchant), claim.delivery_id)
            .await
            .unwrap();
        assert!(
            log.iter().any(|(logged, _)| *logged == attempt),
            "{outcome:?}"
        );
    }
}

async fn attempts_are_paged_in_the_order_they_were_made(world: World) {
    let (merchant, claim) = manual_claim(&world).await;
    // One POST may have several rows: its late result is logged under the same number.
    for _ in 0..4 {
        world.settle(vec![world.ended(&claim, Next::Failed)]).await;
    }
    let all = world.storage.attempts(scope(merchant), claim.delivery_id);
    let all = all.await.unwrap();
    assert_eq!(all.len(), 5);
    let (mut paged, mut before) = (Vec::new(), None);
    loop {
        let page = PageRequest { limit: 2, before };
        let found = world
            .storage
            .attempts_page(scope(merchant), claim.delivery_id, page)
            .await
            .unwrap();
        assert!(found.rows.len() <= 2);
        paged.extend(found.rows);
        before = found.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(paged, all);
    let other = world.merchant().await.id;
    let page = PageRequest {
        limit: 2,
        before: None,
    };
    let foreign = world
        .storage
        .attempts_page(scope(other), claim.delivery_id, page)
        .await;
    assert!(foreign.unwrap().rows.is_empty());
}

async fn a_test_send_is_logged(world: World) {
    let (merchant, claim) = manual_claim(&world).await;
    for (status, success) in [(Status::Succeeded, true), (Status::Failed, false)] {
        let mut event = world.event(merchant, "{}");
        event.is_test = true;
        let mut attempt = world.attempt(&claim, success);
        (attempt.delivery_id, attempt.number) = (world.delivery(&event, claim.endpoint_id).id, 1);
        attempt.trigger = Trigger::Test;
        let now = world.now();
        world
            .storage
            .log_test(&event, &attempt, status, now)
            .await
            .unwrap();
        let found = world
            .storage
            .event(scope(merchant), event.id)
            .await
            .unwrap();
        assert_eq!(found, Some(event));
        let id = attempt.delivery_id;
        let log = world.storage.attempts(scope(merchant), id).await.unwrap();
        assert_eq!(log, [(attempt, false)]);
        let shown = world.shown(merchant, id).await;
        assert!(shown.is_test && shown.status == status && shown.finished_at == Some(now));
        let filter = DeliveryFilter {
            statuses: vec![status],
            is_test: Some(true),
            ..DeliveryFilter::default()
        };
        let found = list(&world, scope(merchant), &filter, 10).await;
        assert_eq!(
            found.iter().map(|delivery| delivery.id).collect::<Vec<_>>(),
            [id]
        );
    }
    assert_eq!(world.count("jobs").await, 1);
}

/// A claim of a manual retry, attempt 2.
async fn manual_claim(world: &World) -> (MerchantId, Claimed) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let id = world.publish(merchant, endpoint, 1).await[0];
    world.finish(&[id], Next::Failed).await;
    world
        .storage
        .retry_now(scope(merchant), id, "usr_1")
        .await
        .unwrap();
    (merchant, world.claim(&[id]).await.remove(0))
}

/// All pages of a filter.
async fn list(
    world: &World,
    of: impl Into<Reach> + Copy,
    filter: &DeliveryFilter,
    limit: u64,
) -> Vec<Delivery> {
    let (mut seen, mut page) = (
        Vec::new(),
        PageRequest {
            limit,
            before: None,
        },
    );
    loop {
        let found = world.storage.deliveries(of, filter, page).await.unwrap();
        seen.extend(found.rows);
        match found.next {
            Some(_) => page.before = found.next,
            None => break,
        }
    }
    let distinct: HashSet<_> = seen.iter().map(|delivery| delivery.id).collect();
    assert_eq!(distinct.len(), seen.len());
    seen
}

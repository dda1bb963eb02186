//! Figures: counts that add up, percentiles of what attempts took, what waits.

use std::time::Duration;

use domain::attempt::Outcome;
use domain::clock::Micros;
use domain::endpoint::{DisabledReason, Endpoint};
use domain::id::{EndpointId, EventKind, MerchantId};
use domain::stats::{Range, Span, What, series, slot_of, total};
use domain::tenancy::{OwnerScope, PlatformScope};
use storage::acknowledgements::Acknowledged;
use storage::stats::{AttemptTick, StatsOf, Tick, TickOf};

use crate::world::{World, scope};

on_both!(
    counts_of_several_writes_add_up_for_everybody_the_merchant_and_the_endpoint,
    old_counts_are_dropped,
    what_waits_is_counted_by_endpoint_and_for_all,
    the_last_delivery_of_each_endpoint_is_found,
    failing_endpoints_are_those_that_fail_and_those_disabled_for_it,
    an_acknowledgement_stands_until_the_endpoint_works,
    timers_are_counted_for_everybody_and_apart_from_attempts,
    timers_ahead_are_counted_by_minute,
);

async fn an_acknowledgement_stands_until_the_endpoint_works(world: World) {
    let (merchant, ops) = (world.merchant().await.id, PlatformScope::proven());
    let id = world.endpoint(merchant).await.endpoint.id;
    let storage = &world.storage;
    let acknowledge = async |note: &str| {
        let done = storage.acknowledge(ops, id, note.to_owned(), "usr_1").await;
        done.unwrap()
    };
    assert_eq!(acknowledge("soon").await, Acknowledged::Works);
    let missing = storage.acknowledge(ops, world.id(), String::new(), "usr_1");
    assert_eq!(missing.await.unwrap(), Acknowledged::NotFound);
    let since = Some(world.now() - Duration::from_hours(1));
    let fails = storage.set_failing_since(scope(merchant), id, since);
    fails.await.unwrap();
    let shown = async || {
        let failing = storage.failing_endpoints(ops, 10).await.unwrap();
        let found = failing.into_iter().find(|found| found.endpoint.id == id);
        found.map(|found| found.acknowledged.map(|given| given.note))
    };
    assert_eq!(shown().await, Some(None));
    acknowledge("ticket 1").await;
    acknowledge("ticket 2").await;
    assert_eq!(shown().await, Some(Some("ticket 2".to_owned())));
    assert!(storage.withdraw_acknowledgement(ops, id).await.unwrap());
    assert!(!storage.withdraw_acknowledgement(ops, id).await.unwrap());
    assert_eq!(shown().await, Some(None));
    acknowledge("ticket 3").await;
    // It works, and fails anew: that is another failure.
    for since in [None, Some(world.now())] {
        let changed = storage.set_failing_since(scope(merchant), id, since);
        changed.await.unwrap();
    }
    assert_eq!(shown().await, Some(None));
}

async fn timers_are_counted_for_everybody_and_apart_from_attempts(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let now = world.now();
    let timer = Tick {
        event_type: "".into(),
        what: TickOf::Timer(500),
        ..event(merchant, now)
    };
    let ticks = [(timer, 4), (attempt(merchant, endpoint, now, 200), 1)];
    world.storage.add_stats(ticks).await.unwrap();
    let since = Range::Hour.starts(now)[0];
    let sum = async |of| {
        let counts = world.storage.stats(of, Span::Minute, since).await.unwrap();
        total(&series(Range::Hour, now, &counts))
    };
    let platform = StatsOf::Platform(PlatformScope::proven());
    let everybody = sum(platform).await;
    assert_eq!((everybody.timers, everybody.succeeded), (4, 1));
    assert_eq!(everybody.late(1.0), Some(500.0));
    assert_eq!(everybody.percentile(1.0), Some(20.0));
    assert_eq!(sum(StatsOf::Merchant(scope(merchant))).await.timers, 0);
    let types = world.storage.stats_by_type(platform, Span::Minute, since);
    let types = types.await.unwrap();
    assert_eq!(types.len(), 1, "a timer has no event type: {types:?}");
}

async fn timers_ahead_are_counted_by_minute(world: World) {
    let merchant = world.merchant().await.id;
    for seconds in [-5, 30, 61, 90, 899, 901] {
        let (subject, due) = (world.id::<EventKind>(), world.now().0 + seconds * 1_000_000);
        let (subject, owner) = (
            world.literal(subject.uuid()),
            world.literal(merchant.uuid()),
        );
        let sql = format!(
            "insert into timers (subject_id, kind, merchant_id, shard, due_us) values ({subject}, 0, {owner}, 0, {due})"
        );
        world.execute(&sql).await;
    }
    let ahead = world.storage.upcoming_timers(PlatformScope::proven()).await;
    let counts: Vec<u64> = ahead.unwrap().iter().map(|minute| minute.timers).collect();
    assert_eq!(counts.len(), 15);
    assert_eq!((counts[0], counts[1], counts[14]), (1, 2, 1));
    assert_eq!(counts.iter().sum::<u64>(), 4);
}

async fn failing_endpoints_are_those_that_fail_and_those_disabled_for_it(world: World) {
    let merchant = world.merchant().await;
    let of = scope(merchant.id);
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(world.endpoint(merchant.id).await.endpoint.id);
    }
    let now = world.now();
    let earlier = now - Duration::from_hours(1);
    world
        .storage
        .set_failing_since(of, ids[0], Some(now))
        .await
        .unwrap();
    world
        .storage
        .set_failing_since(of, ids[1], Some(earlier))
        .await
        .unwrap();
    // The usual reason to switch one off by hand.
    let failing = world.storage.set_failing_since(of, ids[2], Some(earlier));
    failing.await.unwrap();
    let reasons = [
        DisabledReason::Manual,
        DisabledReason::Failing,
        DisabledReason::Gone,
    ];
    for (id, reason) in ids[2..].iter().zip(reasons) {
        let disable = move |endpoint: &mut Endpoint| endpoint.disabled = Some((reason, now));
        world
            .storage
            .update_endpoint(of, *id, disable)
            .await
            .unwrap();
    }
    let found = world
        .storage
        .failing_endpoints(PlatformScope::proven(), 10)
        .await
        .unwrap();
    let order: Vec<_> = found.iter().map(|failing| failing.endpoint.id).collect();
    assert_eq!(
        order[..2],
        [ids[1], ids[0]],
        "those that have failed for longest first"
    );
    assert_eq!(order.len(), 4);
    assert!(!order.contains(&ids[2]), "somebody switched it off");
    assert!(
        found
            .iter()
            .all(|failing| failing.merchant == Some((merchant.id, merchant.name.clone())))
    );
}

fn event(merchant_id: MerchantId, at: Micros) -> Tick {
    Tick {
        merchant_id,
        minute: slot_of(at, Span::Minute.length()),
        event_type: "PRODUCT_VIEWED".into(),
        what: TickOf::Event,
    }
}

fn attempt(merchant_id: MerchantId, endpoint_id: EndpointId, at: Micros, status: i16) -> Tick {
    let outcome = if status == 200 {
        Outcome::Success
    } else {
        Outcome::HttpStatus
    };
    Tick {
        what: TickOf::Attempt(AttemptTick {
            endpoint_id,
            outcome: outcome.code(),
            http_status: status,
            class_ms: 20,
        }),
        ..event(merchant_id, at)
    }
}

async fn counts_of_several_writes_add_up_for_everybody_the_merchant_and_the_endpoint(world: World) {
    let (one, other) = (world.merchant().await.id, world.merchant().await.id);
    let endpoint = world.endpoint(one).await.endpoint.id;
    let foreign = world.endpoint(other).await.endpoint.id;
    let now = world.now();
    let earlier = now - Duration::from_hours(2);
    for _ in 0..2 {
        let ticks = [
            (event(one, now), 5),
            (attempt(one, endpoint, now, 200), 3),
            (attempt(one, endpoint, earlier, 500), 2),
            (attempt(other, foreign, now, 200), 40),
        ];
        world.storage.add_stats(ticks).await.unwrap();
    }
    let since = Range::Day.starts(now)[0];
    let sums = async |of| {
        let counts = world.storage.stats(of, Span::Hour, since).await.unwrap();
        let sum = total(&series(Range::Day, now, &counts));
        (sum.events, sum.succeeded, sum.failed)
    };
    let owner = OwnerScope::from(scope(one));
    let platform = PlatformScope::proven();
    assert_eq!(sums(StatsOf::Endpoint(owner, endpoint)).await, (0, 6, 4));
    assert_eq!(sums(StatsOf::Merchant(scope(one))).await, (10, 6, 4));
    assert_eq!(sums(StatsOf::Platform(platform)).await, (10, 86, 4));

    let of = StatsOf::Endpoint(owner, endpoint);
    let answers = world
        .storage
        .stats_by_answer(of, Span::Hour, since)
        .await
        .unwrap();
    let answers: Vec<_> = answers
        .iter()
        .map(|row| (row.http_status, row.count))
        .collect();
    assert_eq!(answers, [(Some(200), 6), (Some(500), 4)]);
    let types = world
        .storage
        .stats_by_type(StatsOf::Merchant(scope(one)), Span::Hour, since)
        .await
        .unwrap();
    assert_eq!(types.len(), 1);
    assert!(types[0].counts.contains(&(What::Events, 10)), "{types:?}");

    // The last hour has only what happened in it.
    let minutes = world
        .storage
        .stats(of, Span::Minute, Range::Hour.starts(now)[0])
        .await
        .unwrap();
    assert_eq!(total(&series(Range::Hour, now, &minutes)).succeeded, 6);
    assert_eq!(total(&series(Range::Hour, now, &minutes)).failed, 0);

    let of_both = world
        .storage
        .stats_of_endpoints(owner, &[endpoint, foreign], Span::Hour, since)
        .await
        .unwrap();
    let of_foreign: u64 = of_both
        .iter()
        .filter(|(id, _)| *id == foreign)
        .map(|(_, counted)| counted.count)
        .sum();
    assert_eq!(of_foreign, 80);
    let busiest = world
        .storage
        .busiest_merchants(platform, Span::Hour, since, 1)
        .await
        .unwrap();
    assert_eq!(
        busiest.iter().map(|(id, _)| *id).collect::<Vec<_>>(),
        [other]
    );
}

async fn old_counts_are_dropped(world: World) {
    let merchant = world.merchant().await.id;
    let now = world.now();
    let old = now - Duration::from_hours(24 * 33);
    let yesterday = now - Duration::from_hours(24);
    let ticks = [
        (event(merchant, old), 1),
        (event(merchant, yesterday), 1),
        (event(merchant, now), 1),
    ];
    world.storage.add_stats(ticks).await.unwrap();
    while world
        .storage
        .expire(Duration::from_hours(24 * 30))
        .await
        .unwrap()
    {}
    let count = async |span| {
        let of = StatsOf::Merchant(scope(merchant));
        world
            .storage
            .stats(of, span, Micros(0))
            .await
            .unwrap()
            .len()
    };
    assert_eq!(count(Span::Minute).await, 1);
    assert_eq!(count(Span::Hour).await, 2);
}

async fn what_waits_is_counted_by_endpoint_and_for_all(world: World) {
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let idle = world.endpoint(merchant).await.endpoint.id;
    let ids = world.publish(merchant, endpoint, 3).await;
    let claimed = world.claim(&ids[..1]).await;
    assert_eq!(claimed.len(), 1);
    let owner = OwnerScope::from(scope(merchant));
    let waiting = world
        .storage
        .waiting_for(owner, &[endpoint, idle])
        .await
        .unwrap();
    assert_eq!(waiting[&endpoint].count, 3);
    assert_eq!(waiting[&endpoint].oldest, Some(ids[0].made_at()));
    assert!(!waiting.contains_key(&idle));
    let backlog = world
        .storage
        .backlog(PlatformScope::proven())
        .await
        .unwrap();
    assert_eq!((backlog.due, backlog.in_flight, backlog.later), (2, 1, 0));
    assert!(backlog.oldest_due.is_some());
}

async fn the_last_delivery_of_each_endpoint_is_found(world: World) {
    let merchant = world.merchant().await.id;
    let first = world.endpoint(merchant).await.endpoint.id;
    let second = world.endpoint(merchant).await.endpoint.id;
    let idle = world.endpoint(merchant).await.endpoint.id;
    let to_first = world.publish(merchant, first, 3).await;
    let to_second = world.publish(merchant, second, 1).await;
    let owner = OwnerScope::from(scope(merchant));
    let last = world
        .storage
        .last_deliveries(owner, &[first, second, idle])
        .await
        .unwrap();
    assert_eq!(last[&first].id, to_first[2]);
    assert_eq!(last[&second].id, to_second[0]);
    assert!(!last.contains_key(&idle));
}

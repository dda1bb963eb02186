//! Decisions of triggers on full tables: no statement reads a table from end to end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::clock::Micros;
use domain::id::MerchantId;
use domain::merchant::Merchant;
use domain::shard::ShardSet;
use domain::trigger::activity::{Activity, ActivityKind};
use domain::trigger::checkout::CheckoutKind;
use domain::trigger::rules::{Rules, Shop};
use domain::trigger::{Key, TriggerSettings};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use sqlx::{Connection as _, PgConnection};
use storage::triggers::{
    ActivityKey, Case, Decide, Decision, LeftOut, Outcome, Wanted, activity_key,
};
use storage::{DatabaseSettings, Error};

use crate::world::World;

/// Rows of each table.
const FULL: i64 = 100_000;
/// How long a session of PostgreSQL may take to tell what it counted.
const LIMIT: Duration = Duration::from_secs(20);

on_both!(
    an_activity_id_is_claimed_once_and_a_stale_decision_claims_nothing,
    a_panic_of_the_rules_costs_one_decision,
    a_timer_that_is_put_off_is_found_later,
);

/// An activity in checkout `number`, whose shopper is known.
fn activity(world: &World, number: usize, kind: ActivityKind) -> Activity {
    let body = format!(
        r#"{{"id":"a-{number}","type":"{}","visitor":{{"device_id":"d-{number}","session_id":"s-{number}",
        "checkout_id":"c-{number}"}},"identity":{{"email":"{number}@example.com"}},"data":{{}}}}"#,
        kind.as_str()
    );
    let now = world.now();
    Activity::read(world.id(), kind, now, body.into()).unwrap()
}

/// Everything that a decision on these may look at.
fn case(world: &World, merchant: MerchantId, version: i64, activities: &[Activity]) -> Case {
    let mut wanted = Wanted {
        checkouts_since: Some(world.now()),
        ..Wanted::default()
    };
    let mut keys = Vec::new();
    for activity in activities {
        let ids = &activity.visitor;
        wanted.devices.insert((merchant, ids.device()));
        let session = ids.session_id.as_deref().unwrap();
        wanted.sessions.insert((merchant, Key::session(session)));
        let checkout = Key::checkout(ids.checkout_id.as_deref().unwrap());
        for kind in [CheckoutKind::Store, CheckoutKind::Funnel] {
            wanted.checkouts.insert((merchant, kind, checkout));
        }
        let identity = activity.identity.as_ref().unwrap().normal();
        let email = identity.email_key().unwrap();
        wanted.people.insert((merchant, email));
        wanted.told_once.insert((merchant, Key::customer(session)));
        keys.push(ActivityKey {
            merchant_id: merchant,
            hash: activity_key(activity.client_id.as_deref().unwrap()),
            activity_id: activity.id,
        });
    }
    Case {
        version,
        merchants: [merchant].into(),
        keys,
        wanted,
        now: world.now(),
    }
}

/// Lets the rules work on the activities, then on the timers that they asked for before.
fn decide(merchant: Merchant, activities: Vec<Activity>, case: &Case) -> Decide {
    let (timers, now) = (case.wanted.timers.clone(), case.now);
    Arc::new(move |loaded, left_out: &LeftOut| {
        let mut world = loaded.clone();
        let mut rng = StdRng::seed_from_u64(7);
        let mut rules = Rules {
            shop: Shop {
                merchant: &merchant,
                wants: &|_| true,
                contact_key: &[0; 32],
                settings: &TriggerSettings::default(),
            },
            world: &mut world,
            now,
            rng: &mut rng,
        };
        for activity in &activities {
            if !left_out.repeated.contains(&activity.id) {
                rules.apply(activity.clone());
            }
        }
        for timer in &timers {
            rules.fire(*timer);
        }
        Decision {
            world,
            ..Decision::default()
        }
    })
}

/// Decides on `numbers` as openings of checkouts, looks for what is due, and fires the timers much later.
async fn use_everything(world: &World, merchant: &Merchant, numbers: std::ops::Range<usize>) {
    let version = world.storage.config_version().await.unwrap();
    for kind in [ActivityKind::ProductViewed, ActivityKind::CheckoutOpened] {
        let activities: Vec<_> = numbers
            .clone()
            .map(|number| activity(world, number, kind))
            .collect();
        let mut case = case(world, merchant.id, version, &activities);
        case.keys.retain(|_| kind == ActivityKind::ProductViewed);
        let decide = decide(merchant.clone(), activities, &case);
        let outcome = world.storage.decide(case, decide).await.unwrap();
        let Outcome::Decided { left_out, .. } = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(left_out, LeftOut::default());
    }
    let later = world.now() + Duration::from_mins(20);
    let due = world.storage.due_timers(ShardSet::ALL, &[], later, 5_000);
    let mut due = due.await.unwrap();
    due.retain(|timer| timer.merchant_id == merchant.id);
    assert!(due.len() >= numbers.len());
    let case = Case {
        version,
        merchants: [merchant.id].into(),
        keys: Vec::new(),
        wanted: Wanted {
            timers: due.iter().map(|timer| timer.id).collect(),
            ..Wanted::default()
        },
        now: later,
    };
    let decide = decide(merchant.clone(), Vec::new(), &case);
    let outcome = world.storage.decide(case, decide).await.unwrap();
    let Outcome::Decided { decision, .. } = outcome else {
        panic!("{outcome:?}")
    };
    assert!(decision.world.timers.values().all(Option::is_none));
}

/// Fills the tables with what others have done.
async fn fill(world: &World, now: Micros) {
    let postgres = world.settings.is_postgres();
    let (rows, id, key) = if postgres {
        (
            format!("from generate_series(1, {FULL}) as n"),
            format!(
                "(lpad(to_hex({}), 12, '0') || '70008' || lpad(to_hex(n), 15, '0'))::uuid",
                now.millis() - 1_000
            ),
            "decode(md5(n::text), 'hex')",
        )
    } else {
        (
            format!(
                "from (with recursive c (n) as (select 1 union all select n + 1 from c where n < {FULL}) select n from c)"
            ),
            "randomblob(16)".to_owned(),
            "randomblob(16)",
        )
    };
    let (other, no) = if postgres {
        ("'00000000-0000-7000-8000-000000000001'::uuid", "false")
    } else {
        ("x'00000000000070008000000000000001'", "0")
    };
    let due = now.0 + 10_000_000;
    for table in [
        format!("visitors (merchant_id, device, shopper_id, session_id, sessions, first_seen_us) select {other}, {key}, {id}, {id}, 1, 0 {rows}"),
        format!("shoppers (id, merchant_id, contact_id, created_us) select {id}, {other}, 'c', 0 {rows}"),
        format!("shopper_keys (merchant_id, name, shopper_id) select {other}, {key}, {id} {rows}"),
        format!("told_once (merchant_id, name) select {other}, {key} {rows}"),
        format!("sessions (id, merchant_id, name, client_id, device, shopper_id, state, opened_us, last_us, span_us)
                 select {id}, {other}, {key}, 's', {key}, {id}, 0, 0, {due}, 900000000 {rows}"),
        format!("checkouts (id, merchant_id, kind, name, client_id, device, session_id, shopper_id, state, step, step_us, opened_us,
                   last_us, span_us, sliding, announced, in_upsell)
                 select {id}, {other}, 0, {key}, 'c', {key}, {id}, {id}, 0, 0, 0, {due}, {due}, 900000000, {no}, {no}, {no} {rows}"),
        format!("timers (subject_id, kind, merchant_id, shard, due_us) select {id}, n % 2, {other}, n % 64, {due} + n {rows}"),
        format!("activities (subject_id, at_us, id, merchant_id, kind, note, body) select {id}, n, {id}, {other}, 0, 0, {key} {rows}"),
        format!("fired_events (subject_id, event_id) select {id}, {id} {rows}"),
    ] {
        world.execute(&format!("insert into {table}")).await;
    }
    world.execute("analyze").await;
}

/// Reads of whole tables so far, of the tables of triggers and their days, once all of storage's sessions have ended.
async fn scans(settings: &DatabaseSettings) -> BTreeMap<String, i64> {
    let mut observer = PgConnection::connect(&settings.url).await.unwrap();
    let sessions = "select count(*) from pg_stat_activity where datname = current_database()
                    and application_name like 'hookyard%'";
    let end = Instant::now() + LIMIT;
    loop {
        let left: i64 = sqlx::query_scalar(sessions)
            .fetch_one(&mut observer)
            .await
            .unwrap();
        if left == 0 {
            break;
        }
        assert!(Instant::now() < end, "{left} sessions do not end");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "select relname::text, coalesce(seq_scan, 0) from pg_stat_user_tables where relname ~
         '^((activities|fired_events)(_p[0-9]{8})?|visitors|shoppers|shopper_keys|told_once|sessions|checkouts|timers|keys)$'",
    )
    .fetch_all(&mut observer)
    .await
    .unwrap();
    observer.close().await.unwrap();
    rows.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_decision_scans_a_table_empty_or_full() {
    let world = World::postgres().await;
    let settings = world.settings.clone();
    let merchant = world.merchant().await;
    drop(world);
    for (turn, state) in ["empty", "full"].into_iter().enumerate() {
        if state == "full" {
            let world = World::again(settings.clone()).await;
            fill(&world, world.now()).await;
        }
        let before = scans(&settings).await;
        let world = World::again(settings.clone()).await;
        for size in [1, 300] {
            let first = 1_000 * turn + size;
            use_everything(&world, &merchant, first..first + size).await;
        }
        drop(world);
        for (table, count) in scans(&settings).await {
            assert_eq!(count, before[&table], "{table} was scanned while {state}");
        }
    }
}

async fn an_activity_id_is_claimed_once_and_a_stale_decision_claims_nothing(world: World) {
    let merchant = world.merchant().await;
    let version = world.storage.config_version().await.unwrap();
    let ask = async |version| {
        let activities = vec![
            activity(&world, 1, ActivityKind::ProductViewed),
            activity(&world, 1, ActivityKind::ProductViewed),
        ];
        let ids: Vec<_> = activities.iter().map(|one| one.id).collect();
        let case = case(&world, merchant.id, version, &activities);
        let decide = decide(merchant.clone(), activities, &case);
        (ids, world.storage.decide(case, decide).await.unwrap())
    };
    assert!(matches!(ask(version - 1).await.1, Outcome::Stale));
    assert_eq!(world.count("keys").await, 0);
    for known in [0, 1] {
        let (ids, Outcome::Decided { left_out, .. }) = ask(version).await else {
            panic!("stale")
        };
        let repeated = left_out.repeated;
        // The first of two with one id is taken.
        assert_eq!(repeated.contains(&ids[0]), known == 1);
        assert!(repeated.contains(&ids[1]));
        assert_eq!(world.count("activities").await, 1);
    }
    // They are remembered as long as an activity may be taken.
    let at = (world.now() - Duration::from_hours(24 * 6)).0;
    world
        .execute(&format!(
            "update keys set created_us = created_us - {}",
            30 * 86_400_000_000_i64
        ))
        .await;
    assert!(world.number("select created_us from keys").await < at);
    let month = Duration::from_hours(24 * 30);
    while world.storage.expire(month).await.unwrap() {}
    assert_eq!(world.count("keys").await, 1);
    world
        .execute(&format!(
            "update keys set created_us = created_us - {}",
            86_400_000_000_i64
        ))
        .await;
    while world.storage.expire(month).await.unwrap() {}
    assert_eq!(world.count("keys").await, 0);
}

async fn a_panic_of_the_rules_costs_one_decision(world: World) {
    let merchant = world.merchant().await;
    let version = world.storage.config_version().await.unwrap();
    let activities = vec![activity(&world, 1, ActivityKind::ProductViewed)];
    let case = case(&world, merchant.id, version, &activities);
    let broken: Decide = Arc::new(|_, _| panic!("on purpose"));
    let refused = world.storage.decide(case.clone(), broken).await;
    assert!(
        matches!(refused, Err(Error::Database(_))),
        "{:?}",
        refused.err()
    );
    assert_eq!(world.count("keys").await, 0);
    let decide = decide(merchant, activities, &case);
    let outcome = world.storage.decide(case, decide).await.unwrap();
    assert!(matches!(outcome, Outcome::Decided { .. }));
    assert_eq!(world.count("activities").await, 1);
}

async fn a_timer_that_is_put_off_is_found_later(world: World) {
    let merchant = world.merchant().await;
    let version = world.storage.config_version().await.unwrap();
    let activities = vec![activity(&world, 1, ActivityKind::ProductViewed)];
    let case = case(&world, merchant.id, version, &activities);
    let decide = decide(merchant, activities, &case);
    world.storage.decide(case, decide).await.unwrap();
    let later = world.now() + Duration::from_mins(20);
    let due = async |at| {
        let due = world.storage.due_timers(ShardSet::ALL, &[], at, 10).await;
        due.unwrap()
    };
    let ids: Vec<_> = due(later).await.iter().map(|timer| timer.id).collect();
    assert_eq!(ids.len(), 1);
    let until = later + Duration::from_mins(1);
    world.storage.put_off_timers(&ids, until).await.unwrap();
    assert_eq!(due(later).await, []);
    assert_eq!(due(until).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merchant_whom_another_process_decides_on_is_left_out() {
    let world = World::postgres().await;
    let (held, free) = (world.merchant().await, world.merchant().await);
    let version = world.storage.config_version().await.unwrap();
    let mut other = PgConnection::connect(&world.settings.url).await.unwrap();
    hold(&mut other, held.id).await;
    let ask = async |merchants: &[&Merchant]| {
        let activities = vec![activity(&world, 1, ActivityKind::ProductViewed)];
        let mut case = case(&world, free.id, version, &activities);
        case.merchants = merchants.iter().map(|merchant| merchant.id).collect();
        let decide = decide(free.clone(), activities, &case);
        match world.storage.decide(case, decide).await.unwrap() {
            Outcome::Decided { left_out, .. } => left_out.busy,
            Outcome::Stale => panic!("stale"),
        }
    };
    assert_eq!(ask(&[&held, &free]).await, [held.id].into());
    assert_eq!(world.count("activities").await, 1);
    // Alone it is waited for, a moment.
    assert_eq!(ask(&[&held]).await, [held.id].into());
    assert_eq!(world.count("activities").await, 1);
    other.close().await.unwrap();
    let end = Instant::now() + LIMIT;
    while !ask(&[&held]).await.is_empty() {
        assert!(Instant::now() < end, "the lock is not let go");
    }
}

/// Holds the lock of a merchant's decisions, as another process does.
async fn hold(connection: &mut PgConnection, merchant: MerchantId) {
    let (_, low) = merchant.uuid().as_u64_pair();
    let lock = i64::from_be_bytes(low.to_be_bytes()) >> 1;
    sqlx::query("select pg_advisory_lock($1)")
        .bind(lock)
        .execute(connection)
        .await
        .unwrap();
}

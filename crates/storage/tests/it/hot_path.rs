//! What the hot statements cost PostgreSQL: counted by the server itself, on the calls that the product makes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use domain::clock::Micros;
use domain::delivery::Next;
use domain::id::{DeliveryId, EndpointId, MerchantId};
use domain::shard::{Shard, ShardSet};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};
use storage::claims::ClaimResult;
use storage::{DatabaseSettings, Storage};

use crate::world::{LEASE, World, keyring, lease};

/// Rows put into each hot table to fill it.
const FULL: i64 = 100_000;
/// How long a session may take to end.
const DEADLINE: Duration = Duration::from_secs(20);

/// A connection past storage to the test's database, or to another one of the same server, whose work is not
/// counted in the test's.
async fn observer(settings: &DatabaseSettings, database: Option<&str>) -> PgConnection {
    let options: PgConnectOptions = settings.url.parse().unwrap();
    let options = match database {
        Some(name) => options.database(name),
        None => options,
    };
    options.connect().await.unwrap()
}

/// Waits until every session of the test's database has ended: then its counters are complete.
async fn all_ended(settings: &DatabaseSettings) {
    let mut observer = observer(settings, Some("postgres")).await;
    let name = settings.url.parse::<PgConnectOptions>().unwrap();
    let others = format!(
        "select count(*) from pg_stat_activity where datname = '{}' and backend_type = 'client backend'",
        name.get_database().unwrap()
    );
    let end = Instant::now() + DEADLINE;
    loop {
        let left = read(&mut observer, &others).await;
        if left == 0 {
            return;
        }
        assert!(Instant::now() < end, "{left} sessions do not end");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn read(observer: &mut PgConnection, sql: &str) -> i64 {
    let sql = AssertSqlSafe(sql.to_owned());
    sqlx::query_scalar(sql).fetch_one(observer).await.unwrap()
}

/// Sequential scans of the hot tables so far.
async fn scans(settings: &DatabaseSettings) -> BTreeMap<String, i64> {
    all_ended(settings).await;
    let mut observer = observer(settings, None).await;
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "select relname::text, coalesce(seq_scan, 0) from pg_stat_user_tables
         where relname ~ '^(events|deliveries|attempts)(_p[0-9]{8})?$' or relname = 'jobs' or relname = 'keys'",
    )
    .fetch_all(&mut observer)
    .await
    .unwrap();
    observer.close().await.unwrap();
    rows.into_iter().collect()
}

/// Every hot call once.
async fn use_everything(world: &World, merchant: MerchantId, endpoint: EndpointId) {
    let storage = &world.storage;
    let ids = world.publish(merchant, endpoint, 200).await;
    let keyed = world.publication(merchant, &[endpoint], &[[1; 32], [2; 32]]);
    world.ingest(vec![keyed]).await;
    let loser = world.publication(merchant, &[endpoint], &[[1; 32], [3; 32]]);
    world.ingest(vec![loser]).await;
    let claimed = world.claim(&ids).await;
    let events: Vec<_> = claimed.iter().map(|claim| claim.event_id).collect();
    assert_eq!(storage.events_by_id(&events).await.unwrap().len(), 200);
    let retry = Next::Retry(world.now());
    let nexts = [Next::Succeeded, Next::Failed, retry];
    let batch = claimed
        .iter()
        .enumerate()
        .map(|(at, claim)| world.ended(claim, nexts[at % 3]));
    assert_eq!(world.settle(batch.collect()).await.len(), 200);
    let late = claimed
        .iter()
        .map(|claim| world.ended(claim, Next::Succeeded))
        .collect();
    world.settle(late).await;
    let now = world.now();
    let found = storage.due_between(ShardSet::ALL, now - Duration::from_secs(5), now, 1_000);
    assert!(!found.await.unwrap().is_empty());
    let page = storage
        .due_page(Shard::of(endpoint), None, now, 1_000)
        .await
        .unwrap();
    assert!(!page.is_empty());
    let cursor = page.last().map(|job| (job.due, job.delivery_id));
    storage
        .due_page(Shard::of(endpoint), cursor, now, 1_000)
        .await
        .unwrap();
    let again = world.claim(&ids).await;
    let leases = again.iter().map(lease).collect();
    storage.release(leases, world.now()).await.unwrap();
    let wants = world.wants(&ids, world.now() + LEASE);
    storage.unclaim(wants, world.now()).await.unwrap();
}

/// Fills today's partitions and the jobs.
async fn fill(observer: &mut PgConnection, merchant: MerchantId, now: Micros) {
    let (merchant, millis) = (merchant.uuid(), now.millis() - 1_000);
    let id =
        format!("(lpad(to_hex({millis}), 12, '0') || '70008' || lpad(to_hex(n), 15, '0'))::uuid");
    let endpoint = "('00000000-0000-7000-8000-0000000000' || lpad(to_hex(n % 64), 2, '0'))::uuid";
    let rows = format!("from generate_series(1, {FULL}) as n");
    let due = now.0 - 3_000_000;
    for sql in [
        format!("insert into events select {id}, '{merchant}', 'e' || n, 'T', '{{}}', '{{}}', 0, false {rows}"),
        format!("insert into deliveries select {id}, {id}, {endpoint}, '{merchant}', 0, null, 0, null, null, null, false {rows}"),
        format!(
            "insert into attempts select {id}, 1, {id}, {endpoint}, 0, null, false, 0, 0, null, null, null, null, '',
               null, '[]', 0, '', 200, '[]', '', 0 {rows}"
        ),
        format!(
            "insert into jobs select {id}, {id}, {endpoint}, '{merchant}', n % 64, {due} + n, 0, false, 0, null {rows}"
        ),
        "analyze".to_owned(),
    ] {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *observer).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_hot_statement_scans_a_table_empty_or_full() {
    let world = World::postgres().await;
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let (settings, now) = (world.settings.clone(), world.now());
    drop(world);
    for state in ["empty", "full"] {
        if state == "full" {
            let mut observer = observer(&settings, None).await;
            fill(&mut observer, merchant, now).await;
            observer.close().await.unwrap();
        }
        let before = scans(&settings).await;
        let world = World::again(settings.clone()).await;
        use_everything(&world, merchant, endpoint).await;
        drop(world);
        for (table, count) in scans(&settings).await {
            assert_eq!(count, before[&table], "{table} was scanned while {state}");
        }
    }
}

/// Rows of jobs read so far, by index or without.
async fn jobs_read(settings: &DatabaseSettings) -> i64 {
    all_ended(settings).await;
    let mut observer = observer(settings, None).await;
    let rows = read(
        &mut observer,
        "select (select coalesce(sum(seq_tup_read), 0) from pg_stat_user_tables where relname = 'jobs')::bigint
           + (select coalesce(sum(idx_tup_read), 0) from pg_stat_user_indexes where relname = 'jobs')::bigint",
    );
    let rows = rows.await;
    observer.close().await.unwrap();
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn polls_claims_and_scans_read_what_they_return_of_a_backlog() {
    let world = World::postgres().await;
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let (settings, now) = (world.settings.clone(), world.now());
    drop(world);
    let mut observer = observer(&settings, None).await;
    fill(&mut observer, merchant, now).await;
    observer.close().await.unwrap();

    let before = jobs_read(&settings).await;
    let world = World::again(settings.clone()).await;
    let due = world
        .storage
        .due_between(ShardSet::ALL, Micros(0), now, 1_000);
    assert_eq!(due.await.unwrap().len(), 1_000);
    drop(world);
    let after_poll = jobs_read(&settings).await;
    let world = World::again(settings.clone()).await;
    let ids = world.publish(merchant, endpoint, 256).await;
    let claimed = world.claim(&ids).await;
    let batch = claimed
        .iter()
        .map(|claim| world.ended(claim, Next::Succeeded))
        .collect();
    assert_eq!(world.settle(batch).await.len(), 256);
    drop(world);
    let after_claim = jobs_read(&settings).await;
    let world = World::again(settings.clone()).await;
    let (mut cursor, mut seen) = (None, 0);
    loop {
        let shard = Shard::from_number(1);
        let page = world
            .storage
            .due_page(shard, cursor, now, 100)
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        (cursor, seen) = (Some((last.due, last.delivery_id)), seen + page.len());
    }
    drop(world);
    let after_scan = jobs_read(&settings).await;
    let read = [
        after_poll - before,
        after_claim - after_poll,
        after_scan - after_claim,
    ];
    println!("rows read by a poll, 256 claimed and settled, a scan of {seen}: {read:?}");
    // A plan that reads the backlog for an answer reads all of it at least once. A poll may read its limit of each shard.
    let [poll, claim, scan] = read;
    assert!(poll <= 64 * 1_000 && claim < FULL / 10 && scan < FULL / 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn most_settles_are_hot_updates() {
    let world = World::postgres().await;
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let ids = world.publish(merchant, endpoint, 5_000).await;
    let timed = Instant::now();
    for chunk in ids.chunks(250) {
        world.finish(chunk, Next::Succeeded).await;
    }
    println!("5,000 claims and settles: {:?}", timed.elapsed());
    let settings = world.settings.clone();
    drop(world);
    all_ended(&settings).await;
    let mut observer = observer(&settings, None).await;
    let of = "from pg_stat_user_tables where relname like 'deliveries_p%'";
    let updates = read(
        &mut observer,
        &format!("select sum(n_tup_upd)::bigint {of}"),
    )
    .await;
    let hot = read(
        &mut observer,
        &format!("select sum(n_tup_hot_upd)::bigint {of}"),
    )
    .await;
    println!("{hot} of {updates} updates of deliveries are HOT");
    assert_eq!(updates, 5_000);
    assert!(hot * 100 >= updates * 85);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_one_commit() {
    let world = World::postgres().await;
    let merchant = world.merchant().await.id;
    let endpoint = world.endpoint(merchant).await.endpoint.id;
    let version = world.storage.config_version().await.unwrap();
    // With one connection no second one is opened, and no statement prepared, while the first comes back.
    let settings = DatabaseSettings {
        hot_connections: 1,
        ..world.settings.clone()
    };
    drop(world);
    let mut observer = observer(&settings, Some("postgres")).await;
    let name = settings.url.parse::<PgConnectOptions>().unwrap();
    let name = name.get_database().unwrap();
    let commits = format!("select xact_commit from pg_stat_database where datname = '{name}'");
    let mut spent = Vec::new();
    for batches in [1, 11] {
        all_ended(&settings).await;
        let before = read(&mut observer, &commits).await;
        let world = World::again(settings.clone()).await;
        for _ in 0..batches {
            one_of_each(&world, version, merchant, endpoint).await;
        }
        drop(world);
        all_ended(&settings).await;
        spent.push(read(&mut observer, &commits).await - before);
    }
    let each = spent[1] - spent[0];
    // Autovacuum may add one of its own.
    assert!(
        (40..=44).contains(&each),
        "{each} commits for 10 batches of each of four kinds"
    );
}

/// One batch of each kind: ingest without and with keys, claim, settle.
async fn one_of_each(world: &World, version: i64, merchant: MerchantId, endpoint: EndpointId) {
    let now = world.now();
    let batch: Vec<_> = (0..50)
        .map(|_| world.publication(merchant, &[endpoint], &[]))
        .collect();
    let ids: Vec<DeliveryId> = batch.iter().map(|p| p.events[0].1[0].id).collect();
    world
        .storage
        .ingest(version, batch.into(), now)
        .await
        .unwrap();
    let hash = storage::events::event_id_key(&ids[0].to_string());
    let keyed = vec![world.publication(merchant, &[], &[hash])];
    world
        .storage
        .ingest(version, keyed.into(), now)
        .await
        .unwrap();
    let wants = world.wants(&ids, now + crate::world::LEASE);
    let claimed = world
        .storage
        .claim(version, wants, true, now)
        .await
        .unwrap();
    let ClaimResult::Done(claimed) = claimed else {
        panic!("{claimed:?}")
    };
    let batch = claimed
        .iter()
        .map(|claim| world.ended(claim, Next::Succeeded));
    assert_eq!(world.settle(batch.collect()).await.len(), 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_storages_share_one_clock_of_configuration() {
    let world = World::postgres().await;
    let other = Storage::open(world.settings.clone(), keyring())
        .await
        .unwrap();
    let before = other.config_version().await.unwrap();
    let merchant = world.merchant().await.id;
    assert_eq!(
        other.config_changes(before).await.unwrap(),
        (before + 1, vec![merchant])
    );
}

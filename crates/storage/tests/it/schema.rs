//! The schema: made once, whoever comes first, and as the snapshots say.

use storage::{DatabaseSettings, Storage};
use testkit::postgres::PostgresServer;

use crate::world::{World, keyring, sqlite_file};

on_both!(migrating_twice_is_harmless);

async fn migrating_twice_is_harmless(world: World) {
    let merchant = world.merchant().await;
    storage::migrate(&world.settings).await.unwrap();
    let found = world
        .storage
        .merchant(crate::world::scope(merchant.id))
        .await;
    assert_eq!(found.unwrap().unwrap().name, merchant.name);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_may_migrate_an_empty_postgres_at_once() {
    let server = PostgresServer::start().await;
    let settings = DatabaseSettings::new(server.create_database().await);
    let (a, b, c) = tokio::join!(
        storage::migrate(&settings),
        storage::migrate(&settings),
        storage::migrate(&settings)
    );
    a.and(b).and(c).unwrap();
    Storage::open(settings, keyring()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_not_migrated_is_refused() {
    let (settings, _folder) = sqlite_file();
    assert!(Storage::open(settings, keyring()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_of_sqlite_is_as_committed() {
    let world = World::sqlite().await;
    let lines = lines(
        &world,
        "select sql || ';' from sqlite_master where sql is not null and name not like 'seaql%' order by type desc, name",
    );
    insta::assert_snapshot!("sqlite", lines.await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_of_postgres_is_as_committed() {
    let world = World::postgres().await;
    let tables = lines(
        &world,
        "select format('%s %s%s: %s', case relkind when 'p' then 'partitioned' else 'table' end, c.relname,
           coalesce(' (' || array_to_string(c.reloptions, ', ') || ')', ''),
           (select string_agg(format('%s %s%s', attname, format_type(atttypid, atttypmod),
              case when attnotnull then '' else '?' end), ', ' order by attnum)
            from pg_attribute where attrelid = c.oid and attnum > 0))
         from pg_class c where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
           and relname not like 'seaql%' order by relname",
    )
    .await;
    let indexes = lines(
        &world,
        "select indexdef from pg_indexes where schemaname = 'public' and tablename !~ '_p[0-9]{8}$'
           and tablename not like 'seaql%' order by 1",
    )
    .await;
    insta::assert_snapshot!("postgres", format!("{tables}\n\n{indexes}"));
    let room = "select count(*) from pg_class where relname ~ '^deliveries_p[0-9]{8}$'
        and relkind = 'r' and reloptions = array['fillfactor=50']";
    assert_eq!(world.number(room).await, 9);
}

async fn lines(world: &World, sql: &'static str) -> String {
    use sqlx::Connection as _;
    let url = &world.settings.url;
    let lines: Vec<String> = if world.settings.is_postgres() {
        let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
        sqlx::query_scalar(sql)
            .fetch_all(&mut connection)
            .await
            .unwrap()
    } else {
        let mut connection = sqlx::SqliteConnection::connect(url).await.unwrap();
        sqlx::query_scalar(sql)
            .fetch_all(&mut connection)
            .await
            .unwrap()
    };
    lines.join("\n")
}

//! Apps, their endpoints and their installations.

use std::collections::HashSet;

use domain::app::{App, Installation, UNINSTALLED};
use domain::delivery::{Next, Status};
use domain::endpoint::{Destination, Owner};
use domain::event::Event;
use domain::id::{AppId, DeliveryId, EndpointId, MerchantId};
use domain::tenancy::OwnerScope;
use storage::apps::AppDeleted;
use storage::installations::Installed;
use storage::jobs::{Waiting, While};
use storage::merchants::MerchantConfig;
use storage::search::EndpointFilter;
use storage::{DatabaseSettings, PageRequest};
use testkit::postgres::PostgresServer;

use crate::world::{World, scope, sqlite_file};

on_both!(
    a_merchant_has_no_more_apps_than_it_may,
    an_app_is_read_back_changed_and_deleted_once_nobody_has_it,
    contract_128_a_merchant_is_served_by_the_apps_it_has_installed,
    contract_142_uninstalling_cancels_what_waits_and_stores_one_last_event,
    contract_142_the_news_of_a_removal_outlives_installing_and_removing_again,
    contract_163_the_endpoints_of_an_app_belong_to_no_merchant,
    installing_twice_is_one_installation,
    a_change_of_an_app_is_noted_for_every_merchant_that_has_or_had_it,
    what_waits_of_one_merchant_ends_alone,
    a_deleted_merchant_has_nothing_installed,
);

const PAGE: PageRequest = PageRequest {
    limit: 50,
    before: None,
};

impl World {
    async fn app(&self) -> App {
        let app = App {
            id: self.id(),
            name: "Mailer".to_owned(),
            description: "Sends mail".to_owned(),
            created_at: self.now(),
            updated_at: self.now(),
        };
        self.storage.create_app(&app).await.unwrap();
        app
    }

    /// A stored endpoint of an app for these types.
    async fn app_endpoint(&self, app_id: AppId, event_types: &[&str]) -> Destination {
        let mut new = self.new_endpoint(self.id());
        new.endpoint.owner = Owner::App(app_id);
        new.endpoint.event_types = event_types.iter().map(|name| (*name).to_owned()).collect();
        assert!(self.storage.create_endpoint(&new, 50).await.unwrap());
        new
    }

    async fn install(&self, merchant_id: MerchantId, app_id: AppId) -> Installed {
        let new = Installation {
            id: self.id(),
            merchant_id,
            app_id,
            installed_at: self.now(),
        };
        self.storage.install(new, 3).await.unwrap()
    }

    /// Uninstalls, telling these endpoints.
    async fn uninstall(
        &self,
        merchant_id: MerchantId,
        app_id: AppId,
        told: &[EndpointId],
    ) -> Option<(Event, Vec<DeliveryId>)> {
        let mut event = self.event(merchant_id, "{}");
        event.event_type = UNINSTALLED.into();
        event.event_id = format!("cev_{}", event.id.suffix()).into();
        let deliveries: Vec<_> = told.iter().map(|id| self.delivery(&event, *id)).collect();
        let last = move |_: &_, _: &[_]| (event, deliveries);
        let done = self.storage.uninstall(scope(merchant_id), app_id, last);
        let (event, deliveries) = done.await.unwrap()?;
        Some((event, deliveries.iter().map(|new| new.id).collect()))
    }

    async fn config(&self, merchant_id: MerchantId) -> MerchantConfig {
        let config = self.storage.merchant_config(merchant_id).await.unwrap();
        config.unwrap()
    }
}

fn ids(destinations: &[Destination]) -> HashSet<EndpointId> {
    destinations.iter().map(|to| to.endpoint.id).collect()
}

async fn a_merchant_has_no_more_apps_than_it_may(world: World) {
    let (merchant, other) = (world.merchant().await.id, world.merchant().await.id);
    let mut apps = Vec::new();
    for _ in 0..4 {
        apps.push(world.app().await.id);
    }
    for app in &apps[..3] {
        assert!(matches!(
            world.install(merchant, *app).await,
            Installed::New(_)
        ));
    }
    assert_eq!(world.install(merchant, apps[3]).await, Installed::Full);
    assert!(matches!(
        world.install(merchant, apps[0]).await,
        Installed::Already(_)
    ));
    assert!(matches!(
        world.install(other, apps[3]).await,
        Installed::New(_)
    ));
    world.uninstall(merchant, apps[0], &[]).await.unwrap();
    assert!(matches!(
        world.install(merchant, apps[3]).await,
        Installed::New(_)
    ));
    assert_eq!(world.install(merchant, apps[0]).await, Installed::Full);
}

async fn an_app_is_read_back_changed_and_deleted_once_nobody_has_it(world: World) {
    let (app, merchant) = (world.app().await, world.merchant().await.id);
    let endpoint = world.app_endpoint(app.id, &["PRODUCT_VIEWED"]).await;
    let storage = &world.storage;
    assert_eq!(storage.app(app.id).await.unwrap(), Some(app.clone()));
    let renamed = storage.update_app(app.id, |app| "Post".clone_into(&mut app.name));
    assert_eq!(renamed.await.unwrap().unwrap().name, "Post");
    assert_eq!(storage.apps(PAGE).await.unwrap().rows.len(), 1);
    world.install(merchant, app.id).await;
    let refused = storage.delete_app(app.id).await.unwrap();
    assert_eq!(refused, AppDeleted::Installed(1));
    world.uninstall(merchant, app.id, &[]).await.unwrap();
    let gone = storage.delete_app(app.id).await.unwrap();
    assert_eq!(gone, AppDeleted::Done(vec![endpoint.endpoint.id]));
    assert_eq!(
        storage.delete_app(app.id).await.unwrap(),
        AppDeleted::NotFound
    );
    assert_eq!(storage.app(app.id).await.unwrap(), None);
    assert_eq!(world.install(merchant, app.id).await, Installed::NotFound);
    assert!(world.config(merchant).await.departing.is_empty());
}

async fn contract_128_a_merchant_is_served_by_the_apps_it_has_installed(world: World) {
    let (merchant, other) = (world.merchant().await.id, world.merchant().await.id);
    let own = world.endpoint(merchant).await;
    let (app, absent) = (world.app().await.id, world.app().await.id);
    let apps = world.app_endpoint(app, &["PRODUCT_VIEWED"]).await;
    world.app_endpoint(absent, &["PRODUCT_VIEWED"]).await;
    assert_eq!(
        ids(&world.config(merchant).await.destinations),
        HashSet::from([own.endpoint.id])
    );
    world.install(merchant, app).await;
    let config = world.config(merchant).await;
    assert_eq!(config.destinations, [own.clone(), apps.clone()]);
    assert!(config.departing.is_empty());
    assert!(world.config(other).await.destinations.is_empty());
    world.uninstall(merchant, app, &[]).await.unwrap();
    let config = world.config(merchant).await;
    assert_eq!(
        (config.destinations, config.departing),
        (vec![own], vec![apps])
    );
}

async fn contract_142_uninstalling_cancels_what_waits_and_stores_one_last_event(world: World) {
    let (merchant, other) = (world.merchant().await.id, world.merchant().await.id);
    let own = world.endpoint(merchant).await.endpoint.id;
    let (app, neighbour) = (world.app().await.id, world.app().await.id);
    let told = world.app_endpoint(app, &[UNINSTALLED]).await.endpoint.id;
    let beside = world.app_endpoint(neighbour, &[UNINSTALLED]).await;
    let beside = beside.endpoint.id;
    for (who, what) in [(merchant, app), (merchant, neighbour), (other, app)] {
        world.install(who, what).await;
    }
    let waiting = world.publish(merchant, told, 3).await;
    let left = [
        world.publish(merchant, own, 1).await[0],
        world.publish(merchant, beside, 1).await[0],
        world.publish(other, told, 1).await[0],
    ];
    let in_flight = world.claim(&waiting[..1]).await;
    let before = world.storage.config_version().await.unwrap();
    let (event, last) = world.uninstall(merchant, app, &[told]).await.unwrap();
    assert_eq!(
        world.shown(merchant, waiting[0]).await.status,
        Status::Delivering
    );
    for id in &waiting[1..] {
        assert_eq!(world.shown(merchant, *id).await.status, Status::Cancelled);
        assert_eq!(world.job(*id).await, None);
    }
    for id in left {
        assert!(world.job(id).await.is_some(), "others keep what they have");
    }
    let shown = world.shown(merchant, last[0]).await;
    assert_eq!((shown.status, shown.endpoint_id), (Status::Pending, told));
    assert_eq!(&*shown.event_type, UNINSTALLED);
    let found = world.storage.find_event(scope(merchant), &event.event_id);
    assert_eq!(found.await.unwrap().unwrap().id, event.id);
    let (_, noted) = world.storage.config_changes(before).await.unwrap();
    assert_eq!(noted, [merchant]);
    assert_eq!(world.uninstall(merchant, app, &[told]).await, None);
    // What was in flight then is settled as ever, and its retry ends when the app comes back.
    let retry = Next::Retry(world.now());
    world.settle(vec![world.ended(&in_flight[0], retry)]).await;
    world.install(merchant, app).await;
    assert_eq!(
        world.shown(merchant, waiting[0]).await.status,
        Status::Cancelled
    );
    world.finish(&last, Next::Succeeded).await;
}

async fn contract_142_the_news_of_a_removal_outlives_installing_and_removing_again(world: World) {
    let merchant = world.merchant().await.id;
    let app = world.app().await.id;
    let told = world.app_endpoint(app, &[UNINSTALLED]).await.endpoint.id;
    world.install(merchant, app).await;
    let (_, first) = world.uninstall(merchant, app, &[told]).await.unwrap();
    world.install(merchant, app).await;
    assert!(world.job(first[0]).await.is_some());
    let (_, second) = world.uninstall(merchant, app, &[told]).await.unwrap();
    for id in [first[0], second[0]] {
        assert_eq!(world.shown(merchant, id).await.status, Status::Pending);
        world.finish(&[id], Next::Succeeded).await;
    }
}

async fn contract_163_the_endpoints_of_an_app_belong_to_no_merchant(world: World) {
    let (merchant, other) = (world.merchant().await.id, world.merchant().await.id);
    let app = world.app().await.id;
    let endpoint = world.app_endpoint(app, &["PRODUCT_VIEWED"]).await.endpoint;
    world.install(merchant, app).await;
    let (storage, id) = (&world.storage, endpoint.id);
    assert_eq!(storage.endpoint(scope(merchant), id).await.unwrap(), None);
    assert_eq!(storage.secrets(scope(merchant), id).await.unwrap(), None);
    assert!(!storage.delete_endpoint(scope(merchant), id).await.unwrap());
    let listed = storage
        .endpoints(scope(merchant), &EndpointFilter::default(), PAGE)
        .await
        .unwrap();
    assert!(listed.rows.is_empty());
    let of_app = OwnerScope::of(Owner::App(app));
    assert_eq!(
        storage
            .endpoints(of_app, &EndpointFilter::default(), PAGE)
            .await
            .unwrap()
            .rows,
        std::slice::from_ref(&endpoint)
    );
    let strange = OwnerScope::of(Owner::App(world.id()));
    assert_eq!(storage.endpoint(strange, id).await.unwrap(), None);
    let of_log = async |merchant| {
        let found = storage.endpoint_even_deleted(scope(merchant), id).await;
        found.unwrap().is_some()
    };
    assert!(of_log(merchant).await && !of_log(other).await);
    assert!(storage.delete_endpoint(of_app, id).await.unwrap());
    assert!(of_log(merchant).await, "the log finds it still");
    assert!(ids(&world.config(merchant).await.destinations).is_empty());
}

async fn installing_twice_is_one_installation(world: World) {
    let merchant = world.merchant().await.id;
    let app = world.app().await.id;
    let Installed::New(first) = world.install(merchant, app).await else {
        panic!("not installed");
    };
    let version = world.storage.config_version().await.unwrap();
    assert_eq!(
        world.install(merchant, app).await,
        Installed::Already(first)
    );
    assert_eq!(world.storage.config_version().await.unwrap(), version);
    let storage = &world.storage;
    let listed = storage.installations(scope(merchant), PAGE).await.unwrap();
    assert_eq!(listed.rows, [first]);
    world.uninstall(merchant, app, &[]).await.unwrap();
    assert_eq!(
        storage.installation(scope(merchant), app).await.unwrap(),
        None
    );
    let Installed::New(again) = world.install(merchant, app).await else {
        panic!("not installed again");
    };
    assert_eq!(again.id, first.id);
    assert!(again.installed_at >= first.installed_at);
    assert_eq!(world.install(world.id(), app).await, Installed::NotFound);
}

async fn a_change_of_an_app_is_noted_for_every_merchant_that_has_or_had_it(world: World) {
    let mut with = HashSet::new();
    let app = world.app().await.id;
    for _ in 0..3 {
        let merchant = world.merchant().await.id;
        world.install(merchant, app).await;
        with.insert(merchant);
    }
    let had = world.merchant().await.id;
    world.install(had, app).await;
    world.uninstall(had, app, &[]).await.unwrap();
    with.insert(had);
    world.merchant().await;
    let version = async || world.storage.config_version().await.unwrap();
    let noted_since = async |since| {
        let (_, noted) = world.storage.config_changes(since).await.unwrap();
        noted.into_iter().collect::<HashSet<_>>()
    };
    let of_app = OwnerScope::of(Owner::App(app));
    let before = version().await;
    let endpoint = world.app_endpoint(app, &["PRODUCT_VIEWED"]).await.endpoint;
    assert_eq!(version().await, before + 1);
    assert_eq!(noted_since(before).await, with);
    let before = version().await;
    let edit = world
        .storage
        .update_endpoint(of_app, endpoint.id, |endpoint| {
            endpoint.event_types.clear();
        });
    edit.await.unwrap().unwrap();
    assert_eq!(noted_since(before).await, with);
    let before = version().await;
    let same = world
        .storage
        .update_secrets(of_app, endpoint.id, Clone::clone);
    same.await.unwrap().unwrap();
    assert_eq!(noted_since(before).await, with);
}

async fn what_waits_of_one_merchant_ends_alone(world: World) {
    let (one, other) = (world.merchant().await.id, world.merchant().await.id);
    let app = world.app().await.id;
    let endpoint_id = world
        .app_endpoint(app, &["PRODUCT_VIEWED"])
        .await
        .endpoint
        .id;
    for merchant in [one, other] {
        world.install(merchant, app).await;
    }
    let mine = world.publish(one, endpoint_id, 2).await;
    let theirs = world.publish(other, endpoint_id, 1).await[0];
    let of = Waiting {
        endpoint_id,
        merchant_id: Some(one),
    };
    let due = world.job(theirs).await;
    let until = world.now() + crate::world::LEASE;
    let put_off = world
        .storage
        .put_off(of, until, 10, While::Always)
        .await
        .unwrap();
    assert_eq!((put_off, world.job(theirs).await), (2, due));
    let ended = world
        .storage
        .end_waiting(of, None, 10, While::Always)
        .await
        .unwrap();
    assert_eq!((ended, world.job(theirs).await), (2, due));
    assert_eq!(world.shown(one, mine[0]).await.status, Status::Cancelled);
    let all = world
        .storage
        .end_waiting(endpoint_id, None, 10, While::Always);
    assert_eq!(all.await.unwrap(), 1);
}

async fn a_deleted_merchant_has_nothing_installed(world: World) {
    let merchant = world.merchant().await.id;
    let app = world.app().await.id;
    world.install(merchant, app).await;
    assert!(
        world
            .storage
            .delete_merchant(scope(merchant))
            .await
            .unwrap()
    );
    assert_eq!(world.install(merchant, app).await, Installed::NotFound);
    let gone = world.storage.delete_app(app).await.unwrap();
    assert_eq!(gone, AppDeleted::Done(Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sqlite_file_with_endpoints_learns_of_apps() {
    let (settings, _folder) = sqlite_file();
    endpoints_learn_of_apps(settings).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_database_with_endpoints_learns_of_apps() {
    let server = PostgresServer::start().await;
    endpoints_learn_of_apps(DatabaseSettings::new(server.create_database().await)).await;
}

/// Brings a database to the step before apps, fills it, and goes on.
async fn endpoints_learn_of_apps(settings: DatabaseSettings) {
    use sea_orm::ConnectionTrait as _;
    use sea_orm_migration::MigratorTrait as _;
    let url = if settings.is_postgres() {
        settings.url.clone()
    } else {
        format!("{}?mode=rwc", settings.url)
    };
    let database = sea_orm::Database::connect(&url).await.unwrap();
    migrations::Migrator::up(&database, Some(3)).await.unwrap();
    let (id, empty) = if settings.is_postgres() {
        ("'00000000-0000-0000-0000-000000000001'::uuid", "''::bytea")
    } else {
        ("x'00000000000000000000000000000001'", "x''")
    };
    let rows = [
        format!(
            "insert into merchants (id, name, store_id, store_name, settings, suspended, created_us, updated_us)
             values ({id}, 'm', 's', 's', '{{}}', false, 1, 1)"
        ),
        format!(
            "insert into endpoints (id, merchant_id, url, dialect, description, version, headers, schedule, signed,
               created_us, updated_us)
             values ({id}, {id}, 'https://shop.example/', 1, 'd', 'v', {empty}, '5,6', true, 2, 3)"
        ),
        format!(
            "insert into endpoint_secrets (endpoint_id, secret, signing) values ({id}, {empty}, {empty})"
        ),
        format!("insert into subscriptions (endpoint_id, event_type) values ({id}, 'A'), ({id}, 'B')"),
    ];
    for row in rows {
        database.execute_unprepared(&row).await.unwrap();
    }
    database.close().await.unwrap();
    storage::migrate(&settings).await.unwrap();
    let world = World::again(settings).await;
    let kept = format!(
        "select count(*) from endpoints where id = {id} and merchant_id = {id} and app_id is null
           and url = 'https://shop.example/' and schedule = '5,6' and created_us = 2 and updated_us = 3"
    );
    assert_eq!(world.number(&kept).await, 1);
    assert_eq!(world.count("endpoint_secrets").await, 1);
    assert_eq!(world.count("subscriptions").await, 2);
    let merchant = world.merchant().await.id;
    world.endpoint(merchant).await;
    let app = world.app().await.id;
    world.app_endpoint(app, &["PRODUCT_VIEWED"]).await;
    assert_eq!(world.count("endpoints").await, 3);
}

//! A store whose time a test moves: it posts activities, lets timers fire, and reads back what fired.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use domain::attempt::Exchange;
use domain::clock::{Clock as _, Micros};
use domain::delivery::Delivery;
use domain::dialect::{Dialect, Outgoing};
use domain::event::Event;
use domain::id::ActivityId;
use domain::shard::ShardSet;
use domain::tenancy::TenantScope;
use domain::trigger::activity::{Activity, ActivityKind};
use gateway::activities::Accepted;
use gateway::config_cache::ConfigCache;
use gateway::endpoint_checks::Probed;
use gateway::endpoints::NewEndpoint;
use gateway::test_send::Sender;
use gateway::{Error, Gateway};
use queue::EmbeddedQueue;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use storage::events::EventFilter;
use storage::triggers::DueTimer;
use storage::{PageRequest, Storage};
use testkit::clock::TestClock;
use tokio_util::sync::CancellationToken;

use crate::world::{World, endpoint, settings};

/// Everything FlexyPe endpoints may hear of.
pub(crate) const FLEXYPE: [&str; 5] = [
    "ABANDONED_CHECKOUT",
    "ABANDONED_SESSION",
    "COLLECTION_VIEWED",
    "NEW_CUSTOMER",
    "PRODUCT_VIEWED",
];
/// Everything CartHook endpoints hear of a checkout.
pub(crate) const CARTHOOK: [&str; 3] = [
    "checkouts/completed",
    "checkouts/created",
    "checkouts/updated",
];

/// A time of the day in scripts.
pub(crate) const fn at(hours: u64, minutes: u64) -> Duration {
    Duration::from_secs(hours * 3_600 + minutes * 60)
}

/// What a shopper does: `{"type": .., "visitor": .., "identity"?: .., "data"?: ..}`.
pub(crate) fn activity(body: &str) -> Activity {
    let body = Bytes::copy_from_slice(body.as_bytes());
    let name = body
        .windows(8)
        .position(|part| part == br#""type":""#)
        .map(|at| &body[at + 8..]);
    let name = name.and_then(|rest| rest.split(|b| *b == b'"').next());
    let kind = ActivityKind::from_name(std::str::from_utf8(name.unwrap()).unwrap()).unwrap();
    Activity::read(ActivityId::floor(Micros(0)), kind, Micros(0), body).unwrap()
}

/// An activity of `type` on `device`, with `more` members, such as `,"identity":{..}`.
pub(crate) fn on(device: &str, kind: &str, more: &str) -> Activity {
    activity(&format!(
        r#"{{"type":"{kind}","visitor":{{"device_id":"{device}"}}{more}}}"#
    ))
}

/// An activity of `type` in a checkout.
pub(crate) fn within(device: &str, checkout: &str, kind: &str, more: &str) -> Activity {
    activity(&format!(
        r#"{{"type":"{kind}","visitor":{{"device_id":"{device}","checkout_id":"{checkout}"}}{more}}}"#
    ))
}

/// The member that tells who a device's shopper is.
pub(crate) fn known_as(name: &str) -> String {
    format!(r#","identity":{{"email":"{name}@example.com"}}"#)
}

/// A gateway in virtual time with one merchant, on a world's database.
pub(crate) struct Shop {
    pub(crate) world: World,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) clock: TestClock,
    pub(crate) scope: TenantScope,
    pub(crate) stop: CancellationToken,
    /// Midnight of scripts: a whole second near the database's now.
    pub(crate) midnight: Micros,
}

impl Shop {
    /// A merchant with one FlexyPe endpoint that hears everything.
    pub(crate) async fn flexype(world: World) -> Self {
        let shop = Self::open(world).await;
        shop.world.endpoint(shop.scope, &FLEXYPE).await;
        shop
    }

    /// A merchant with one CartHook endpoint that hears of checkouts.
    pub(crate) async fn carthook(world: World) -> Self {
        let shop = Self::open(world).await;
        let new = NewEndpoint {
            dialect: Dialect::Carthook,
            ..endpoint("https://shop.example/hooks", &CARTHOOK)
        };
        let made = shop.gateway.create_endpoint(shop.scope, new).await;
        made.unwrap();
        shop
    }

    /// A merchant without endpoints.
    pub(crate) async fn nobody(world: World) -> Self {
        Self::open(world).await
    }

    async fn open(world: World) -> Self {
        let now = world.storage.clock().now();
        let midnight = Micros(now.0 - now.0 % 1_000_000);
        let clock = TestClock::new(midnight);
        let scope = world.merchant().await;
        let (gateway, stop) = start(&world, clock.clone()).await;
        Self {
            world,
            gateway,
            clock,
            scope,
            stop,
            midnight,
        }
    }

    /// One more process on the same database, with the same time: on SQLite one more set of tasks.
    pub(crate) async fn another(&self) -> (Arc<Gateway>, Second) {
        let world = if self.world.database.is_postgres() {
            Some(self.world.again(settings()).await)
        } else {
            None
        };
        let of = world.as_ref().unwrap_or(&self.world);
        let (gateway, _) = start(of, self.clock.clone()).await;
        let storage = Arc::clone(&of.storage);
        let second = Second {
            storage,
            _world: world,
        };
        (gateway, second)
    }

    /// The script's present moment.
    pub(crate) fn clock_now(&self) -> Micros {
        self.clock.now()
    }

    /// One number, read past the product.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let (url, sql) = (&self.world.database.url, AssertSqlSafe(sql.to_owned()));
        if self.world.database.is_postgres() {
            let mut connection = PgConnection::connect(url).await.unwrap();
            let read = sqlx::query_scalar(sql).fetch_one(&mut connection).await;
            connection.close().await.unwrap();
            read.unwrap()
        } else {
            let mut connection = SqliteConnection::connect(url).await.unwrap();
            let read = sqlx::query_scalar(sql).fetch_one(&mut connection).await;
            connection.close().await.unwrap();
            read.unwrap()
        }
    }

    /// Moves the clock to a time of the script, without anybody looking at timers.
    pub(crate) fn set(&self, time: Duration) {
        self.clock.set(self.midnight + time);
    }

    /// Posts activities that happen now.
    pub(crate) async fn post(&self, activities: Vec<Activity>) -> Accepted {
        self.try_post(activities).await.unwrap()
    }

    pub(crate) async fn try_post(&self, activities: Vec<Activity>) -> Result<Accepted, Error> {
        let activities = activities.into_iter().map(|one| (None, one)).collect();
        self.gateway.record_activities(self.scope, activities).await
    }

    /// Posts an activity that happened at a time of the script.
    pub(crate) async fn post_of(&self, time: Duration, activity: Activity) -> Accepted {
        let activities = vec![(Some(self.midnight + time), activity)];
        let posted = self.gateway.record_activities(self.scope, activities);
        posted.await.unwrap()
    }

    /// Timers that are due at the clock's time, at most `limit` of the merchant's shard.
    pub(crate) async fn due(&self, limit: i64) -> Vec<DueTimer> {
        let now = self.clock.now();
        let due = self
            .world
            .storage
            .due_timers(ShardSet::ALL, &[], now, limit);
        due.await.unwrap()
    }

    /// Fires what is due at the clock's time, until nothing is.
    pub(crate) async fn fire(&self) -> usize {
        let mut fired = 0;
        loop {
            let due = self.due(256).await;
            if due.is_empty() {
                return fired;
            }
            fired += self.gateway.fire_timers(&due).await.unwrap().events;
        }
    }

    /// Lets time pass to `time`, with each timer looked at when it is due.
    pub(crate) async fn pass(&self, time: Duration) {
        let end = self.midnight + time;
        loop {
            let due = self
                .world
                .storage
                .due_timers(ShardSet::ALL, &[], end, 1)
                .await
                .unwrap();
            let Some(first) = due.iter().map(|timer| timer.due).min() else {
                self.clock.set(end);
                return;
            };
            self.clock.set(first.max(self.clock.now()));
            self.fire().await;
        }
    }

    /// A moment of the script, then activities.
    pub(crate) async fn then(&self, time: Duration, activities: Vec<Activity>) {
        self.pass(time).await;
        self.post(activities).await;
    }

    /// Every event so far, oldest first.
    pub(crate) async fn events(&self) -> Vec<Event> {
        let mut all = Vec::new();
        let mut before = None;
        loop {
            let page = PageRequest { limit: 200, before };
            let filter = EventFilter::default();
            let page = self.world.storage.events(self.scope, &filter, page);
            let page = page.await.unwrap();
            all.extend(page.rows);
            before = page.next;
            if before.is_none() {
                all.reverse();
                return all;
            }
        }
    }

    /// What fired so far: the type and the script's time of each event, in order of that time.
    pub(crate) async fn told(&self) -> Vec<(String, Duration)> {
        let events = self.events().await;
        let mut told: Vec<_> = events
            .iter()
            .map(|event| {
                let time = event.occurred_at.since(self.midnight);
                (event.event_type.to_string(), time)
            })
            .collect();
        told.sort_by_key(|(name, time)| (*time, name.clone()));
        told
    }

    /// The events of a type.
    pub(crate) async fn of_type(&self, event_type: &str) -> Vec<Event> {
        let mut events = self.events().await;
        events.retain(|event| &*event.event_type == event_type);
        events
    }

    /// The deliveries of an event.
    pub(crate) async fn deliveries(&self, event: &Event) -> Vec<Delivery> {
        let found = self.world.storage.event_deliveries(self.scope, event.id);
        found.await.unwrap()
    }
}

/// What a second process stands on.
pub(crate) struct Second {
    pub(crate) storage: Arc<Storage>,
    _world: Option<World>,
}

/// A gateway on the world's storage with the time of `clock`.
pub(crate) async fn start(world: &World, clock: TestClock) -> (Arc<Gateway>, CancellationToken) {
    let storage = Arc::clone(&world.storage);
    let config = ConfigCache::open(Arc::clone(&storage)).await.unwrap();
    let stop = CancellationToken::new();
    let gateway = Gateway::start_at(
        storage,
        Arc::<EmbeddedQueue>::clone(&world.queue),
        config,
        Arc::new(Nobody),
        settings(),
        Arc::new(clock),
        stop.clone(),
    );
    (gateway, stop)
}

/// Sends nothing: no case here is about test sends.
struct Nobody;

#[async_trait]
impl Sender for Nobody {
    async fn send(&self, url: &str, _: &Outgoing, _: Duration) -> Exchange {
        panic!("nothing is to be sent to {url}")
    }

    async fn probe(&self, url: &str, _: Duration) -> Probed {
        panic!("nothing is to be sent to {url}")
    }
}

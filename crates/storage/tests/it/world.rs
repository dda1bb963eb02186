//! A database of a test's own, with what the cases put into it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use domain::attempt::{Attempt, BodyState, Exchange, Outcome, Response, Timings};
use domain::clock::{Clock as _, Micros};
use domain::delivery::{Delivery, Next};
use domain::dialect::Dialect;
use domain::endpoint::{Batch, Destination, Endpoint, Owner};
use domain::event::Event;
use domain::id::{DeliveryId, EndpointId, EventId, Id, Kind, MerchantId};
use domain::merchant::{Merchant, MerchantSettings, Store};
use domain::secret::{Secret, Secrets};
use domain::tenancy::TenantScope;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use storage::claims::{ClaimResult, Claimed, Lease, Want};
use storage::events::{IngestResult, Ingested, NewDelivery, NewKey, Publication};
use storage::settle::Settlement;
use storage::{DatabaseSettings, Keyring, Storage};
use tempfile::TempDir;
use testkit::postgres::PostgresServer;
use uuid::Uuid;

/// How long a claim of a case lasts.
pub(crate) const LEASE: Duration = Duration::from_secs(25);

/// How much earlier than asked a job may be due, so that a worker whose clock is behind finds it.
pub(crate) const SKEW: Duration = Duration::from_millis(20);

/// A database and its storage.
pub(crate) struct World {
    pub(crate) storage: Arc<Storage>,
    pub(crate) settings: DatabaseSettings,
    rng: Mutex<StdRng>,
    _folder: Option<TempDir>,
}

pub(crate) fn keyring() -> Keyring {
    Keyring::new(&[[7; 32]])
}

/// An empty PostgreSQL database with the schema.
pub(crate) async fn postgres_database() -> DatabaseSettings {
    let server = PostgresServer::shared().await;
    server
        .prepare_template("storage", |url| async move {
            storage::migrate(&DatabaseSettings::new(url)).await.unwrap();
        })
        .await;
    DatabaseSettings::new(server.create_database().await)
}

/// A path in a folder that is removed with it.
pub(crate) fn sqlite_file() -> (DatabaseSettings, TempDir) {
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite:{}", folder.path().join("hookyard.db").display());
    (DatabaseSettings::new(url), folder)
}

impl World {
    pub(crate) async fn sqlite() -> Self {
        let (settings, folder) = sqlite_file();
        storage::migrate(&settings).await.unwrap();
        Self::open(settings, Some(folder)).await
    }

    pub(crate) async fn postgres() -> Self {
        Self::open(postgres_database().await, None).await
    }

    /// Storage of its own on a database that has its schema.
    pub(crate) async fn again(settings: DatabaseSettings) -> Self {
        Self::open(settings, None).await
    }

    async fn open(settings: DatabaseSettings, folder: Option<TempDir>) -> Self {
        let storage = Storage::open(settings.clone(), keyring()).await.unwrap();
        Self {
            storage: Arc::new(storage),
            settings,
            rng: Mutex::new(StdRng::seed_from_u64(11)),
            _folder: folder,
        }
    }

    pub(crate) fn now(&self) -> Micros {
        self.storage.clock().now()
    }

    pub(crate) fn id<K: Kind>(&self) -> Id<K> {
        self.id_at(self.now())
    }

    pub(crate) fn id_at<K: Kind>(&self, at: Micros) -> Id<K> {
        Id::new(at, &mut *self.rng.lock().unwrap())
    }

    /// Runs statements past storage.
    pub(crate) async fn execute(&self, sql: &str) {
        self.try_execute(sql).await.unwrap();
    }

    /// Tries to run statements past storage.
    pub(crate) async fn try_execute(&self, sql: &str) -> Result<(), sqlx::Error> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        if self.settings.is_postgres() {
            let mut connection = PgConnection::connect(&self.settings.url).await?;
            sql.execute(&mut connection).await?;
            connection.close().await
        } else {
            let mut connection = SqliteConnection::connect(&self.settings.url).await?;
            sql.execute(&mut connection).await?;
            connection.close().await
        }
    }

    /// One number, read past storage.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.to_owned());
        if self.settings.is_postgres() {
            let mut connection = PgConnection::connect(&self.settings.url).await.unwrap();
            sqlx::query_scalar(sql)
                .fetch_one(&mut connection)
                .await
                .unwrap()
        } else {
            let mut connection = SqliteConnection::connect(&self.settings.url).await.unwrap();
            sqlx::query_scalar(sql)
                .fetch_one(&mut connection)
                .await
                .unwrap()
        }
    }

    /// How many rows a table has.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        self.number(&format!("select count(*) from {table}")).await
    }

    /// An id as this database spells it in a statement.
    pub(crate) fn literal(&self, id: Uuid) -> String {
        if self.settings.is_postgres() {
            format!("'{id}'::uuid")
        } else {
            format!("x'{}'", id.simple())
        }
    }

    /// A stored merchant.
    pub(crate) async fn merchant(&self) -> Merchant {
        let merchant = Merchant {
            id: self.id(),
            name: "Blue Door".to_owned(),
            store: Store {
                id: "store-1".to_owned(),
                name: "Blue Door Shop".to_owned(),
                shopify_domain: Some("blue.myshopify.com".to_owned()),
                main_domain: None,
                currency: Some("USD".to_owned()),
                time_zone: Some("Asia/Kolkata".to_owned()),
            },
            flashy_account_id: Some(i64::MAX),
            settings: MerchantSettings::default(),
            suspended: false,
            created_at: self.now(),
            updated_at: self.now(),
        };
        self.storage.create_merchant(&merchant).await.unwrap();
        merchant
    }

    /// An endpoint that is not stored yet.
    pub(crate) fn new_endpoint(&self, merchant_id: MerchantId) -> Destination {
        let now = self.now();
        Destination {
            endpoint: Endpoint {
                id: self.id(),
                owner: Owner::Merchant(merchant_id),
                url: "https://shop.example/hooks".to_owned(),
                dialect: Dialect::Flexype,
                description: "orders".to_owned(),
                version: "2026-05".to_owned(),
                headers: vec![("X-Team".to_owned(), "header value to hide".to_owned())],
                rate_limit: Some(20),
                timeout: Some(Duration::from_millis(2_500)),
                schedule: Some(vec![Duration::from_secs(1), Duration::from_mins(5)]),
                batch: Some(Batch {
                    max_events: 50,
                    max_wait: Duration::from_millis(1_500),
                }),
                signed: true,
                disabled: None,
                event_types: vec!["ABANDONED_SESSION".to_owned(), "PRODUCT_VIEWED".to_owned()],
                failing_since: None,
                created_at: now,
                updated_at: now,
            },
            secrets: Secrets {
                secret: Secret::new("plain secret of the shop".to_owned()),
                signing: Secret::signing(&mut *self.rng.lock().unwrap()),
                previous: None,
            },
        }
    }

    /// A stored endpoint.
    pub(crate) async fn endpoint(&self, merchant_id: MerchantId) -> Destination {
        let destination = self.new_endpoint(merchant_id);
        assert!(
            self.storage
                .create_endpoint(&destination, 50)
                .await
                .unwrap()
        );
        destination
    }

    /// An event that is not stored yet, made now.
    pub(crate) fn event(&self, merchant_id: MerchantId, payload: impl Into<Bytes>) -> Event {
        let id: EventId = self.id();
        Event {
            id,
            merchant_id,
            event_id: id.to_string().into(),
            event_type: "PRODUCT_VIEWED".into(),
            payload: payload.into(),
            store: r#"{"id":"store-1"}"#.into(),
            occurred_at: Micros(1_778_148_000_123_456),
            created_at: id.made_at(),
            is_test: false,
        }
    }

    /// A delivery of an event, in its millisecond.
    pub(crate) fn delivery(&self, event: &Event, endpoint_id: EndpointId) -> NewDelivery {
        NewDelivery {
            id: self.id_at(event.id.made_at()),
            endpoint_id,
            skip: None,
        }
    }

    /// One event for these endpoints, claiming these keys.
    pub(crate) fn publication(
        &self,
        merchant_id: MerchantId,
        endpoints: &[EndpointId],
        keys: &[[u8; 32]],
    ) -> Publication {
        let event = self.event(merchant_id, r#"{"n":1}"#);
        let deliveries = endpoints
            .iter()
            .map(|id| self.delivery(&event, *id))
            .collect();
        let key = |hash: &[u8; 32]| NewKey {
            hash: *hash,
            target: event.id,
            body_hash: [9; 32],
        };
        Publication {
            merchant_id,
            keys: keys.iter().map(key).collect(),
            events: vec![(event, deliveries)],
        }
    }

    /// Stores publications and answers their fates.
    pub(crate) async fn ingest(&self, batch: Vec<Publication>) -> Vec<Ingested> {
        let version = self.storage.config_version().await.unwrap();
        match self
            .storage
            .ingest(version, Arc::new(batch), self.now())
            .await
        {
            Ok(IngestResult::Done(fates)) => fates,
            other => panic!("not stored: {other:?}"),
        }
    }

    /// Stores `count` events for one endpoint and answers their deliveries, oldest first.
    pub(crate) async fn publish(
        &self,
        merchant_id: MerchantId,
        endpoint_id: EndpointId,
        count: usize,
    ) -> Vec<DeliveryId> {
        let mut ids = Vec::with_capacity(count);
        for start in (0..count).step_by(500) {
            let batch: Vec<_> = (start..count.min(start + 500))
                .map(|_| self.publication(merchant_id, &[endpoint_id], &[]))
                .collect();
            ids.extend(
                batch
                    .iter()
                    .map(|publication| publication.events[0].1[0].id),
            );
            self.ingest(batch).await;
        }
        ids.sort_unstable();
        ids
    }

    /// Wants for these jobs, leased until `until`.
    pub(crate) fn wants(&self, ids: &[DeliveryId], until: Micros) -> Vec<Want> {
        let want = |id: &DeliveryId| Want {
            delivery_id: *id,
            lease_until: until,
            lost_attempt_id: self.id(),
        };
        ids.iter().map(want).collect()
    }

    /// Claims jobs as of `now`.
    pub(crate) async fn claim_at(&self, ids: &[DeliveryId], now: Micros) -> Vec<Claimed> {
        let version = self.storage.config_version().await.unwrap();
        let wants = self.wants(ids, now + LEASE);
        match self.storage.claim(version, wants, true, now).await {
            Ok(ClaimResult::Done(claimed)) => claimed,
            other => panic!("not claimed: {other:?}"),
        }
    }

    pub(crate) async fn claim(&self, ids: &[DeliveryId]) -> Vec<Claimed> {
        self.claim_at(ids, self.now()).await
    }

    /// The end of a claim: a POST that was answered 200, or 503.
    pub(crate) fn ended(&self, claim: &Claimed, next: Next) -> Settlement {
        let attempt = self.attempt(claim, next == Next::Succeeded);
        Settlement {
            delivery_id: claim.delivery_id,
            endpoint_id: claim.endpoint_id,
            merchant_id: claim.merchant_id,
            number: claim.number,
            lease_until: claim.lease_until,
            attempt_count: claim.number,
            trigger: claim.trigger,
            outcome: attempt.exchange.outcome,
            http_status: attempt
                .exchange
                .response
                .as_ref()
                .map(|response| response.status),
            ended_at: self.now(),
            attempt: Some(Arc::new(attempt)),
            next,
        }
    }

    /// A POST with every field set.
    pub(crate) fn attempt(&self, claim: &Claimed, success: bool) -> Attempt {
        let (outcome, status) = if success {
            (Outcome::Success, 200)
        } else {
            (Outcome::HttpStatus, 503)
        };
        let text = |text: &str| text.to_owned();
        Attempt {
            id: self.id(),
            delivery_id: claim.delivery_id,
            merchant_id: claim.merchant_id,
            endpoint_id: claim.endpoint_id,
            number: claim.number,
            batch_id: Some(self.id()),
            trigger: claim.trigger,
            actor: claim.actor.clone(),
            started_at: self.now(),
            url: text("https://shop.example/hooks?a=\"b\""),
            request_headers: vec![
                (text("x-event-id"), text("evt_1")),
                (text("x"), text("\"é\\")),
            ],
            exchange: Exchange {
                outcome,
                error: text(if success {
                    ""
                } else {
                    "503 Service Unavailable"
                }),
                response: Some(Response {
                    status,
                    headers: vec![(text("server"), text("s")), (text("server"), text("t"))],
                    body: vec![0, 255, 10, 13, 0x27],
                    body_state: BodyState::Truncated,
                }),
                remote_ip: Some("2001:db8::7".parse().unwrap()),
                timings: Timings {
                    dns: Some(Duration::from_micros(1)),
                    connect: Some(Duration::from_micros(22)),
                    tls: None,
                    first_byte: Some(Duration::from_micros(4_444)),
                },
                duration: Duration::from_micros(5_555),
            },
        }
    }

    /// Settles and answers whose lease was still ours.
    pub(crate) async fn settle(&self, batch: Vec<Settlement>) -> HashSet<DeliveryId> {
        self.storage.settle(Arc::new(batch)).await.unwrap()
    }

    /// Claims deliveries and settles each as `next`.
    pub(crate) async fn finish(&self, ids: &[DeliveryId], next: Next) {
        let claimed = self.claim(ids).await;
        assert_eq!(claimed.len(), ids.len());
        let batch = claimed
            .iter()
            .map(|claim| self.ended(claim, next))
            .collect();
        assert_eq!(self.settle(batch).await.len(), ids.len());
    }

    /// A delivery as the log shows it.
    pub(crate) async fn shown(&self, merchant: MerchantId, id: DeliveryId) -> Delivery {
        let delivery = self.storage.delivery(scope(merchant), id).await.unwrap();
        delivery.expect("a delivery of this merchant")
    }

    /// The job of a delivery: due, number, open.
    pub(crate) async fn job(&self, id: DeliveryId) -> Option<(i64, i64, bool)> {
        let of = format!("from jobs where id = {}", self.literal(id.uuid()));
        if self.number(&format!("select count(*) {of}")).await == 0 {
            return None;
        }
        let read = async |column: &str| {
            self.number(&format!("select cast({column} as bigint) {of}"))
                .await
        };
        let open = read("case when open then 1 else 0 end").await == 1;
        Some((read("due_us").await, read("number").await, open))
    }
}

/// What proves a claim ours.
pub(crate) const fn lease(claim: &Claimed) -> Lease {
    Lease {
        delivery_id: claim.delivery_id,
        number: claim.number,
        until: claim.lease_until,
    }
}

pub(crate) const fn scope(merchant_id: MerchantId) -> TenantScope {
    TenantScope::of(merchant_id)
}

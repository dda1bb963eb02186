//! A gateway on a database of a test's own.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::attempt::{BodyState, Exchange, Outcome, Response, Timings};
use domain::clock::Clock;
use domain::dialect::{Dialect, Outgoing};
use domain::endpoint::Destination;
use domain::id::DeliveryId;
use domain::merchant::{MerchantSettings, SchemaMode, Store};
use domain::tenancy::TenantScope;
use gateway::config_cache::ConfigCache;
use gateway::endpoint_checks::Probed;
use gateway::endpoints::NewEndpoint;
use gateway::ingest::{IdempotencyKey, Publish, PublishEvent, Published};
use gateway::merchants::NewMerchant;
use gateway::test_send::Sender;
use gateway::{Error, Gateway, GatewaySettings};
use queue::{EmbeddedQueue, Listener, Queue as _};
use sha2::{Digest as _, Sha256};
use storage::{DatabaseSettings, Keyring, Storage};
use tempfile::TempDir;
use testkit::postgres::PostgresServer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// A gateway with all that it stands on.
pub(crate) struct World {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) storage: Arc<Storage>,
    pub(crate) queue: Arc<EmbeddedQueue>,
    pub(crate) stop: CancellationToken,
    pub(crate) database: DatabaseSettings,
    /// Removed with the last world on it.
    folder: Option<Arc<TempDir>>,
}

impl World {
    pub(crate) async fn sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        let url = format!("sqlite:{}", folder.path().join("hookyard.db").display());
        let database = DatabaseSettings::new(url);
        storage::migrate(&database).await.unwrap();
        Self::open(database, Some(Arc::new(folder)), settings()).await
    }

    pub(crate) async fn postgres() -> Self {
        let server = PostgresServer::shared().await;
        server
            .prepare_template("gateway", |url| async move {
                storage::migrate(&DatabaseSettings::new(url)).await.unwrap();
            })
            .await;
        let database = DatabaseSettings::new(server.create_database().await);
        Self::open(database, None, settings()).await
    }

    /// The same database again: another process on PostgreSQL, this one started anew on SQLite.
    pub(crate) async fn again(&self, settings: GatewaySettings) -> Self {
        Self::open(self.database.clone(), self.folder.clone(), settings).await
    }

    async fn open(
        database: DatabaseSettings,
        folder: Option<Arc<TempDir>>,
        settings: GatewaySettings,
    ) -> Self {
        let keyring = Keyring::new(&[[7; 32]]);
        let storage = Arc::new(Storage::open(database.clone(), keyring).await.unwrap());
        let queue = Arc::new(EmbeddedQueue::new(storage.clock()));
        let config = ConfigCache::open(Arc::clone(&storage)).await.unwrap();
        let stop = CancellationToken::new();
        let gateway = Gateway::start(
            Arc::clone(&storage),
            Arc::<EmbeddedQueue>::clone(&queue),
            config,
            Arc::new(PlainSender),
            settings,
            stop.clone(),
        );
        Self {
            gateway,
            storage,
            queue,
            stop,
            database,
            folder,
        }
    }

    pub(crate) async fn merchant(&self) -> TenantScope {
        let new = NewMerchant {
            name: "Blue Door".to_owned(),
            store: Store {
                name: "Blue Door Shop".to_owned(),
                ..Store::default()
            },
            flashy_account_id: None,
            // Most cases are not about payloads.
            settings: MerchantSettings {
                schema_mode: SchemaMode::Warn,
                ..MerchantSettings::default()
            },
        };
        TenantScope::of(self.gateway.create_merchant(new).await.unwrap().id)
    }

    pub(crate) async fn endpoint(&self, scope: TenantScope, event_types: &[&str]) -> Destination {
        let new = endpoint("https://shop.example/hooks", event_types);
        self.gateway.create_endpoint(scope, new).await.unwrap()
    }

    pub(crate) async fn publish(
        &self,
        scope: TenantScope,
        events: Vec<PublishEvent>,
    ) -> Result<Published, Error> {
        self.gateway
            .publish(
                scope,
                Publish {
                    events,
                    idempotency: None,
                },
            )
            .await
    }

    pub(crate) async fn publish_with_key(
        &self,
        scope: TenantScope,
        key: &str,
        events: Vec<PublishEvent>,
    ) -> Result<Published, Error> {
        let mut body = Sha256::new();
        for event in &events {
            body.update(&event.payload);
            body.update(event.event_id.as_deref().unwrap_or_default());
        }
        let idempotency = IdempotencyKey {
            key: key.to_owned(),
            body_hash: body.finalize().into(),
        };
        let idempotency = Some(idempotency);
        self.gateway
            .publish(
                scope,
                Publish {
                    events,
                    idempotency,
                },
            )
            .await
    }

    /// Listens for every shard.
    pub(crate) fn listen(&self) -> Listener {
        let listener = self.queue.listen();
        listener.own(domain::shard::ShardSet::ALL);
        listener
    }

    /// Claims a delivery, so that an attempt of it is in flight.
    pub(crate) async fn claim(&self, id: DeliveryId) -> storage::claims::Claimed {
        let now = self.storage.clock().now();
        let want = storage::claims::Want {
            delivery_id: id,
            lease_until: now + Duration::from_secs(25),
            lost_attempt_id: domain::id::AttemptId::floor(now),
        };
        let version = self.storage.config_version().await.unwrap();
        match self
            .storage
            .claim(version, vec![want], true, now)
            .await
            .unwrap()
        {
            storage::claims::ClaimResult::Done(mut claimed) => claimed.remove(0),
            storage::claims::ClaimResult::Stale => panic!("stale"),
        }
    }
}

pub(crate) fn settings() -> GatewaySettings {
    let mut settings = GatewaySettings::default();
    settings.address_policy.allow_http = true;
    settings.address_policy.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
    settings
}

pub(crate) fn endpoint(url: &str, event_types: &[&str]) -> NewEndpoint {
    NewEndpoint {
        url: url.to_owned(),
        dialect: Dialect::Flexype,
        event_types: event_types.iter().map(|name| (*name).to_owned()).collect(),
        secret: None,
        description: String::new(),
        version: None,
        headers: Vec::new(),
        rate_limit: None,
        timeout: None,
        schedule: None,
        batch: None,
        signed: true,
        enabled: true,
    }
}

pub(crate) fn event(event_id: Option<&str>, payload: &'static str) -> PublishEvent {
    PublishEvent {
        event_type: "PRODUCT_VIEWED".to_owned(),
        payload: payload.into(),
        event_id: event_id.map(str::to_owned),
        occurred_at: None,
    }
}

/// HTTP/1.1 in its plainest form, to a receiver on this machine.
struct PlainSender;

#[async_trait]
impl Sender for PlainSender {
    async fn send(&self, url: &str, outgoing: &Outgoing, _: Duration) -> Exchange {
        let host = url.trim_start_matches("http://").trim_end_matches('/');
        let headers: Vec<String> = outgoing
            .headers
            .iter()
            .map(|header| format!("{}: {}\r\n", header.name, header.value))
            .collect();
        let request = format!(
            "POST / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{}content-length: {}\r\n\r\n",
            headers.concat(),
            outgoing.body.len()
        );
        let mut stream = TcpStream::connect(host).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.write_all(&outgoing.body).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let status = answer[9..12].parse().unwrap();
        let response = Response {
            status,
            body_state: BodyState::Complete,
            ..Response::default()
        };
        Exchange {
            outcome: Outcome::HttpStatus,
            error: String::new(),
            response: Some(response),
            remote_ip: Some([127, 0, 0, 1].into()),
            timings: Timings::default(),
            duration: Duration::from_millis(1),
        }
    }

    async fn probe(&self, url: &str, _: Duration) -> Probed {
        panic!("no case here looks at {url}")
    }
}

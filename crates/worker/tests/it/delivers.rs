//! The worker as the product runs it, on both databases, against a real receiver.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::address_policy::AddressPolicy;
use domain::delivery::Status;
use domain::dialect::{Dialect, DialectRules, DialectSettings};
use domain::endpoint::Destination;
use domain::id::DeliveryId;
use domain::merchant::{MerchantSettings, Store};
use domain::tenancy::TenantScope;
use gateway::config_cache::ConfigCache;
use gateway::endpoints::NewEndpoint;
use gateway::ingest::{Publish, PublishEvent};
use gateway::merchants::NewMerchant;
use gateway::{Gateway, GatewaySettings};
use queue::EmbeddedQueue;
use storage::{DatabaseSettings, Keyring, Storage, migrate};
use testkit::postgres::PostgresServer;
use testkit::receiver::{Behaviour, Receiver};
use tokio_util::sync::CancellationToken;
use worker::outbound::{Outbound, OutboundSettings};
use worker::{Parts, Worker, WorkerSettings};

/// Longest wait for something that takes milliseconds.
const SOON: Duration = Duration::from_secs(10);

struct Stack {
    storage: Arc<Storage>,
    gateway: Arc<Gateway>,
    worker: Worker,
    scope: TenantScope,
    _folder: tempfile::TempDir,
}

async fn start(url: Option<String>) -> Stack {
    let folder = tempfile::tempdir().unwrap();
    let url = url.unwrap_or_else(|| format!("sqlite:{}/test.db", folder.path().display()));
    let database = DatabaseSettings::new(url);
    migrate(&database).await.unwrap();
    let storage = Arc::new(
        Storage::open(database, Keyring::new(&[[7; 32]]))
            .await
            .unwrap(),
    );
    let queue = Arc::new(EmbeddedQueue::new(storage.clock()));
    let config = ConfigCache::open(Arc::clone(&storage)).await.unwrap();
    let networks = vec!["127.0.0.0/8".parse().unwrap()];
    let outbound = OutboundSettings {
        allow_http: true,
        allowed_networks: networks.clone(),
        ..OutboundSettings::default()
    };
    let outbound = Arc::new(Outbound::new(&outbound).unwrap());
    let mut dialects = DialectSettings::default();
    dialects.flexype = DialectRules {
        timeout: Duration::from_millis(500),
        schedule: [20, 40, 60].map(Duration::from_millis).to_vec(),
    };
    let settings = GatewaySettings {
        address_policy: AddressPolicy {
            allow_http: true,
            allowed_networks: networks,
            self_hosts: vec![],
        },
        dialects: dialects.clone(),
        ..GatewaySettings::default()
    };
    let gateway = Gateway::start(
        Arc::clone(&storage),
        queue.clone(),
        Arc::clone(&config),
        Arc::clone(&outbound) as _,
        settings,
        CancellationToken::new(),
    );
    let parts = Parts {
        storage: Arc::clone(&storage),
        queue,
        config,
        gateway: Arc::clone(&gateway),
        outbound,
    };
    let worker = Worker::start(
        &parts,
        WorkerSettings {
            dialects,
            ..WorkerSettings::default()
        },
    );
    let new = NewMerchant {
        name: "Shop".into(),
        store: Store {
            name: "Shop".into(),
            ..Store::default()
        },
        flashy_account_id: None,
        settings: MerchantSettings::default(),
    };
    let merchant = gateway.create_merchant(new).await.unwrap();
    Stack {
        storage,
        gateway,
        worker,
        scope: TenantScope::of(merchant.id),
        _folder: folder,
    }
}

impl Stack {
    async fn endpoint(&self, receiver: &Receiver) -> Destination {
        let new = NewEndpoint {
            url: receiver.url(),
            dialect: Dialect::Flexype,
            event_types: vec!["PRODUCT_VIEWED".into()],
            secret: None,
            description: String::new(),
            version: None,
            headers: vec![],
            rate_limit: None,
            timeout: None,
            schedule: None,
            signed: true,
            enabled: true,
        };
        self.gateway.create_endpoint(self.scope, new).await.unwrap()
    }

    async fn publish(&self, payload: &'static str) -> Vec<DeliveryId> {
        let event = PublishEvent {
            event_type: "PRODUCT_VIEWED".into(),
            payload: Bytes::from_static(payload.as_bytes()),
            event_id: None,
            occurred_at: None,
        };
        let call = Publish {
            events: vec![event],
            idempotency: None,
        };
        let published = self.gateway.publish(self.scope, call).await.unwrap();
        published.events[0]
            .deliveries
            .iter()
            .map(|(id, _)| *id)
            .collect()
    }

    async fn until(&self, id: DeliveryId, status: Status) {
        let began = std::time::Instant::now();
        loop {
            let delivery = self
                .storage
                .delivery(self.scope, id)
                .await
                .unwrap()
                .unwrap();
            if delivery.status == status {
                return;
            }
            assert!(began.elapsed() < SOON, "{delivery:?}");
            tokio::task::yield_now().await;
        }
    }
}

async fn delivers_and_retries(url: Option<String>) {
    let stack = start(url).await;
    let receiver = Receiver::start().await;
    receiver.answer(Behaviour::Script(vec![
        Behaviour::Status(500),
        Behaviour::Status(204),
        Behaviour::Status(200),
    ]));
    let destination = stack.endpoint(&receiver).await;
    let ids = stack.publish(r#"{"price": 1.10}"#).await;
    let requests = receiver.wait_for(3, SOON).await;
    stack.until(ids[0], Status::Succeeded).await;
    assert_eq!(requests.len(), 3);
    let secret = destination.secrets.secret.expose();
    for request in &requests {
        assert_eq!(
            request.headers.get("x-flexype-authorization").unwrap(),
            secret
        );
        assert_eq!(request.body, requests[0].body);
    }
    let attempts = stack.storage.attempts(stack.scope, ids[0]).await.unwrap();
    let statuses: Vec<_> = attempts
        .iter()
        .map(|(a, _)| a.exchange.response.as_ref().unwrap().status)
        .collect();
    assert_eq!(statuses, [500, 204, 200]);
    stack.worker.drain(Duration::from_secs(2)).await;
}

#[tokio::test]
async fn a_failed_delivery_is_retried_until_it_is_acknowledged_on_sqlite() {
    delivers_and_retries(None).await;
}

#[tokio::test]
async fn a_failed_delivery_is_retried_until_it_is_acknowledged_on_postgresql() {
    let server = PostgresServer::shared().await;
    delivers_and_retries(Some(server.create_database().await)).await;
}

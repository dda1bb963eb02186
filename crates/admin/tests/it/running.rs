//! A running server with its database, and a client that speaks to it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use admin::auth::password;
use admin::{App, Auth, Limits, Mail, Mailer, Probes, Settings, SharedCounts};
use async_trait::async_trait;
use bytes::Bytes;
use domain::attempt::{Exchange, Outcome, Timings};
use domain::clock::Clock as _;
use domain::dialect::Outgoing;
use domain::id::UserId;
use gateway::config_cache::ConfigCache;
use gateway::endpoint_checks::Probed;
use gateway::test_send::Sender;
use gateway::{Gateway, GatewaySettings};
use http_body_util::{BodyExt as _, Full};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use queue::EmbeddedQueue;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::Value;
use storage::users::{MerchantRole, PlatformRole, User};
use storage::{DatabaseSettings, Keyring, Storage};
use tempfile::TempDir;
use testkit::leaks::evidence;
use testkit::mailbox::Mailbox;
use testkit::postgres::PostgresServer;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// The password of everybody here.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Nobody listens where these tests send: the worker's own tests cover sending.
struct Unreachable;

#[async_trait]
impl Sender for Unreachable {
    async fn send(&self, _: &str, _: &Outgoing, _: Duration) -> Exchange {
        Exchange {
            outcome: Outcome::ConnectRefused,
            error: "Nobody listens there.".to_owned(),
            response: None,
            remote_ip: None,
            timings: Timings::default(),
            duration: Duration::from_millis(1),
        }
    }

    async fn probe(&self, url: &str, timeout: Duration) -> Probed {
        let outgoing = Outgoing {
            headers: Vec::new(),
            body: Bytes::new(),
        };
        Probed {
            exchange: self.send(url, &outgoing, timeout).await,
            certificate: None,
        }
    }
}

fn mailer_to(mailbox: &Mailbox) -> Mailer {
    Mailer::new(&mailbox.url(), "Hookyard <hooks@example.com>").unwrap()
}

/// A server, ended when dropped.
pub(crate) struct Running {
    pub(crate) app: Arc<App>,
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
    /// The database's.
    pub(crate) url: String,
    client: Client<HttpConnector, Full<Bytes>>,
    _folder: TempDir,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Asserts that this is a problem and gives its slug.
    pub(crate) fn slug(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{self:?}"
        );
        let body = self.json();
        assert_eq!(body["status"], self.status);
        assert_eq!(body["request_id"].as_str(), self.header("x-request-id"));
        let slug = body["type"].as_str().unwrap();
        slug.strip_prefix("/docs/problems/").unwrap().to_owned()
    }
}

impl Running {
    /// Starts one with an empty database.
    pub(crate) async fn start() -> Self {
        Self::start_with(Settings::default()).await
    }

    pub(crate) async fn start_with(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}/hookyard.db", folder.path().display());
        Self::start_on(&url, settings, None, None, folder).await
    }

    /// Starts one process of several that share a database and counts.
    pub(crate) async fn start_sharing(
        url: &str,
        settings: Settings,
        shared: Arc<dyn SharedCounts>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::start_on(url, settings, Some(shared), None, folder).await
    }

    /// Starts one with a PostgreSQL of its own.
    pub(crate) async fn start_on_postgres() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = PostgresServer::shared().await;
        let url = server.create_database().await;
        Self::start_on(&url, Settings::default(), None, None, folder).await
    }

    /// Starts one that sends mail.
    pub(crate) async fn start_mailing(mailbox: &Mailbox) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}/hookyard.db", folder.path().display());
        let mailer = mailer_to(mailbox);
        Self::start_on(&url, Settings::default(), None, Some(mailer), folder).await
    }

    /// Starts one that sends mail, with a PostgreSQL of its own.
    pub(crate) async fn start_mailing_on_postgres(mailbox: &Mailbox) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = PostgresServer::shared().await;
        let url = server.create_database().await;
        let mailer = mailer_to(mailbox);
        Self::start_on(&url, Settings::default(), None, Some(mailer), folder).await
    }

    async fn start_on(
        url: &str,
        settings: Settings,
        shared: Option<Arc<dyn SharedCounts>>,
        mailer: Option<Mailer>,
        folder: TempDir,
    ) -> Self {
        let database = DatabaseSettings::new(url);
        storage::migrate(&database).await.unwrap();
        let storage = Arc::new(
            Storage::open(database, Keyring::new(&[[1; 32]]))
                .await
                .unwrap(),
        );
        let stop = CancellationToken::new();
        let gateway = Gateway::start(
            Arc::clone(&storage),
            Arc::new(EmbeddedQueue::new(storage.clock())),
            ConfigCache::open(Arc::clone(&storage)).await.unwrap(),
            Arc::new(Unreachable),
            GatewaySettings::default(),
            stop.clone(),
        );
        let rng = StdRng::seed_from_u64(1);
        let auth = Auth::open(Arc::clone(&storage), &settings, rng)
            .await
            .unwrap();
        let probes = Probes {
            draining: stop.clone(),
            ..Probes::default()
        };
        let app = Arc::new(App {
            gateway,
            storage,
            auth: auth.sharing(shared.clone()),
            limits: Arc::new(Limits::new(&settings, shared)),
            mail: Arc::new(Mail::new(
                "https://hooks.example.com".to_owned(),
                mailer,
                None,
            )),
            probes,
            log_kept: Duration::from_hours(24 * 30),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (service, until) = (admin::routes(Arc::clone(&app)), stop.clone());
        tokio::spawn(async move {
            admin::server::serve(listener, service, &settings, until, Duration::from_secs(5)).await
        });
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self {
            app,
            address,
            stop,
            url: url.to_owned(),
            client,
            _folder: folder,
        }
    }

    /// Adds a user; the id.
    pub(crate) async fn add_user(
        &self,
        email: &str,
        platform_role: Option<PlatformRole>,
        memberships: &[(&str, MerchantRole)],
    ) -> UserId {
        let mut rng = StdRng::seed_from_u64(email.len() as u64);
        let now = self.app.storage.clock().now();
        let user = User {
            id: UserId::new(now, &mut rng),
            email: email.to_owned(),
            platform_role,
            memberships: memberships
                .iter()
                .map(|(id, role)| (id.parse().unwrap(), *role))
                .collect(),
            apps: Vec::new(),
            created_at: now,
        };
        let hash = password::hash(PASSWORD, &mut rng).unwrap();
        self.app.storage.create_user(&user, &hash).await.unwrap();
        user.id
    }

    /// Logs in; the access token.
    pub(crate) async fn log_in(&self, email: &str) -> String {
        let tokens = self.log_in_with(email, PASSWORD).await;
        assert_eq!(tokens.status, 200, "{tokens:?}");
        tokens.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// Tries to log in with this password.
    pub(crate) async fn log_in_with(&self, email: &str, password: &str) -> Answer {
        let body = serde_json::json!({ "email": email, "password": password });
        self.post("/v1/auth/token", "", &body).await
    }

    /// An admin's access token.
    pub(crate) async fn admin(&self) -> String {
        self.add_user("admin@example.com", Some(PlatformRole::Admin), &[])
            .await;
        self.log_in("admin@example.com").await
    }

    /// The id of a new merchant, which takes payloads as they come: most cases are not about them.
    pub(crate) async fn merchant(&self, admin: &str) -> String {
        let body = serde_json::json!({
            "name": "My Store",
            "store": { "name": "My Store" },
            "settings": { "schema_mode": "warn" },
        });
        let answer = self.post("/v1/merchants", admin, &body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.send("GET", path, token, &[], "").await
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: &Value) -> Answer {
        self.send("POST", path, token, &[], &body.to_string()).await
    }

    pub(crate) async fn patch(&self, path: &str, token: &str, body: &Value) -> Answer {
        self.send("PATCH", path, token, &[], &body.to_string())
            .await
    }

    pub(crate) async fn delete(&self, path: &str, token: &str) -> Answer {
        self.send("DELETE", path, token, &[], "").await
    }

    /// Any request; a body is JSON unless the headers say otherwise.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        token: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = hyper::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address));
        if !token.is_empty() {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if !body.is_empty() && !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        evidence::request(token, body.as_bytes());
        let request = request.body(Full::from(body.to_owned())).unwrap();
        let response = self.client.request(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let answer = Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        };
        evidence::answer(answer.header("content-type"), answer.text.as_bytes());
        answer
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

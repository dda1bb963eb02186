//! A real receiver of webhooks, HTTP/1.1 and HTTP/2, that records what comes and answers as it is told.
//!
//! `receiver/behaviour.rs` says what can be answered, `receiver/connection.rs` does it.

mod behaviour;
mod connection;
mod stream;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method, Version};
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use self::behaviour::Plan;
pub use self::behaviour::{Answerer, Behaviour, Then};
use crate::tls::TestCa;

/// The names that the certificate of [`Receiver::start_tls`] is good for.
pub const TLS_NAMES: [&str; 4] = ["localhost", "127.0.0.1", "*.example", "*.test"];

/// One request, as it came.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The method, `POST` for a delivery.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// The HTTP version spoken.
    pub version: Version,
    /// Headers in the order they came, names in lower case.
    pub headers: HeaderMap,
    /// The body, byte for byte.
    pub body: Bytes,
    /// When the head had been read.
    pub at: Instant,
    /// Which connection it came on, counted from 1.
    pub connection: usize,
    /// The client's end of that connection.
    pub peer: SocketAddr,
}

impl Recorded {
    /// A header's value as text; `None` when it is absent or not visible ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("a body of JSON")
    }
}

/// A receiver on a free port of 127.0.0.1. Answers 200 until told otherwise. On drop the port and all connections close.
#[derive(Debug)]
pub struct Receiver {
    addr: SocketAddr,
    scheme: &'static str,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Receiver {
    /// Serves plain HTTP.
    pub async fn start() -> Self {
        Self::listen(None).await
    }

    /// Serves HTTPS, HTTP/2 where the client offers it, with a good certificate of `ca` for [`TLS_NAMES`].
    pub async fn start_tls(ca: &TestCa) -> Self {
        Self::start_with(ca.server_config(&TLS_NAMES, true)).await
    }

    /// Serves HTTPS with any certificate, such as an expired one.
    pub async fn start_with(tls: ServerConfig) -> Self {
        Self::listen(Some(tls)).await
    }

    async fn listen(tls: Option<ServerConfig>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free TCP port");
        let addr = listener
            .local_addr()
            .expect("a bound socket has an address");
        let scheme = if tls.is_some() { "https" } else { "http" };
        let shared = Arc::new(Shared::default());
        let task = tokio::spawn(connection::accept(
            listener,
            tls.map(Arc::new),
            Arc::clone(&shared),
        ));
        Self {
            addr,
            scheme,
            shared,
            task,
        }
    }

    /// `scheme://127.0.0.1:port`, without a path.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.addr)
    }

    /// `scheme://host:port`, without a path, for a name that a test's name server sends here.
    pub fn url_for(&self, host: &str) -> String {
        format!("{}://{host}:{}", self.scheme, self.addr.port())
    }

    /// Where it listens.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Answers like this from the next request on.
    pub fn answer(&self, behaviour: Behaviour) {
        *self.shared.plan() = Plan::new(behaviour);
    }

    /// Every request so far, in the order their bodies were complete.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.requests().clone()
    }

    /// Forgets the requests so far.
    pub fn clear(&self) {
        self.shared.requests().clear();
    }

    /// Waits until `count` requests are recorded and returns all there are.
    ///
    /// Panics when `deadline` passes first.
    pub async fn wait_for(&self, count: usize, deadline: Duration) -> Vec<Recorded> {
        self.wait_until(deadline, |requests| requests.len() >= count)
            .await
    }

    /// Waits until the recorded requests are as asked for and returns them.
    ///
    /// Panics when `deadline` passes first.
    pub async fn wait_until(
        &self,
        deadline: Duration,
        enough: impl Fn(&[Recorded]) -> bool,
    ) -> Vec<Recorded> {
        let waiting = async {
            loop {
                let mut recorded = std::pin::pin!(self.shared.recorded.notified());
                recorded.as_mut().enable();
                let requests = self.requests();
                if enough(&requests) {
                    return requests;
                }
                recorded.await;
            }
        };
        let found = tokio::time::timeout(deadline, waiting).await;
        let count = self.shared.requests().len();
        found.unwrap_or_else(|_| panic!("only {count} requests came within {deadline:?}"))
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// The most requests that were ever unanswered at the same time.
    pub fn most_in_flight(&self) -> usize {
        self.shared.most_in_flight.load(Ordering::SeqCst)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // The accepting task owns the tasks of its connections.
        self.task.abort();
    }
}

/// What the connections and the test both see.
#[derive(Debug, Default)]
struct Shared {
    plan: Mutex<Plan>,
    requests: Mutex<Vec<Recorded>>,
    recorded: Notify,
    connections: AtomicUsize,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

impl Shared {
    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn requests(&self) -> MutexGuard<'_, Vec<Recorded>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps `request` and says how to answer it.
    fn record(&self, request: Recorded) -> Behaviour {
        let behaviour = self.plan().next();
        self.requests().push(request);
        self.recorded.notify_waiters();
        behaviour
    }

    fn enter(self: &Arc<Self>) -> InFlight {
        let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_in_flight.fetch_max(now, Ordering::SeqCst);
        InFlight(Arc::clone(self))
    }
}

/// Counts one request as unanswered until dropped.
struct InFlight(Arc<Shared>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

//! Two receivers on this machine: one good, one that needs several attempts.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use poem::endpoint::{ToDynEndpoint, make_sync};
use poem::http::StatusCode;
use poem::{Request, Response};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// How often the flaky one refuses an event before it takes it.
const REFUSALS: usize = 2;

/// Both, on one port; ended with this value.
pub(super) struct Receivers {
    address: SocketAddr,
    requests: Arc<Requests>,
    _stop: DropGuard,
}

impl Receivers {
    /// Starts them.
    ///
    /// Errors: no port is free.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .context("listen for deliveries")?;
        let address = listener.local_addr()?;
        let requests = Arc::new(Requests::default());
        let answering = Arc::clone(&requests);
        let service = Arc::new(ToDynEndpoint(make_sync(move |request| {
            answering.answer(&request)
        })));
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        tokio::spawn(async move {
            admin::server::serve(
                listener,
                service,
                &admin::Settings::default(),
                stopped,
                Duration::ZERO,
            )
            .await
        });
        Ok(Self {
            address,
            requests,
            _stop: stop.drop_guard(),
        })
    }

    /// Where the one of this name listens.
    pub(super) fn url(&self, name: &str) -> String {
        format!("http://{}/{name}", self.address)
    }

    /// Requests that were answered.
    pub(super) fn answered(&self) -> usize {
        self.requests
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .sum()
    }
}

/// Requests so far, by path and event.
#[derive(Default)]
struct Requests(Mutex<HashMap<(String, String), usize>>);

impl Requests {
    fn answer(&self, request: &Request) -> Response {
        let event = request.header("x-event-id").unwrap_or_default().to_owned();
        let path = request.uri().path().to_owned();
        let flaky = path == "/flaky";
        let mut requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = requests.entry((path, event)).or_default();
        *seen += 1;
        let refused = flaky && *seen <= REFUSALS;
        let status = if refused {
            StatusCode::INTERNAL_SERVER_ERROR
        } else {
            StatusCode::OK
        };
        Response::builder()
            .status(status)
            .body(if refused { "not now" } else { "thanks" })
    }
}

//! The only code that dials a merchant's URL: one POST, told as an [`Exchange`].
//!
//! What it promises:
//! - Each [`Outbound::post`] puts at most one request on the wire. A request is only repeated when
//!   nothing of it was written, because a pooled connection had died meanwhile.
//! - No address is dialled that the [`AddressPolicy`] refuses: every answer of the name servers is
//!   checked before the first packet, and one forbidden answer refuses them all.
//! - One deadline covers DNS, TCP, TLS and the response head; the body is read under the same
//!   deadline, to a cap, never inflated, and never turns an answer into a failure.
//! - No redirect is followed and no proxy is used.
//!
//! Whether an answer is a success is left to the dialect.

mod connector;
mod outcome;
mod probe;
mod resolver;
mod response;
mod stream;
mod tls;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use domain::address_policy::AddressPolicy;
use domain::attempt::{Exchange, Outcome, Timings};
use http::{HeaderMap, Method, Request, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use ipnet::IpNet;
use tokio::time::{Instant, timeout_at};

use connector::{Connector, DIAL, Dial};
use outcome::Failure;
use stream::ConnectionInfo;

/// Bytes a response head may have: the read buffer of HTTP/1.1, the header list of HTTP/2.
const HEAD_CAP: u32 = 32 * 1024;
/// Headers a response may have.
const HEADER_COUNT_CAP: usize = 100;
/// Idle connections kept per host: the per-host cap on requests in flight needs no more.
const IDLE_PER_HOST: usize = 64;
/// Flow-control window of HTTP/2: a little over what is read of one body, so that an endless one
/// is stopped by its sender.
const HTTP2_STREAM_WINDOW: u32 = 128 * 1024;
/// Flow-control window of a whole HTTP/2 connection.
const HTTP2_CONNECTION_WINDOW: u32 = 1024 * 1024;

/// How often an HTTP/2 connection must prove that it lives, and how soon: a dead one would fail every attempt
/// to its host until TCP gives up.
const HTTP2_PING: Duration = Duration::from_secs(5);

/// How the outside world is reached.
#[derive(Debug, Clone)]
pub struct OutboundSettings {
    /// Also call `http://` URLs. Default false: for development only.
    pub allow_http: bool,
    /// Networks that may be called although they are not public. Default none.
    pub allowed_networks: Vec<IpNet>,
    /// Our own host names, which no endpoint may have.
    pub self_hosts: Vec<String>,
    /// PEM file of certificate authorities trusted besides the system's. Default none.
    pub ca_file: Option<PathBuf>,
    /// Name servers to ask. Default empty: those of the system.
    pub dns_servers: Vec<SocketAddr>,
    /// Time for opening the TCP connection, and again for the TLS handshake. Default 3 s.
    pub connect_timeout: Duration,
    /// Time for looking up a name. Default 2 s.
    pub dns_timeout: Duration,
    /// How long an unused connection is kept. Default 30 s; its address is not checked again.
    pub idle_timeout: Duration,
}

impl Default for OutboundSettings {
    fn default() -> Self {
        Self {
            allow_http: false,
            allowed_networks: Vec::new(),
            self_hosts: Vec::new(),
            ca_file: None,
            dns_servers: Vec::new(),
            connect_timeout: Duration::from_secs(3),
            dns_timeout: Duration::from_secs(2),
            idle_timeout: Duration::from_secs(30),
        }
    }
}

impl OutboundSettings {
    /// The rules these settings make for URLs and addresses.
    pub fn address_policy(&self) -> AddressPolicy {
        AddressPolicy {
            allow_http: self.allow_http,
            allowed_networks: self.allowed_networks.clone(),
            self_hosts: self.self_hosts.clone(),
        }
    }
}

/// Why no [`Outbound`] could be made.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The file of additional certificate authorities cannot be read.
    #[error("cannot read certificate authorities from {path}: {detail}")]
    CaFile {
        /// The file as it was configured.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The TLS library refuses its configuration.
    #[error("cannot set up TLS")]
    Tls(#[from] rustls::Error),
    /// The DNS resolver refuses its configuration.
    #[error("cannot set up DNS: {0}")]
    Dns(String),
}

/// One POST to make.
#[derive(Debug, Clone)]
pub struct PostRequest {
    /// The endpoint's stored URL.
    pub url: String,
    /// Every header but `host` and `content-length`, which are added.
    pub headers: HeaderMap,
    /// The exact bytes of the body.
    pub body: Bytes,
    /// From the start of the attempt to a complete response head; the body is read under it too.
    pub timeout: Duration,
}

/// Makes POSTs over one pool of connections. Cheap to share behind an `Arc`.
#[derive(Debug)]
pub struct Outbound {
    client: Client<Connector, Full<Bytes>>,
    /// For connections that nobody else uses.
    connector: Connector,
}

impl Outbound {
    /// Reads the trusted certificates and the name servers; dials nobody.
    ///
    /// # Errors
    /// When one of them cannot be used.
    pub fn new(settings: &OutboundSettings) -> Result<Self, OutboundError> {
        let connector = Connector::new(settings)?;
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(settings.idle_timeout)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .http1_max_buf_size(HEAD_CAP as usize)
            .http2_max_header_list_size(HEAD_CAP)
            .http2_initial_stream_window_size(HTTP2_STREAM_WINDOW)
            .http2_initial_connection_window_size(HTTP2_CONNECTION_WINDOW)
            .http2_keep_alive_interval(HTTP2_PING)
            .http2_keep_alive_timeout(HTTP2_PING)
            .http2_keep_alive_while_idle(true)
            .build(connector.clone());
        Ok(Self { client, connector })
    }

    /// Makes the POST and tells what came of it. Never fails otherwise: every failure is an
    /// outcome.
    pub async fn post(&self, request: PostRequest) -> Exchange {
        DIAL.scope(RefCell::new(None), self.post_in_scope(request))
            .await
    }

    async fn post_in_scope(&self, request: PostRequest) -> Exchange {
        let started = Instant::now();
        let PostRequest {
            url,
            headers,
            body,
            timeout,
        } = request;
        let deadline = started + timeout;
        let Ok(uri) = Uri::from_maybe_shared(Bytes::from(url)) else {
            return failed(Failure::unusable_url(), None, started);
        };
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.headers_mut() = headers;
        *request.uri_mut() = uri.clone();
        let head = timeout_at(deadline, self.client.request(request)).await;
        let dial = DIAL.with(RefCell::take);
        match head {
            Ok(Ok(response)) => answered(response, dial.as_deref(), started, deadline).await,
            Ok(Err(error)) => failed(outcome::of_request(&error, &uri), dial.as_deref(), started),
            Err(_) => {
                let step = dial.as_deref().map(Dial::step);
                failed(
                    outcome::of_deadline(step, timeout, &uri),
                    dial.as_deref(),
                    started,
                )
            }
        }
    }
}

/// The exchange of a complete response head; reads the body.
async fn answered(
    response: http::Response<Incoming>,
    dial: Option<&Dial>,
    started: Instant,
    deadline: Instant,
) -> Exchange {
    let head_after = started.elapsed();
    let (parts, body) = response.into_parts();
    if let Err(failure) = response::check_head(&parts) {
        return failed(failure, dial, started);
    }
    let connection = parts.extensions.get::<ConnectionInfo>();
    let mut timings = connection
        .map(ConnectionInfo::take_timings)
        .unwrap_or_default();
    timings.first_byte = Some(head_after.saturating_sub(time_to_connect(&timings)));
    let (outcome, error) = outcome::of_head(&parts);
    let remote_ip = connection.map(ConnectionInfo::remote_ip);
    let response = response::read(parts, body, deadline).await;
    Exchange {
        outcome,
        error,
        response: Some(response),
        remote_ip,
        timings,
        duration: started.elapsed(),
    }
}

/// The exchange of a POST that brought no usable response head.
fn failed(failure: Failure, dial: Option<&Dial>, started: Instant) -> Exchange {
    let Failure { outcome, error } = failure;
    let (remote_ip, timings) = dial.map(Dial::progress).unwrap_or_default();
    // A refused address is an inner one more often than not: it is no business of the merchant.
    let remote_ip = remote_ip.filter(|_| outcome != Outcome::BlockedAddress);
    Exchange {
        outcome,
        error,
        response: None,
        remote_ip,
        timings,
        duration: started.elapsed(),
    }
}

fn time_to_connect(timings: &Timings) -> Duration {
    [timings.dns, timings.connect, timings.tls]
        .into_iter()
        .flatten()
        .sum()
}

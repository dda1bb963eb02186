//! Opens a connection to a receiver: look up, check every answer, dial only what was checked,
//! check the peer, shake hands.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use domain::address_policy::AddressPolicy;
use domain::attempt::Timings;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsConnector;

use super::outcome::{self, Failure};
use super::resolver::Resolver;
use super::stream::{ConnectionInfo, Stream, Transport};
use super::{OutboundError, OutboundSettings, tls};

/// Head start of each address before the next is dialled beside it.
/// Source: RFC 8305, "Connection Attempt Delay".
const NEXT_ADDRESS_AFTER: Duration = Duration::from_millis(250);

tokio::task_local! {
    /// The connection the current POST had to open, if none was idle. The pool between the POST
    /// and the connector passes nothing through, but calls the connector within the POST's own
    /// poll, so this reaches it; a pooled connection costs nothing.
    pub(super) static DIAL: RefCell<Option<Arc<Dial>>>;
}

/// How far opening a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Step {
    /// Looking up the name.
    #[default]
    Resolving,
    /// Opening the TCP connection.
    Connecting,
    /// The TLS handshake.
    Handshaking,
    /// Open.
    Connected,
}

/// The progress of one connection, readable by the POST that waits for it.
#[derive(Debug, Default)]
pub(super) struct Dial(Mutex<Progress>);

#[derive(Debug, Default)]
struct Progress {
    step: Step,
    remote_ip: Option<IpAddr>,
    timings: Timings,
}

impl Dial {
    /// Where it stands.
    pub(super) fn step(&self) -> Step {
        self.lock().step
    }

    /// The address that was reached, if one was, and the time of each finished step.
    pub(super) fn progress(&self) -> (Option<IpAddr>, Timings) {
        let progress = self.lock();
        (progress.remote_ip, progress.timings)
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens connections for the pool.
#[derive(Debug, Clone)]
pub(super) struct Connector(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    policy: AddressPolicy,
    resolver: Resolver,
    tls: Arc<ClientConfig>,
    connect_timeout: Duration,
}

impl Connector {
    /// Reads the trusted certificates and the name servers.
    pub(super) fn new(settings: &OutboundSettings) -> Result<Self, OutboundError> {
        Ok(Self(Arc::new(Inner {
            policy: settings.address_policy(),
            resolver: Resolver::new(settings)?,
            tls: tls::client_config(settings.ca_file.as_deref())?,
            connect_timeout: settings.connect_timeout,
        })))
    }
}

impl Connector {
    /// Opens a connection outside the pool.
    pub(super) async fn dial(&self, uri: &Uri, dial: &Dial) -> Result<Stream, Failure> {
        self.0.open(uri, dial).await
    }
}

impl tower_service::Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let inner = Arc::clone(&self.0);
        let dial = Arc::new(Dial::default());
        // Outside a POST (the pool finishing a connection by itself) nobody waits for the report.
        DIAL.try_with(|waiting| waiting.replace(Some(Arc::clone(&dial))))
            .ok();
        Box::pin(async move { inner.open(&uri, &dial).await.map(TokioIo::new) })
    }
}

impl Inner {
    async fn open(&self, uri: &Uri, dial: &Dial) -> Result<Stream, Failure> {
        let https = uri.scheme_str() == Some("https");
        let host = uri.host().ok_or_else(Failure::unusable_url)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if !https && !self.policy.allow_http {
            return Err(Failure::blocked("Only https URLs are called."));
        }
        let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        let addresses = self.addresses(host, port, dial).await?;
        let tcp = self.connect(host, &addresses, dial).await?;
        let transport = if https {
            Transport::Tls(Box::new(self.handshake(host, tcp, dial).await?))
        } else {
            Transport::Plain(tcp)
        };
        let mut progress = dial.lock();
        progress.step = Step::Connected;
        let remote_ip = progress.remote_ip.ok_or_else(Failure::unusable_url)?;
        Ok(Stream {
            transport,
            info: ConnectionInfo::new(remote_ip, progress.timings),
        })
    }

    /// The addresses to dial, all of them checked. One forbidden answer refuses the rest: picking
    /// the harmless ones would let a name alternate between both kinds.
    async fn addresses(
        &self,
        host: &str,
        port: u16,
        dial: &Dial,
    ) -> Result<Vec<SocketAddr>, Failure> {
        let answers = match host.parse() {
            Ok(literal) => vec![literal],
            Err(_) if host == "localhost" => self.policy.localhost_addresses(),
            Err(_) => {
                let started = Instant::now();
                let answers = self.resolver.lookup(host).await;
                dial.lock().timings.dns = Some(started.elapsed());
                answers?
            }
        };
        if answers.is_empty() {
            return Err(Failure::blocked_address(host));
        }
        for ip in &answers {
            if let Err(reason) = self.policy.check_address(*ip, port) {
                tracing::debug!(host, %ip, port, reason = reason.as_str(), "refused to dial");
                return Err(Failure::blocked_address(host));
            }
        }
        Ok(answers
            .into_iter()
            .map(|ip| SocketAddr::new(ip, port))
            .collect())
    }

    async fn connect(
        &self,
        host: &str,
        addresses: &[SocketAddr],
        dial: &Dial,
    ) -> Result<TcpStream, Failure> {
        dial.lock().step = Step::Connecting;
        let started = Instant::now();
        let tcp = match timeout(self.connect_timeout, connect_first(addresses)).await {
            Ok(Ok(tcp)) => tcp,
            Ok(Err(error)) => return Err(outcome::of_connect(host, &error)),
            Err(_) => return Err(outcome::connect_timed_out(host, self.connect_timeout)),
        };
        let peer = self.check_peer(host, &tcp, addresses)?;
        // Failing to set it would only cost speed.
        tcp.set_nodelay(true).ok();
        let mut progress = dial.lock();
        progress.remote_ip = Some(peer.ip());
        progress.timings.connect = Some(started.elapsed());
        Ok(tcp)
    }

    /// The last look before a byte is sent: the peer is one that was checked, and not this machine.
    fn check_peer(
        &self,
        host: &str,
        tcp: &TcpStream,
        checked: &[SocketAddr],
    ) -> Result<SocketAddr, Failure> {
        let ends = tcp
            .peer_addr()
            .and_then(|peer| Ok((peer, tcp.local_addr()?)));
        let (peer, local) = ends.map_err(|error| outcome::of_connect(host, &error))?;
        let own = peer.ip() == local.ip() && !self.policy.is_allowed_network(peer.ip());
        if own || !checked.contains(&peer) {
            return Err(Failure::blocked_address(host));
        }
        Ok(peer)
    }

    async fn handshake(
        &self,
        host: &str,
        tcp: TcpStream,
        dial: &Dial,
    ) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Failure> {
        dial.lock().step = Step::Handshaking;
        let started = Instant::now();
        let name = ServerName::try_from(host.to_owned()).map_err(|_| Failure::unusable_url())?;
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        let handshake = timeout(self.connect_timeout, connector.connect(name, tcp)).await;
        dial.lock().timings.tls = Some(started.elapsed());
        match handshake {
            Ok(Ok(tls)) => Ok(tls),
            Ok(Err(error)) => Err(outcome::of_handshake(host, &error)),
            Err(_) => Err(outcome::handshake_timed_out(host, self.connect_timeout)),
        }
    }
}

/// The first connection to come about. The addresses are dialled in order, each with a head start
/// over the next, so that one dead address costs a moment and not the attempt.
async fn connect_first(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut waiting = addresses.iter();
    let mut dialled = FuturesUnordered::new();
    let mut last_error = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        let more = match waiting.next() {
            Some(address) => {
                dialled.push(TcpStream::connect(*address));
                true
            }
            None => false,
        };
        tokio::select! {
            finished = dialled.next() => match finished {
                Some(Ok(tcp)) => return Ok(tcp),
                Some(Err(error)) => last_error = more_telling(last_error, error),
                None => return Err(last_error),
            },
            () = sleep(NEXT_ADDRESS_AFTER), if more => {}
        }
    }
}

/// Of two errors the one that says more: somebody refused, rather than nobody was reached.
fn more_telling(first: io::Error, second: io::Error) -> io::Error {
    if first.kind() == io::ErrorKind::ConnectionRefused {
        first
    } else {
        second
    }
}

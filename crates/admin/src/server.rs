//! The accept loop: hyper's own, because connections need a head timeout, `TCP_NODELAY` and a cap, and must
//! not hold up the end of the process.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use poem::endpoint::DynEndpoint;
use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Endpoint, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::lengths::{Doubtful, TwoLengths, Watched};
use crate::limits::address::TrustedProxies;
use crate::limits::connections::{Connections, Place};
use crate::settings::Settings;
use crate::stall::Timed;

/// Pause after a failed accept: usually no file descriptors are left, and trying at once would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// What an HTTP/2 connection begins with. Source: RFC 9113, section 3.4.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Between two looks at a connection that has said a part of the preface only, which nobody honest does.
const PREFACE_PAUSE: Duration = Duration::from_millis(10);
/// Requests that one HTTP/2 connection may have open.
const STREAMS: u32 = 64;
/// Bytes of a request head. What is beyond gets a bare 431; what the edge finds too long gets a problem, so this is
/// more than that.
const HEAD_MAX: u32 = 128 * 1024;

/// The application, as the accept loop holds it.
pub type Service = Arc<dyn DynEndpoint<Output = Response>>;

/// Serves until `stop`, then lets open requests finish within `grace`.
///
/// Errors: none after the start; a failed accept is logged and tried again.
pub async fn serve(
    listener: TcpListener,
    service: Service,
    settings: &Settings,
    stop: CancellationToken,
    grace: Duration,
) -> io::Result<()> {
    let local = listener.local_addr()?;
    let room = Arc::new(Semaphore::new(settings.connections));
    let graceful = GracefulShutdown::new();
    let work = TaskTracker::new();
    let (head_timeout, write_timeout) = (settings.header_timeout, settings.write_timeout);
    let proxies = TrustedProxies::new(settings.trusted_proxies.clone());
    let held = Connections::new(settings.connections_per_address, proxies);
    while let Some((stream, remote, permit)) = accept(&listener, &room, &stop).await {
        let Some(place) = held.take(remote.ip()) else {
            metrics::counter!("hookyard_connections_refused_total").increment(1);
            continue;
        };
        let service = Arc::clone(&service);
        let watcher = graceful.watcher();
        let (stopping, work) = (stop.clone(), work.clone());
        tokio::spawn(async move {
            let spoke = version_shown(&stream, head_timeout);
            if stopping.run_until_cancelled(spoke).await == Some(true) {
                // A request counts as a connection until it is done, with or without its client.
                let permit: Arc<(OwnedSemaphorePermit, Place)> = Arc::new((permit, place));
                let (stream, doubtful) = Watched::new(stream);
                let mark = marker(doubtful);
                let answer = move |mut request| {
                    mark(&mut request);
                    let response = respond(Arc::clone(&service), request, local, remote);
                    let permit = Arc::clone(&permit);
                    // In a task of its own: a client that hangs up must not leave work half done.
                    work.spawn(async move {
                        let response = response.await;
                        drop(permit);
                        response
                    })
                };
                let builder = builder(head_timeout);
                let connection = builder.serve_connection(
                    TokioIo::new(Timed::new(stream, write_timeout)),
                    service_fn(answer),
                );
                if let Err(error) = watcher.watch(connection.into_owned()).await {
                    tracing::debug!(%error, "connection.broken");
                }
            }
        });
    }
    drop(listener);
    work.close();
    let open = async {
        graceful.shutdown().await;
        work.wait().await;
    };
    if tokio::time::timeout(grace, open).await.is_err() {
        tracing::warn!("requests were still open at the end of the grace period");
    }
    Ok(())
}

/// The next connection, once there is room for it; `None` when it is time to stop.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let next = async {
        let permit = Arc::clone(room).acquire_owned().await.ok()?;
        loop {
            match listener.accept().await {
                Ok((stream, remote)) => {
                    if let Err(error) = stream.set_nodelay(true) {
                        tracing::debug!(%error, "connection.nodelay");
                    }
                    return Some((stream, remote, permit));
                }
                Err(error) => {
                    tracing::warn!(%error, "connection.not_accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => None,
        next = next => next,
    }
}

/// Whether enough comes in time to tell the version of HTTP: hyper waits for that without a timer.
async fn version_shown(stream: &TcpStream, within: Duration) -> bool {
    let shown = async {
        let mut said = [0; PREFACE.len()];
        loop {
            let length = stream.peek(&mut said).await.unwrap_or(0);
            let partial = length < PREFACE.len() && PREFACE.starts_with(&said[..length]);
            if length == 0 || !partial {
                return length > 0;
            }
            tokio::time::sleep(PREFACE_PAUSE).await;
        }
    };
    tokio::time::timeout(within, shown).await == Ok(true)
}

/// Marks the request that says twice how long it is. To be called with each request in turn.
fn marker(doubtful: Doubtful) -> impl Fn(&mut hyper::Request<Incoming>) {
    let requests = AtomicU64::new(0);
    move |request| {
        if doubtful.is(requests.fetch_add(1, Ordering::Relaxed) + 1) {
            request.extensions_mut().insert(TwoLengths);
        }
    }
}

fn builder(head_timeout: Duration) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .max_buf_size(HEAD_MAX as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEAD_MAX)
        .max_concurrent_streams(STREAMS)
        .keep_alive_interval(Duration::from_secs(30));
    builder
}

fn respond(
    service: Service,
    request: hyper::Request<Incoming>,
    local: SocketAddr,
    remote: SocketAddr,
) -> impl Future<Output = hyper::Response<BoxBody<Bytes, io::Error>>> {
    let request = poem::Request::from((
        request,
        LocalAddr(Addr::SocketAddr(local)),
        RemoteAddr(Addr::SocketAddr(remote)),
        Scheme::HTTP,
    ));
    async move { Endpoint::get_response(&*service, request).await.into() }
}

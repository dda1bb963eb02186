//! One connection of a receiver: HTTP while it behaves, the bare socket where HTTP would be too polite.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use std::{future, io};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::behaviour::{Behaviour, Then};
use super::stream::{Socket, Stream};
use super::{Recorded, Shared};

/// Bytes per frame of an endless body.
const FRAME: usize = 16 * 1_024;

/// Serves every connection until dropped, and the connections with it.
pub(super) async fn accept(
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    shared: Arc<Shared>,
) {
    let mut connections = JoinSet::new();
    while let Ok((tcp, peer)) = listener.accept().await {
        let number = shared.connections.fetch_add(1, Ordering::SeqCst) + 1;
        let client = Client {
            shared: Arc::clone(&shared),
            number,
            peer,
        };
        connections.spawn(open(tcp, tls.clone(), client));
        while connections.try_join_next().is_some() {}
    }
}

async fn open(tcp: TcpStream, tls: Option<Arc<ServerConfig>>, client: Client) {
    // Without it a small answer waits for the client's delayed acknowledgement. It is no loss if it cannot be set.
    drop(tcp.set_nodelay(true));
    match tls {
        None => serve(Stream::Plain(tcp), client).await,
        Some(config) => {
            if let Ok(tls) = TlsAcceptor::from(config).accept(tcp).await {
                serve(Stream::Tls(Box::new(tls)), client).await;
            }
        }
    }
}

/// Speaks HTTP until the client leaves or a behaviour takes the socket over.
async fn serve(stream: Stream, client: Client) {
    let socket = Socket::new(stream);
    let (take_over, mut wires) = mpsc::unbounded_channel();
    let service = service_fn(|request| answer(request, client.clone(), take_over.clone()));
    let http = auto::Builder::new(TokioExecutor::new());
    let wire = {
        let connection = http.serve_connection(TokioIo::new(socket.clone()), service);
        tokio::select! {
            _ = connection => None,
            wire = wires.recv() => wire,
        }
    };
    if let (Some((bytes, then)), Some(stream)) = (wire, socket.take()) {
        // A client that does not read to the end is the purpose of most of these tests.
        drop(misbehave(stream, &bytes, then).await);
    }
}

/// Who is at the other end.
#[derive(Clone)]
struct Client {
    shared: Arc<Shared>,
    number: usize,
    peer: SocketAddr,
}

type Answer = Response<BoxBody<Bytes, Infallible>>;

async fn answer(
    request: Request<Incoming>,
    client: Client,
    take_over: mpsc::UnboundedSender<(Bytes, Then)>,
) -> Result<Answer, hyper::Error> {
    let at = Instant::now();
    let _in_flight = client.shared.enter();
    let (head, body) = request.into_parts();
    let recorded = Recorded {
        method: head.method,
        path: head
            .uri
            .path_and_query()
            .map_or_else(String::new, ToString::to_string),
        version: head.version,
        headers: head.headers,
        body: body.collect().await?.to_bytes(),
        at,
        connection: client.number,
        peer: client.peer,
    };
    let mut behaviour = client.shared.record(recorded.clone());
    loop {
        behaviour = match behaviour {
            Behaviour::Delay(span, next) => {
                tokio::time::sleep(span).await;
                *next
            }
            Behaviour::Gate(gate, next) => {
                gate.acquire()
                    .await
                    .expect("a gate that is never closed")
                    .forget();
                *next
            }
            other => break Ok(respond(other, &recorded, &take_over).await),
        }
    }
}

async fn respond(
    behaviour: Behaviour,
    request: &Recorded,
    take_over: &mpsc::UnboundedSender<(Bytes, Then)>,
) -> Answer {
    if let Some(wire) = behaviour.wire() {
        take_over
            .send(wire)
            .expect("the connection outlives its requests");
        return future::pending().await;
    }
    match behaviour {
        Behaviour::Status(status) => full(status, Bytes::new()),
        Behaviour::Answer {
            status,
            headers,
            body,
        } => {
            let mut answer = full(status, body);
            for (name, value) in headers {
                let name = HeaderName::try_from(name).expect("a header name");
                let value = HeaderValue::try_from(value).expect("a header value");
                answer.headers_mut().append(name, value);
            }
            answer
        }
        Behaviour::EndlessBody => Response::new(Endless.boxed()),
        Behaviour::Custom(decide) => {
            let (status, body) = decide(request);
            full(status, body.into())
        }
        _ => future::pending().await,
    }
}

fn full(status: u16, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body).boxed());
    *answer.status_mut() = StatusCode::from_u16(status).expect("a status of 100 to 999");
    answer
}

/// Writes what HTTP would not.
async fn misbehave(mut stream: Stream, bytes: &[u8], then: Then) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await?;
    match then {
        Then::Close => stream.shutdown().await,
        Then::Reset => stream.tcp().set_zero_linger(),
        Then::Silence => future::pending().await,
        Then::Repeat(again, every) => repeat(stream, &again, every).await,
    }
}

async fn repeat(mut stream: Stream, again: &[u8], every: Duration) -> io::Result<()> {
    if every.is_zero() {
        let many = again.repeat(FRAME.div_ceil(again.len().max(1)));
        loop {
            stream.write_all(&many).await?;
        }
    }
    let mut interval = tokio::time::interval(every);
    loop {
        interval.tick().await;
        stream.write_all(again).await?;
        stream.flush().await?;
    }
}

/// A body that never ends.
struct Endless;

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        const DATA: &[u8] = &[b'a'; FRAME];
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(DATA)))))
    }
}

//! What [`Outbound`] makes of every kind of receiver.
#![expect(
    clippy::unwrap_used,
    reason = "a broken environment fails the test that needs it"
)]

mod answers;
mod connections;
mod hostile;
mod names;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use domain::attempt::{Exchange, Response};
use http::{HeaderMap, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use worker::outbound::{Outbound, OutboundSettings, PostRequest};

/// Long enough never to be reached by an answer that comes at once.
const PATIENT: Duration = Duration::from_secs(10);
/// For receivers that never answer: the test waits this long.
const HASTY: Duration = Duration::from_millis(300);

/// Settings under which receivers on this machine may be called.
fn local() -> OutboundSettings {
    OutboundSettings {
        allow_http: true,
        allowed_networks: vec!["127.0.0.0/8".parse().unwrap()],
        ..OutboundSettings::default()
    }
}

fn outbound() -> Outbound {
    Outbound::new(&local()).unwrap()
}

async fn post(outbound: &Outbound, url: impl Into<String>, timeout: Duration) -> Exchange {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let request = PostRequest {
        url: url.into(),
        headers,
        body: Bytes::from_static(b"{\"n\":1.10}"),
        timeout,
    };
    outbound.post(request).await
}

fn response(exchange: &Exchange) -> &Response {
    exchange
        .response
        .as_ref()
        .unwrap_or_else(|| panic!("no response: {exchange:?}"))
}

/// A receiver that reads each request and then follows a script on the bare connection.
struct Script {
    addr: SocketAddr,
    posts: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Script {
    /// Runs `answer` after each request; the connection is read on when it gives it back.
    async fn start<F, A>(answer: F) -> Self
    where
        F: Fn(TcpStream) -> A + Clone + Send + 'static,
        A: Future<Output = Option<TcpStream>> + Send,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let posts = Arc::new(AtomicUsize::new(0));
        let connections = Arc::new(AtomicUsize::new(0));
        let (seen, opened) = (Arc::clone(&posts), Arc::clone(&connections));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                opened.fetch_add(1, Ordering::SeqCst);
                let (answer, seen) = (answer.clone(), Arc::clone(&seen));
                tokio::spawn(async move {
                    let mut next = Some(stream);
                    while let Some(mut stream) = next.take() {
                        if !read_request(&mut stream).await {
                            return;
                        }
                        seen.fetch_add(1, Ordering::SeqCst);
                        next = answer(stream).await;
                    }
                });
            }
        });
        Self {
            addr,
            posts,
            connections,
            task,
        }
    }

    /// Always writes `bytes` and waits for the next request.
    async fn answering(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self::start(move |mut stream| {
            let bytes = bytes.clone();
            async move { stream.write_all(&bytes).await.ok().map(|()| stream) }
        })
        .await
    }

    /// Always writes `bytes` and closes.
    async fn answering_once(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self::start(move |mut stream| {
            let bytes = bytes.clone();
            async move {
                stream.write_all(&bytes).await.ok();
                stream.shutdown().await.ok();
                None
            }
        })
        .await
    }

    /// Writes `start`, then `again` without end, `every` so long; ends when the sender hangs up.
    async fn dripping(start: impl Into<Bytes>, again: impl Into<Bytes>, every: Duration) -> Self {
        let (start, again) = (start.into(), again.into());
        Self::start(move |mut stream| {
            let (start, again) = (start.clone(), again.clone());
            async move {
                stream.write_all(&start).await.ok()?;
                while stream.write_all(&again).await.is_ok() {
                    tokio::time::sleep(every).await;
                }
                None
            }
        })
        .await
    }

    fn url(&self) -> String {
        format!("http://{}/hook", self.addr)
    }

    fn posts(&self) -> usize {
        self.posts.load(Ordering::SeqCst)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads one whole request; false when the connection ends before.
async fn read_request(stream: &mut TcpStream) -> bool {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return false,
            Ok(length) => request.extend_from_slice(&buffer[..length]),
        }
        if request.ends_with(b"{\"n\":1.10}") {
            return true;
        }
    }
}

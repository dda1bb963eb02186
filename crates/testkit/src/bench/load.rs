//! The generator: publishes events over keep-alive connections, one request at a time on each.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use domain::clock::{Clock as _, Micros, SystemClock};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::client::Connection;
use super::request::Request;

/// Pause of a connection whose request was refused, as a client that backs off.
const REFUSED_PAUSE: Duration = Duration::from_millis(10);

/// A send later than this after its time is counted from that time: then it was a busy connection that held it up.
/// Timers alone are up to 1 ms late.
const LATE: Duration = Duration::from_millis(2);

/// What publishes, and where to.
#[derive(Debug, Clone)]
pub(super) struct Load {
    /// The server.
    pub(super) address: SocketAddr,
    /// The call, stamped anew for each event.
    pub(super) request: Request,
    /// Connections that publish.
    pub(super) connections: usize,
}

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    /// When it began.
    pub(super) from: Micros,
    /// When it was over.
    pub(super) to: Micros,
    /// Calls answered 2xx.
    pub(super) accepted: u64,
    /// Calls answered otherwise.
    pub(super) refused: u64,
}

impl Sent {
    /// How long it took, in seconds.
    pub(super) fn seconds(&self) -> f64 {
        seconds_between(self.from, self.to)
    }
}

/// Seconds from one time to another.
#[expect(
    clippy::cast_precision_loss,
    reason = "2^53 microseconds are 285 years"
)]
pub(super) fn seconds_between(from: Micros, to: Micros) -> f64 {
    (to.0 - from.0) as f64 / 1e6
}

/// Holds publishing back while too many deliveries are on their way.
#[derive(Debug)]
pub(super) struct Gate {
    bound: u64,
    per_event: u64,
    received: AtomicU64,
    moved: Notify,
}

impl Gate {
    /// Lets at most `bound` deliveries be on their way, of events that cause `per_event` each.
    pub(super) fn new(bound: u64, per_event: u64) -> Self {
        Self {
            bound,
            per_event,
            received: AtomicU64::new(0),
            moved: Notify::new(),
        }
    }

    /// Tells how many deliveries have come so far. To be told every few milliseconds.
    pub(super) fn tell(&self, received: u64) {
        self.received.store(received, Relaxed);
        self.moved.notify_waiters();
    }

    async fn pass(&self, accepted: u64) {
        while accepted * self.per_event >= self.received.load(Relaxed) + self.bound {
            self.moved.notified().await;
        }
    }
}

/// What the connections of one load share.
#[derive(Debug, Default)]
struct Shared {
    next: AtomicU64,
    accepted: AtomicU64,
    refused: AtomicU64,
    over: AtomicBool,
}

impl Load {
    /// Closed loop: each connection publishes as soon as its last call was answered and `gate` lets it, for `length`.
    pub(super) async fn saturate(&self, length: Duration, gate: Option<Arc<Gate>>) -> Sent {
        let shared = Arc::<Shared>::default();
        let mut connections = self.open().await;
        let from = SystemClock.now();
        let mut tasks = JoinSet::new();
        for mut connection in connections.drain(..) {
            let (mut request, shared, gate) =
                (self.request.clone(), Arc::clone(&shared), gate.clone());
            tasks.spawn(async move {
                while !shared.over.load(Relaxed) {
                    if let Some(gate) = &gate {
                        gate.pass(shared.accepted.load(Relaxed)).await;
                    }
                    let number = shared.next.fetch_add(1, Relaxed);
                    publish(
                        &mut connection,
                        request.stamped(number, SystemClock.now()),
                        &shared,
                    )
                    .await;
                }
            });
        }
        sleep(length).await;
        shared.over.store(true, Relaxed);
        while tasks.join_next().await.is_some() {}
        shared.sent(from)
    }

    /// Open loop: `rate` events a second, evenly spaced, for `length`, whatever the answers do. A call that finds its
    /// connection busy is stamped with the time it should have been made at.
    pub(super) async fn pace(&self, rate: u32, length: Duration) -> Sent {
        let shared = Arc::<Shared>::default();
        let interval = Duration::from_secs(1) / rate;
        let connections = self.open().await;
        let step = u32::try_from(connections.len()).expect("fewer connections than 2^32");
        let (from, start) = (SystemClock.now(), Instant::now());
        let mut tasks = JoinSet::new();
        for (first, mut connection) in (0..step).zip(connections) {
            let (mut request, shared) = (self.request.clone(), Arc::clone(&shared));
            tasks.spawn(async move {
                for number in (first..).step_by(step as usize) {
                    let after = interval * number;
                    if after >= length {
                        break;
                    }
                    sleep_until(start + after).await;
                    let late = start.elapsed().saturating_sub(after);
                    let late_us = if late > LATE { late.as_micros() } else { 0 };
                    let sent = Micros(SystemClock.now().0 - i64::try_from(late_us).unwrap_or(0));
                    publish(
                        &mut connection,
                        request.stamped(u64::from(number), sent),
                        &shared,
                    )
                    .await;
                }
            });
        }
        while tasks.join_next().await.is_some() {}
        shared.sent(from)
    }

    async fn open(&self) -> Vec<Connection> {
        let mut connections = Vec::with_capacity(self.connections);
        for _ in 0..self.connections {
            let connection = Connection::open(self.address).await;
            connections.push(connection.expect("a server that listens"));
        }
        connections
    }
}

impl Shared {
    fn sent(&self, from: Micros) -> Sent {
        Sent {
            from,
            to: SystemClock.now(),
            accepted: self.accepted.load(Relaxed),
            refused: self.refused.load(Relaxed),
        }
    }
}

async fn publish(connection: &mut Connection, request: &[u8], shared: &Shared) {
    let answer = connection.exchange(request).await;
    let (status, _) = answer.expect("a connection that stays open");
    if (200..300).contains(&status) {
        shared.accepted.fetch_add(1, Relaxed);
    } else {
        shared.refused.fetch_add(1, Relaxed);
        sleep(REFUSED_PAUSE).await;
    }
}

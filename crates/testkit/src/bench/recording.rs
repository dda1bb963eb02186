//! The generator of activities: calls over keep-alive connections, one at a time on each.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::browsing::Shoppers;
use super::client::Connection;
use super::latency::Latency;

/// Pause of a connection whose call was refused, as a client that backs off.
const REFUSED_PAUSE: Duration = Duration::from_millis(10);

/// When calls are made.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rhythm {
    /// Each connection as soon as its last call was answered, for so long.
    For(Duration),
    /// The same until so many calls are made.
    Calls(u64),
    /// So many calls a second, evenly spaced, for so long. A call that finds its connection busy counts from the time
    /// it was due at.
    Paced(u32, Duration),
}

/// What posts activities, and how.
#[derive(Debug, Clone)]
pub(super) struct Recording {
    /// The shoppers of each merchant, who take turns. At least one.
    pub(super) shoppers: Arc<Vec<Shoppers>>,
    /// Connections that post.
    pub(super) connections: usize,
    /// Activities of a call.
    pub(super) batch: u64,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Recorded {
    /// How long it took, in seconds.
    pub(super) seconds: f64,
    /// Activities that were new.
    pub(super) accepted: u64,
    /// Activities that were not.
    pub(super) duplicates: u64,
    /// Calls that were not answered 202.
    pub(super) refused: u64,
    /// How long calls took that were answered 202; `None` when there were none.
    pub(super) latency: Option<Latency>,
}

/// What the connections share.
#[derive(Debug)]
struct Shared {
    rhythm: Rhythm,
    start: Instant,
    calls: AtomicU64,
    accepted: AtomicU64,
    duplicates: AtomicU64,
    refused: AtomicU64,
    latencies_us: Mutex<Vec<u32>>,
}

#[derive(Deserialize)]
struct Answer {
    accepted: u64,
    duplicates: u64,
}

impl Recording {
    /// Posts in this rhythm and waits for the last answer.
    pub(super) async fn run(&self, rhythm: Rhythm) -> Recorded {
        let mut connections = Vec::with_capacity(self.connections);
        for _ in 0..self.connections {
            let connection = Connection::open(self.shoppers[0].address()).await;
            connections.push(connection.expect("a server that listens"));
        }
        let shared = Arc::new(Shared::new(rhythm));
        let mut tasks = JoinSet::new();
        for connection in connections {
            tasks.spawn(self.clone().post(connection, Arc::clone(&shared)));
        }
        while tasks.join_next().await.is_some() {}
        shared.result()
    }

    async fn post(self, mut connection: Connection, shared: Arc<Shared>) {
        let mut latencies_us = Vec::new();
        while let Some((number, due)) = shared.next() {
            let shoppers = &self.shoppers;
            let merchant = usize::try_from(number).unwrap_or(0) % shoppers.len();
            let call = shoppers[merchant].call(self.batch);
            if let Some(due) = due {
                sleep_until(due).await;
            }
            let from = due.unwrap_or_else(Instant::now);
            let answer = connection.exchange(&call).await;
            let (status, body) = answer.expect("a connection that stays open");
            if status == 202 {
                let answer: Answer = serde_json::from_slice(body).expect("counts");
                shared.accepted.fetch_add(answer.accepted, Relaxed);
                shared.duplicates.fetch_add(answer.duplicates, Relaxed);
                let took = from.elapsed().as_micros();
                latencies_us.push(u32::try_from(took).unwrap_or(u32::MAX));
            } else {
                shared.refused.fetch_add(1, Relaxed);
                sleep(REFUSED_PAUSE).await;
            }
        }
        let mut all = shared
            .latencies_us
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        all.append(&mut latencies_us);
    }
}

impl Shared {
    fn new(rhythm: Rhythm) -> Self {
        Self {
            rhythm,
            start: Instant::now(),
            calls: AtomicU64::new(0),
            accepted: AtomicU64::new(0),
            duplicates: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            latencies_us: Mutex::new(Vec::new()),
        }
    }

    /// The number of the next call and when it is to be made, if not at once; `None` when it is over.
    fn next(&self) -> Option<(u64, Option<Instant>)> {
        let number = self.calls.fetch_add(1, Relaxed);
        match self.rhythm {
            Rhythm::For(length) => (self.start.elapsed() < length).then_some((number, None)),
            Rhythm::Calls(calls) => (number < calls).then_some((number, None)),
            Rhythm::Paced(rate, length) => {
                let after = Duration::from_secs(1) / rate * u32::try_from(number).ok()?;
                (after < length).then_some((number, Some(self.start + after)))
            }
        }
    }

    fn result(&self) -> Recorded {
        let mut latencies_us = self
            .latencies_us
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let latencies_us = std::mem::take(&mut *latencies_us);
        Recorded {
            seconds: self.start.elapsed().as_secs_f64(),
            accepted: self.accepted.load(Relaxed),
            duplicates: self.duplicates.load(Relaxed),
            refused: self.refused.load(Relaxed),
            latency: Latency::of(latencies_us),
        }
    }
}

//! Watches what reaches one path of the receiver.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use domain::clock::Micros;
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use super::client::Connection;
use super::load::Gate;
use super::request::message;

/// How often the receiver is asked. Short: at 10,000 deliveries/s the gate then knows the backlog within 50.
const POLL: Duration = Duration::from_millis(5);

/// When nothing came for so long, nothing more is waited for. Longer than any safety net of Hookyard takes.
const PATIENCE: Duration = Duration::from_secs(45);

/// What the receiver says of a path. Percentiles are of the window asked for, `None` when nothing came in it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Summary {
    /// Deliveries, ever.
    pub(super) received: u64,
    /// When the last one came.
    pub(super) last_us: i64,
    /// Deliveries of the window.
    pub(super) count: u64,
    /// Half took no longer, in microseconds.
    pub(super) p50_us: Option<f64>,
    /// All but one in a hundred took no longer.
    pub(super) p99_us: Option<f64>,
    /// The longest took so long.
    pub(super) max_us: Option<f64>,
}

/// A look at one path.
#[derive(Debug)]
pub(super) struct Observer {
    receiver: SocketAddr,
    connection: Connection,
    sink: u32,
}

impl Observer {
    /// Of `/sink/<sink>`.
    pub(super) async fn new(receiver: SocketAddr, sink: u32) -> Self {
        let connection = Connection::open(receiver).await;
        Self {
            receiver,
            connection: connection.expect("a receiver that listens"),
            sink,
        }
    }

    /// How many deliveries have come.
    pub(super) async fn received(&mut self) -> u64 {
        let path = format!("/received/{}", self.sink);
        self.ask(&path).await.parse().expect("a number")
    }

    /// Everything, with the latencies of what was published in `from..to`.
    pub(super) async fn summary(&mut self, from: Micros, to: Micros) -> Summary {
        let path = format!("/summary/{}/{}/{}", self.sink, from.0, to.0);
        serde_json::from_str(&self.ask(&path).await).expect("a summary")
    }

    /// Tells `gate` what has come, and runs `also` each time, until it is dropped.
    pub(super) async fn follow(
        &mut self,
        gate: Option<&Gate>,
        mut also: impl FnMut(),
    ) -> Infallible {
        loop {
            let received = self.received().await;
            if let Some(gate) = gate {
                gate.tell(received);
            }
            also();
            sleep(POLL).await;
        }
    }

    /// Waits until `expected` deliveries have come, or nothing has come for long.
    pub(super) async fn drain(&mut self, expected: u64) {
        let (mut received, mut moved) = (self.received().await, Instant::now());
        while received < expected && moved.elapsed() < PATIENCE {
            sleep(POLL).await;
            let now = self.received().await;
            if now > received {
                (received, moved) = (now, Instant::now());
            }
        }
    }

    async fn ask(&mut self, path: &str) -> String {
        let request = message("GET", self.receiver, path, "", "");
        let (_, body) = self
            .connection
            .exchange(&request)
            .await
            .expect("an answer of the receiver");
        String::from_utf8_lossy(body).into_owned()
    }
}

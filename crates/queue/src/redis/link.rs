//! Keeps one connection: makes it, and after a failure and a pause makes it again.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, FromRedisValue, Pipeline, PushInfo, PushKind, RedisError};
use redis::{RedisResult, Value};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use super::health::{Health, Side};
use crate::RedisSettings;

/// Pause after the first failure.
pub(super) const BACKOFF_MIN: Duration = Duration::from_millis(100);
/// Longest pause: how late a Redis that came back may be noticed.
pub(super) const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// Called with the payload of each message of a subscribed channel, on the connection's own task.
pub(super) type OnMessage = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// The maker of one side's connections.
pub(super) struct Link {
    client: redis::Client,
    connect_timeout: Duration,
    response_timeout: Duration,
    side: Side,
    health: Arc<Health>,
    state: State,
    backoff: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Starting,
    Up { since: Instant },
    Down,
}

impl Link {
    /// A link that has yet to connect.
    pub(super) fn new(
        client: redis::Client,
        settings: &RedisSettings,
        side: Side,
        health: Arc<Health>,
    ) -> Self {
        Self {
            client,
            connect_timeout: settings.connect_timeout,
            response_timeout: settings.response_timeout,
            side,
            health,
            state: State::Starting,
            backoff: BACKOFF_MIN,
        }
    }

    /// A new connection, as soon as there is one: waits after a failure, tries without end.
    pub(super) async fn connect(&mut self, on_message: &OnMessage) -> Connection {
        loop {
            if self.state == State::Down {
                sleep(self.backoff).await;
                self.backoff = (self.backoff * 2).min(BACKOFF_MAX);
            }
            match self.try_connect(on_message).await {
                Ok(connection) => return connection,
                Err(error) => self.failed(&error),
            }
        }
    }

    /// Whether a connection was lost, or none could be made, since the last was up.
    pub(super) fn was_down(&self) -> bool {
        self.state == State::Down
    }

    /// The connection is ready for all that its side does.
    pub(super) fn up(&mut self) {
        if matches!(self.state, State::Up { .. }) {
            return;
        }
        self.state = State::Up {
            since: Instant::now(),
        };
        self.health.came_up(self.side);
    }

    /// The connection is of no more use, or could not be made.
    pub(super) fn failed(&mut self, error: &RedisError) {
        if let State::Up { since } = self.state
            && since.elapsed() >= BACKOFF_MAX
        {
            self.backoff = BACKOFF_MIN;
        }
        self.state = State::Down;
        self.health.went_down(self.side, error);
    }

    async fn try_connect(&self, on_message: &OnMessage) -> RedisResult<Connection> {
        let lost = Arc::new(Notify::new());
        // Calls and connecting are timed here as a whole, so the library's own timers are off.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_push_sender(on_push(Arc::clone(on_message), Arc::clone(&lost)));
        let connecting = self
            .client
            .get_multiplexed_async_connection_with_config(&config);
        let redis = timeout(self.connect_timeout, connecting)
            .await
            .map_err(|_| late())??;
        Ok(Connection {
            redis,
            lost,
            response_timeout: self.response_timeout,
        })
    }
}

/// A connection in use. After an error it must be dropped: a late reply dies with it.
pub(super) struct Connection {
    redis: MultiplexedConnection,
    lost: Arc<Notify>,
    response_timeout: Duration,
}

impl Connection {
    /// Sends the commands together and reads their answers.
    ///
    /// Errors: no answer in time, the connection is lost, or Redis refused one of them.
    pub(super) async fn send<T: FromRedisValue>(&mut self, commands: &Pipeline) -> RedisResult<T> {
        timeout(self.response_timeout, commands.query_async(&mut self.redis))
            .await
            .map_err(|_| late())?
    }

    /// Hears messages of these channels from now on.
    ///
    /// Errors: as for [`Self::send`].
    pub(super) async fn subscribe(&mut self, channels: &[&str]) -> RedisResult<()> {
        timeout(self.response_timeout, self.redis.subscribe(channels))
            .await
            .map_err(|_| late())?
    }

    /// Hears messages of these channels no longer.
    ///
    /// Errors: as for [`Self::send`].
    pub(super) async fn unsubscribe(&mut self, channels: &[&str]) -> RedisResult<()> {
        timeout(self.response_timeout, self.redis.unsubscribe(channels))
            .await
            .map_err(|_| late())?
    }

    /// Waits until the other end closes the connection.
    pub(super) async fn lost(&self) -> RedisError {
        self.lost.notified().await;
        io::Error::from(io::ErrorKind::ConnectionReset).into()
    }
}

/// What the connection's task does with what Redis sends unasked.
fn on_push(
    on_message: OnMessage,
    lost: Arc<Notify>,
) -> impl Fn(PushInfo) -> Result<(), redis::aio::SendError> {
    move |push| {
        match (push.kind, push.data.as_slice()) {
            (PushKind::Message, [_, Value::BulkString(payload)]) => on_message(payload),
            (PushKind::Disconnection, _) => lost.notify_one(),
            _ => {}
        }
        Ok(())
    }
}

fn late() -> RedisError {
    io::Error::from(io::ErrorKind::TimedOut).into()
}

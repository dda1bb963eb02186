//! Counts that processes share: quotas of requests, failed logins. Best effort: while Redis is away there is no
//! answer, at once, and each process counts for itself.
//!
//! Owns one connection. It is dropped at the first error or late answer and made anew in the background.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::rate::{Rate, Subject, Taken};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, FromRedisValue, RedisResult, Script, ScriptInvocation};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::link::{BACKOFF_MAX, BACKOFF_MIN};
use super::open;
use crate::{Error, RedisSettings};

/// Time for one answer: a request waits for it.
const ANSWER: Duration = Duration::from_millis(100);

/// Counts in a Redis server, or a Valkey.
#[derive(Debug)]
pub struct RedisCounts {
    /// What keys begin with: one hash tag, since a script's keys must live together.
    prefix: String,
    take: Script,
    enter: Script,
    leave: Script,
    line: Arc<Line>,
    _keeper: DropGuard,
}

/// The connection, while there is one.
#[derive(Debug, Default)]
struct Line {
    connection: Mutex<Option<MultiplexedConnection>>,
    failed: Notify,
}

impl RedisCounts {
    /// Counts in the Redis at `url`, connected in the background. Must be called within a tokio runtime.
    ///
    /// Errors: the URL cannot be used.
    pub fn connect(url: &str, settings: &RedisSettings) -> Result<Self, Error> {
        let client = open(url).map_err(Error::InvalidUrl)?;
        let closed = CancellationToken::new();
        let line = Arc::<Line>::default();
        let keeping = keep(client, settings.connect_timeout, Arc::clone(&line));
        let until = closed.clone();
        tokio::spawn(async move { until.run_until_cancelled(keeping).await });
        Ok(Self {
            prefix: format!("{}:{{counts}}", settings.key_prefix),
            take: Script::new(include_str!("take.lua")),
            enter: Script::new(include_str!("enter.lua")),
            leave: Script::new(include_str!("leave.lua")),
            line,
            _keeper: closed.drop_guard(),
        })
    }

    /// Whether counts are shared at the moment.
    pub fn is_up(&self) -> bool {
        self.line.get().is_some()
    }

    /// Takes one of each quota, or of none if one of them is used up. `None` while Redis is away.
    pub async fn take(&self, asked: &[(Subject, Rate)]) -> Option<Vec<Taken>> {
        let mut call = self.take.prepare_invoke();
        for (subject, rate) in asked {
            call.key(self.key(*subject));
            call.arg(rate.step_us()).arg(rate.count().get());
        }
        let answer: Vec<u64> = self.line.call(&call).await?;
        let (allowed, debts) = answer.split_first()?;
        let taken = asked.iter().zip(debts);
        Some(
            taken
                .map(|((_, rate), debt)| rate.taken(*allowed == 1, *debt))
                .collect(),
        )
    }

    /// Counts an entry in the subject's window, or says how long to wait for its end. `None` while Redis is away.
    pub async fn enter(
        &self,
        subject: Subject,
        limit: u32,
        window: Duration,
    ) -> Option<Result<(), Duration>> {
        let mut call = self.enter.key(self.key(subject));
        call.arg(limit);
        call.arg(u64::try_from(window.as_millis()).unwrap_or(u64::MAX).max(1));
        let answer: i64 = self.line.call(&call).await?;
        Some(match u64::try_from(answer) {
            Ok(left_ms) => Err(Duration::from_millis(left_ms)),
            Err(_) => Ok(()),
        })
    }

    /// Takes an entry back. What cannot be taken back ends with its window.
    pub async fn leave(&self, subject: Subject) {
        let call = self.leave.key(self.key(subject));
        self.line.call::<i64>(&call).await;
    }

    fn key(&self, subject: Subject) -> String {
        format!("{}:{}:{:032x}", self.prefix, subject.of, subject.id)
    }
}

impl RedisCounts {
    /// The version of the Redis that counts are shared by. `None` while it is away.
    pub async fn version(&self) -> Option<String> {
        let mut connection = self.line.get()?;
        let asked = redis::cmd("INFO").arg("server").to_owned();
        let info: String = timeout(ANSWER, asked.query_async(&mut connection))
            .await
            .ok()?
            .ok()?;
        let mut lines = info.lines();
        lines.find_map(|line| line.strip_prefix("redis_version:").map(str::to_owned))
    }
}

impl Line {
    fn get(&self) -> Option<MultiplexedConnection> {
        let connection = self.connection.lock();
        connection.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, connection: Option<MultiplexedConnection>) {
        let mut present = self.connection.lock();
        match &mut present {
            Ok(present) => **present = connection,
            Err(poisoned) => **poisoned.get_mut() = connection,
        }
    }

    async fn call<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Option<T> {
        let mut connection = self.get()?;
        let answer = timeout(ANSWER, script.invoke_async(&mut connection)).await;
        match answer {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => tracing::debug!(%error, "counts.failed"),
            Err(_) => tracing::debug!("counts.late"),
        }
        // A late reply dies with its connection.
        self.set(None);
        self.failed.notify_one();
        None
    }
}

/// Keeps the line connected, for ever.
async fn keep(client: redis::Client, within: Duration, line: Arc<Line>) {
    let mut backoff = BACKOFF_MIN;
    let mut said = None;
    loop {
        match connect(&client, within).await {
            Ok(connection) => {
                line.set(Some(connection));
                if said.replace(true) != Some(true) {
                    tracing::info!("counts.shared");
                }
                backoff = BACKOFF_MIN;
                line.failed.notified().await;
            }
            Err(error) => {
                if said.replace(false) != Some(false) {
                    tracing::warn!(%error, "counts.not_shared");
                }
                backoff = (backoff * 2).min(BACKOFF_MAX);
            }
        }
        sleep(backoff).await;
    }
}

async fn connect(client: &redis::Client, within: Duration) -> RedisResult<MultiplexedConnection> {
    // Connecting and calls are timed as a whole, so the library's own timers are off.
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(None)
        .set_response_timeout(None);
    let connecting = client.get_multiplexed_async_connection_with_config(&config);
    timeout(within, connecting)
        .await
        .map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))?
}

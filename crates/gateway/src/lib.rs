//! What the product can do: manage merchants, endpoints, secrets and subscriptions, take in events,
//! retry, test. Each use case decides by `domain`, saves by `storage`, tells the `queue`.

pub mod activities;
pub mod apps;
pub mod batcher;
pub mod catalog;
pub mod config_cache;
pub mod endpoint_checks;
pub mod endpoints;
mod error;
mod fairness;
pub mod ingest;
pub mod installations;
pub mod merchants;
pub mod pauses;
pub mod retry;
pub mod retry_jobs;
mod schemas;
pub mod secrets;
mod settings;
pub mod stats;
pub mod test_send;
pub mod timers;
mod triggers;

use std::sync::{Arc, Mutex, PoisonError};

use domain::clock::{Clock, Micros};
use domain::id::{ActivityId, EndpointId, MerchantId};
use queue::Queue;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use storage::Storage;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use config_cache::ConfigCache;
pub use error::Error;
pub use settings::GatewaySettings;
use test_send::{PerMinute, Sender};

/// The use cases, shared by the API and the worker of one process.
pub struct Gateway {
    storage: Arc<Storage>,
    queue: Arc<dyn Queue>,
    config: Arc<ConfigCache>,
    settings: GatewaySettings,
    sender: Arc<dyn Sender>,
    requests: mpsc::Sender<ingest::Request>,
    activities: mpsc::Sender<activities::recorder::Request>,
    triggers: Arc<triggers::Triggers>,
    room: ingest::Room,
    /// Of their own, so that a flood of activities does not refuse events.
    activity_room: ingest::Room,
    schemas: schemas::Schemas,
    tests: PerMinute<EndpointId>,
    checks: PerMinute<MerchantId>,
    stats: Arc<stats::Stats>,
    /// Ids and secrets are drawn from here. Seeded by the system, or by a test.
    rng: Mutex<StdRng>,
    /// The id that the last activity was given.
    last_activity: Mutex<ActivityId>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gateway")
    }
}

impl Gateway {
    /// Puts the use cases together and starts the ingest batcher, which ends with `stop` after it has
    /// answered what waits.
    pub fn start(
        storage: Arc<Storage>,
        queue: Arc<dyn Queue>,
        config: Arc<ConfigCache>,
        sender: Arc<dyn Sender>,
        settings: GatewaySettings,
        stop: CancellationToken,
    ) -> Arc<Self> {
        let clock = storage.clock();
        Self::start_at(storage, queue, config, sender, settings, clock, stop)
    }

    /// The same with a clock that somebody else moves.
    pub fn start_at(
        storage: Arc<Storage>,
        queue: Arc<dyn Queue>,
        config: Arc<ConfigCache>,
        sender: Arc<dyn Sender>,
        settings: GatewaySettings,
        clock: Arc<dyn Clock>,
        stop: CancellationToken,
    ) -> Arc<Self> {
        let (requests, waiting) = mpsc::channel(settings.ingest_waiting.max(1));
        let mut rng = StdRng::from_rng(&mut system_rng());
        let counts = Arc::new(stats::Stats::default());
        tokio::spawn(stats::write_regularly(
            Arc::clone(&counts),
            Arc::clone(&storage),
            stop.clone(),
        ));
        let batcher = ingest::flusher::Flusher {
            storage: Arc::clone(&storage),
            queue: Arc::clone(&queue),
            config: Arc::clone(&config),
            clock: Arc::clone(&clock),
            stats: Arc::clone(&counts),
            rng: StdRng::from_rng(&mut rng),
        };
        tokio::spawn(batcher.run(waiting, settings.ingest_pace, stop.clone()));
        let triggers = Arc::new(triggers::Triggers::new(
            Arc::clone(&storage),
            Arc::clone(&queue),
            Arc::clone(&config),
            settings.triggers,
            Arc::clone(&counts),
            Arc::clone(&clock),
        ));
        let (activities, waiting) = mpsc::channel(settings.ingest_waiting.max(1));
        let recorder = activities::recorder::Recorder {
            triggers: Arc::clone(&triggers),
            rng: StdRng::from_rng(&mut rng),
        };
        tokio::spawn(recorder.run(waiting, settings.ingest_pace, stop.clone()));
        let tests = PerMinute::new(settings.tests_per_minute);
        let checks = PerMinute::new(settings.tests_per_minute);
        let room = ingest::Room::new(settings.ingest_bytes);
        let activity_room = ingest::Room::new(settings.ingest_bytes / 2);
        Arc::new(Self {
            storage,
            queue,
            config,
            settings,
            sender,
            requests,
            activities,
            triggers,
            room,
            activity_room,
            schemas: schemas::Schemas::default(),
            tests,
            checks,
            stats: counts,
            rng: Mutex::new(rng),
            last_activity: Mutex::new(ActivityId::floor(Micros(0))),
            clock,
            stop,
        })
    }

    /// The configuration as this process knows it.
    pub fn config(&self) -> &Arc<ConfigCache> {
        &self.config
    }

    /// What charts show, on its way to the database.
    pub const fn stats(&self) -> &Arc<stats::Stats> {
        &self.stats
    }

    /// Whether the ingest batcher has ended although nobody asked it to: the process should end too.
    pub fn is_broken(&self) -> bool {
        (self.requests.is_closed() || self.activities.is_closed()) && !self.stop.is_cancelled()
    }

    /// The settings it was started with.
    pub const fn settings(&self) -> &GatewaySettings {
        &self.settings
    }

    fn now(&self) -> Micros {
        self.clock.now()
    }

    /// Draws from the random source.
    fn draw<T>(&self, draw: impl FnOnce(&mut StdRng) -> T) -> T {
        draw(&mut self.rng.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the seed of ids and secrets comes from the system"
)]
fn system_rng() -> rand::rngs::ThreadRng {
    rand::rng()
}

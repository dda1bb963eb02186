//! Does the work that is due: deliveries, retries, timers, recovery.
//!
//! One task, the dispatcher (`run`), owns the lanes and decides; everything slow happens in tasks around it
//! that only report back: claims, POSTs, settling, polling, heartbeats.

mod claim;
mod deliver;
mod event_cache;
mod health;
mod lanes;
pub mod outbound;
mod pauses;
mod retention;
mod retry_jobs;
mod run;
mod safety_poll;
mod settings;
mod settle;
mod shards;
mod timers;

use std::sync::Arc;
use std::time::Duration;

use domain::shard::ShardSet;
use gateway::Gateway;
use gateway::config_cache::ConfigCache;
use queue::Queue;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use storage::Storage;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use outbound::Outbound;
pub use settings::WorkerSettings;

/// What a worker works with.
#[derive(Clone)]
pub struct Parts {
    /// The truth.
    pub storage: Arc<Storage>,
    /// The hints.
    pub queue: Arc<dyn Queue>,
    /// The configuration as this process knows it.
    pub config: Arc<ConfigCache>,
    /// The use cases, for switching endpoints off.
    pub gateway: Arc<Gateway>,
    /// The way out.
    pub outbound: Arc<Outbound>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Parts")
    }
}

/// A running worker.
#[derive(Debug)]
pub struct Worker {
    dispatcher: JoinHandle<()>,
    claimer: JoinHandle<()>,
    settler: JoinHandle<()>,
    poller: JoinHandle<()>,
    timers: JoinHandle<()>,
    retry_jobs: JoinHandle<()>,
    heart: JoinHandle<()>,
    /// Ends claiming and firing.
    stop: CancellationToken,
    /// Ends everything else, after the last attempt is settled.
    end: CancellationToken,
}

impl Worker {
    /// Starts all loops. Deliveries begin as soon as the first heartbeat is written.
    pub fn start(parts: &Parts, settings: WorkerSettings) -> Self {
        let (stop, end) = (CancellationToken::new(), CancellationToken::new());
        let settings = Arc::new(settings);
        let (owned_in, owned) = watch::channel(ShardSet::EMPTY);
        let (reports, inbox) = mpsc::unbounded_channel();
        let mut rng = StdRng::from_rng(&mut system_rng());
        let worker_id = uuid_of(&mut rng);

        let listener = parts.queue.listen();
        let heart = shards::Heart {
            id: worker_id,
            storage: Arc::clone(&parts.storage),
            owned: owned_in,
        };
        let heart = tokio::spawn(heart.beat(listener, reports.clone(), end.clone()));

        let (settlements, waiting) = mpsc::channel(4_096);
        let health = health::start(parts, settings.disable_after);
        let settler = settle::Settler::new(parts, reports.clone(), health);
        let settler = tokio::spawn(settler.run(waiting, settings.settle_pace));

        let (scans, poller) =
            safety_poll::start(parts, owned.clone(), reports.clone(), end.clone());
        let timers = timers::start(parts, owned.clone(), stop.clone());
        let retry_jobs = retry_jobs::start(parts, worker_id, stop.clone());
        let claimer = claim::Claimer::new(
            parts,
            Arc::clone(&settings),
            settlements.clone(),
            reports.clone(),
            StdRng::from_rng(&mut rng),
        );
        tokio::spawn(pauses::run(parts.clone(), owned.clone(), end.clone()));
        let (claims, orders) = mpsc::channel(8);
        let claimer = tokio::spawn(claim::run(claimer, orders));
        tokio::spawn(retention::run(
            Arc::clone(&parts.storage),
            settings.log_kept,
            end.clone(),
        ));

        let dispatcher = run::Dispatcher::new(
            run::Outlets {
                claims,
                scans,
                settlements,
                reports,
            },
            parts,
            settings,
            StdRng::from_rng(&mut rng),
        );
        let dispatcher = tokio::spawn(dispatcher.run(inbox, owned, stop.clone()));
        Self {
            dispatcher,
            claimer,
            settler,
            poller,
            timers,
            retry_jobs,
            heart,
            stop,
            end,
        }
    }

    /// Stops claiming, releases what has not started, lets what is in flight finish for at most `grace`,
    /// settles, and leaves. Takes at most two seconds more.
    pub async fn drain(mut self, grace: Duration) {
        self.stop.cancel();
        let deadline = Instant::now() + grace;
        if timeout_at(deadline, &mut self.dispatcher).await.is_err() {
            tracing::warn!("attempts were still in flight when the grace period ended");
            self.dispatcher.abort();
        }
        let last = Instant::now() + Duration::from_secs(1);
        let ends = async {
            tokio::join!(
                &mut self.claimer,
                &mut self.settler,
                &mut self.timers,
                &mut self.retry_jobs
            )
        };
        if timeout_at(last, ends).await.is_err() {
            tracing::warn!("results were still unsettled when the grace period ended");
        }
        self.end.cancel();
        drop(timeout_at(last + Duration::from_secs(1), self.heart).await);
    }

    /// Whether a loop has ended although nobody asked it to: the process should end too.
    pub fn is_broken(&self) -> bool {
        let loops = [
            &self.dispatcher,
            &self.claimer,
            &self.settler,
            &self.poller,
            &self.timers,
            &self.retry_jobs,
            &self.heart,
        ];
        !self.stop.is_cancelled() && loops.into_iter().any(JoinHandle::is_finished)
    }
}

fn uuid_of(rng: &mut StdRng) -> domain::id::WorkerId {
    domain::id::WorkerId::new(domain::clock::Micros(0), rng)
}

#[expect(
    clippy::disallowed_methods,
    reason = "jitter and attempt ids are seeded by the system"
)]
fn system_rng() -> rand::rngs::ThreadRng {
    rand::rng()
}

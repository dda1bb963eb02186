//! Opens storage, queue, configuration, use cases, worker and HTTP side, and wires them together.

use std::sync::Arc;
use std::time::Duration;

use admin::{App, Auth, Limits, Mail, Probes, SharedCounts};
use anyhow::Context as _;
use async_trait::async_trait;
use domain::rate::{Rate, Subject, Taken};
use gateway::Gateway;
use gateway::config_cache::ConfigCache;
use queue::{EmbeddedQueue, Queue, RedisCounts, RedisQueue, RedisSettings};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use storage::Storage;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use worker::outbound::Outbound;
use worker::{Parts, Worker};

use crate::config::{MasterKey, Settings};
use crate::embedded;
use crate::front::Front;

/// How long a database that is away at start is waited for.
const PATIENCE: Duration = Duration::from_mins(5);
/// The first wait between two tries, doubled up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How often a process asks whether the configuration has changed.
const FOLLOW: Duration = Duration::from_millis(500);

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Role {
    /// Serves the API and the dashboard, takes events in.
    Api,
    /// Delivers.
    Worker,
}

/// The running parts.
pub(crate) struct Running {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) storage: Arc<Storage>,
    pub(crate) config: Arc<ConfigCache>,
    pub(crate) worker: Option<Worker>,
    pub(crate) mail: Arc<Mail>,
    /// Mails about failing endpoints. They end once the process is draining.
    pub(crate) notices: Option<JoinHandle<()>>,
    /// Ends the use cases' batcher, after it has answered what waits.
    pub(crate) gateway_stop: CancellationToken,
}

/// Opens the database, waiting for it while it is away or has no schema yet.
///
/// Errors: it stays away; it is none of ours.
pub(crate) async fn open_storage(
    settings: &Settings,
    keys: &[MasterKey],
) -> anyhow::Result<Arc<Storage>> {
    let database = settings.database();
    let migrates = settings.migrate || !database.is_postgres();
    let deadline = Instant::now() + PATIENCE;
    let mut wait = FIRST_WAIT;
    loop {
        let schema = if migrates {
            storage::migrate(&database).await
        } else {
            Ok(())
        };
        let error = match schema {
            Ok(()) => match Storage::open(database.clone(), embedded::keyring(keys)).await {
                Ok(storage) => return Ok(Arc::new(storage)),
                Err(error) => error,
            },
            Err(error) => error,
        };
        // Another process may be about to make the schema.
        let may_pass = error.is_passing() || matches!(error, storage::Error::Database(_));
        if !may_pass || Instant::now() + wait > deadline {
            return Err(error).context(if migrates {
                "open the database"
            } else {
                "open the database (is its schema there? `hookyard migrate` or HOOKYARD_MIGRATE=true makes it)"
            });
        }
        tracing::warn!(%error, retry_in_ms = wait.as_millis(), migrates, "database.not_open");
        sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// Starts every part these roles need; from then on `front` answers.
///
/// Errors: the database cannot be reached; a setting cannot be used.
pub(crate) async fn start(
    settings: &Settings,
    roles: &[Role],
    storage: Arc<Storage>,
    front: &Front,
    probes: Probes,
    rng: &mut StdRng,
) -> anyhow::Result<Running> {
    let queue = open_queue(settings, &storage)?;
    let config = ConfigCache::open(Arc::clone(&storage))
        .await
        .context("read the configuration")?;
    let outbound = Arc::new(Outbound::new(&settings.outbound)?);
    let gateway_stop = CancellationToken::new();
    let gateway = Gateway::start(
        Arc::clone(&storage),
        Arc::clone(&queue),
        Arc::clone(&config),
        Arc::clone(&outbound) as Arc<dyn gateway::test_send::Sender>,
        settings.gateway.clone(),
        gateway_stop.clone(),
    );
    let counts = shared_counts(settings)?;
    let auth = Auth::open(Arc::clone(&storage), &settings.admin, StdRng::from_rng(rng)).await?;
    let worker = if roles.contains(&Role::Worker) {
        // Nobody else works on a file: what is marked as in flight was ours, before we were ended.
        storage.reopen_own_jobs().await?;
        let parts = Parts {
            storage: Arc::clone(&storage),
            queue,
            config: Arc::clone(&config),
            gateway: Arc::clone(&gateway),
            outbound,
        };
        Some(Worker::start(&parts, settings.worker.clone()))
    } else {
        None
    };
    let (mailer, url) = (settings.mailer.clone(), settings.public_url());
    let mail = Arc::new(Mail::new(url, mailer, counts.as_ref()));
    let app = App {
        gateway: Arc::clone(&gateway),
        storage: Arc::clone(&storage),
        auth: auth.sharing(counts.clone()),
        limits: Arc::new(Limits::new(&settings.admin, counts)),
        mail: Arc::clone(&mail),
        probes,
        log_kept: settings.worker.log_kept,
    };
    let app = Arc::new(app);
    let notices = start_notices(settings, roles, &app);
    front.open(admin::routes(app));
    Ok(Running {
        gateway,
        storage,
        config,
        worker,
        mail,
        notices,
        gateway_stop,
    })
}

/// Starts to mail about failing endpoints, where this process serves the API and mail is sent at all.
fn start_notices(settings: &Settings, roles: &[Role], app: &Arc<App>) -> Option<JoinHandle<()>> {
    if settings.mailer.is_none() || !roles.contains(&Role::Api) {
        return None;
    }
    let stop = app.probes.draining.clone();
    let disable_after = settings.worker.disable_after;
    let notices = admin::notices::run(Arc::clone(app), disable_after, stop);
    Some(tokio::spawn(notices))
}

fn open_queue(settings: &Settings, storage: &Storage) -> anyhow::Result<Arc<dyn Queue>> {
    Ok(match &settings.redis_url {
        Some(url) => Arc::new(RedisQueue::connect(
            url.reveal(),
            RedisSettings::default(),
            storage.clock(),
        )?),
        None => Arc::new(EmbeddedQueue::new(storage.clock())),
    })
}

/// Where processes count callers together, if there is such a place.
fn shared_counts(settings: &Settings) -> anyhow::Result<Option<Arc<dyn SharedCounts>>> {
    let Some(url) = &settings.redis_url else {
        return Ok(None);
    };
    let counts = RedisCounts::connect(url.reveal(), &RedisSettings::default())?;
    Ok(Some(Arc::new(Counts(counts))))
}

/// The counts in Redis, as the HTTP side asks for them.
struct Counts(RedisCounts);

#[async_trait]
impl SharedCounts for Counts {
    async fn take(&self, asked: &[(Subject, Rate)]) -> Option<Vec<Taken>> {
        self.0.take(asked).await
    }

    async fn enter(
        &self,
        subject: Subject,
        limit: u32,
        window: Duration,
    ) -> Option<Result<(), Duration>> {
        self.0.enter(subject, limit, window).await
    }

    async fn leave(&self, subject: Subject) {
        self.0.leave(subject).await;
    }

    async fn version(&self) -> Option<String> {
        self.0.version().await
    }
}

/// Follows changes of the configuration, for ever. An absence of the database is logged once, and its end.
pub(crate) async fn follow_configuration(config: Arc<ConfigCache>) {
    let mut ticks = tokio::time::interval(FOLLOW);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut away = false;
    loop {
        ticks.tick().await;
        let result = config.catch_up().await;
        match &result {
            Ok(()) if away => tracing::info!("database.back"),
            Err(error) if !away => tracing::warn!(%error, "database.away"),
            _ => {}
        }
        away = result.is_err();
    }
}

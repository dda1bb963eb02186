//! `hookyard serve`: start, wait, drain.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use admin::Probes;
use admin::server::Service;
use anyhow::{Context as _, anyhow};
use rand::rngs::StdRng;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::{AbortHandle, JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::compose::{self, Role, Running};
use crate::config::{FirstAdmin, Flags, MasterKey, Settings};
use crate::embedded;
use crate::first_admin;
use crate::front::{Front, Shows};
use crate::output::say;
use crate::telemetry::{Metrics, start_logs};

/// For how long at least `/readyz` says 503 before connections are refused: load balancers look away.
const NOTICE: Duration = Duration::from_millis(500);
/// Time that attempts in flight get at the end.
const WORKER_GRACE: Duration = Duration::from_secs(8);
/// Time that open requests get after the worker has ended.
const API_GRACE: Duration = Duration::from_secs(3);
/// Time that mails on their way get after that.
const MAIL_GRACE: Duration = Duration::from_secs(2);
/// The end comes by then, whatever hangs: service managers kill after 15 s at the earliest.
const DRAIN: Duration = Duration::from_secs(14);
/// How often the worker's health is looked at.
const WATCH: Duration = Duration::from_millis(500);

/// What may be said of it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Do only this; without it, everything
    #[arg(long, value_enum)]
    role: Vec<Role>,
}

/// Serves until SIGTERM or SIGINT.
///
/// Errors: a setting is wrong; the data is another process's; the database stays away; a part ended by
/// itself.
pub(crate) async fn run(flags: &Flags, arguments: &Arguments) -> anyhow::Result<()> {
    let settings = Settings::load(flags)?;
    start_logs(&settings)?;
    let stop = stop_signal()?;
    serve(settings, &arguments.role, stop, |_| {}).await
}

/// Serves until `stop` ends; `started` is told the address when everything is up.
///
/// Errors: as [`run`].
pub(crate) async fn serve(
    settings: Settings,
    roles: &[Role],
    stop: impl Future<Output = ()>,
    started: impl FnOnce(SocketAddr),
) -> anyhow::Result<()> {
    let roles = if roles.is_empty() {
        &[Role::Api, Role::Worker]
    } else {
        roles
    };
    tokio::pin!(stop);
    install_tls();
    let metrics = Metrics::install()?;
    let mut rng = first_admin::system_rng();
    let _lock = embedded::take(&settings)?;
    let keys = embedded::master_keys(&settings, &mut rng)?;
    let mut ports = Ports::open(&settings, roles).await?;
    ports.without_end("metrics upkeep", metrics.clone().upkeep());
    let probes = Probes {
        draining: ports.draining.clone(),
        settings: settings.shown.clone(),
        metrics: Box::new(move || metrics.render()),
        ..Probes::default()
    };
    let front = ports.front.clone();
    let (running, login) = tokio::select! {
        started = begin(&settings, roles, &keys, &front, probes, &mut rng) => started?,
        () = &mut stop => return Ok(()),
        failure = failed(&mut ports.tasks) => return Err(failure),
    };
    let follow = compose::follow_configuration(running.config.clone());
    ports.without_end("following the configuration", follow);
    greet(&settings, ports.address, login.as_ref());
    if let Some(address) = ports.address {
        started(address);
    }
    let failure = tokio::select! {
        () = stop => None,
        failure = failed(&mut ports.tasks) => Some(failure),
        part = broken(&running) => Some(anyhow!("{part} ended by itself")),
    };
    tracing::info!("server.draining");
    if timeout(DRAIN, drain(ports, running)).await.is_err() {
        tracing::warn!("server.drain_cut_short");
    }
    tracing::info!("server.ended");
    failure.map_or(Ok(()), Err)
}

/// Opens the database and everything above it, and answers the login that was made, if one was.
async fn begin(
    settings: &Settings,
    roles: &[Role],
    keys: &[MasterKey],
    front: &Front,
    probes: Probes,
    rng: &mut StdRng,
) -> anyhow::Result<(Running, Option<FirstAdmin>)> {
    let storage = compose::open_storage(settings, keys).await?;
    let login = if roles.contains(&Role::Api) {
        first_admin::ensure(&storage, settings, rng).await?
    } else {
        None
    };
    let running = compose::start(settings, roles, storage, front, probes, rng).await?;
    Ok((running, login))
}

/// rustls is used by several parts with one cryptography.
pub(crate) fn install_tls() {
    // A second call finds the first one's provider.
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .ok();
}

/// The listening side of the process.
struct Ports {
    front: Front,
    /// The API's, once bound.
    address: Option<SocketAddr>,
    tasks: JoinSet<anyhow::Error>,
    /// Those of the tasks that serve no port.
    endless: Vec<AbortHandle>,
    /// Not ready any more.
    draining: CancellationToken,
    /// No new connections.
    closed: CancellationToken,
}

impl Ports {
    async fn open(settings: &Settings, roles: &[Role]) -> anyhow::Result<Self> {
        let mut ports = Self {
            front: Front::default(),
            address: None,
            tasks: JoinSet::new(),
            endless: Vec::new(),
            draining: CancellationToken::new(),
            closed: CancellationToken::new(),
        };
        if let Some(address) = settings.metrics_listen {
            let listener = bind(address, "HOOKYARD_METRICS_LISTEN").await?;
            ports.serve(listener, Shows::Probes, settings);
        }
        if roles.contains(&Role::Api) {
            let listener = bind(settings.listen, "HOOKYARD_LISTEN").await?;
            ports.address = Some(listener.local_addr()?);
            let shows = if settings.metrics_listen.is_some() {
                Shows::AllButMetrics
            } else {
                Shows::All
            };
            ports.serve(listener, shows, settings);
        } else if settings.metrics_listen.is_none() {
            // `listen` is the API's, which may start on this machine later.
            tracing::info!("no port for probes and metrics: HOOKYARD_METRICS_LISTEN is not set");
        }
        Ok(ports)
    }

    /// Starts what must not end before the process does.
    fn without_end(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let ended = async move {
            task.await;
            anyhow!("{name} ended by itself")
        };
        self.endless.push(self.tasks.spawn(ended));
    }

    fn serve(&mut self, listener: TcpListener, shows: Shows, settings: &Settings) {
        let service: Service = self.front.port(shows);
        let (settings, closed) = (settings.admin.clone(), self.closed.clone());
        self.tasks.spawn(async move {
            match admin::server::serve(listener, service, &settings, closed, API_GRACE).await {
                Ok(()) => anyhow!("a port is no longer served"),
                Err(error) => anyhow!(error).context("serve a port"),
            }
        });
    }
}

async fn bind(address: SocketAddr, variable: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("listen on {address} ({variable})"))
}

/// Waits for the first task that ends or panics.
async fn failed(tasks: &mut JoinSet<anyhow::Error>) -> anyhow::Error {
    match tasks.join_next().await {
        Some(Ok(error)) => error,
        Some(Err(error)) => anyhow!(error).context("a part of the process ended"),
        None => std::future::pending().await,
    }
}

/// Waits until a part that must go on has ended, and names it.
async fn broken(running: &Running) -> &'static str {
    loop {
        if running
            .worker
            .as_ref()
            .is_some_and(worker::Worker::is_broken)
        {
            return "the worker";
        }
        if running.gateway.is_broken() {
            return "the ingest batcher";
        }
        if running.storage.is_broken() {
            return "the database writer";
        }
        if running
            .notices
            .as_ref()
            .is_some_and(JoinHandle::is_finished)
        {
            return "the mail about failing endpoints";
        }
        sleep(WATCH).await;
    }
}

/// The worker ends first, while the API still answers; then open requests; then what commits for them.
async fn drain(mut ports: Ports, running: Running) {
    ports.draining.cancel();
    let noticed = Instant::now() + NOTICE;
    if let Some(worker) = running.worker {
        worker.drain(WORKER_GRACE).await;
    }
    if ports.address.is_some() {
        sleep_until(noticed).await;
    }
    ports.closed.cancel();
    for task in ports.endless {
        task.abort();
    }
    let open = async { while ports.tasks.join_next().await.is_some() {} };
    drop(timeout(API_GRACE, open).await);
    let (about_failures, mail) = (running.notices, running.mail);
    let mails = async {
        if let Some(task) = about_failures {
            drop(task.await);
        }
        mail.drain().await;
    };
    drop(timeout(MAIL_GRACE, mails).await);
    running.gateway.stats().write(&running.storage).await;
    running.gateway_stop.cancel();
    drop(running.storage);
}

/// Ends with the first SIGTERM or SIGINT; a second one ends the process at once.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("watch SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("watch SIGINT")?;
    let mut hang_up = signal(SignalKind::hangup()).context("watch SIGHUP")?;
    let (asked, stop) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let mut asked = Some(asked);
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                _ = hang_up.recv() => {
                    tracing::warn!("SIGHUP is not supported: restart the process to read its settings anew");
                    continue;
                }
            }
            match asked.take() {
                Some(asked) => drop(asked.send(())),
                None => std::process::exit(1),
            }
        }
    });
    Ok(async move { drop(stop.await) })
}

/// Says where the process is and, once, how to log in.
fn greet(settings: &Settings, address: Option<SocketAddr>, login: Option<&FirstAdmin>) {
    tracing::info!(
        address = address.map(tracing::field::display),
        "server.started"
    );
    let Some(address) = address else { return };
    let url = settings
        .public_url
        .clone()
        .unwrap_or_else(|| format!("http://{address}"));
    if let Some(login) = login {
        say(format_args!(
            "\nLog in as {} with password {}\n(shown this once; `hookyard create-admin` adds another admin)\n",
            login.email,
            login.password.reveal()
        ));
    }
    say(format_args!("Hookyard is ready on {url}"));
}

//! A private `PostgreSQL` server, its databases, and what can happen to it.
//!
//! `postgres/cluster.rs` knows the installed programs and makes data folders, `postgres/databases.rs` makes databases.

mod cluster;
mod databases;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::sync::OnceCell;

use self::cluster::Cluster;
use crate::process::{Supervised, blocking, start_on_free_port};

/// Names the admin URL of a running server that [`PostgresServer::shared`] uses instead of starting one.
pub const POSTGRES_URL_VARIABLE: &str = "HOOKYARD_TEST_POSTGRES_URL";

/// How long the remains of a killed server may keep its memory from a new one.
const REMAINS_LIMIT: Duration = Duration::from_secs(10);

/// How a server is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopMode {
    /// Waits until every client has left.
    Smart,
    /// Ends every session and transaction, then stops cleanly.
    Fast,
    /// Ends at once; the next start recovers from the log.
    Immediate,
    /// `kill -9`; the next start recovers from the log.
    Kill,
}

impl StopMode {
    const fn signal(self) -> &'static str {
        match self {
            Self::Smart => "TERM",
            Self::Fast => "INT",
            Self::Immediate => "QUIT",
            Self::Kill => "KILL",
        }
    }
}

/// A server with fsync on, on a port of 127.0.0.1 and a socket. Ended and removed on drop, and when this process ends in
/// any way. Clones are the same server.
#[derive(Debug, Clone)]
pub struct PostgresServer {
    admin_url: url::Url,
    template: Arc<Mutex<Option<String>>>,
    own: Option<Arc<Own>>,
}

/// The process behind a server of ours.
#[derive(Debug)]
struct Own {
    cluster: Cluster,
    port: u16,
    folder: PathBuf,
    settings: Vec<(String, String)>,
    process: Mutex<Supervised>,
}

impl PostgresServer {
    /// Starts a server from the installed programs, as an unprivileged user when we are root.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same with settings of `postgresql.conf` of its own, such as `("synchronous_commit", "off")`.
    pub async fn start_with(settings: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let settings: Vec<_> = settings.iter().map(owned).collect();
        blocking(move || start_on_free_port(|port| Self::start_on(port, &settings))).await
    }

    fn start_on(port: u16, settings: &[(String, String)]) -> Result<Self, String> {
        let cluster = Cluster::find();
        let folder = TempDir::with_prefix("hy-pg-")
            .expect("a temporary folder")
            .keep();
        let process = Mutex::new(Supervised::new(&folder.to_string_lossy(), "QUIT", &folder));
        cluster.make_data_folder(&folder);
        let own = Own {
            cluster,
            port,
            folder,
            settings: settings.to_vec(),
            process,
        };
        own.launch()?;
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=disable");
        let server = Self::running_at(&url);
        Ok(Self {
            own: Some(Arc::new(own)),
            ..server
        })
    }

    /// A server that somebody else started: databases can be made in it, and it cannot be stopped. `admin_url` names a
    /// database of it and a user who may make databases.
    pub fn running_at(admin_url: &str) -> Self {
        let admin_url = admin_url.parse().expect("a PostgreSQL URL");
        Self {
            admin_url,
            template: Arc::default(),
            own: None,
        }
    }

    /// One server for all tests of this process; the one named by [`POSTGRES_URL_VARIABLE`] when that is set.
    /// A test that stops its server starts its own.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<PostgresServer> = OnceCell::const_new();
        SHARED
            .get_or_init(|| async {
                match std::env::var(POSTGRES_URL_VARIABLE) {
                    Ok(url) => Self::running_at(&url),
                    Err(_) => Self::start().await,
                }
            })
            .await
    }

    /// The URL of a database, over TCP and without TLS. The user may do everything.
    pub fn url(&self, database: &str) -> String {
        let mut url = self.admin_url.clone();
        url.set_path(database);
        url.into()
    }

    /// The URL of a database over the server's socket. Panics for a server that is not ours.
    pub fn socket_url(&self, database: &str) -> String {
        let own = self.own();
        format!(
            "postgres://postgres@localhost:{}/{database}?host={}",
            own.port,
            own.folder.display()
        )
    }

    /// Stops the server and waits for its end. Panics for a server that is not ours, as do the next four.
    pub async fn stop(&self, mode: StopMode) {
        let own = self.own();
        blocking(move || own.process().stop(mode.signal())).await;
    }

    /// Starts a stopped server again, same port and data.
    pub async fn start_again(&self) {
        let own = self.own();
        blocking(move || own.launch_again()).await;
    }

    /// Stops it and starts it again.
    pub async fn restart(&self, mode: StopMode) {
        self.stop(mode).await;
        self.start_again().await;
    }

    /// The process id of the server; `None` when it is stopped.
    pub fn pid(&self) -> Option<u32> {
        self.own().process().pid()
    }

    /// What the server has logged since its last start.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.own().log()).unwrap_or_default()
    }

    fn own(&self) -> Arc<Own> {
        Arc::clone(self.own.as_ref().expect("a server started by this process"))
    }
}

impl Own {
    fn process(&self) -> MutexGuard<'_, Supervised> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    fn launch(&self) -> Result<(), String> {
        let command = self.cluster.server(&self.folder, self.port, &self.settings);
        let ready = "database system is ready to accept connections";
        self.process().launch(command, &self.log(), ready)
    }

    /// A killed server's sessions take a moment to notice; until then a new one is refused.
    fn launch_again(&self) {
        let end = Instant::now() + REMAINS_LIMIT;
        while let Err(said) = self.launch() {
            assert!(
                said.contains("pre-existing shared memory") && Instant::now() < end,
                "PostgreSQL does not start again: {said}"
            );
        }
    }
}

//! The real `hookyard` binary as a child process, in either mode, with a data folder of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Method;
use serde_json::Value;
use tempfile::TempDir;

use crate::leaks::evidence;
use crate::postgres::PostgresServer;
use crate::process::{Supervised, blocking, poll_until};
use crate::redis::RedisServer;
use crate::rest::{Rest, text};

/// The admin that every server of a test has.
pub const ADMIN_EMAIL: &str = "admin@example.com";
/// Their password.
pub const ADMIN_PASSWORD: &str = "correct horse battery staple";

/// The log line that ends a start.
const STARTED: &str = "server.started";
/// How long `/readyz` may take to say so after the start.
const READY_LIMIT: Duration = Duration::from_secs(10);
/// How long a process may take to end. It promises 15 s.
const END_LIMIT: Duration = Duration::from_secs(30);
/// How often `/readyz` is asked.
const POLL: Duration = Duration::from_millis(5);

/// What the server keeps its data in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `SQLite` in the data folder, the queue in the process.
    Embedded,
    /// `PostgreSQL` and Redis.
    Cluster,
}

/// How a process ended.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    /// Its exit status; `None` when a signal ended it.
    pub code: Option<i32>,
    /// From the signal to the end.
    pub took: Duration,
}

/// A running server. Ended with its data on drop, and when this process ends in any way.
#[derive(Debug)]
pub struct Hookyard {
    binary: PathBuf,
    folder: PathBuf,
    settings: BTreeMap<String, String>,
    roles: Vec<String>,
    process: Arc<Mutex<Supervised>>,
    starts: usize,
    rest: Rest,
    /// Lives as long as the servers that use it.
    redis: Option<RedisServer>,
}

impl Hookyard {
    /// Starts `binary` and logs its admin in. Receivers on 127.0.0.1 may be called, over http too. `settings` are
    /// environment variables, such as `("HOOKYARD_LOG", "debug")`; they win over those of the test's own.
    pub async fn start(binary: &str, mode: Mode, settings: &[(&str, &str)]) -> Self {
        if mode == Mode::Cluster {
            let (postgres, redis) = tokio::join!(PostgresServer::shared(), RedisServer::start());
            let database_url = postgres.create_database().await;
            return Self::start_on(binary, &database_url, &redis, &[], settings).await;
        }
        Self::begin(binary, defaults(), settings, &[], None).await
    }

    /// The same in [`Mode::Cluster`], on a database and a Redis of the test's own, which it may stop, in these roles
    /// (`api`, which is needed, and `worker`; none: both).
    pub async fn start_on(
        binary: &str,
        database_url: &str,
        redis: &RedisServer,
        roles: &[&str],
        settings: &[(&str, &str)],
    ) -> Self {
        let mut all = defaults();
        // 32 bytes of `k`.
        let key = "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=";
        let redis_url = redis.url();
        let own = [
            ("HOOKYARD_DATABASE_URL", database_url),
            ("HOOKYARD_REDIS_URL", &redis_url),
            ("HOOKYARD_MASTER_KEY", key),
        ];
        all.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
        Self::begin(binary, all, settings, roles, Some(redis.clone())).await
    }

    async fn begin(
        binary: &str,
        mut all: BTreeMap<String, String>,
        settings: &[(&str, &str)],
        roles: &[&str],
        redis: Option<RedisServer>,
    ) -> Self {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        all.extend(settings.iter().map(own));
        let mut server = Self::prepare(binary.into(), all, roles, redis);
        server.launch().await;
        server.rest = server.rest.login(ADMIN_EMAIL, ADMIN_PASSWORD).await;
        server
    }

    /// Logs the platform's admin in again, for what takes longer than an access token lives.
    pub async fn login_again(&mut self) {
        self.rest = self.rest.login(ADMIN_EMAIL, ADMIN_PASSWORD).await;
    }

    /// Starts one more process on the same database and Redis, in these roles (`api`, `worker`; none: both).
    /// For [`Mode::Cluster`] only: a file has one process.
    pub async fn start_beside(&self, roles: &[&str]) -> Self {
        let (binary, settings) = (self.binary.clone(), self.settings.clone());
        let mut server = Self::prepare(binary, settings, roles, self.redis.clone());
        server.launch().await;
        server.rest = self.rest.moved_to(server.rest.base());
        server
    }

    fn prepare(
        binary: PathBuf,
        settings: BTreeMap<String, String>,
        roles: &[&str],
        redis: Option<RedisServer>,
    ) -> Self {
        let folder = TempDir::with_prefix("hy-server-")
            .expect("a temporary folder")
            .keep();
        let process = Supervised::new(&folder.to_string_lossy(), "KILL", &folder);
        Self {
            binary,
            folder,
            settings,
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            process: Arc::new(Mutex::new(process)),
            starts: 0,
            rest: Rest::new(""),
            redis,
        }
    }

    /// The API, logged in as the platform's admin.
    pub const fn rest(&self) -> &Rest {
        &self.rest
    }

    /// The server's own Redis. Panics in embedded mode.
    pub fn redis(&self) -> &RedisServer {
        self.redis.as_ref().expect("a server in cluster mode")
    }

    /// Where embedded mode keeps its data.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Where it keeps its data, as `HOOKYARD_DATABASE_URL` says it.
    pub fn database_url(&self) -> String {
        let file = || format!("sqlite:{}", self.data_dir().join("hookyard.db").display());
        let set = self.settings.get("HOOKYARD_DATABASE_URL");
        set.cloned().unwrap_or_else(file)
    }

    /// What it encrypts with, in base64.
    pub fn master_key(&self) -> String {
        let file = || read(&self.data_dir().join("master.key")).trim().to_owned();
        let set = self.settings.get("HOOKYARD_MASTER_KEY");
        set.cloned().unwrap_or_else(file)
    }

    /// The process id. Panics when it has ended.
    pub fn pid(&self) -> u32 {
        lock(&self.process).pid().expect("a running server")
    }

    /// Sends SIGTERM and goes on at once; [`Self::wait_for_end`] waits.
    pub fn terminate(&self) {
        lock(&self.process).signal("TERM");
    }

    /// Waits until the process ends. Panics when that takes longer than anything it promises.
    pub async fn wait_for_end(&self) -> Ended {
        let (process, began) = (Arc::clone(&self.process), Instant::now());
        let ended = blocking(move || poll_until(END_LIMIT, || lock(&process).ended())).await;
        Ended {
            code: ended.expect("a process that ends in time").code(),
            took: began.elapsed(),
        }
    }

    /// `kill -9`. What the process had in memory is gone.
    pub async fn kill(&self) {
        let process = Arc::clone(&self.process);
        blocking(move || lock(&process).stop("KILL")).await;
    }

    /// Starts an ended process again on the same data, perhaps on another port.
    pub async fn start_again(&mut self) {
        self.launch().await;
    }

    /// The same with other settings: each is set, or removed when it is empty.
    pub async fn start_again_with(&mut self, settings: &[(&str, &str)]) {
        for (name, value) in settings {
            self.settings
                .insert((*name).to_owned(), (*value).to_owned());
        }
        self.settings.retain(|_, value| !value.is_empty());
        self.launch().await;
    }

    /// Runs the binary with these arguments on the same data and settings, to its end.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command();
        command.args(arguments);
        let ran = tokio::process::Command::from(command)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(END_LIMIT, ran).await;
        let output = output.expect("a command that ends in time");
        output.expect("a binary that starts")
    }

    /// Everything the server has said since its first start, line by line.
    pub fn log_lines(&self) -> Vec<String> {
        let said = (1..=self.starts).map(|start| read(&self.log_file(start)));
        let lines = |text: String| text.lines().map(str::to_owned).collect::<Vec<_>>();
        said.flat_map(lines).collect()
    }

    async fn launch(&mut self) {
        self.starts += 1;
        let log = self.log_file(self.starts);
        let mut command = self.command();
        command.arg("serve");
        for role in &self.roles {
            command.args(["--role", role]);
        }
        let (process, to) = (Arc::clone(&self.process), log.clone());
        let launched = blocking(move || lock(&process).launch(command, &to, STARTED)).await;
        if let Err(said) = launched {
            panic!("the server does not start: {said}\n{}", read(&log));
        }
        evidence::secret(&self.master_key());
        let secret = |name: &str| name.contains("PASSWORD") || name.contains("KEY");
        let secrets = self.settings.iter().filter(|(name, _)| secret(name));
        secrets.for_each(|(_, value)| evidence::secret(value));
        if let Some(address) = address(&log) {
            self.rest = self.rest.moved_to(&format!("http://{address}"));
            self.wait_until_ready().await;
        }
    }

    async fn wait_until_ready(&self) {
        let end = Instant::now() + READY_LIMIT;
        loop {
            let answer = self
                .rest
                .try_send(Method::GET, "/readyz", &[], Bytes::new())
                .await;
            if answer.as_ref().is_ok_and(|answer| answer.status == 200) {
                return;
            }
            assert!(Instant::now() < end, "the server is not ready: {answer:?}");
            tokio::time::sleep(POLL).await;
        }
    }

    /// The command line names the folder: the watchdog knows the process by it.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("HOOKYARD_") {
                command.env_remove(name);
            }
        }
        command.envs(&self.settings);
        command.arg("--data-dir").arg(self.data_dir());
        command
    }

    fn log_file(&self, start: usize) -> PathBuf {
        self.folder.join(format!("log-{start}"))
    }
}

impl Drop for Hookyard {
    fn drop(&mut self) {
        let log = self.log_lines().join("\n");
        evidence::server(&log, self.rest.base(), &self.database_url());
    }
}

fn defaults() -> BTreeMap<String, String> {
    let settings = [
        ("HOOKYARD_LISTEN", "127.0.0.1:0"),
        ("HOOKYARD_MIGRATE", "true"),
        ("HOOKYARD_ADMIN__EMAIL", ADMIN_EMAIL),
        ("HOOKYARD_ADMIN__PASSWORD", ADMIN_PASSWORD),
        ("HOOKYARD_OUTBOUND__ALLOW_HTTP", "true"),
        ("HOOKYARD_OUTBOUND__ALLOWED_NETWORKS", "127.0.0.0/8"),
    ];
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let mut all: BTreeMap<String, String> = settings.into_iter().map(owned).collect();
    if evidence::is_kept() {
        // Whatever could be logged is looked through.
        all.insert(
            "HOOKYARD_LOG".to_owned(),
            "debug,hyper=info,sqlx=error".to_owned(),
        );
    }
    all
}

/// Where the API listens, as the log says; `None` for a process without one.
fn address(log: &Path) -> Option<String> {
    let said = read(log);
    let line = said.lines().find(|line| line.contains(STARTED))?;
    let line: Value = serde_json::from_str(line).expect("a log of JSON lines");
    let fields = if line["fields"].is_object() {
        &line["fields"]
    } else {
        &line
    };
    fields["address"]
        .is_string()
        .then(|| text(fields, "address").to_owned())
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn lock(process: &Mutex<Supervised>) -> MutexGuard<'_, Supervised> {
    process.lock().unwrap_or_else(PoisonError::into_inner)
}

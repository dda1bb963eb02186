//! The processes of one measurement: the receiver, and Hookyard with the servers it uses.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::sessions::Database;
use super::{cpu, database};
use crate::postgres::PostgresServer;
use crate::process::{Supervised, blocking, poll_until, start_on_free_port};
use crate::redis::RedisServer;

/// Who sets the measurements up.
pub(super) const ADMIN_EMAIL: &str = "bench@example.com";
/// Their password.
pub(super) const ADMIN_PASSWORD: &str = "correct-horse-battery";

/// 32 zero bytes in base64: nothing that is kept here is a secret.
const MASTER_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// How long Hookyard may take to make its schema and get ready.
const READY_LIMIT: Duration = Duration::from_mins(1);

/// How Hookyard runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// On `PostgreSQL` and Redis.
    Cluster,
    /// On a SQLite file.
    Embedded,
}

impl Mode {
    /// Its name in measurements and tables.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Embedded => "embedded",
        }
    }
}

/// A running receiver, ended on drop.
#[derive(Debug)]
pub(super) struct Receiver {
    child: Child,
    /// Its end is what ends the receiver, so it ends with us however we do.
    input: Option<ChildStdin>,
    /// Where it listens.
    pub(super) address: SocketAddr,
}

impl Receiver {
    /// Starts this program again as the receiver.
    pub(super) fn start() -> Self {
        let program = std::env::current_exe().expect("a path of this program");
        let mut command = Command::new(program);
        command
            .arg("--receiver")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().expect("a receiver that starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("a piped output");
        BufReader::new(output)
            .read_line(&mut line)
            .expect("an address");
        Self {
            input: child.stdin.take(),
            address: line.trim().parse().expect("an address"),
            child,
        }
    }

    /// CPU seconds it has used.
    pub(super) fn cpu_seconds(&self) -> f64 {
        cpu::process_seconds(self.child.id())
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.input = None;
        drop(self.child.wait());
    }
}

/// A running Hookyard and the servers only it uses. All end on drop.
#[derive(Debug)]
pub(super) struct System {
    hookyard: Supervised,
    program: Program,
    /// Where its API listens.
    pub(super) address: SocketAddr,
    /// How it runs.
    pub(super) mode: Mode,
    /// Its database, in the cluster.
    pub(super) postgres: Option<PostgresServer>,
    redis: Option<(RedisServer, u32)>,
}

impl System {
    /// Starts the servers of `mode`, then the binary, and waits until it is ready.
    pub(super) async fn start(binary: &Path, mode: Mode) -> Self {
        let mut settings: Vec<(&'static str, String)> = vec![
            ("ADMIN__EMAIL", ADMIN_EMAIL.to_owned()),
            ("ADMIN__PASSWORD", ADMIN_PASSWORD.to_owned()),
            ("LOG", "warn".to_owned()),
            ("MASTER_KEY", MASTER_KEY.to_owned()),
            ("MIGRATE", "true".to_owned()),
            ("OUTBOUND__ALLOWED_NETWORKS", "127.0.0.0/8".to_owned()),
            ("OUTBOUND__ALLOW_HTTP", "true".to_owned()),
            // No session of a measurement ends before its time.
            ("TRIGGERS__SESSION_INACTIVITY", "3h".to_owned()),
        ];
        let (mut postgres, mut redis) = (None, None);
        if mode == Mode::Cluster {
            let server = database::start().await;
            settings.push(("DATABASE_URL", server.create_database().await));
            postgres = Some(server);
            let server = RedisServer::start().await;
            settings.push(("REDIS_URL", server.url()));
            let pid = redis_pid(&server).await;
            redis = Some((server, pid));
        }
        let binary = binary.to_owned();
        let start = move || {
            start_on_free_port(|port| {
                let program = Program::new(binary.clone(), port, settings.clone());
                let mut hookyard = program.watchdog();
                program.launch(&mut hookyard)?;
                Ok((hookyard, program))
            })
        };
        let (hookyard, program) = blocking(start).await;
        Self {
            hookyard,
            address: program.address,
            program,
            mode,
            postgres,
            redis,
        }
    }

    /// Ends Hookyard with a signal by name, such as `KILL`. Its servers go on.
    pub(super) fn stop(&mut self, signal: &str) {
        self.hookyard.stop(signal);
    }

    /// Starts Hookyard again after [`Self::stop`], and says how long it took until it was ready.
    pub(super) fn start_again(&mut self) -> Duration {
        let started = Instant::now();
        let launched = self.program.launch(&mut self.hookyard);
        launched.unwrap_or_else(|said| panic!("Hookyard does not start again: {said}"));
        started.elapsed()
    }

    /// A connection to its database, past it.
    pub(super) async fn database(&self) -> Database {
        let mut settings = self.program.settings.iter();
        match settings.find(|(name, _)| *name == "DATABASE_URL") {
            Some((_, url)) => Database::postgres(url).await,
            None => Database::file(&self.program.folder.join("data/hookyard.db")).await,
        }
    }

    /// CPU seconds used by Hookyard, by all processes of `PostgreSQL` and by Redis.
    pub(super) fn cpu_seconds(&self) -> [f64; 3] {
        let postgres = self.postgres.as_ref().and_then(PostgresServer::pid);
        let redis = self.redis.as_ref().map(|(_, pid)| *pid);
        [self.hookyard.pid(), postgres, redis].map(|pid| pid.map_or(0.0, cpu::tree_seconds))
    }

    /// Resident memory of Hookyard, in MiB.
    pub(super) fn resident_mib(&self) -> f64 {
        self.hookyard.pid().map_or(0.0, cpu::resident_mib)
    }
}

/// How Hookyard is started. Its data folder is named on the command line: the watchdog knows the process by it.
#[derive(Debug)]
struct Program {
    binary: PathBuf,
    address: SocketAddr,
    folder: PathBuf,
    settings: Vec<(&'static str, String)>,
}

impl Program {
    /// With a new folder.
    fn new(binary: PathBuf, port: u16, settings: Vec<(&'static str, String)>) -> Self {
        let folder = TempDir::with_prefix("hy-bench-").expect("a temporary folder");
        Self {
            binary,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            folder: folder.keep(),
            settings,
        }
    }

    /// What ends it, and removes its folder.
    fn watchdog(&self) -> Supervised {
        Supervised::new(&self.folder.to_string_lossy(), "KILL", &self.folder)
    }

    /// Starts it and waits until it is ready.
    ///
    /// Errors: what it said instead.
    fn launch(&self, process: &mut Supervised) -> Result<(), String> {
        let mut command = Command::new(&self.binary);
        command
            .arg("serve")
            .arg("--data-dir")
            .arg(self.folder.join("data"));
        command.args(["--listen", &self.address.to_string()]);
        let settings = self.settings.iter();
        command.envs(settings.map(|(name, value)| (format!("HOOKYARD_{name}"), value)));
        let log = self.folder.join("log");
        process.launch(command, &log, "")?;
        let ready = poll_until(READY_LIMIT, || match process.ended() {
            Some(status) => Some(Err(status)),
            None => is_ready(self.address).then_some(Ok(())),
        });
        let said = || std::fs::read_to_string(&log).unwrap_or_default();
        match ready {
            Some(Ok(())) => Ok(()),
            Some(Err(status)) => Err(format!("it ended with {status}: {}", said())),
            None => Err(format!("it did not get ready in time: {}", said())),
        }
    }
}

fn is_ready(address: SocketAddr) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n")?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).map(|()| answer)
    };
    ask().is_ok_and(|answer: [u8; 12]| answer.ends_with(b" 200"))
}

async fn redis_pid(server: &RedisServer) -> u32 {
    let client = redis::Client::open(server.url()).expect("a Redis URL");
    let connection = client.get_multiplexed_async_connection().await;
    let mut connection = connection.expect("a connection to Redis");
    let info: redis::InfoDict = redis::cmd("INFO")
        .arg("server")
        .query_async(&mut connection)
        .await
        .expect("INFO answers");
    info.get("process_id").expect("a process id")
}

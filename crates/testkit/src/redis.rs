//! A private Redis server, and what can happen to one.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::process::{Supervised, blocking, program, start_on_free_port};

/// Names a running server that [`RedisServer::shared`] uses instead of starting one.
pub const REDIS_URL_VARIABLE: &str = "HOOKYARD_TEST_REDIS_URL";

/// A Redis without persistence: whatever stops it empties it. Ended on drop, and when this process ends in any way.
#[derive(Debug, Clone)]
pub struct RedisServer {
    url: String,
    own: Option<Arc<Own>>,
}

/// The process behind a server of ours.
#[derive(Debug)]
struct Own {
    port: u16,
    folder: PathBuf,
    process: Mutex<Supervised>,
}

impl RedisServer {
    /// Starts `redis-server` on a free port of 127.0.0.1 and waits until it answers.
    pub async fn start() -> Self {
        blocking(|| start_on_free_port(Self::start_on)).await
    }

    fn start_on(port: u16) -> Result<Self, String> {
        let folder = TempDir::with_prefix("hy-redis-")
            .expect("a temporary folder")
            .keep();
        let mark = folder.to_string_lossy();
        let process = Mutex::new(Supervised::new(&mark, "KILL", &folder));
        let own = Own {
            port,
            folder,
            process,
        };
        own.launch()?;
        Ok(Self {
            url: format!("redis://127.0.0.1:{port}/"),
            own: Some(Arc::new(own)),
        })
    }

    /// One server for all tests of this process; the one named by [`REDIS_URL_VARIABLE`] when that is set. Keys and
    /// channels are shared with other tests, so names must differ. A test that stops or empties a server starts its own.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<RedisServer> = OnceCell::const_new();
        SHARED
            .get_or_init(|| async {
                match std::env::var(REDIS_URL_VARIABLE) {
                    Ok(url) => Self { url, own: None },
                    Err(_) => Self::start().await,
                }
            })
            .await
    }

    /// `redis://127.0.0.1:port/`.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Ends the server at once; what it held is lost. Panics for a server that is not ours.
    pub async fn stop(&self) {
        let own = self.own();
        blocking(move || own.process().stop("KILL")).await;
    }

    /// Starts a stopped server again on the same port, empty.
    pub async fn start_again(&self) {
        let own = self.own();
        blocking(move || own.launch())
            .await
            .expect("a Redis that starts again");
    }

    /// Stops it and starts it again, empty.
    pub async fn restart(&self) {
        self.stop().await;
        self.start_again().await;
    }

    /// `FLUSHALL`: it goes on running, empty.
    pub async fn flush_all(&self) {
        let client = redis::Client::open(self.url.as_str()).expect("a Redis URL");
        let mut connection = client
            .get_multiplexed_async_connection()
            .await
            .expect("a connection");
        let flushed = redis::cmd("FLUSHALL").exec_async(&mut connection).await;
        flushed.expect("FLUSHALL is done");
    }

    /// Freezes the server: connections stay open and nothing is answered. Panics for a server that is not ours.
    pub fn signal_stop(&self) {
        self.own().process().signal("STOP");
    }

    /// Lets a frozen server go on.
    pub fn signal_cont(&self) {
        self.own().process().signal("CONT");
    }

    fn own(&self) -> Arc<Own> {
        Arc::clone(self.own.as_ref().expect("a server started by this process"))
    }
}

impl Own {
    fn process(&self) -> MutexGuard<'_, Supervised> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn launch(&self) -> Result<(), String> {
        let mut command = Command::new(program("redis-server", &[]));
        command.args(["--bind", "127.0.0.1", "--port", &self.port.to_string()]);
        // The command line keeps the folder's name: the watchdog knows the process by it.
        command
            .args(["--set-proc-title", "no", "--dir"])
            .arg(&self.folder);
        command.args(["--save", "", "--appendonly", "no"]);
        let log = self.folder.join("log");
        self.process()
            .launch(command, &log, "Ready to accept connections")
    }
}

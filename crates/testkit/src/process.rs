//! Servers as child processes that never outlive the test.

use std::fs::File;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How often an outside process that gives no signal is looked at again.
const POLL: Duration = Duration::from_millis(3);

/// How long a server may take to start.
const START_LIMIT: Duration = Duration::from_secs(20);

/// How often a server is tried on another port when somebody was faster to take the first.
const PORTS_TRIED: usize = 5;

/// Reads process ids from its input until that ends, which it does when we do, however we die. Then ends the last
/// process named, if its command line still holds `$1`, with signal `$2`, and removes the folder `$3`.
const WATCHDOG: &str = r#"
pid=
while IFS= read -r next; do pid=$next; done
alive() {
    [ -n "$pid" ] || return 1
    if [ -d /proc/self ]; then line=$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline")
    else line=$(ps -o command= -p "$pid"); fi
    case $line in *"$1"*) return 0 ;; esac
    return 1
}
if alive "$1"; then
    kill -"$2" "$pid"
    left=100
    while alive "$1" && [ "$left" -gt 0 ]; do left=$((left - 1)); sleep 0.05; done
    if alive "$1"; then kill -KILL "$pid"; fi
fi
rm -rf "$3"
"#;

/// A server, the folder it lives in, and the watchdog that ends both when this process ends in any way.
#[derive(Debug)]
pub(crate) struct Supervised {
    watchdog: Child,
    ids: Option<ChildStdin>,
    server: Option<Child>,
}

impl Supervised {
    /// Starts the watchdog. `mark` is a text that only the server's command line holds, `signal` ends it at once.
    pub(crate) fn new(mark: &str, signal: &str, folder: &Path) -> Self {
        let mut watchdog = Command::new("sh");
        watchdog
            .arg("-c")
            .arg(WATCHDOG)
            .arg("watchdog")
            .args([mark, signal])
            .arg(folder);
        watchdog
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // A group of its own: what ends ours (Ctrl-C, a test's time limit) must not end the watchdog first.
        let mut watchdog = watchdog.process_group(0).spawn().expect("a shell named sh");
        let ids = watchdog.stdin.take();
        Self {
            watchdog,
            ids,
            server: None,
        }
    }

    /// Starts the server, its output going to `log`, and waits until it says `ready` there.
    ///
    /// Errors: what it said instead, when it ended or did not get ready in time.
    pub(crate) fn launch(
        &mut self,
        mut command: Command,
        log: &Path,
        ready: &str,
    ) -> Result<(), String> {
        assert!(self.server.is_none(), "the server is running");
        let out = File::create(log).expect("a log file");
        let errors = out.try_clone().expect("a second handle of the log file");
        command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(errors)
            .process_group(0);
        let server = command.spawn().expect("a server that starts");
        let ids = self.ids.as_mut().expect("a watchdog until drop");
        writeln!(ids, "{}", server.id()).expect("a watchdog that reads");
        self.server = Some(server);
        let started = poll_until(START_LIMIT, || {
            // Looked at before the log, so that the last words of a server that ended are in it.
            let ended = self.ended().is_some();
            let said = std::fs::read_to_string(log).unwrap_or_default();
            match (said.contains(ready), ended) {
                (_, true) => Some(Err(said)),
                (ready, false) => ready.then_some(Ok(())),
            }
        });
        started.unwrap_or_else(|| Err("it did not get ready in time".to_owned()))
    }

    /// The server's process id; `None` when it is stopped.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.server.as_ref().map(Child::id)
    }

    /// The status of a server that ended by itself.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.server.as_mut()?.try_wait().expect("a child of ours");
        if status.is_some() {
            self.server = None;
        }
        status
    }

    /// Sends a signal by name, such as `STOP`.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.pid().expect("a running server");
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -{signal} {pid}")])
            .status();
        assert!(
            sent.expect("a shell named sh").success(),
            "signal {signal} was not taken"
        );
    }

    /// Sends `signal` and waits for the end. Nothing happens when the server is stopped.
    pub(crate) fn stop(&mut self, signal: &str) {
        if self.ended().is_some() || self.server.is_none() {
            return;
        }
        self.signal(signal);
        if let Some(mut server) = self.server.take() {
            server.wait().expect("a child of ours");
        }
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        // The pipe ends, the watchdog does its work, and both children are waited for. None of this may panic here.
        self.ids = None;
        drop(self.watchdog.wait());
        if let Some(mut server) = self.server.take() {
            drop(server.wait());
        }
    }
}

/// Starts a server on a free port, and on another one when that was taken meanwhile.
pub(crate) fn start_on_free_port<T>(start: impl Fn(u16) -> Result<T, String>) -> T {
    let mut said = String::new();
    for _ in 0..PORTS_TRIED {
        match start(free_port()) {
            Ok(server) => return server,
            Err(error) => said = error,
        }
    }
    panic!("the server does not start: {said}")
}

/// A port of 127.0.0.1 that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free TCP port");
    listener
        .local_addr()
        .expect("a bound socket has an address")
        .port()
}

/// Looks again and again until `look` finds something; `None` when `limit` passes first.
pub(crate) fn poll_until<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() > end {
            return None;
        }
        std::thread::sleep(POLL);
    }
}

/// A program of the PATH or of `folders`.
pub(crate) fn program(name: &str, folders: &[PathBuf]) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = folders.iter().cloned().chain(std::env::split_paths(&path));
    let found = places.find_map(|folder| Some(folder.join(name)).filter(|file| file.is_file()));
    found.unwrap_or_else(|| panic!("{name} is not installed: it is needed to run these tests"))
}

/// Runs blocking work where it holds up no other task.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

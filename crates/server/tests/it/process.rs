//! The process from the outside: how it starts, what it refuses, how it ends.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::NamedTempFile;
use testkit::leaks::evidence;

/// The binary, with no setting from this environment.
pub(crate) fn hookyard() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hookyard"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("HOOKYARD_")) {
        command.env_remove(name);
    }
    command
}

/// The top of the repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A server on a data directory of its own; killed if it is still there at the end.
struct Served {
    child: Child,
    /// What it logs to.
    log: NamedTempFile,
    /// What it said until it was ready.
    said: String,
}

impl Served {
    /// Starts it and reads until it says where it is.
    fn start(data: &Path) -> Self {
        let log = NamedTempFile::new().unwrap();
        let mut child = hookyard()
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(log.reopen().unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        while !said.contains("ready on") {
            assert_ne!(lines.read_line(&mut said).unwrap(), 0, "it ended: {said}");
        }
        // A first start makes both, and tells the password.
        let password = said.split_once("with password ");
        let password = password.and_then(|(_, rest)| rest.split_whitespace().next());
        evidence::secret(password.unwrap_or_default());
        let key = std::fs::read_to_string(data.join("master.key"));
        evidence::secret(key.unwrap().trim());
        Self { child, log, said }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        evidence::log(&std::fs::read_to_string(self.log.path()).unwrap_or_default());
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_first_start_makes_private_data_and_an_admin_and_sigterm_ends_it_well() {
    let base = tempfile::tempdir().unwrap();
    let data = base.path().join("data");
    let mut served = Served::start(&data);
    assert_eq!(
        (mode(&data), mode(&data.join("master.key"))),
        (0o700, 0o600)
    );
    assert!(served.said.contains("admin@localhost"), "{}", served.said);
    served.signal("-TERM");
    assert_eq!(served.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_second_start_shows_no_password_and_sighup_changes_nothing() {
    let data = tempfile::tempdir().unwrap();
    let mut first = Served::start(data.path());
    first.signal("-INT");
    assert_eq!(first.child.wait().unwrap().code(), Some(0));
    let mut second = Served::start(data.path());
    assert!(!second.said.contains("password"), "{}", second.said);
    second.signal("-HUP");
    second.signal("-TERM");
    assert_eq!(second.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_second_process_on_the_same_data_exits_75_naming_the_first() {
    let data = tempfile::tempdir().unwrap();
    let served = Served::start(data.path());
    let output = hookyard()
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(data.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(75));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        text.contains(&format!("in use by pid {}", served.child.id())),
        "{text}"
    );
}

#[test]
fn postgres_without_a_master_key_exits_78_naming_it() {
    let output = hookyard()
        .arg("serve")
        .env("HOOKYARD_DATABASE_URL", "postgres://nobody@localhost/x")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&output.stderr).contains("HOOKYARD_MASTER_KEY"));
}

#[test]
fn an_admin_is_added_beside_a_running_server() {
    let data = tempfile::tempdir().unwrap();
    let served = Served::start(data.path());
    let add = || {
        let mut command = hookyard();
        command
            .args(["create-admin", "--email", "ops@example.com", "--data-dir"])
            .arg(data.path());
        command.output().unwrap()
    };
    let output = add();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(String::from_utf8_lossy(&output.stdout).contains("shown this once"));
    let again = add();
    assert!(String::from_utf8_lossy(&again.stderr).contains("exists already"));
    drop(served);
}

#[test]
fn the_demo_delivers_and_retries_and_ends_by_itself() {
    let mut demo = hookyard()
        .args(["demo", "--seconds", "6"])
        // Of a real installation, which the demo leaves alone.
        .env("HOOKYARD_DATABASE_URL", "postgres://hookyard.invalid/x")
        .env("HOOKYARD_MASTER_KEY_FILE", "/nowhere")
        .env("HOOKYARD_CONFIG", "/nowhere.toml")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    demo.stdout
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    let mut errors = String::new();
    demo.stderr
        .take()
        .unwrap()
        .read_to_string(&mut errors)
        .unwrap();
    assert_eq!(demo.wait().unwrap().code(), Some(0), "{said}{errors}");
    for line in [
        "published  ",
        "to good, attempt 1: 200",
        "retrying   ",
        "to flaky, attempt 3: 200",
    ] {
        assert!(said.contains(line), "no `{line}` in {said}{errors}");
    }
}

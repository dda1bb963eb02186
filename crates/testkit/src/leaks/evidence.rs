//! Keeps what tests make and see of secrets, and what servers leave behind, in the folder that `TEST_LEAKS` names
//! (`make test` does); without it nothing is kept.

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::ledger;

/// The kind of the files that hold secrets, one JSON text a line.
pub(super) const SECRETS: &str = "secrets";
/// The kinds of the other files.
pub(super) const KINDS: [&str; 5] = ["log", "attempts", "audit", "metrics", "problems"];

/// Members of bodies, custom headers among them, whose values are secrets.
const MEMBERS: [&str; 11] = [
    "access_token",
    "authorization",
    "cookie",
    "key",
    "new_password",
    "password",
    "refresh_token",
    "secret",
    "signing_secret",
    "token",
    "x-api-key",
];
/// Shortest text, and fewest different letters in it, that is a secret and not found by chance.
const LEAST: usize = 12;
const LEAST_LETTERS: usize = 5;
/// How long a server or a database that may be gone is asked.
const PATIENCE: Duration = Duration::from_secs(2);

/// The secrets that are kept already: a token comes with every request.
static SEEN: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

/// Whether anything is kept.
pub(crate) fn is_kept() -> bool {
    folder().is_some()
}

fn folder() -> Option<PathBuf> {
    std::env::var_os("TEST_LEAKS").map(PathBuf::from)
}

/// Adds lines to this process's file of a kind. What cannot be kept fails the test, unless it is failing already.
fn keep(kind: &str, text: &str) {
    let Some(folder) = folder().filter(|_| !text.is_empty()) else {
        return;
    };
    let file = folder.join(format!("{kind}-{}", std::process::id()));
    let file = OpenOptions::new().create(true).append(true).open(file);
    let kept = file.and_then(|mut file| file.write_all(format!("{text}\n").as_bytes()));
    if !std::thread::panicking() {
        kept.expect("room for what is kept");
    }
}

/// Keeps a secret.
pub fn secret(text: &str) {
    if !is_kept() || text.len() < LEAST {
        return;
    }
    let letters: HashSet<char> = text.chars().collect();
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    if letters.len() >= LEAST_LETTERS && seen.insert(text.to_owned()) {
        keep(SECRETS, &Value::from(text).to_string());
    }
}

/// Keeps the secrets of a request: its credential, and those of its body.
pub fn request(credential: &str, body: &[u8]) {
    secret(credential);
    secrets_of(body);
}

/// Keeps an answer if it is a problem, else its secrets: some are shown once.
pub fn answer(content_type: Option<&str>, body: &[u8]) {
    if content_type == Some("application/problem+json") {
        keep("problems", &String::from_utf8_lossy(body));
    } else {
        secrets_of(body);
    }
}

fn secrets_of(body: &[u8]) {
    if is_kept()
        && let Ok(value) = serde_json::from_slice(body)
    {
        members(&value);
    }
}

fn members(value: &Value) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                match value {
                    Value::String(text) if MEMBERS.contains(&&*name.to_lowercase()) => secret(text),
                    other => members(other),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(members),
        _ => {}
    }
}

/// Keeps what a server has logged.
pub fn log(text: &str) {
    keep("log", text);
}

/// Keeps what a server leaves behind: its log, and what it and its database still tell. To be called while it runs.
pub(crate) fn server(said: &str, base: &str, database_url: &str) {
    if !is_kept() {
        return;
    }
    log(said);
    if let Some(metrics) = metrics(base) {
        keep("metrics", &metrics);
    }
    let url = database_url.to_owned();
    // Its own thread: this one may be within a runtime already.
    let asking = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .ok()?;
        let rows = async { tokio::time::timeout(PATIENCE, ledger::texts(&url)).await };
        runtime.block_on(rows).ok()?
    });
    if let Ok(Some(texts)) = asking.join() {
        keep("attempts", &texts.attempts);
        keep("audit", &texts.audit);
    }
}

/// What `/metrics` says; `None` when nobody is there.
fn metrics(base: &str) -> Option<String> {
    let address = base.strip_prefix("http://")?;
    let mut stream = TcpStream::connect_timeout(&address.parse().ok()?, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    Some(text)
}

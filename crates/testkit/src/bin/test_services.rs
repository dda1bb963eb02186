//! `test-services -- command …`: starts one `PostgreSQL` and one Redis, runs the command with their URLs in its environment,
//! ends them and exits as the command did. So a run of many test processes starts its servers once.

use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};

use testkit::postgres::{POSTGRES_URL_VARIABLE, PostgresServer};
use testkit::redis::{REDIS_URL_VARIABLE, RedisServer};
use tokio::process::{Child, Command};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Connections for all test processes that run at the same time. No test may stop this server, so nothing needs to be on
/// the disk: that makes and removes databases many times faster.
const SETTINGS: [(&str, &str); 3] = [
    ("max_connections", "300"),
    ("fsync", "off"),
    ("full_page_writes", "off"),
];

/// The status when we are called wrongly or the command cannot be started.
const USAGE: u8 = 64;

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args_os()
        .skip(1)
        .skip_while(|argument| argument == "--");
    let Some(program) = arguments.next() else {
        eprintln!("usage: test-services -- COMMAND [ARGUMENT]…");
        return ExitCode::from(USAGE);
    };
    let (Ok(terminate), Ok(interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        eprintln!("test-services: signals cannot be watched");
        return ExitCode::from(USAGE);
    };
    let (postgres, redis) =
        tokio::join!(PostgresServer::start_with(&SETTINGS), RedisServer::start());
    let mut command = Command::new(&program);
    command.args(arguments);
    command.env(POSTGRES_URL_VARIABLE, postgres.url("postgres"));
    command.env(REDIS_URL_VARIABLE, redis.url());
    match command.spawn() {
        Ok(child) => exit_code(&finish(child, terminate, interrupt).await),
        Err(error) => {
            eprintln!("test-services: {}: {error}", program.display());
            ExitCode::from(USAGE)
        }
    }
}

/// Waits for the command. A request to end is handed on; Ctrl-C reaches the command by itself.
async fn finish(
    mut child: Child,
    mut terminate: Signal,
    mut interrupt: Signal,
) -> std::io::Result<ExitStatus> {
    loop {
        tokio::select! {
            status = child.wait() => return status,
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {
                if let Some(pid) = child.id() {
                    let kill = format!("kill -TERM {pid}");
                    drop(Command::new("sh").args(["-c", &kill]).status().await);
                }
            }
        }
    }
}

/// The command's own status, or 128 and the signal that ended it, as a shell says it.
fn exit_code(status: &std::io::Result<ExitStatus>) -> ExitCode {
    let Ok(status) = status else {
        return ExitCode::from(USAGE);
    };
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

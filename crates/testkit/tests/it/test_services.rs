use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::Connection;
use sqlx::postgres::PgConnection;
use tokio::net::TcpStream;

/// The program with a shell script as its command.
fn services(script: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_test-services"));
    command.args(["--", "sh", "-c", script]);
    command
}

fn address(url: &str) -> (String, u16) {
    let url: url::Url = url.trim().parse().unwrap();
    (url.host_str().unwrap().to_owned(), url.port().unwrap())
}

#[test]
fn the_command_s_status_is_handed_on() {
    assert_eq!(services("exit 7").status().unwrap().code(), Some(7));
    assert_eq!(
        services("kill -KILL $$").status().unwrap().code(),
        Some(137)
    );
}

#[tokio::test]
async fn servers_end_when_the_process_that_started_them_is_killed() {
    let mut child =
        services("echo $HOOKYARD_TEST_POSTGRES_URL; echo $HOOKYARD_TEST_REDIS_URL; read line")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
    let mut urls = BufReader::new(child.stdout.take().unwrap()).lines();
    let (postgres, redis) = (urls.next().unwrap().unwrap(), urls.next().unwrap().unwrap());
    assert!(PgConnection::connect(&postgres).await.is_ok());
    assert!(TcpStream::connect(address(&redis)).await.is_ok());

    child.kill().unwrap();
    child.wait().unwrap();

    // A killed process leaves no signal: look until the ports are closed.
    let end = Instant::now() + Duration::from_secs(10);
    for address in [address(&postgres), address(&redis)] {
        while TcpStream::connect(&address).await.is_ok() {
            assert!(Instant::now() < end, "{address:?} is still open");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

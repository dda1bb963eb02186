use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor};
use testkit::postgres::{PostgresServer, StopMode};

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

async fn count(url: &str) -> i64 {
    let mut connection = connect(url).await;
    sqlx::query_scalar("SELECT count(*) FROM things")
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

#[tokio::test]
async fn committed_rows_survive_every_way_to_stop() {
    let server = PostgresServer::start().await;
    let url = server.create_database().await;
    connect(&url)
        .await
        .execute("CREATE TABLE things (id int)")
        .await
        .unwrap();
    let modes = [
        StopMode::Smart,
        StopMode::Fast,
        StopMode::Immediate,
        StopMode::Kill,
    ];
    for (stops, mode) in (1..).zip(modes) {
        connect(&url)
            .await
            .execute("INSERT INTO things VALUES (1)")
            .await
            .unwrap();
        let before = server.pid();
        server.stop(mode).await;
        assert_eq!(server.pid(), None);
        assert!(PgConnection::connect(&url).await.is_err());
        server.start_again().await;
        assert_ne!(server.pid(), before);
        assert_eq!(count(&url).await, stops, "after {mode:?}");
    }
}

#[tokio::test]
async fn a_private_server_keeps_what_is_committed_and_is_reached_by_its_socket() {
    let server = PostgresServer::start_with(&[("work_mem", "5MB")]).await;
    let mut connection = connect(&server.socket_url("postgres")).await;
    for (setting, value) in [
        ("fsync", "on"),
        ("work_mem", "5MB"),
        ("max_connections", "100"),
    ] {
        let shown: String = sqlx::query_scalar("SELECT current_setting($1)")
            .bind(setting)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(shown, value, "{setting}");
    }
}

#[tokio::test]
async fn databases_are_copies_of_a_template_that_is_made_once() {
    let server = PostgresServer::start().await;
    for _ in 0..2 {
        let prepare = async |url: String| {
            let mut connection = connect(&url).await;
            connection
                .execute("CREATE TABLE things (id int)")
                .await
                .unwrap();
            connection
                .execute("INSERT INTO things VALUES (1)")
                .await
                .unwrap();
            connection.close().await.unwrap();
        };
        server.prepare_template("things_1", prepare).await;
    }
    let (first, second) = (
        server.create_database().await,
        server.create_database().await,
    );
    assert_ne!(first, second);
    connect(&first)
        .await
        .execute("DELETE FROM things")
        .await
        .unwrap();
    assert_eq!((count(&first).await, count(&second).await), (0, 1));
}

#[tokio::test]
async fn databases_of_ended_processes_are_removed_from_a_shared_server() {
    let started = PostgresServer::start_with(&[("fsync", "off")]).await;
    let server = PostgresServer::running_at(&started.url("postgres"));
    let url = server.create_database().await;
    let ours = url.rsplit('/').next().unwrap().split('?').next().unwrap();
    // A process id that Linux never gives out.
    let theirs = ours.replacen(&format!("_{}_", std::process::id()), "_4194305_", 1);
    let mut admin = connect(&server.url("postgres")).await;
    admin
        .execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {theirs}")))
        .await
        .unwrap();
    server.create_database().await;
    assert!(PgConnection::connect(&server.url(&theirs)).await.is_err());
    assert!(PgConnection::connect(&url).await.is_ok());
}

#[tokio::test]
async fn a_dropped_server_is_gone() {
    let server = PostgresServer::start().await;
    let (url, pid) = (server.url("postgres"), server.pid().unwrap());
    drop(server);
    assert!(PgConnection::connect(&url).await.is_err());
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
}

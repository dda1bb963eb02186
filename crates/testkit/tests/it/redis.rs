use std::time::Duration;

use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use testkit::redis::RedisServer;

async fn connect(server: &RedisServer) -> MultiplexedConnection {
    let client = redis::Client::open(server.url()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

async fn key(server: &RedisServer) -> Option<String> {
    connect(server).await.get("key").await.unwrap()
}

#[tokio::test]
async fn a_server_that_was_stopped_or_flushed_is_empty() {
    let server = RedisServer::start().await;
    for round in 0..2 {
        let () = connect(&server).await.set("key", "value").await.unwrap();
        assert_eq!(key(&server).await.as_deref(), Some("value"));
        if round == 0 {
            server.flush_all().await;
        } else {
            server.stop().await;
            assert!(
                redis::Client::open(server.url())
                    .unwrap()
                    .get_connection()
                    .is_err()
            );
            server.start_again().await;
        }
        assert_eq!(key(&server).await, None);
    }
}

#[tokio::test]
async fn a_frozen_server_answers_when_it_goes_on() {
    let server = RedisServer::start().await;
    let mut connection = connect(&server).await;
    connection.set_response_timeout(Duration::from_secs(20));
    server.signal_stop();
    let mut ping = tokio::spawn(async move { connection.ping::<String>().await });
    assert!(
        tokio::time::timeout(Duration::from_millis(50), &mut ping)
            .await
            .is_err()
    );
    server.signal_cont();
    assert_eq!(ping.await.unwrap().unwrap(), "PONG");
}

#[tokio::test]
async fn a_frozen_server_can_be_dropped() {
    let server = RedisServer::start().await;
    server.signal_stop();
    let url = server.url();
    drop(server);
    assert!(redis::Client::open(url).unwrap().get_connection().is_err());
}

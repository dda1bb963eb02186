//! Opening, reusing and losing connections.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use domain::attempt::Outcome;
use testkit::receiver::Receiver;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Notify;
use worker::outbound::{Outbound, OutboundSettings};

use super::{HASTY, PATIENT, Script, local, outbound, post, response};

#[tokio::test]
async fn a_connection_is_reused_and_its_timings_are_told_once() {
    let receiver = Receiver::start().await;
    let outbound = outbound();
    let first = post(&outbound, receiver.url(), PATIENT).await;
    let second = post(&outbound, receiver.url(), PATIENT).await;
    assert_eq!(receiver.connections(), 1);
    assert!(first.timings.connect.is_some());
    assert_eq!((second.timings.dns, second.timings.connect), (None, None));
    assert!(second.timings.first_byte.is_some());
    assert_eq!(second.remote_ip, Some(receiver.addr().ip()));
}

#[tokio::test]
async fn an_answer_that_was_not_read_to_its_end_gives_its_connection_up() {
    let body = "x".repeat(200_000);
    let receiver = Script::answering(format!(
        "HTTP/1.1 200 OK\r\ncontent-length: 200000\r\n\r\n{body}"
    ))
    .await;
    let outbound = outbound();
    for _ in 0..2 {
        assert_eq!(
            response(&post(&outbound, receiver.url(), PATIENT).await).status,
            200
        );
    }
    assert_eq!((receiver.connections(), receiver.posts()), (2, 2));
}

#[tokio::test]
async fn a_pooled_connection_closed_by_the_receiver_between_two_posts_costs_nothing() {
    let closed = Arc::new(Notify::new());
    let told = Arc::clone(&closed);
    let receiver = Script::start(move |mut stream| {
        let told = Arc::clone(&told);
        async move {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .await
                .ok()?;
            stream.shutdown().await.ok()?;
            drop(stream);
            told.notify_one();
            None
        }
    })
    .await;
    let outbound = outbound();
    for _ in 0..5 {
        assert_eq!(
            response(&post(&outbound, receiver.url(), PATIENT).await).status,
            200
        );
        closed.notified().await;
    }
    assert_eq!((receiver.posts(), receiver.connections()), (5, 5));
}

#[tokio::test]
async fn an_idle_connection_is_dropped_after_the_idle_timeout() {
    let receiver = Receiver::start().await;
    let settings = OutboundSettings {
        idle_timeout: Duration::from_millis(1),
        ..local()
    };
    let outbound = Outbound::new(&settings).unwrap();
    post(&outbound, receiver.url(), PATIENT).await;
    // The passing of time is what is tested here: nothing signals it.
    tokio::time::sleep(Duration::from_millis(20)).await;
    post(&outbound, receiver.url(), PATIENT).await;
    assert_eq!(receiver.connections(), 2);
}

#[tokio::test]
async fn a_closed_port_refuses_the_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    drop(listener);
    let exchange = post(&outbound(), format!("http://{addr}/"), PATIENT).await;
    assert_eq!(exchange.outcome, Outcome::ConnectRefused);
    assert_eq!(
        exchange.error,
        "127.0.0.1 refused the connection: nobody listens on that port."
    );
}

/// A port that takes no further connection: its queue of one is full and nobody accepts.
async fn full_port() -> (SocketAddr, TcpStream, tokio::net::TcpListener) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let listener = socket.listen(0).unwrap();
    let addr = listener.local_addr().unwrap();
    let filler = TcpStream::connect(addr).await.unwrap();
    (addr, filler, listener)
}

#[tokio::test]
async fn a_receiver_that_takes_no_connection_is_a_connect_timeout() {
    let (addr, _filler, _listener) = full_port().await;
    let outbound = Outbound::new(&OutboundSettings {
        connect_timeout: HASTY,
        ..local()
    })
    .unwrap();
    let exchange = post(&outbound, format!("http://{addr}/"), PATIENT).await;
    assert_eq!(exchange.outcome, Outcome::ConnectTimeout);
    assert_eq!(
        exchange.error,
        "127.0.0.1 did not take the connection within 300 ms."
    );
    assert_eq!((exchange.remote_ip, exchange.response), (None, None));
}

#[tokio::test]
async fn a_deadline_that_passes_while_connecting_is_a_connect_timeout_too() {
    let (addr, _filler, _listener) = full_port().await;
    let exchange = post(&outbound(), format!("http://{addr}/"), HASTY).await;
    assert_eq!(exchange.outcome, Outcome::ConnectTimeout);
}

#[tokio::test]
async fn many_posts_at_once_each_get_their_own_answer() {
    let receiver = Receiver::start().await;
    let outbound = Arc::new(outbound());
    let url = receiver.url();
    let posts = (0..50).map(|_| post(&outbound, url.clone(), PATIENT));
    for exchange in futures::future::join_all(posts).await {
        assert_eq!(response(&exchange).status, 200);
    }
    assert_eq!(receiver.requests().len(), 50);
}

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use testkit::receiver::{Behaviour, Receiver, Then};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

const SOON: Duration = Duration::from_secs(5);
const REQUEST: &[u8] =
    b"POST /hook?a=1 HTTP/1.1\r\nHost: x\r\nX-Id: 7\r\nContent-Length: 5\r\n\r\nhe\0lo";

/// Sends the request on a connection of its own.
async fn send(receiver: &Receiver) -> TcpStream {
    let mut tcp = TcpStream::connect(receiver.addr()).await.unwrap();
    tcp.write_all(REQUEST).await.unwrap();
    tcp
}

/// Sends the request and reads until `end` has come.
async fn read_until(tcp: &mut TcpStream, end: &str) -> String {
    let mut said = Vec::new();
    while !String::from_utf8_lossy(&said).ends_with(end) {
        said.push(tcp.read_u8().await.unwrap());
    }
    String::from_utf8(said).unwrap()
}

async fn answer_to(receiver: &Receiver, end: &str) -> String {
    read_until(&mut send(receiver).await, end).await
}

#[tokio::test]
async fn a_request_is_recorded_as_it_came() {
    let receiver = Receiver::start().await;
    let before = Instant::now();
    let answer = answer_to(&receiver, "\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let requests = receiver.wait_for(1, SOON).await;
    let request = &requests[0];
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/hook?a=1")
    );
    assert_eq!(request.header("x-id"), Some("7"));
    assert_eq!(request.body.as_ref(), b"he\0lo");
    assert!(request.at >= before && request.at <= Instant::now());
    receiver.clear();
    assert!(receiver.requests().is_empty());
}

#[tokio::test]
async fn a_script_is_played_once_and_its_last_line_stays() {
    let receiver = Receiver::start().await;
    receiver.answer(Behaviour::statuses(&[500, 410, 204]));
    for status in ["500", "410", "204", "204"] {
        let answer = answer_to(&receiver, "\r\n\r\n").await;
        assert_eq!(&answer[9..12], status);
    }
    receiver.answer(Behaviour::headers(429, &[("Retry-After", "7")]));
    assert!(
        answer_to(&receiver, "\r\n\r\n")
            .await
            .contains("retry-after: 7\r\n")
    );
    receiver.answer(Behaviour::custom(|request| (201, request.body.to_vec())));
    assert!(
        answer_to(&receiver, "he\0lo")
            .await
            .starts_with("HTTP/1.1 201")
    );
    assert_eq!(receiver.connections(), 6);
}

#[tokio::test]
async fn a_delayed_answer_takes_its_time() {
    let receiver = Receiver::start().await;
    receiver.answer(Behaviour::delayed(50, 200));
    let before = Instant::now();
    answer_to(&receiver, "\r\n\r\n").await;
    assert!(before.elapsed() >= Duration::from_millis(50));
}

#[tokio::test]
async fn a_gate_holds_answers_until_the_test_opens_it() {
    let receiver = Receiver::start().await;
    let gate = Arc::new(Semaphore::new(0));
    receiver.answer(Behaviour::Gate(
        Arc::clone(&gate),
        Box::new(Behaviour::Status(200)),
    ));
    let (mut first, mut second) = (send(&receiver).await, send(&receiver).await);
    receiver.wait_for(2, SOON).await;
    assert_eq!(receiver.most_in_flight(), 2);
    gate.add_permits(2);
    read_until(&mut first, "\r\n\r\n").await;
    read_until(&mut second, "\r\n\r\n").await;
}

#[tokio::test]
async fn a_hanging_receiver_says_nothing() {
    let receiver = Receiver::start().await;
    receiver.answer(Behaviour::Hang);
    let mut tcp = send(&receiver).await;
    receiver.wait_for(1, SOON).await;
    let silence = tokio::time::timeout(Duration::from_millis(50), tcp.read_u8()).await;
    assert!(silence.is_err());
}

#[tokio::test]
async fn a_reset_is_a_reset() {
    let receiver = Receiver::start().await;
    receiver.answer(Behaviour::Reset);
    let error = send(&receiver).await.read_u8().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(receiver.requests().len(), 1);
}

#[tokio::test]
async fn heads_and_bodies_without_end_go_on_and_on() {
    const MUCH: usize = 1_000_000;
    let receiver = Receiver::start().await;
    for (behaviour, start) in [
        (
            Behaviour::EndlessHead,
            "HTTP/1.1 200 OK\r\nx-filler: a\r\nx-filler: a\r\n",
        ),
        (Behaviour::EndlessBody, "HTTP/1.1 200 OK\r\n"),
        (
            Behaviour::SlowHead(Duration::from_millis(1)),
            "HTTP/1.1 200 OK\r\nx-filler: aaaaa",
        ),
        (
            Behaviour::SlowBody(Duration::from_millis(1)),
            "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\naaaaa",
        ),
    ] {
        let fast = matches!(behaviour, Behaviour::EndlessHead | Behaviour::EndlessBody);
        receiver.answer(behaviour);
        let mut tcp = send(&receiver).await;
        let mut head = vec![0; start.len()];
        tcp.read_exact(&mut head).await.unwrap();
        assert_eq!(String::from_utf8(head).unwrap(), start);
        if fast {
            tcp.read_exact(&mut vec![0; MUCH]).await.unwrap();
        }
    }
}

#[tokio::test]
async fn bytes_on_the_wire_are_the_tests_own() {
    let receiver = Receiver::start().await;
    receiver.answer(Behaviour::Wire("SMTP ready\r\n".into(), Then::Close));
    let mut said = String::new();
    send(&receiver)
        .await
        .read_to_string(&mut said)
        .await
        .unwrap();
    assert_eq!(said, "SMTP ready\r\n");
}

#[tokio::test]
async fn a_dropped_receiver_refuses_connections() {
    let receiver = Receiver::start().await;
    let addr = receiver.addr();
    let mut open = TcpStream::connect(addr).await.unwrap();
    drop(receiver);
    assert_eq!(
        open.read(&mut [0; 1]).await.unwrap_or(0),
        0,
        "the open connection ends"
    );
    let error = TcpStream::connect(addr).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

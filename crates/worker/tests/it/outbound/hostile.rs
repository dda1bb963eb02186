//! Receivers that break off, stall or answer what is no HTTP.

use std::time::Duration;

use domain::attempt::{BodyState, Outcome, RESPONSE_KEEP_CAP};
use tokio::io::AsyncWriteExt;

use super::{HASTY, PATIENT, Script, outbound, post, response};

/// A deadline was kept: not passed early, and not by much.
fn ended_at(duration: Duration, limit: Duration) -> bool {
    duration >= limit && duration < limit + Duration::from_secs(2)
}

#[tokio::test]
async fn no_answer_by_the_deadline_is_a_timeout() {
    let receiver = Script::start(|stream| async move {
        std::future::pending::<()>().await;
        Some(stream)
    })
    .await;
    let exchange = post(&outbound(), receiver.url(), HASTY).await;
    assert_eq!(
        (exchange.outcome, exchange.error.as_str()),
        (Outcome::Timeout, "No answer within 300 ms.")
    );
    assert_eq!(exchange.remote_ip, Some(receiver.addr.ip()));
    assert!(ended_at(exchange.duration, HASTY));
    assert_eq!(receiver.posts(), 1);
}

#[tokio::test]
async fn a_head_that_trickles_past_the_deadline_is_a_timeout() {
    let receiver = Script::dripping("HTTP/1.1 200 OK\r\nx: ", "a", Duration::from_millis(20)).await;
    let exchange = post(&outbound(), receiver.url(), HASTY).await;
    assert_eq!(exchange.outcome, Outcome::Timeout);
    assert!(ended_at(exchange.duration, HASTY));
}

#[tokio::test]
async fn an_endless_body_is_read_to_the_cap_only() {
    let chunk = format!("2000\r\n{}\r\n", "x".repeat(0x2000));
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let receiver = Script::dripping(head, chunk, Duration::ZERO).await;
    let exchange = post(&outbound(), receiver.url(), PATIENT).await;
    assert_eq!(exchange.outcome, Outcome::HttpStatus);
    assert_eq!(response(&exchange).body_state, BodyState::Truncated);
    assert_eq!(response(&exchange).body.len(), RESPONSE_KEEP_CAP);
    assert!(exchange.duration < PATIENT);
}

#[tokio::test]
async fn a_body_of_one_byte_a_second_ends_at_the_deadline_and_keeps_the_status() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n";
    let receiver = Script::dripping(head, "x", Duration::from_secs(1)).await;
    let exchange = post(&outbound(), receiver.url(), HASTY).await;
    assert_eq!(
        (exchange.outcome, response(&exchange).status),
        (Outcome::HttpStatus, 200)
    );
    assert_eq!(response(&exchange).body_state, BodyState::Incomplete);
    assert_eq!(response(&exchange).body, b"x");
    assert!(ended_at(exchange.duration, HASTY));
}

#[tokio::test]
async fn a_promise_of_10_gb_reserves_nothing() {
    let receiver =
        Script::answering("HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n0123456789").await;
    let exchange = post(&outbound(), receiver.url(), HASTY).await;
    let response = response(&exchange);
    assert_eq!(
        (response.status, response.body_state),
        (200, BodyState::Incomplete)
    );
    assert_eq!(response.body, b"0123456789");
    assert!(response.body.capacity() < 1000);
}

#[tokio::test]
async fn a_body_that_breaks_off_keeps_the_status() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n",
    ] {
        let receiver = Script::answering_once(answer).await;
        let exchange = post(&outbound(), receiver.url(), PATIENT).await;
        assert_eq!(
            (exchange.outcome, response(&exchange).status),
            (Outcome::HttpStatus, 200)
        );
        assert_eq!(response(&exchange).body_state, BodyState::Incomplete);
        assert_eq!(response(&exchange).body, b"half");
    }
}

#[tokio::test]
async fn a_reset_after_the_request_is_one_post_and_no_second() {
    let receiver = Script::start(|stream| async move {
        stream.set_zero_linger().unwrap();
        drop(stream);
        None
    })
    .await;
    let exchange = post(&outbound(), receiver.url(), PATIENT).await;
    assert_eq!(exchange.outcome, Outcome::Reset);
    assert_eq!(
        exchange.error,
        "127.0.0.1 closed the connection before it answered."
    );
    assert_eq!(exchange.remote_ip, Some(receiver.addr.ip()));
    assert_eq!((receiver.posts(), receiver.connections()), (1, 1));
}

#[tokio::test]
async fn a_close_before_or_inside_the_head_is_a_reset() {
    for answer in ["", "HTTP/1.1 200 OK\r\nx-half: "] {
        let receiver = Script::answering_once(answer).await;
        let exchange = post(&outbound(), receiver.url(), PATIENT).await;
        assert_eq!(
            (exchange.outcome, receiver.posts()),
            (Outcome::Reset, 1),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn what_is_not_http_or_breaks_its_limits_is_an_invalid_response() {
    let headers = "x-many: 1\r\n".repeat(101);
    let line = "a".repeat(300 * 1024);
    for answer in [
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n".to_owned(),
        "HTTP/1.1 999 Strange\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "HTTP/1.1 600 Strange\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "HTTP/1.1 099 Strange\r\n\r\n".to_owned(),
        "HTTP/1.1 000 Strange\r\n\r\n".to_owned(),
        "HTTP/9.9 200 OK\r\n\r\n".to_owned(),
        "<html>hello from 1991</html>\r\n".to_owned(),
        "\u{16}\u{3}\u{1}\u{0}\u{5}hello\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx".to_owned(),
        "HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\n{headers}\r\n"),
        format!("HTTP/1.1 200 OK\r\nx: {line}\r\n\r\n"),
    ] {
        let told = answer.get(..60).unwrap_or(&answer).to_owned();
        let receiver = Script::answering(answer).await;
        let exchange = post(&outbound(), receiver.url(), PATIENT).await;
        assert_eq!(
            exchange.outcome,
            Outcome::InvalidResponse,
            "{told:?}: {exchange:?}"
        );
        assert_eq!((exchange.response, receiver.posts()), (None, 1));
        assert!(!exchange.error.is_empty());
    }
}

#[tokio::test]
async fn a_hundred_headers_are_still_an_answer() {
    let headers = "x-many: 1\r\n".repeat(100);
    let receiver = Script::answering(format!("HTTP/1.1 204 OK\r\n{headers}\r\n")).await;
    let exchange = post(&outbound(), receiver.url(), PATIENT).await;
    assert_eq!(response(&exchange).headers.len(), 100);
}

#[tokio::test]
async fn a_flood_of_interim_responses_ends_at_the_deadline() {
    let flood = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(100);
    let receiver = Script::dripping("", flood, Duration::ZERO).await;
    let exchange = post(&outbound(), receiver.url(), HASTY).await;
    assert_eq!(exchange.outcome, Outcome::Timeout);
    assert!(ended_at(exchange.duration, HASTY));
}

#[tokio::test]
async fn an_answer_before_the_deadline_counts_and_one_after_it_does_not() {
    let late = Script::start(|mut stream| async move {
        tokio::time::sleep(HASTY + Duration::from_millis(100)).await;
        stream
            .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
            .await
            .ok()
            .map(|()| stream)
    })
    .await;
    let outbound = outbound();
    assert_eq!(
        post(&outbound, late.url(), HASTY).await.outcome,
        Outcome::Timeout
    );
    assert_eq!(
        response(&post(&outbound, late.url(), PATIENT).await).status,
        204
    );
}

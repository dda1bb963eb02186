//! Receivers that answer in HTTP.

use domain::attempt::{BodyState, Outcome, RESPONSE_KEEP_CAP};
use testkit::receiver::Receiver;

use super::{PATIENT, Script, outbound, post, response};

#[tokio::test]
async fn an_answer_is_kept_with_its_status_headers_body_and_timings() {
    let receiver =
        Script::answering("HTTP/1.1 200 OK\r\nX-Seen: yes\r\ncontent-length: 2\r\n\r\nok").await;
    let exchange = post(&outbound(), receiver.url(), PATIENT).await;
    assert_eq!(
        (exchange.outcome, exchange.error.as_str()),
        (Outcome::HttpStatus, "")
    );
    let response = response(&exchange);
    assert_eq!(
        (response.status, response.body.as_slice()),
        (200, b"ok".as_slice())
    );
    assert_eq!(response.body_state, BodyState::Complete);
    assert_eq!(response.headers[0], ("x-seen".to_owned(), "yes".to_owned()));
    assert_eq!(exchange.remote_ip, Some(receiver.addr.ip()));
    assert!(exchange.timings.connect.is_some() && exchange.timings.first_byte.is_some());
    assert_eq!((exchange.timings.dns, exchange.timings.tls), (None, None));
}

#[tokio::test]
async fn the_request_is_one_post_of_the_exact_bytes_that_asks_for_no_compression() {
    let receiver = Receiver::start().await;
    let url = format!("{}/hook?token=a%20b&x=1", receiver.url());
    assert_eq!(
        post(&outbound(), url, PATIENT).await.outcome,
        Outcome::HttpStatus
    );
    let requests = receiver.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(
        (requests[0].method.as_str(), requests[0].path.as_str()),
        ("POST", "/hook?token=a%20b&x=1")
    );
    assert_eq!(requests[0].body.as_ref(), b"{\"n\":1.10}");
    assert_eq!(
        requests[0].header("host"),
        Some(receiver.addr().to_string().as_str())
    );
    assert_eq!(requests[0].header("content-length"), Some("10"));
    assert_eq!(requests[0].header("accept-encoding"), None);
}

#[tokio::test]
async fn a_response_without_a_body_is_complete() {
    let receiver = Script::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let exchange = post(&outbound(), receiver.url(), PATIENT).await;
    assert_eq!(
        (response(&exchange).status, response(&exchange).body_state),
        (204, BodyState::Complete)
    );
}

#[tokio::test]
async fn an_error_status_is_told_in_words() {
    let receiver = Script::answering("HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n").await;
    let exchange = post(&outbound(), receiver.url(), PATIENT).await;
    assert_eq!(exchange.outcome, Outcome::HttpStatus);
    assert_eq!(
        exchange.error,
        "The receiver answered 500 Internal Server Error."
    );
}

#[tokio::test]
async fn a_redirect_is_told_and_not_followed() {
    let target = Receiver::start().await;
    let head = format!(
        "HTTP/1.1 302 Found\r\nlocation: {}/x\r\ncontent-length: 0\r\n\r\n",
        target.url()
    );
    let receiver = Script::answering(head).await;
    let exchange = post(&outbound(), receiver.url(), PATIENT).await;
    assert_eq!(exchange.outcome, Outcome::Redirect);
    assert_eq!(response(&exchange).status, 302);
    assert!(exchange.error.contains(&target.url()), "{}", exchange.error);
    assert_eq!(target.connections(), 0);
}

#[tokio::test]
async fn a_long_body_is_kept_to_the_cap_and_says_so() {
    let body = "x".repeat(20_000);
    let receiver = Script::answering(format!(
        "HTTP/1.1 200 OK\r\ncontent-length: 20000\r\n\r\n{body}"
    ))
    .await;
    let exchange = post(&outbound(), receiver.url(), PATIENT).await;
    assert_eq!(response(&exchange).body.len(), RESPONSE_KEEP_CAP);
    assert_eq!(response(&exchange).body_state, BodyState::Truncated);
}

#[tokio::test]
async fn a_compressed_body_is_kept_as_it_came() {
    let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n";
    let receiver = Script::answering([head.as_bytes(), b"\x1f\x8b\x08\x00"].concat()).await;
    let exchange = post(&outbound(), receiver.url(), PATIENT).await;
    assert_eq!(response(&exchange).body, b"\x1f\x8b\x08\x00");
}

#[tokio::test]
async fn interim_responses_are_skipped() {
    let receiver = Script::answering(
        "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    )
    .await;
    let exchange = post(&outbound(), receiver.url(), PATIENT).await;
    assert_eq!(response(&exchange).status, 200);
}

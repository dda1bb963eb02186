//! Certificates, handshakes and HTTP/2.

use std::io::Write;

use domain::attempt::{Exchange, Outcome};
use http::Version;
use testkit::receiver::{Receiver, TLS_NAMES};
use testkit::tls::{TestCa, WRONG_NAME};
use tokio::net::TcpListener;
use worker::outbound::{Outbound, OutboundError, OutboundSettings};

use super::{HASTY, PATIENT, Script, local, outbound, post, response};

/// Trusts `ca` through a file, as an operator would.
fn trusting(ca: &TestCa) -> Outbound {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(ca.ca_pem().as_bytes()).unwrap();
    Outbound::new(&OutboundSettings {
        ca_file: Some(file.path().to_owned()),
        ..local()
    })
    .unwrap()
}

async fn post_to(outbound: &Outbound, receiver: &Receiver) -> Exchange {
    post(outbound, format!("{}/hook", receiver.url()), PATIENT).await
}

fn assert_refused(exchange: &Exchange, outcome: Outcome, words: &str, receiver: &Receiver) {
    assert_eq!(exchange.outcome, outcome, "{exchange:?}");
    assert!(exchange.error.contains(words), "{}", exchange.error);
    assert_eq!(exchange.remote_ip, Some(receiver.addr().ip()));
    assert_eq!(receiver.requests().len(), 0);
}

#[tokio::test]
async fn a_certificate_of_the_ca_file_is_trusted_and_http2_is_spoken() {
    let ca = TestCa::new();
    let receiver = Receiver::start_tls(&ca).await;
    let outbound = trusting(&ca);
    let first = post_to(&outbound, &receiver).await;
    let second = post_to(&outbound, &receiver).await;
    assert_eq!(
        (response(&first).status, response(&second).status),
        (200, 200),
        "{first:?}"
    );
    assert!(first.timings.tls.is_some() && second.timings.tls.is_none());
    let requests = receiver.requests();
    assert!(
        requests
            .iter()
            .all(|request| request.version == Version::HTTP_2)
    );
    assert_eq!(requests[0].body.as_ref(), b"{\"n\":1.10}");
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn http11_is_spoken_over_tls_where_the_receiver_offers_no_http2() {
    let ca = TestCa::new();
    let receiver = Receiver::start_with(ca.server_config(&TLS_NAMES, false)).await;
    let exchange = post_to(&trusting(&ca), &receiver).await;
    assert_eq!(response(&exchange).status, 200);
    assert_eq!(receiver.requests()[0].version, Version::HTTP_11);
}

#[tokio::test]
async fn an_unknown_authority_is_not_trusted_and_gets_no_byte_of_the_payload() {
    let receiver = Receiver::start_tls(&TestCa::new()).await;
    let exchange = post_to(&outbound(), &receiver).await;
    assert_refused(
        &exchange,
        Outcome::TlsUntrusted,
        "The certificate of 127.0.0.1 is not signed by",
        &receiver,
    );
}

#[tokio::test]
async fn a_self_signed_certificate_is_not_trusted() {
    let receiver = Receiver::start_with(TestCa::self_signed_config(&TLS_NAMES)).await;
    let exchange = post_to(&outbound(), &receiver).await;
    assert_refused(
        &exchange,
        Outcome::TlsUntrusted,
        "The certificate of 127.0.0.1",
        &receiver,
    );
}

#[tokio::test]
async fn a_certificate_for_another_name_tells_both_names() {
    let ca = TestCa::new();
    let receiver = Receiver::start_with(ca.wrong_name_config()).await;
    let exchange = post(
        &trusting(&ca),
        format!("{}/hook", receiver.url_for("localhost")),
        PATIENT,
    )
    .await;
    let words = format!("The certificate of localhost is for other names: {WRONG_NAME}.");
    assert_refused(&exchange, Outcome::TlsNameMismatch, &words, &receiver);
}

#[tokio::test]
async fn an_expired_certificate_is_told() {
    let ca = TestCa::new();
    let receiver = Receiver::start_with(ca.expired_config(&TLS_NAMES)).await;
    let exchange = post_to(&trusting(&ca), &receiver).await;
    assert_refused(
        &exchange,
        Outcome::TlsExpired,
        "The certificate of 127.0.0.1 has expired.",
        &receiver,
    );
}

#[tokio::test]
async fn plain_http_on_the_https_port_is_hinted_at() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n";
            tokio::io::AsyncWriteExt::write_all(&mut stream, answer)
                .await
                .ok();
        }
    });
    let exchange = post(&outbound(), format!("https://{addr}/"), PATIENT).await;
    assert_eq!(exchange.outcome, Outcome::TlsHandshake);
    assert!(exchange.error.contains("speaks http"), "{}", exchange.error);
}

#[tokio::test]
async fn a_close_during_the_handshake_is_told() {
    let receiver = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = receiver.local_addr().unwrap();
    tokio::spawn(async move { while receiver.accept().await.is_ok() {} });
    let exchange = post(&outbound(), format!("https://{addr}/"), PATIENT).await;
    assert_eq!(exchange.outcome, Outcome::TlsHandshake);
    assert_eq!(
        exchange.error,
        "127.0.0.1 closed the connection during the TLS handshake."
    );
}

#[tokio::test]
async fn a_handshake_that_stalls_ends_at_its_own_limit() {
    let receiver = Script::start(|stream| async move { Some(stream) }).await;
    let outbound = Outbound::new(&OutboundSettings {
        connect_timeout: HASTY,
        ..local()
    })
    .unwrap();
    let exchange = post(&outbound, format!("https://{}/", receiver.addr), PATIENT).await;
    assert_eq!(exchange.outcome, Outcome::Timeout);
    assert_eq!(
        exchange.error,
        "127.0.0.1 did not finish the TLS handshake within 300 ms."
    );
}

#[tokio::test]
async fn tls_that_shares_no_version_with_us_is_a_protocol_failure() {
    // A fatal alert "protocol_version", which a receiver of TLS 1.0 and 1.1 sends.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let alert = [21, 3, 1, 0, 2, 2, 70];
            tokio::io::AsyncWriteExt::write_all(&mut stream, &alert)
                .await
                .ok();
            tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 4096])
                .await
                .ok();
        }
    });
    let exchange = post(&outbound(), format!("https://{addr}/"), PATIENT).await;
    assert_eq!(exchange.outcome, Outcome::TlsProtocol, "{exchange:?}");
}

#[test]
fn a_ca_file_that_cannot_be_read_is_refused_at_start() {
    let settings = OutboundSettings {
        ca_file: Some("/does/not/exist.pem".into()),
        ..local()
    };
    assert!(matches!(
        Outbound::new(&settings),
        Err(OutboundError::CaFile { .. })
    ));
}

//! Names, and the addresses that may not be dialled.

use std::collections::HashMap;
use std::net::IpAddr;

use domain::attempt::{Exchange, Outcome};
use testkit::dns::DnsServer;
use testkit::receiver::Receiver;
use worker::outbound::{Outbound, OutboundSettings};

use super::{HASTY, PATIENT, local, outbound, post, response};

const BAD_URLS: &str = include_str!("../../../../testkit/fixtures/bad_urls.json");

type Answers = HashMap<String, Vec<Vec<IpAddr>>>;

async fn name_server(answers: &[(&str, &[&[&str]])]) -> DnsServer {
    let addresses = |set: &&[&str]| set.iter().map(|ip| ip.parse().unwrap()).collect();
    let zone = answers
        .iter()
        .map(|(name, sets)| ((*name).to_owned(), sets.iter().map(addresses).collect()));
    DnsServer::start(zone.collect()).await
}

fn asking(server: &DnsServer, settings: OutboundSettings) -> Outbound {
    Outbound::new(&OutboundSettings {
        dns_servers: vec![server.addr()],
        ..settings
    })
    .unwrap()
}

/// Neither a packet was sent nor an address told.
fn assert_not_dialled(exchange: &Exchange, receiver: &Receiver) {
    assert_eq!(
        (
            exchange.remote_ip,
            exchange.timings.connect,
            &exchange.response
        ),
        (None, None, &None)
    );
    assert_eq!(receiver.connections(), 0, "{exchange:?}");
}

#[tokio::test]
async fn a_name_is_looked_up_once_for_each_new_connection() {
    let receiver = Receiver::start().await;
    let server = name_server(&[("hooks.example.com", &[&["127.0.0.1"]])]).await;
    let outbound = asking(&server, local());
    let first = post(&outbound, receiver.url_for("hooks.example.com"), PATIENT).await;
    let second = post(&outbound, receiver.url_for("hooks.example.com"), PATIENT).await;
    assert_eq!(
        (response(&first).status, response(&second).status),
        (200, 200)
    );
    assert!(first.timings.dns.is_some() && second.timings.dns.is_none());
    assert_eq!(first.remote_ip, Some(receiver.addr().ip()));
    // One lookup is two questions: A and AAAA.
    assert_eq!(server.queries(), 2);
}

#[tokio::test]
async fn a_name_that_points_inside_is_blocked_without_telling_where() {
    let receiver = Receiver::start().await;
    let server = name_server(&[("hooks.example.com", &[&["127.0.0.1"]])]).await;
    let settings = OutboundSettings {
        allow_http: true,
        ..OutboundSettings::default()
    };
    let exchange = post(
        &asking(&server, settings),
        receiver.url_for("hooks.example.com"),
        PATIENT,
    )
    .await;
    assert_eq!(exchange.outcome, Outcome::BlockedAddress);
    assert!(
        exchange.error.contains("hooks.example.com") && !exchange.error.contains("127."),
        "{}",
        exchange.error
    );
    assert_not_dialled(&exchange, &receiver);
}

#[tokio::test]
async fn one_forbidden_answer_refuses_the_allowed_ones_beside_it() {
    let receiver = Receiver::start().await;
    let server = name_server(&[("hooks.example.com", &[&["127.0.0.1", "10.0.0.1"]])]).await;
    let exchange = post(
        &asking(&server, local()),
        receiver.url_for("hooks.example.com"),
        PATIENT,
    )
    .await;
    assert_eq!(exchange.outcome, Outcome::BlockedAddress);
    assert_not_dialled(&exchange, &receiver);
}

#[tokio::test]
async fn the_addresses_dialled_are_those_of_the_lookup_that_was_checked() {
    let receiver = Receiver::start().await;
    let server = name_server(&[("hooks.example.com", &[&["127.0.0.1"], &["10.0.0.1"]])]).await;
    let first = asking(&server, local());
    assert_eq!(
        response(&post(&first, receiver.url_for("hooks.example.com"), PATIENT).await).status,
        200
    );
    assert_eq!(server.queries(), 2);
    let second = asking(&server, local());
    let exchange = post(&second, receiver.url_for("hooks.example.com"), PATIENT).await;
    assert_eq!(
        (exchange.outcome, receiver.connections()),
        (Outcome::BlockedAddress, 1)
    );
}

#[tokio::test]
async fn an_address_that_refuses_costs_the_attempt_nothing_when_another_answers() {
    let receiver = Receiver::start().await;
    let server = name_server(&[("hooks.example.com", &[&["127.0.0.77", "127.0.0.1"]])]).await;
    let exchange = post(
        &asking(&server, local()),
        receiver.url_for("hooks.example.com"),
        PATIENT,
    )
    .await;
    assert_eq!(response(&exchange).status, 200);
    assert_eq!(exchange.remote_ip, Some(receiver.addr().ip()));
}

#[tokio::test]
async fn literal_addresses_are_checked_without_the_name_servers() {
    let receiver = Receiver::start().await;
    let server = name_server(&[]).await;
    let settings = OutboundSettings {
        allow_http: true,
        ..OutboundSettings::default()
    };
    let outbound = asking(&server, settings);
    let port = receiver.addr().port();
    for host in [
        "127.0.0.1",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "localhost",
    ] {
        let exchange = post(&outbound, format!("http://{host}:{port}/"), PATIENT).await;
        assert_eq!(exchange.outcome, Outcome::BlockedAddress, "{host}");
        assert_not_dialled(&exchange, &receiver);
    }
    assert_eq!(server.queries(), 0);
}

#[tokio::test]
async fn localhost_is_the_allowed_loopback_and_nothing_else() {
    let receiver = Receiver::start().await;
    let exchange = post(&outbound(), receiver.url_for("localhost"), PATIENT).await;
    assert_eq!(
        (response(&exchange).status, exchange.remote_ip),
        (200, Some(receiver.addr().ip()))
    );
}

#[tokio::test]
async fn http_is_blocked_where_only_https_is_allowed() {
    let receiver = Receiver::start().await;
    let outbound = Outbound::new(&OutboundSettings {
        allow_http: false,
        ..local()
    })
    .unwrap();
    let exchange = post(&outbound, receiver.url(), PATIENT).await;
    assert_eq!(exchange.outcome, Outcome::BlockedAddress);
    assert_not_dialled(&exchange, &receiver);
}

#[tokio::test]
async fn a_name_that_does_not_exist_or_has_no_address_is_a_dns_error() {
    let server = name_server(&[("empty.example.com", &[&[]])]).await;
    let outbound = asking(&server, local());
    let missing = post(&outbound, "http://missing.example.com/", PATIENT).await;
    assert_eq!(missing.outcome, Outcome::DnsError);
    assert_eq!(
        missing.error,
        "The name missing.example.com does not exist."
    );
    let empty = post(&outbound, "http://empty.example.com/", PATIENT).await;
    assert_eq!(empty.outcome, Outcome::DnsError);
    assert_eq!(empty.error, "The name empty.example.com has no address.");
}

#[tokio::test]
async fn name_servers_that_do_not_answer_are_a_dns_error_before_the_deadline() {
    let server = name_server(&[("silent.example.com", &[])]).await;
    let outbound = asking(
        &server,
        OutboundSettings {
            dns_timeout: HASTY,
            ..local()
        },
    );
    let exchange = post(&outbound, "http://silent.example.com/", PATIENT).await;
    assert_eq!(exchange.outcome, Outcome::DnsError);
    assert!(exchange.duration < PATIENT);
}

#[tokio::test]
async fn a_deadline_that_passes_during_the_lookup_is_a_timeout() {
    let server = name_server(&[("silent.example.com", &[])]).await;
    let exchange = post(
        &asking(&server, local()),
        "http://silent.example.com/",
        HASTY,
    )
    .await;
    assert_eq!(exchange.outcome, Outcome::Timeout);
    assert_eq!(
        exchange.error,
        "The name silent.example.com was not looked up within 300 ms."
    );
}

#[tokio::test]
async fn a_name_with_too_many_addresses_is_not_dialled() {
    let receiver = Receiver::start().await;
    let many = (1..=60)
        .map(|number| IpAddr::from([127, 0, 0, number]))
        .collect();
    let server =
        DnsServer::start(Answers::from([("many.example.com".to_owned(), vec![many])])).await;
    let exchange = post(
        &asking(&server, local()),
        receiver.url_for("many.example.com"),
        PATIENT,
    )
    .await;
    assert_eq!(exchange.outcome, Outcome::DnsError, "{exchange:?}");
    assert_not_dialled(&exchange, &receiver);
}

#[derive(serde::Deserialize)]
struct Entry {
    id: String,
    url: String,
    expect: String,
    #[serde(default)]
    dns: Vec<Vec<IpAddr>>,
}

#[tokio::test]
async fn every_name_of_the_corpus_that_points_inside_is_refused_without_a_packet() {
    let receiver = Receiver::start().await;
    let entries: Vec<Entry> = serde_json::from_str(BAD_URLS).unwrap();
    let blocked: Vec<Entry> = entries
        .into_iter()
        .filter(|entry| entry.expect == "block_at_connect")
        .collect();
    assert!(blocked.len() > 10);
    for Entry { id, url, dns, .. } in blocked {
        let host = url
            .trim_start_matches("https://")
            .split('/')
            .next()
            .unwrap()
            .to_owned();
        let server = DnsServer::start(Answers::from([(host.clone(), dns)])).await;
        let outbound = asking(&server, OutboundSettings::default());
        // The receiver's own port, so that a packet to any spelling of loopback would be seen.
        let url = format!("https://{host}:{}/", receiver.addr().port());
        let exchange = post(&outbound, url, PATIENT).await;
        let refused = matches!(
            exchange.outcome,
            Outcome::BlockedAddress | Outcome::DnsError
        );
        assert!(refused, "{id} {host}: {exchange:?}");
        assert!(server.queries() > 0, "{id} {host} was not looked up");
        assert_not_dialled(&exchange, &receiver);
    }
}

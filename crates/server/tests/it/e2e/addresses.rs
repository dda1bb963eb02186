//! The corpus of URLs that may and may not be called, through the API.

use std::collections::HashMap;
use std::net::IpAddr;

use serde::Deserialize;
use serde_json::json;
use testkit::dns::DnsServer;
use testkit::fixtures::BAD_URLS;
use testkit::server::Mode;

use super::stage::{Stage, flexype};

in_both_modes! {
    every_url_of_the_corpus_meets_its_expectation_when_an_endpoint_is_made,
}

/// One URL of the corpus.
#[derive(Deserialize)]
struct Entry {
    id: String,
    url: String,
    expect: String,
    #[serde(default)]
    dns: Vec<Vec<IpAddr>>,
    #[serde(default)]
    needs: Needs,
}

#[derive(Deserialize, Default)]
struct Needs {
    #[serde(default)]
    self_hosts: Vec<String>,
}

/// The corpus, a name server for its names, and the names that are our own.
async fn corpus() -> (Vec<Entry>, DnsServer, String) {
    let entries: Vec<Entry> = serde_json::from_str(BAD_URLS).unwrap();
    let names = entries.iter().filter(|entry| !entry.dns.is_empty());
    let host = |entry: &Entry| {
        entry.url["https://".len()..]
            .split('/')
            .next()
            .unwrap()
            .to_owned()
    };
    let sets: HashMap<_, _> = names
        .map(|entry| (host(entry), entry.dns.clone()))
        .collect();
    let own = entries
        .iter()
        .flat_map(|entry| entry.needs.self_hosts.clone());
    let own = own.collect::<Vec<_>>().join(",");
    (entries, DnsServer::start(sets).await, own)
}

async fn every_url_of_the_corpus_meets_its_expectation_when_an_endpoint_is_made(mode: Mode) {
    let (entries, dns, own) = corpus().await;
    assert!(entries.len() > 100);
    let servers = dns.addr().to_string();
    let settings = [
        ("HOOKYARD_OUTBOUND__ALLOW_HTTP", "false"),
        ("HOOKYARD_OUTBOUND__ALLOWED_NETWORKS", ""),
        ("HOOKYARD_OUTBOUND__DNS_SERVERS", &servers),
        ("HOOKYARD_SELF_HOSTS", &own),
        ("HOOKYARD_LIMITS__ENDPOINTS_PER_MERCHANT", "1000"),
    ];
    let stage = Stage::start_with(mode, &settings).await;
    let endpoints = stage.path("/endpoints");
    for entry in entries {
        let Entry {
            id, url, expect, ..
        } = entry;
        let checked = json!({ "url": url });
        let checked = stage
            .rest()
            .post(&stage.path("/endpoint-checks"), &checked)
            .await
            .expect(200);
        assert_eq!(
            checked["accepted"],
            expect != "reject_at_create",
            "{id} {url:?}: {checked}"
        );
        let answer = stage.rest().post(&endpoints, &flexype(&url)).await;
        match expect.as_str() {
            "reject_at_create" => {
                assert_eq!(answer.status, 422, "{id} {url:?}");
                assert_eq!(answer.problem(422), "invalid-endpoint-url", "{id} {url:?}");
                let fault = &answer.json()["errors"][0];
                assert_eq!(fault["pointer"], "/url", "{id}");
                assert!(
                    fault["code"].as_str().is_some_and(|code| !code.is_empty()),
                    "{id}"
                );
            }
            "allow" => assert_eq!(answer.status, 201, "{id} {url:?}: {:?}", answer.body),
            "block_at_connect" => {
                assert_eq!(answer.status, 201, "{id} {url:?}: {:?}", answer.body);
                let attempt = stage.test(&answer.json()).await;
                let nameless = entry.dns.concat().is_empty();
                let expected = if nameless {
                    "dns_error"
                } else {
                    "blocked_address"
                };
                assert_eq!(attempt["outcome"], expected, "{id} {url:?}: {attempt}");
                assert_eq!(
                    attempt["remote_ip"],
                    json!(null),
                    "{id}: nothing was dialled"
                );
            }
            other => panic!("{id}: unknown expectation {other}"),
        }
    }
}

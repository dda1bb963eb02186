use std::net::IpAddr;

use proptest::prelude::*;

use super::*;

const BAD_URLS: &str = include_str!("../../../testkit/fixtures/bad_urls.json");

#[derive(serde::Deserialize)]
struct Entry {
    id: String,
    url: String,
    expect: String,
    #[serde(default)]
    dns: Vec<Vec<IpAddr>>,
    #[serde(default)]
    needs: Needs,
}

#[derive(serde::Deserialize, Default)]
struct Needs {
    #[serde(default)]
    self_hosts: Vec<String>,
}

fn code(policy: &AddressPolicy, url: &str) -> Option<&'static str> {
    policy
        .check_url(url)
        .err()
        .map(|problem| problem.code.as_str())
}

fn development() -> AddressPolicy {
    AddressPolicy {
        allow_http: true,
        allowed_networks: vec!["127.0.0.0/8".parse().unwrap()],
        self_hosts: vec![
            "localhost".to_owned(),
            "127.0.0.1".to_owned(),
            "hooks.example.com".to_owned(),
        ],
    }
}

#[test]
fn every_url_of_the_corpus_meets_its_expectation() {
    let entries: Vec<Entry> = serde_json::from_str(BAD_URLS).unwrap();
    assert!(entries.len() > 100);
    for Entry {
        id,
        url,
        expect,
        dns,
        needs,
    } in entries
    {
        let policy = AddressPolicy {
            self_hosts: needs.self_hosts,
            ..AddressPolicy::default()
        };
        let checked = policy.check_url(&url);
        match expect.as_str() {
            "reject_at_create" => {
                assert!(checked.is_err(), "{id} {url} was accepted as {checked:?}");
            }
            "allow" => assert!(checked.is_ok(), "{id} {url} was refused: {checked:?}"),
            "block_at_connect" => {
                let port = checked
                    .unwrap_or_else(|problem| panic!("{id} {url}: {problem}"))
                    .port();
                let harmless = |answer: &Vec<IpAddr>| {
                    !answer.is_empty()
                        && answer
                            .iter()
                            .all(|ip| policy.check_address(*ip, port).is_ok())
                };
                assert!(!dns.iter().all(harmless), "{id} {url} would be dialled");
            }
            other => panic!("{id}: unknown expectation {other}"),
        }
    }
}

#[test]
fn each_rule_has_its_code() {
    let policy = AddressPolicy {
        self_hosts: vec!["Hookyard.example.com".to_owned()],
        ..AddressPolicy::default()
    };
    let long = format!("https://example.com/{}", "a".repeat(MAX_URL_LEN));
    let grows = format!("https://example.com/{}", "\u{e4}".repeat(500));
    for (url, expected) in [
        ("http://example.com/", "scheme"),
        ("https:///example.com/", "scheme"),
        ("", "scheme"),
        (" https://example.com/", "control_character"),
        ("https://example.com\\@127.0.0.1/", "control_character"),
        ("https://user@example.com/", "userinfo"),
        ("https://127.1/", "ambiguous_address"),
        ("https://0x7f000001/", "ambiguous_address"),
        ("https://127.0.0.1./", "ambiguous_address"),
        ("https://\u{ff4c}ocalhost/", "ambiguous_address"),
        ("https://%31.example.com/", "ambiguous_address"),
        ("https://10.0.0.1/", "forbidden_address"),
        ("https://[::ffff:8.8.8.8]/", "forbidden_address"),
        ("https://localhost./", "special_name"),
        ("https://redis/", "single_label"),
        ("https://example.com:22/", "port"),
        ("https://example.com:80/", "port"),
        ("https://example.com:65536/", "port"),
        ("https://1.1.1.1:6379/", "port"),
        ("https://example.com/#", "fragment"),
        (&long, "too_long"),
        (&grows, "too_long"),
        ("https://HOOKYARD.example.com:8443/", "self"),
        ("https://[::1/", "syntax"),
        ("https://example.com./", "syntax"),
        ("https://a..example.com/", "syntax"),
    ] {
        assert_eq!(code(&policy, url), Some(expected), "{url}");
    }
}

#[test]
fn a_url_is_stored_normalised() {
    let policy = AddressPolicy::default();
    for (given, stored) in [
        ("HTTPS://EXAMPLE.COM/Hook", "https://example.com/Hook"),
        ("https://example.com", "https://example.com/"),
        ("https://example.com:443/hook", "https://example.com/hook"),
        (
            "https://example.com/hook?token=abc%20def&x=1",
            "https://example.com/hook?token=abc%20def&x=1",
        ),
        (
            "https://b\u{fc}cher.example/\u{e4}",
            "https://xn--bcher-kva.example/%C3%A4",
        ),
        (
            "https://example.com/a|b{c}",
            "https://example.com/a|b%7Bc%7D",
        ),
    ] {
        assert_eq!(policy.check_url(given).unwrap().as_str(), stored);
    }
}

#[test]
fn host_and_port_are_read_from_the_stored_text() {
    for (text, host, port) in [
        ("https://example.com/a:1", "example.com", 443),
        ("https://example.com:8443?x=:1", "example.com", 8443),
        ("http://[::1]/", "[::1]", 80),
        ("http://[::1]:9000/", "[::1]", 9000),
    ] {
        let url = EndpointUrl::from_stored(text.to_owned());
        assert_eq!((url.host(), url.port()), (host, port));
    }
}

#[test]
fn an_allowed_network_wins_over_every_address_and_port_rule() {
    let policy = development();
    for url in [
        "http://127.0.0.1:6379/",
        "https://127.9.9.9/",
        "http://localhost:22/",
        "http://example.com/",
    ] {
        assert_eq!(code(&policy, url), None, "{url}");
    }
    for (url, expected) in [
        ("http://127.1/", "ambiguous_address"),
        ("http://10.0.0.1/", "forbidden_address"),
        ("http://[::1]/", "forbidden_address"),
        ("http://example.com:6379/", "port"),
        ("http://hooks.example.com/", "self"),
    ] {
        assert_eq!(code(&policy, url), Some(expected), "{url}");
    }
    assert_eq!(
        policy.check_address("127.0.0.1".parse().unwrap(), 22),
        Ok(())
    );
    assert_eq!(
        policy.check_address("1.1.1.1".parse().unwrap(), 22),
        Err(Blocked::Port)
    );
    assert_eq!(
        policy.check_address("::1".parse().unwrap(), 443),
        Err(Blocked::Address)
    );
    assert_eq!(
        policy.check_address("::ffff:127.0.0.1".parse().unwrap(), 443),
        Err(Blocked::Address)
    );
    assert_eq!(
        policy.localhost_addresses(),
        ["127.0.0.1".parse::<IpAddr>().unwrap()]
    );
}

#[test]
fn every_printable_character_of_a_path_or_query_ends_up_storable_or_refused() {
    let policy = AddressPolicy::default();
    for character in '!'..='~' {
        for url in [
            format!("https://example.com/a{character}b"),
            format!("https://example.com/?a{character}b"),
        ] {
            if let Ok(stored) = policy.check_url(&url) {
                let unsafe_byte =
                    |byte: u8| matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'#' | b' ');
                assert!(!stored.as_str().bytes().any(unsafe_byte), "{stored}");
            }
        }
    }
}

proptest! {
    #[test]
    fn a_url_that_is_accepted_never_names_a_forbidden_address(bits: u128, four: bool, port: u16) {
        let ip = if four {
            #[expect(clippy::cast_possible_truncation, reason = "any 32 bits will do")]
            IpAddr::from((bits as u32).to_be_bytes())
        } else {
            IpAddr::from(bits.to_be_bytes())
        };
        let policy = AddressPolicy::default();
        let url = match ip {
            IpAddr::V4(ip) => format!("https://{ip}:{port}/"),
            IpAddr::V6(ip) => format!("https://[{ip}]:{port}/"),
        };
        prop_assert!(policy.check_url(&url).is_err() || policy.check_address(ip, port).is_ok(), "{}", url);
    }

    #[test]
    fn whatever_is_accepted_as_a_url_is_stored_as_it_would_be_accepted_again(
        host in "[a-zA-Z0-9.:%@\\[\\]\\-_\\PC]{0,30}", rest in "\\PC{0,30}",
    ) {
        let policy = AddressPolicy::default();
        if let Ok(stored) = policy.check_url(&format!("https://{host}{rest}")) {
            let again = policy.check_url(stored.as_str());
            prop_assert_eq!(again.map(EndpointUrl::into_string), Ok(stored.into_string()));
        }
    }
}

/// An address as some program or other would read it: in other bases, with fewer parts, within an IPv6 address.
fn odd_address() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        prop::sample::select(vec![
            "0", "10", "127", "169", "254", "172", "192", "168", "1"
        ])
        .prop_map(str::to_owned),
        any::<u8>().prop_map(|number| number.to_string()),
        any::<u8>().prop_map(|number| format!("0x{number:X}")),
        any::<u8>().prop_map(|number| format!("0{number:o}")),
        any::<u32>().prop_map(|number| number.to_string()),
        any::<u32>().prop_map(|number| format!("0x{number:x}")),
    ];
    let end = prop::sample::select(vec!["", ".", "\u{3002}"]);
    let four = (prop::collection::vec(number, 1..5), end)
        .prop_map(|(parts, end)| format!("{}{end}", parts.join(".")));
    let before = prop::sample::select(vec![
        "::",
        "::ffff:",
        "64:ff9b::",
        "2002:",
        "fe80::",
        "::1:",
    ]);
    let within = (before, any::<u32>()).prop_map(|(before, bits)| {
        let ip = std::net::Ipv4Addr::from(bits & 0x7fff_ffff);
        match before {
            "2002:" => format!("[2002:{:x}:{:x}::1]", bits >> 16, bits & 0xffff),
            before => format!("[{before}{ip}]"),
        }
    });
    prop_oneof![3 => four, 1 => within]
}

proptest! {
    #[test]
    fn an_address_is_forbidden_however_it_is_spelled(host in odd_address(), path in "[/a-z0-9?=]{0,8}") {
        let policy = AddressPolicy::default();
        let Ok(stored) = policy.check_url(&format!("https://{host}/{path}")) else { return Ok(()) };
        let ip = match url::Url::parse(stored.as_str()).unwrap().host().map(|host| host.to_owned()) {
            Some(url::Host::Ipv4(ip)) => IpAddr::V4(ip),
            Some(url::Host::Ipv6(ip)) => IpAddr::V6(ip),
            other => panic!("{host} became {other:?}"),
        };
        prop_assert!(policy.check_address(ip, 443).is_ok(), "{} became {}", host, ip);
    }
}

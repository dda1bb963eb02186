//! From texts to values: each parser says in its error what is right.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::rate::Rate;
use ipnet::IpNet;
use tracing_subscriber::EnvFilter;

use super::{LogFormat, MasterKey, Secret};

/// Shortest password an admin may have, in characters.
pub(crate) const PASSWORD_MIN: usize = 12;
/// The port of name servers.
const DNS_PORT: u16 = 53;
/// Longest duration taken, in days: beyond it, sums of times would leave the calendar.
const LONGEST_DAYS: u64 = 36_500;
/// Longest timeout of attempts: a job's lease must outlast it.
const TIMEOUT_MAX: Duration = Duration::from_secs(30);

/// Non-empty parts between commas.
pub(crate) fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

fn optional<T>(
    text: &str,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, String> {
    if text.is_empty() {
        Ok(None)
    } else {
        parse(text).map(Some)
    }
}

/// A duration with its unit; `0s` is one.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let right = || "a duration with its unit, such as 250ms, 90s, 15m, 2h or 30d".to_owned();
    let parsed = humantime::parse_duration(text).map_err(|_| right())?;
    let longest = Duration::from_hours(24 * LONGEST_DAYS);
    if parsed <= longest {
        Ok(parsed)
    } else {
        Err(format!("at most {LONGEST_DAYS}d"))
    }
}

/// A timeout of attempts: as long as an endpoint may ask for.
pub(crate) fn timeout(text: &str) -> Result<Duration, String> {
    let parsed = duration(text)?;
    if parsed <= TIMEOUT_MAX {
        Ok(parsed)
    } else {
        Err(format!("at most {}s", TIMEOUT_MAX.as_secs()))
    }
}

/// Durations between commas; none is an empty list.
pub(crate) fn durations(text: &str) -> Result<Vec<Duration>, String> {
    let right = |_| "durations between commas, such as 1m,5m,15m".to_owned();
    parts(text)
        .map(duration)
        .collect::<Result<_, _>>()
        .map_err(right)
}

/// Networks between commas; an address alone is a network of one.
pub(crate) fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    let network = |part: &str| {
        part.parse()
            .or_else(|_| part.parse::<IpAddr>().map(IpNet::from))
            .map_err(|_| {
                format!("networks between commas, such as 127.0.0.0/8,::1; `{part}` is none")
            })
    };
    parts(text).map(network).collect()
}

/// Addresses between commas, with or without a port.
pub(crate) fn dns_servers(text: &str) -> Result<Vec<SocketAddr>, String> {
    let server = |part: &str| {
        part.parse()
            .or_else(|_| {
                part.parse::<IpAddr>()
                    .map(|ip| SocketAddr::new(ip, DNS_PORT))
            })
            .map_err(|_| "addresses between commas, such as 9.9.9.9 or 10.0.0.2:5353".to_owned())
    };
    parts(text).map(server).collect()
}

/// A database URL.
pub(crate) fn database_url(text: &str) -> Result<Option<Secret>, String> {
    optional(text, |url| {
        let known = ["postgres://", "postgresql://", "sqlite:"]
            .iter()
            .any(|start| url.starts_with(start));
        // Each connection would have a memory of its own.
        if known && !url.contains(":memory:") && !url.contains("mode=memory") {
            Ok(Secret::new(url))
        } else {
            Err("postgres://user:password@host/database or sqlite:/path/file.db".to_owned())
        }
    })
}

/// A rate of requests; none is no limit.
pub(crate) fn rate(text: &str) -> Result<Option<Rate>, String> {
    optional(text, str::parse)
}

/// A Redis URL.
pub(crate) fn redis_url(text: &str) -> Result<Option<Secret>, String> {
    optional(text, |url| {
        let known = ["redis://", "rediss://", "redis+unix://", "unix://"]
            .iter()
            .any(|start| url.starts_with(start));
        if known {
            Ok(Secret::new(url))
        } else {
            Err("redis://host:6379 or rediss://host:6379".to_owned())
        }
    })
}

/// Base64 keys between commas.
pub(crate) fn master_keys(text: &str) -> Result<Vec<MasterKey>, String> {
    let right =
        "base64 of exactly 32 bytes, as `openssl rand -base64 32` makes it; several between commas";
    parts(text)
        .map(|part| {
            let bytes =
                zeroize::Zeroizing::new(STANDARD.decode(part).map_err(|_| right.to_owned())?);
            let key = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| right.to_owned())?;
            Ok(MasterKey::new(key))
        })
        .collect()
}

/// A URL that browsers can open.
pub(crate) fn public_url(text: &str) -> Result<Option<String>, String> {
    optional(text, |url| match host_of(url) {
        Some(_) => Ok(url.trim_end_matches('/').to_owned()),
        None => Err("https://host or http://host:port".to_owned()),
    })
}

/// The host of an http or https URL, in lower case.
pub(crate) fn host_of(url: &str) -> Option<String> {
    let uri: http::Uri = url.parse().ok()?;
    let web = matches!(uri.scheme_str(), Some("http" | "https"));
    uri.host()
        .filter(|host| web && !host.is_empty())
        .map(str::to_lowercase)
}

/// An email address, in lower case.
pub(crate) fn email(text: &str) -> Result<Option<String>, String> {
    optional(text, |email| match email.trim().split_once('@') {
        Some((name, host)) if !name.is_empty() && !host.is_empty() => {
            Ok(email.trim().to_lowercase())
        }
        _ => Err("an email address".to_owned()),
    })
}

/// A secret of any form.
pub(crate) fn secret(text: &str) -> Result<Option<Secret>, String> {
    optional(text, |text| Ok(Secret::new(text)))
}

/// A password that is long enough.
pub(crate) fn password(text: &str) -> Result<Option<Secret>, String> {
    optional(text, |password| {
        if password.chars().count() >= PASSWORD_MIN {
            Ok(Secret::new(password))
        } else {
            Err(format!("at least {PASSWORD_MIN} characters"))
        }
    })
}

/// A filter of log lines.
pub(crate) fn log_filter(text: &str) -> Result<String, String> {
    EnvFilter::try_new(text)
        .map(|_| text.to_owned())
        .map_err(|_| "a tracing filter, such as info or info,worker=debug".to_owned())
}

/// How log lines look.
pub(crate) fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "json" => Ok(LogFormat::Json),
        "text" => Ok(LogFormat::Text),
        _ => Err("json or text".to_owned()),
    }
}

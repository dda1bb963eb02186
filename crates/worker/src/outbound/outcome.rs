//! Turns every way a POST can end into one outcome of the closed set, and into words for the
//! merchant. The words name the receiver's side only: no address behind a refused name.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use domain::attempt::Outcome;
use http::response::Parts;
use http::{Uri, header};
use rustls::{AlertDescription, CertificateError, InvalidMessage};

use super::connector::Step;

/// Names of a certificate that an error shows: it may carry thousands.
const NAMES_SHOWN: usize = 5;

/// Characters of a redirect's target that are told.
const LOCATION_KEEP: usize = 200;

/// A POST that brought no answer.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{error}")]
pub(super) struct Failure {
    /// Which of the closed set.
    pub(super) outcome: Outcome,
    /// In words for the merchant.
    pub(super) error: String,
}

impl Failure {
    fn new(outcome: Outcome, error: impl Into<String>) -> Self {
        Self {
            outcome,
            error: error.into(),
        }
    }

    /// Refused before anything was dialled.
    pub(super) fn blocked(error: impl Into<String>) -> Self {
        Self::new(Outcome::BlockedAddress, error)
    }

    /// `host` is, or points to, what may not be called.
    pub(super) fn blocked_address(host: &str) -> Self {
        Self::blocked(format!(
            "{host} does not lead to an address and port of the public internet that may be called."
        ))
    }

    /// A URL the policy would not have stored.
    pub(super) fn unusable_url() -> Self {
        Self::blocked("This URL cannot be called. Save the endpoint's URL again.")
    }

    /// The name did not resolve.
    pub(super) fn dns(error: impl Into<String>) -> Self {
        Self::new(Outcome::DnsError, error)
    }

    /// What came back is no answer.
    pub(super) fn invalid(error: impl Into<String>) -> Self {
        Self::new(Outcome::InvalidResponse, error)
    }
}

/// Of a complete response head that [`super::response::check_head`] let pass.
pub(super) fn of_head(head: &Parts) -> (Outcome, String) {
    let status = head.status;
    if status.is_success() {
        return (Outcome::HttpStatus, String::new());
    }
    if !status.is_redirection() {
        return (
            Outcome::HttpStatus,
            format!("The receiver answered {status}."),
        );
    }
    let error = match head.headers.get(header::LOCATION) {
        Some(location) => {
            let location = String::from_utf8_lossy(location.as_bytes());
            let location: String = location.chars().take(LOCATION_KEEP).collect();
            format!(
                "The receiver answered {status} and points to {location}. Redirects are not followed: use the final URL."
            )
        }
        None => format!(
            "The receiver answered {status}. Redirects are not followed: use the final URL."
        ),
    };
    (Outcome::Redirect, error)
}

/// Of the whole deadline passing, at `step` of opening a connection if one was being opened.
pub(super) fn of_deadline(step: Option<Step>, limit: Duration, uri: &Uri) -> Failure {
    let host = uri.host().unwrap_or_default();
    match step {
        Some(Step::Connecting) => connect_timed_out(host, limit),
        Some(Step::Handshaking) => handshake_timed_out(host, limit),
        Some(Step::Resolving) => Failure::new(
            Outcome::Timeout,
            format!("The name {host} was not looked up within {}.", spell(limit)),
        ),
        Some(Step::Connected) | None => Failure::new(
            Outcome::Timeout,
            format!("No answer within {}.", spell(limit)),
        ),
    }
}

/// Of a TCP connection that could not be opened.
pub(super) fn of_connect(host: &str, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Failure::new(
            Outcome::ConnectRefused,
            format!("{host} refused the connection: nobody listens on that port."),
        ),
        io::ErrorKind::TimedOut => Failure::new(
            Outcome::ConnectTimeout,
            format!("{host} did not take the connection in time."),
        ),
        _ => Failure::new(
            Outcome::ConnectRefused,
            format!("{host} could not be reached: {}.", error.kind()),
        ),
    }
}

/// Of a TCP connection that did not come about in time.
pub(super) fn connect_timed_out(host: &str, limit: Duration) -> Failure {
    Failure::new(
        Outcome::ConnectTimeout,
        format!(
            "{host} did not take the connection within {}.",
            spell(limit)
        ),
    )
}

/// Of a TLS handshake that did not end in time.
pub(super) fn handshake_timed_out(host: &str, limit: Duration) -> Failure {
    Failure::new(
        Outcome::Timeout,
        format!(
            "{host} did not finish the TLS handshake within {}.",
            spell(limit)
        ),
    )
}

/// Of a TLS handshake that failed.
pub(super) fn of_handshake(host: &str, error: &io::Error) -> Failure {
    match find::<rustls::Error>(error) {
        Some(tls) => of_tls(host, tls),
        None => Failure::new(
            Outcome::TlsHandshake,
            format!("{host} closed the connection during the TLS handshake."),
        ),
    }
}

/// Of a request that failed after the deadline's start and before a response head.
pub(super) fn of_request(error: &hyper_util::client::legacy::Error, uri: &Uri) -> Failure {
    if let Some(failure) = find::<Failure>(error) {
        return failure.clone();
    }
    let host = uri.host().unwrap_or_default();
    if let Some(tls) = find::<rustls::Error>(error) {
        return of_tls(host, tls);
    }
    let hyper = find::<hyper::Error>(error);
    if hyper.is_some_and(hyper::Error::is_parse_too_large) {
        return Failure::invalid(
            "The head of the response is too large: at most 100 headers and 32 KiB are read.",
        );
    }
    let not_http = hyper.is_some_and(|hyper| hyper.is_parse() || hyper.is_parse_status());
    if not_http || find::<h2::Error>(error).is_some_and(|h2| !h2.is_io() && !h2.is_go_away()) {
        return Failure::invalid("The response is not valid HTTP.");
    }
    tracing::debug!(%error, host, "connection lost");
    Failure::new(
        Outcome::Reset,
        format!("{host} closed the connection before it answered."),
    )
}

fn of_tls(host: &str, error: &rustls::Error) -> Failure {
    use rustls::Error::{AlertReceived, InvalidCertificate, PeerIncompatible};
    match error {
        InvalidCertificate(problem) => of_certificate(host, problem),
        PeerIncompatible(_)
        | AlertReceived(
            AlertDescription::ProtocolVersion
            | AlertDescription::HandshakeFailure
            | AlertDescription::InsufficientSecurity,
        ) => Failure::new(
            Outcome::TlsProtocol,
            format!(
                "{host} and we have no TLS version or cipher in common; TLS 1.2 or 1.3 is needed."
            ),
        ),
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => Failure::new(
            Outcome::TlsHandshake,
            format!("{host} did not answer in TLS: this port speaks http, it seems."),
        ),
        AlertReceived(alert) => Failure::new(
            Outcome::TlsHandshake,
            format!("{host} broke off the TLS handshake with the alert {alert:?}."),
        ),
        other => Failure::new(
            Outcome::TlsHandshake,
            format!("The TLS handshake with {host} failed: {other}."),
        ),
    }
}

fn of_certificate(host: &str, problem: &CertificateError) -> Failure {
    use CertificateError as C;
    let (outcome, error) = match problem {
        C::Expired | C::ExpiredContext { .. } => (
            Outcome::TlsExpired,
            format!("The certificate of {host} has expired."),
        ),
        C::NotValidYet | C::NotValidYetContext { .. } => (
            Outcome::TlsExpired,
            format!("The certificate of {host} is not valid yet."),
        ),
        C::NotValidForName => (
            Outcome::TlsNameMismatch,
            format!("The certificate of {host} is for another name."),
        ),
        C::NotValidForNameContext { presented, .. } if presented.is_empty() => (
            Outcome::TlsNameMismatch,
            format!("The certificate of {host} names no host."),
        ),
        C::NotValidForNameContext { presented, .. } => {
            let names: Vec<&str> = presented
                .iter()
                .take(NAMES_SHOWN)
                .map(|name| plain_name(name))
                .collect();
            let error = format!(
                "The certificate of {host} is for other names: {}.",
                names.join(", ")
            );
            (Outcome::TlsNameMismatch, error)
        }
        C::UnknownIssuer => (
            Outcome::TlsUntrusted,
            format!(
                "The certificate of {host} is not signed by an authority that is trusted here."
            ),
        ),
        other => (
            Outcome::TlsUntrusted,
            format!("The certificate of {host} cannot be trusted: {other}."),
        ),
    };
    Failure::new(outcome, error)
}

/// The name in the TLS library's spelling of a certificate's name: `DnsName("example.com")`.
fn plain_name(presented: &str) -> &str {
    presented.split('"').nth(1).unwrap_or(presented)
}

/// The first error of type `E` in the chain of causes. An [`io::Error`] hides the one it wraps
/// from `source`, so it is opened.
fn find<'e, E: StdError + 'static>(error: &'e (dyn StdError + 'static)) -> Option<&'e E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}

/// A time limit as people say it: `10 s`, `300 ms`.
fn spell(limit: Duration) -> String {
    if limit.subsec_millis() == 0 {
        format!("{} s", limit.as_secs())
    } else {
        format!("{} ms", limit.as_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapped_error_is_found_inside_an_io_error() {
        let inner = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let outer = io::Error::other(io::Error::other(inner));
        assert_eq!(
            of_handshake("example.com", &outer).outcome,
            Outcome::TlsUntrusted
        );
    }

    #[test]
    fn a_name_mismatch_tells_both_names() {
        let problem = CertificateError::NotValidForNameContext {
            expected: "hooks.example.com".try_into().unwrap(),
            presented: vec![
                "DnsName(\"a.example.com\")".to_owned(),
                "DnsName(\"b.example.com\")".to_owned(),
            ],
        };
        let failure = of_certificate("hooks.example.com", &problem);
        assert_eq!(failure.outcome, Outcome::TlsNameMismatch);
        assert_eq!(
            failure.error,
            "The certificate of hooks.example.com is for other names: a.example.com, b.example.com."
        );
    }

    #[test]
    fn limits_are_spelled_in_the_unit_people_use() {
        assert_eq!(spell(Duration::from_secs(10)), "10 s");
        assert_eq!(spell(Duration::from_millis(300)), "300 ms");
        assert_eq!(spell(Duration::from_millis(1500)), "1500 ms");
    }
}

//! A look at a receiver before anything depends on it: a connection of its own, its certificate, one request.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::attempt::Exchange;
use domain::clock::Micros;
use gateway::endpoint_checks::{Certificate, Probed};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Uri};
use rustls_pki_types::CertificateDer;
use tokio::time::{Instant, timeout_at};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::connector::Dial;
use super::outcome::{self, Failure};
use super::{Outbound, PostRequest, failed};

impl Outbound {
    /// Opens a connection, looks at who is there, and makes a POST. Never fails: failures are outcomes.
    pub(crate) async fn probe_url(&self, url: &str, timeout: Duration) -> Probed {
        let started = Instant::now();
        let deadline = started + timeout;
        let failed = |failure, dial: Option<&Dial>| Probed {
            exchange: failed(failure, dial, started),
            certificate: None,
        };
        let Ok(uri) = url.parse::<Uri>() else {
            return failed(Failure::unusable_url(), None);
        };
        let dial = Arc::new(Dial::default());
        let stream = match timeout_at(deadline, self.connector.dial(&uri, &dial)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(failure)) => return failed(failure, Some(&dial)),
            Err(_) => {
                return failed(
                    outcome::of_deadline(Some(dial.step()), timeout, &uri),
                    Some(&dial),
                );
            }
        };
        let certificate = stream.certificate().and_then(certificate_of);
        drop(stream);
        let left = deadline.saturating_duration_since(Instant::now());
        let exchange = self.post(request(url, left)).await;
        Probed {
            exchange: with_dial(exchange, &dial),
            certificate,
        }
    }
}

fn request(url: &str, timeout: Duration) -> PostRequest {
    PostRequest {
        url: url.to_owned(),
        headers: HeaderMap::from_iter([(
            CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        )]),
        body: Bytes::from_static(b"{}"),
        timeout,
    }
}

/// The POST may have found a connection open: what opening one takes is known from the look before.
fn with_dial(mut exchange: Exchange, dial: &Dial) -> Exchange {
    let (remote_ip, timings) = dial.progress();
    exchange.remote_ip = exchange.remote_ip.or(remote_ip);
    exchange.timings.dns = timings.dns;
    exchange.timings.connect = timings.connect;
    exchange.timings.tls = timings.tls;
    exchange
}

fn certificate_of(der: &CertificateDer<'_>) -> Option<Certificate> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let seconds = certificate.validity().not_after.timestamp();
    Some(Certificate {
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        expires_at: Micros(seconds.saturating_mul(1_000_000)),
    })
}

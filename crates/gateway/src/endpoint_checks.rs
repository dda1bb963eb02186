//! Checks of a URL before an endpoint has it: what the rules say of its text, and what happens when it is called.

use std::time::Duration;

use domain::address_policy::UrlProblem;
use domain::attempt::{Exchange, Outcome};
use domain::clock::Micros;
use domain::endpoint::Owner;
use domain::id::EndpointId;
use domain::tenancy::TenantScope;
use storage::PageRequest;
use storage::search::EndpointFilter;

use crate::{Error, Gateway};

/// Time for everything.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Endpoints that are looked through for the same URL.
const ENDPOINTS: u64 = 250;

/// Who answers at a receiver's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Who it is for.
    pub subject: String,
    /// Who vouches for that.
    pub issuer: String,
    /// Until when.
    pub expires_at: Micros,
}

/// What came of calling a URL with a connection of its own.
#[derive(Debug, Clone)]
pub struct Probed {
    /// The call.
    pub exchange: Exchange,
    /// The certificate that was shown, if it was trusted.
    pub certificate: Option<Certificate>,
}

/// What a call goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The name is looked up, and its addresses are checked.
    Dns,
    /// A connection is opened.
    Connect,
    /// Both sides agree on a secret, and the certificate is checked.
    Tls,
    /// A request is sent and answered.
    Post,
}

impl Step {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::Dns, Self::Connect, Self::Tls, Self::Post];

    /// How the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Post => "post",
        }
    }

    /// Where a call with this outcome ended.
    const fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::BlockedAddress | Outcome::DnsError => Self::Dns,
            Outcome::ConnectRefused | Outcome::ConnectTimeout => Self::Connect,
            Outcome::TlsUntrusted
            | Outcome::TlsNameMismatch
            | Outcome::TlsExpired
            | Outcome::TlsProtocol
            | Outcome::TlsHandshake => Self::Tls,
            Outcome::Success
            | Outcome::HttpStatus
            | Outcome::Redirect
            | Outcome::Timeout
            | Outcome::Reset
            | Outcome::InvalidResponse
            | Outcome::Unknown
            | Outcome::Cancelled => Self::Post,
        }
    }
}

/// How one step went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stepped {
    /// Which.
    pub step: Step,
    /// Whether it went well.
    pub ok: bool,
    /// In words.
    pub detail: String,
    /// What it took; `None` where there was nothing to do.
    pub took: Option<Duration>,
}

/// A checked URL.
#[derive(Debug, Clone)]
pub struct EndpointCheck {
    /// As it would be stored; as it came where it is refused.
    pub url: String,
    /// Why an endpoint may not have it.
    pub refused: Option<UrlProblem>,
    /// The merchant's endpoints that have it already.
    pub same_url: Vec<EndpointId>,
    /// How calling it went, step by step, up to the first that failed. Empty when it was not called.
    pub steps: Vec<Stepped>,
    /// Who answered.
    pub certificate: Option<Certificate>,
}

impl Gateway {
    /// Checks a URL; with `reach` it is called, too, with an empty JSON object.
    ///
    /// Errors: too many calls; storage fails.
    pub async fn check_endpoint_url(
        &self,
        scope: TenantScope,
        url: String,
        reach: bool,
    ) -> Result<EndpointCheck, Error> {
        let checked = match self.settings.address_policy.check_url(&url) {
            Ok(checked) => checked,
            Err(problem) => {
                return Ok(EndpointCheck {
                    url,
                    refused: Some(problem),
                    same_url: Vec::new(),
                    steps: Vec::new(),
                    certificate: None,
                });
            }
        };
        let https = checked.as_str().starts_with("https:");
        let url = checked.into_string();
        let page = PageRequest {
            limit: ENDPOINTS,
            before: None,
        };
        let endpoints = self
            .storage
            .endpoints(scope, &EndpointFilter::default(), page)
            .await?
            .rows
            .into_iter();
        let same_url = endpoints
            .filter(|endpoint| endpoint.url == url)
            .map(|endpoint| endpoint.id);
        let mut check = EndpointCheck {
            same_url: same_url.collect(),
            refused: None,
            steps: Vec::new(),
            certificate: None,
            url,
        };
        if reach {
            self.checks.take(&scope.merchant_id())?;
            let owner = Owner::Merchant(scope.merchant_id());
            self.storage
                .note_use("checkEndpoint", scope.merchant_id(), Some(owner))
                .await?;
            let probed = self.sender.probe(&check.url, TIMEOUT).await;
            check.steps = steps(&probed, https);
            check.certificate = probed.certificate;
        }
        Ok(check)
    }
}

fn steps(probed: &Probed, https: bool) -> Vec<Stepped> {
    let last = Step::of(probed.exchange.outcome);
    Step::ALL
        .into_iter()
        .filter(|step| *step <= last && (https || *step != Step::Tls))
        .map(|step| stepped(step, step == last, probed))
        .collect()
}

fn stepped(step: Step, is_last: bool, probed: &Probed) -> Stepped {
    let exchange = &probed.exchange;
    let answered = exchange.response.as_ref().map(|response| response.status);
    let took = match step {
        Step::Dns => exchange.timings.dns,
        Step::Connect => exchange.timings.connect,
        Step::Tls => exchange.timings.tls,
        Step::Post => exchange.timings.first_byte,
    };
    let ok = !is_last || answered.is_some();
    let detail = match (step, answered) {
        (_, None) if !ok => exchange.error.clone(),
        (Step::Dns, _) if took.is_none() => {
            "The URL names an address: nothing to look up.".to_owned()
        }
        (Step::Dns, _) => "The name was found.".to_owned(),
        (Step::Connect, _) => exchange.remote_ip.map_or_else(
            || "Connected.".to_owned(),
            |ip| format!("Connected to {ip}."),
        ),
        (Step::Tls, _) => "The certificate is trusted.".to_owned(),
        (Step::Post, Some(status)) => format!("Answered with {status}."),
        (Step::Post, None) => exchange.error.clone(),
    };
    Stepped {
        step,
        ok,
        detail,
        took,
    }
}

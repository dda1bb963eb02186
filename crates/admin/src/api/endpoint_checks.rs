//! Checks of a URL before an endpoint has it.

use std::sync::Arc;
use std::time::Duration;

use domain::clock::Micros;
use domain::id::{EndpointId, MerchantId};
use gateway::endpoint_checks::{Certificate, EndpointCheck, Step, Stepped};
use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};

use super::Tag;
use crate::answers::Json;
use crate::app::App;
use crate::auth::Bearer;
use crate::body::Body;
use crate::problem::ApiError;
use crate::text::Text;

/// Longest URL that is judged, in characters.
const URL_MAX: usize = 4_096;

pub(crate) struct EndpointChecksApi;

/// A URL to check.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct CheckEndpoint {
    /// The URL.
    #[oai(validator(max_length = 4096))]
    url: String,
    /// Whether to call it: it gets a POST with an empty JSON object, unsigned.
    /// Left out, it is not called.
    reach: Option<bool>,
}

/// Why a URL may not be an endpoint's.
#[derive(Serialize, Object)]
struct Refusal {
    /// The rule it breaks.
    code: String,
    /// What would be right.
    detail: String,
}

/// How a step went.
#[derive(Serialize, Object)]
struct CheckStep {
    /// Which.
    name: Text<Step>,
    /// Whether it went well.
    ok: bool,
    /// In words.
    detail: String,
    /// What it took, in milliseconds; null where there was nothing to do.
    duration_ms: Option<f64>,
}

/// Who answers at an address.
#[derive(Serialize, Object)]
#[oai(rename = "Certificate")]
struct CertificateOut {
    /// Who it is for.
    subject: String,
    /// Who vouches for that.
    issuer: String,
    /// Until when it is good.
    expires_at: Text<Micros>,
}

/// A checked URL.
#[derive(Serialize, Object)]
#[oai(rename = "EndpointCheck")]
struct EndpointCheckOut {
    /// As it would be stored; as it came where it is refused.
    url: String,
    /// Whether an endpoint may have it.
    accepted: bool,
    /// Why not.
    refusal: Option<Refusal>,
    /// The merchant's endpoints that have it already.
    same_url: Vec<Text<EndpointId>>,
    /// How calling it went, up to the first step that failed; empty when it was not called.
    steps: Vec<CheckStep>,
    /// The certificate it showed, where it was trusted.
    certificate: Option<CertificateOut>,
}

impl From<Stepped> for CheckStep {
    fn from(stepped: Stepped) -> Self {
        let milliseconds = |took: Duration| took.as_secs_f64() * 1_000.0;
        Self {
            name: Text(stepped.step),
            ok: stepped.ok,
            detail: stepped.detail,
            duration_ms: stepped.took.map(milliseconds),
        }
    }
}

impl From<Certificate> for CertificateOut {
    fn from(certificate: Certificate) -> Self {
        Self {
            subject: certificate.subject,
            issuer: certificate.issuer,
            expires_at: Text(certificate.expires_at),
        }
    }
}

impl From<EndpointCheck> for EndpointCheckOut {
    fn from(check: EndpointCheck) -> Self {
        Self {
            accepted: check.refused.is_none(),
            url: check.url,
            refusal: check.refused.map(|problem| Refusal {
                code: problem.code.as_str().to_owned(),
                detail: problem.detail,
            }),
            same_url: check.same_url.into_iter().map(Text).collect(),
            steps: check.steps.into_iter().map(Into::into).collect(),
            certificate: check.certificate.map(Into::into),
        }
    }
}

#[OpenApi(tag = "Tag::Endpoints")]
impl EndpointChecksApi {
    /// Check a URL
    ///
    /// Whether an endpoint may have it and how it would be stored; with `reach`, also how calling it goes: looking up
    /// its name, connecting, TLS with the certificate, a POST with an empty JSON object. Nothing is stored or logged as
    /// a delivery. URLs may be called ten times a minute for each merchant.
    #[oai(
        path = "/merchants/:merchant_id/endpoint-checks",
        method = "post",
        operation_id = "checkEndpoint"
    )]
    async fn check(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        body: Body<CheckEndpoint>,
    ) -> Result<Json<EndpointCheckOut>, ApiError> {
        let scope = app.scope(&caller, merchant_id.0.0).await?;
        let CheckEndpoint { url, reach } = body.value;
        if url.chars().count() > URL_MAX {
            let detail = format!("must have {URL_MAX} characters at most");
            return Err(ApiError::field("/url", "length", detail));
        }
        let check = app
            .gateway
            .check_endpoint_url(scope, url, reach == Some(true))
            .await?;
        Ok(Json(check.into()))
    }
}

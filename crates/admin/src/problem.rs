//! The one error mapping: every cause becomes an RFC 9457 problem with a slug of a closed set.
//!
//! To add a slug: a variant of [`Slug`], its line in [`Slug::ALL`] and in [`Slug::row`], and its cause in
//! one of the mappings below. 5xx details go to the log with the request id, never to the caller.

use domain::error::FieldError;
use poem::error::{MethodNotAllowedError, NotFoundError, ReadBodyError, ResponseError};
use poem::http::StatusCode;
use poem_openapi::error::{
    ContentTypeError, ParseParamError, ParsePathError, ParseRequestPayloadError,
};
use poem_openapi::payload::Payload;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiResponse, Object};
use serde::Serialize;

/// What problems are sent as.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";
/// Wrong fields that are told of at most.
pub(crate) const FAULTS_MAX: usize = 100;
/// Characters of a caller's own input that a detail repeats at most.
const ECHO_MAX: usize = 200;
/// Characters of it without a space between them.
const WORD_MAX: usize = 100;

/// Cuts words of a caller's own, of which somebody might send thousands to see them come back: each to a hundred
/// characters, and what is said to [`ECHO_MAX`].
fn shortened(text: &str) -> String {
    let mut shown = String::new();
    let mut run = 0;
    for letter in text.chars() {
        run = if letter.is_whitespace() { 0 } else { run + 1 };
        if run <= WORD_MAX {
            shown.push(letter);
        } else if run == WORD_MAX + 1 {
            shown.push('…');
        }
    }
    if let Some((end, _)) = shown.char_indices().nth(ECHO_MAX) {
        shown.truncate(end);
        shown.push('…');
    }
    shown
}

/// What can go wrong, as the last part of a problem's `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slug {
    MalformedRequest,
    InvalidParameter,
    InvalidCursor,
    InvalidIdempotencyKey,
    Unauthenticated,
    Forbidden,
    TenantSuspended,
    NotFound,
    MethodNotAllowed,
    RequestTimeout,
    Conflict,
    LimitReached,
    IdempotencyInProgress,
    PayloadTooLarge,
    UriTooLong,
    UnsupportedMediaType,
    ValidationFailed,
    InvalidEndpointUrl,
    InvalidHeader,
    IdempotencyKeyReused,
    QuotaExceeded,
    HeadersTooLarge,
    Internal,
    TemporaryReducedCapacity,
    DependencyUnavailable,
    StorageFull,
}

impl Slug {
    /// All of them.
    pub(crate) const ALL: [Self; 26] = [
        Self::MalformedRequest,
        Self::InvalidParameter,
        Self::InvalidCursor,
        Self::InvalidIdempotencyKey,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::TenantSuspended,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::Conflict,
        Self::LimitReached,
        Self::IdempotencyInProgress,
        Self::PayloadTooLarge,
        Self::UriTooLong,
        Self::UnsupportedMediaType,
        Self::ValidationFailed,
        Self::InvalidEndpointUrl,
        Self::InvalidHeader,
        Self::IdempotencyKeyReused,
        Self::QuotaExceeded,
        Self::HeadersTooLarge,
        Self::Internal,
        Self::TemporaryReducedCapacity,
        Self::DependencyUnavailable,
        Self::StorageFull,
    ];

    /// Spelling, status, title, and what to do about it.
    #[rustfmt::skip]
    pub(crate) const fn row(self) -> (&'static str, u16, &'static str, &'static str) {
        match self {
            Self::MalformedRequest => ("malformed-request", 400, "The request cannot be read", "Send one valid JSON value in UTF-8, each key once."),
            Self::InvalidParameter => ("invalid-parameter", 400, "A parameter is wrong", "Correct the parameter that `errors` names."),
            Self::InvalidCursor => ("invalid-cursor", 400, "The cursor is wrong", "Use `next_cursor` of the page before, with the same filters."),
            Self::InvalidIdempotencyKey => ("invalid-idempotency-key", 400, "The Idempotency-Key is wrong", "Send 1 to 128 visible ASCII characters."),
            Self::Unauthenticated => ("unauthenticated", 401, "Log in first", "Send a valid access token or API key as `Authorization: Bearer …`."),
            Self::Forbidden => ("forbidden", 403, "You may not do this", "Ask for a role or an API key that may."),
            Self::TenantSuspended => ("tenant-suspended", 403, "The merchant is suspended", "Ask the platform to lift the suspension."),
            Self::NotFound => ("not-found", 404, "There is no such thing", "Check the path and the ids in it."),
            Self::MethodNotAllowed => ("method-not-allowed", 405, "This path has no such method", "Use one of the methods in `Allow`."),
            Self::RequestTimeout => ("request-timeout", 408, "The request came too slowly", "Send it again."),
            Self::Conflict => ("conflict", 409, "This clashes with the present state", "Read the present state, then decide."),
            Self::LimitReached => ("limit-reached", 409, "A limit is reached", "Delete something first, or ask for a higher limit."),
            Self::IdempotencyInProgress => ("idempotency-in-progress", 409, "The first request with this key is still running", "Repeat it in a moment."),
            Self::PayloadTooLarge => ("payload-too-large", 413, "The body is too large", "Send less at once."),
            Self::UriTooLong => ("uri-too-long", 414, "The URL is too long", "Send fewer or shorter parameters."),
            Self::UnsupportedMediaType => ("unsupported-media-type", 415, "The body has the wrong type", "Send `application/json` in UTF-8, not compressed."),
            Self::ValidationFailed => ("validation-failed", 422, "Some fields are wrong", "Correct the fields that `errors` names."),
            Self::InvalidEndpointUrl => ("invalid-endpoint-url", 422, "The URL may not be called", "Give a public https URL."),
            Self::InvalidHeader => ("invalid-header", 422, "A header or header value may not be sent", "Correct what `errors` names."),
            Self::IdempotencyKeyReused => ("idempotency-key-reused", 422, "The Idempotency-Key came with another body before", "Use a new key for a new request."),
            Self::QuotaExceeded => ("quota-exceeded", 429, "Too many requests", "Wait for as long as `Retry-After` says."),
            Self::HeadersTooLarge => ("headers-too-large", 431, "The headers are too large", "Send smaller headers."),
            Self::Internal => ("internal", 500, "Something broke on our side", "Report the `request_id`."),
            Self::TemporaryReducedCapacity => ("temporary-reduced-capacity", 503, "There is too much work at the moment", "Wait for as long as `Retry-After` says, then repeat."),
            Self::DependencyUnavailable => ("dependency-unavailable", 503, "The database is away", "Wait for as long as `Retry-After` says, then repeat."),
            Self::StorageFull => ("storage-full", 503, "The storage is full", "The operators must make room."),
        }
    }
}

/// What a handler fails with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", slug.row().0)]
pub(crate) struct ApiError {
    pub(crate) slug: Slug,
    /// For the caller.
    pub(crate) detail: String,
    /// For the log.
    pub(crate) cause: String,
    pub(crate) errors: Vec<FieldError>,
    pub(crate) retry_after_seconds: Option<u32>,
}

impl ApiError {
    /// An error with its slug's own words.
    pub(crate) fn of(slug: Slug) -> Self {
        Self::new(slug, slug.row().3)
    }

    /// An error with words of its own.
    pub(crate) fn new(slug: Slug, detail: impl Into<String>) -> Self {
        Self {
            slug,
            detail: shortened(&detail.into()),
            cause: String::new(),
            errors: Vec::new(),
            retry_after_seconds: None,
        }
    }

    /// Bad fields, each named.
    pub(crate) fn fields(slug: Slug, errors: Vec<FieldError>) -> Self {
        let mut detail = errors.first().map(ToString::to_string).unwrap_or_default();
        if errors.len() > 1 {
            detail = format!("{} fields are wrong. The first: {detail}", errors.len());
        }
        Self {
            errors,
            ..Self::new(slug, detail)
        }
    }

    /// Refuses if any field is bad.
    ///
    /// Errors: 422 naming them all.
    pub(crate) fn of_fields(errors: Vec<FieldError>) -> Result<(), Self> {
        if errors.is_empty() {
            Ok(())
        } else {
            Err(Self::fields(Slug::ValidationFailed, errors))
        }
    }

    /// One bad field.
    pub(crate) fn field(
        pointer: impl Into<String>,
        code: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self::fields(
            Slug::ValidationFailed,
            vec![FieldError::new(pointer, code, detail)],
        )
    }

    /// One bad parameter of the query or the headers.
    pub(crate) fn parameter(name: &str, detail: impl Into<String>) -> Self {
        Self::fields(
            Slug::InvalidParameter,
            vec![FieldError::new(name, "parameter", detail)],
        )
    }

    /// A fault of ours; `cause` goes to the log.
    pub(crate) fn internal(cause: impl std::fmt::Display) -> Self {
        Self {
            cause: cause.to_string(),
            ..Self::of(Slug::Internal)
        }
    }

    /// The same error, with advice when to come again.
    pub(crate) fn retry_after(self, seconds: u32) -> Self {
        Self {
            retry_after_seconds: Some(seconds),
            ..self
        }
    }

    /// Its HTTP status.
    pub(crate) fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.slug.row().1).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl ResponseError for ApiError {
    fn status(&self) -> StatusCode {
        self.status_code()
    }
}

impl From<storage::Error> for ApiError {
    fn from(error: storage::Error) -> Self {
        let cause = error.to_string();
        let mapped = match error {
            storage::Error::Unavailable(_) | storage::Error::Closed => {
                Self::of(Slug::DependencyUnavailable).retry_after(1)
            }
            storage::Error::Busy(_) => Self::of(Slug::TemporaryReducedCapacity).retry_after(1),
            storage::Error::Full => Self::of(Slug::StorageFull),
            storage::Error::Duplicate => Self::new(Slug::Conflict, "It exists already."),
            _ => Self::of(Slug::Internal),
        };
        Self { cause, ..mapped }
    }
}

impl From<gateway::Error> for ApiError {
    fn from(error: gateway::Error) -> Self {
        match error {
            gateway::Error::Invalid(errors) => Self::fields(Slug::ValidationFailed, errors),
            gateway::Error::InvalidUrl(errors) => Self::fields(Slug::InvalidEndpointUrl, errors),
            gateway::Error::InvalidHeader(errors) => Self::fields(Slug::InvalidHeader, errors),
            gateway::Error::NotFound => Self::of(Slug::NotFound),
            gateway::Error::Conflict { detail } => Self::new(Slug::Conflict, detail),
            gateway::Error::LimitReached { detail } => Self::new(Slug::LimitReached, detail),
            gateway::Error::KeyReused => Self::of(Slug::IdempotencyKeyReused),
            gateway::Error::TooMany { retry_after } => Self::of(Slug::QuotaExceeded)
                .retry_after(u32::try_from(retry_after).unwrap_or(u32::MAX)),
            gateway::Error::Suspended => Self::of(Slug::TenantSuspended),
            gateway::Error::Overloaded => Self::of(Slug::TemporaryReducedCapacity).retry_after(1),
            gateway::Error::Storage(error) => error.into(),
        }
    }
}

impl From<&poem::Error> for ApiError {
    /// What the framework itself refuses: routes, parameters, bodies.
    fn from(error: &poem::Error) -> Self {
        if let Some(ours) = error.downcast_ref::<Self>() {
            return ours.clone();
        }
        if error.is::<NotFoundError>() || error.is::<ParsePathError>() {
            return Self::of(Slug::NotFound);
        }
        if error.is::<MethodNotAllowedError>() {
            return Self::of(Slug::MethodNotAllowed);
        }
        if let Some(ParseParamError { name, reason }) = error.downcast_ref() {
            return Self::parameter(name, reason.clone());
        }
        if let Some(error) = error.downcast_ref::<ContentTypeError>() {
            return Self::new(Slug::UnsupportedMediaType, error.to_string());
        }
        if let Some(ParseRequestPayloadError { reason }) = error.downcast_ref() {
            return Self::new(Slug::MalformedRequest, reason.clone());
        }
        if matches!(error.downcast_ref(), Some(ReadBodyError::PayloadTooLarge)) {
            return Self::of(Slug::PayloadTooLarge);
        }
        match error.status().as_u16() {
            401 => Self::of(Slug::Unauthenticated),
            403 => Self::of(Slug::Forbidden),
            404 => Self::of(Slug::NotFound),
            405 => Self::of(Slug::MethodNotAllowed),
            413 => Self::of(Slug::PayloadTooLarge),
            415 => Self::of(Slug::UnsupportedMediaType),
            400..=499 => Self::new(Slug::MalformedRequest, error.to_string()),
            _ => Self::internal(error),
        }
    }
}

/// One wrong field or parameter.
#[derive(Debug, Clone, Serialize, Object)]
pub(crate) struct ProblemField {
    /// A JSON pointer into the body, or the parameter's name.
    pointer: String,
    /// A short word that programs may switch on.
    code: String,
    /// What would be right.
    detail: String,
}

/// What went wrong. Source: RFC 9457.
#[derive(Debug, Clone, Serialize, Object)]
pub(crate) struct Problem {
    /// `/docs/problems/<slug>`: programs may switch on it.
    r#type: String,
    /// The same for every problem of this type.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What went wrong this time, for people.
    detail: String,
    /// This occurrence.
    instance: String,
    /// Also in `X-Request-Id`: name it when you ask for help.
    request_id: String,
    /// The fields or parameters that are wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<ProblemField>>,
}

impl Problem {
    /// The body for an error of this request.
    pub(crate) fn new(error: &ApiError, request_id: &str) -> Self {
        let (slug, status, title, _) = error.slug.row();
        let errors = error.errors.iter().map(|field| ProblemField {
            pointer: shortened(&field.pointer),
            code: field.code.to_owned(),
            detail: shortened(&field.detail),
        });
        Self {
            r#type: format!("/docs/problems/{slug}"),
            title: title.to_owned(),
            status,
            detail: error.detail.clone(),
            instance: format!("urn:hookyard:request:{request_id}"),
            request_id: request_id.to_owned(),
            errors: (!error.errors.is_empty()).then(|| errors.collect()),
        }
    }
}

/// The media type of problems, for the document.
struct ProblemJson;

impl Payload for ProblemJson {
    const CONTENT_TYPE: &'static str = PROBLEM_JSON;

    fn schema_ref() -> MetaSchemaRef {
        Problem::schema_ref()
    }
}

/// A status of problems, as the document has it.
pub(crate) struct Documented {
    pub(crate) status: u16,
    /// The name of the response that operations refer to.
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
}

const fn documented(status: u16, name: &'static str, description: &'static str) -> Documented {
    Documented {
        status,
        name,
        description,
    }
}

/// The statuses of problems that operations answer; which of them which operation, `openapi/responses.rs` says.
/// What no operation is behind (405) is not among them.
#[rustfmt::skip]
pub(crate) const DOCUMENTED: [Documented; 14] = [
    documented(400, "BadRequest", "The request cannot be read, or a parameter is wrong."),
    documented(401, "Unauthenticated", "Nobody is logged in."),
    documented(403, "Forbidden", "The caller may not do this."),
    documented(404, "NotFound", "There is no such thing, or it is not the caller's."),
    documented(408, "RequestTimeout", "The body came too slowly."),
    documented(409, "Conflict", "This clashes with the present state."),
    documented(413, "PayloadTooLarge", "The body is too large."),
    documented(414, "UriTooLong", "The URL is too long."),
    documented(415, "UnsupportedMediaType", "The body has the wrong type."),
    documented(422, "ValidationFailed", "Some fields are wrong."),
    documented(429, "TooManyRequests", "Too many requests: wait for as long as `Retry-After` says."),
    documented(431, "HeadersTooLarge", "The headers are too large."),
    documented(500, "InternalError", "Something broke on our side."),
    documented(503, "Unavailable", "Try again in a moment."),
];

impl ApiResponse for ApiError {
    fn meta() -> MetaResponses {
        // Taken for one here; `openapi/responses.rs` lists them.
        let problem = MetaResponse {
            description: "A problem.",
            status: Some(500),
            status_range: None,
            content: vec![MetaMediaType {
                content_type: ProblemJson::CONTENT_TYPE,
                schema: ProblemJson::schema_ref(),
            }],
            headers: Vec::new(),
        };
        MetaResponses {
            responses: vec![problem],
        }
    }

    fn register(registry: &mut Registry) {
        Problem::register(registry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slug_is_spelled_once_and_has_an_error_status() {
        let mut spelled: Vec<_> = Slug::ALL.iter().map(|slug| slug.row().0).collect();
        spelled.sort_unstable();
        spelled.dedup();
        assert_eq!(spelled.len(), Slug::ALL.len());
        assert!(
            Slug::ALL
                .iter()
                .all(|slug| (400..600).contains(&slug.row().1))
        );
    }

    #[test]
    fn a_cause_of_ours_is_not_told_to_the_caller() {
        let error = ApiError::from(storage::Error::Database("secret table".to_owned()));
        assert!(error.cause.contains("secret table"));
        let body = serde_json::to_string(&Problem::new(&error, "r")).unwrap();
        assert!(!body.contains("secret"), "{body}");
    }

    #[test]
    fn a_long_input_is_not_echoed_whole() {
        assert!(
            ApiError::new(Slug::Conflict, "é".repeat(5_000))
                .detail
                .chars()
                .count()
                <= 201
        );
    }
}

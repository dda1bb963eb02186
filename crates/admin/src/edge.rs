//! The outermost layer: gives every request its id, refuses what no handler should see, and turns every
//! failure, the router's and panics included, into a problem.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::FutureExt as _;
use poem::http::header::{
    ALLOW, AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, RETRY_AFTER,
    WWW_AUTHENTICATE,
};
use poem::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use poem::{Endpoint, IntoResponse, Request, Response};
use storage::audit::Origin;

use crate::lengths::TwoLengths;
use crate::limits::Limits;
use crate::limits::rates::TallySlot;
use crate::operations::{Guard, Operations, PREFIX, hides_control, is_utf8};
use crate::problem::{ApiError, PROBLEM_JSON, Problem, Slug};

/// Names a request in answers and logs.
static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
static NOSNIFF: HeaderName = HeaderName::from_static("x-content-type-options");
/// For what has no policy of its own: it runs nothing, fetches nothing, and is framed by nobody.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);
/// Longest path and query, in bytes.
const URI_MAX: usize = 16 * 1024;
/// Header lines of a request, and their bytes together.
const HEADERS_MAX: usize = 64;
const HEADER_BYTES_MAX: usize = 32 * 1024;
/// Longest credential, in bytes.
const CREDENTIAL_MAX: usize = 8 * 1024;

/// Wraps the whole application.
pub(crate) struct Edge<E> {
    inner: E,
    operations: Operations,
    /// Where requests come from, and whether answers tell of quotas.
    limits: Arc<Limits>,
    /// Tells this process's request ids from others'.
    process: String,
    requests: AtomicU64,
}

impl<E> Edge<E> {
    /// Wraps `inner`; `process` must differ between processes and runs.
    pub(crate) fn new(
        inner: E,
        operations: Operations,
        process: String,
        limits: Arc<Limits>,
    ) -> Self {
        Self {
            inner,
            operations,
            limits,
            process,
            requests: AtomicU64::new(0),
        }
    }

    /// The client's own id where it is a sane one, else the next of ours.
    fn request_id(&self, request: &Request) -> String {
        let sane = |id: &&str| {
            (1..=64).contains(&id.len())
                && id
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        };
        request
            .headers()
            .get(&REQUEST_ID)
            .and_then(|value| value.to_str().ok())
            .filter(sane)
            .map_or_else(
                || {
                    let number = self.requests.fetch_add(1, Ordering::Relaxed);
                    format!("req_{}{number:08x}", self.process)
                },
                str::to_owned,
            )
    }

    /// What the audit log says of changes that a request makes.
    fn origin(&self, request: &Request, request_id: &str) -> Origin {
        let guard = request.extensions().get::<Guard>();
        Origin::request(
            guard.and_then(|guard| guard.operation),
            Some(self.limits.address(request).0.to_string()),
            request_id.to_owned(),
        )
    }

    fn check(&self, request: &Request) -> Result<(), ApiError> {
        let (path, query) = (request.uri().path(), request.uri().query());
        if path.len() + query.map_or(0, str::len) > URI_MAX {
            return Err(ApiError::of(Slug::UriTooLong));
        }
        check_headers(request.headers())?;
        if request.extensions().get::<TwoLengths>().is_some() {
            let detail = "Content-Length and Transfer-Encoding must not come together.";
            return Err(ApiError::new(Slug::MalformedRequest, detail));
        }
        if hides_control(path) {
            return Err(ApiError::of(Slug::NotFound));
        }
        if !query.is_none_or(is_utf8) {
            let detail = "The query must be UTF-8 once its escapes are read.";
            return Err(ApiError::new(Slug::MalformedRequest, detail));
        }
        match query {
            Some(query) => self.operations.check_query(request.method(), path, query),
            None => Ok(()),
        }
    }

    fn render(&self, error: &ApiError, request_id: &str, uri: &Uri) -> Response {
        if error.status_code().is_server_error() {
            let slug = error.slug.row().0;
            metrics::counter!("hookyard_requests_failed_total", "slug" => slug).increment(1);
            // An outage or overload fails every request: the parts it hits say so once.
            if error.status_code() == StatusCode::SERVICE_UNAVAILABLE {
                tracing::debug!(
                    request.id = request_id,
                    slug,
                    cause = error.cause,
                    "request.failed"
                );
            } else {
                tracing::error!(
                    request.id = request_id,
                    slug,
                    cause = error.cause,
                    "request.failed"
                );
            }
        }
        let body = serde_json::to_vec(&Problem::new(error, request_id)).unwrap_or_default();
        let mut response = Response::builder()
            .status(error.status_code())
            .content_type(PROBLEM_JSON)
            .body(body);
        let headers = response.headers_mut();
        match error.slug {
            Slug::Unauthenticated => {
                headers.insert(
                    WWW_AUTHENTICATE,
                    HeaderValue::from_static("Bearer realm=\"hookyard\""),
                );
            }
            Slug::MethodNotAllowed => {
                if let Ok(allowed) = HeaderValue::from_str(&self.operations.allowed(uri.path())) {
                    headers.insert(ALLOW, allowed);
                }
            }
            // The rest of the body is not read, so no other request can come on this connection: say so.
            Slug::PayloadTooLarge | Slug::RequestTimeout => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        if let Some(seconds) = error.retry_after_seconds {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl<E: Endpoint> Endpoint for Edge<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let request_id = self.request_id(&request);
        let uri = request.uri().clone();
        if let Some(guard) = self.operations.guard(request.method(), uri.path()) {
            request.extensions_mut().insert(guard);
        }
        let origin = Arc::new(self.origin(&request, &request_id));
        let tally = self.limits.count_requests().then(TallySlot::default);
        if let Some(tally) = &tally {
            request.set_data(tally.clone());
        }
        let outcome = match self.check(&request) {
            Err(error) => Err(error),
            Ok(()) => match AssertUnwindSafe(origin.run(self.inner.call(request)))
                .catch_unwind()
                .await
            {
                Ok(Ok(answer)) => Ok(answer.into_response()),
                Ok(Err(error)) => Err(ApiError::from(&error)),
                Err(panic) => Err(ApiError::internal(panic_text(&*panic))),
            },
        };
        let mut response = outcome.unwrap_or_else(|error| self.render(&error, &request_id, &uri));
        let headers = response.headers_mut();
        if let Some(tally) = tally {
            tally.write(headers);
        }
        if let Ok(id) = HeaderValue::from_str(&request_id) {
            headers.insert(&REQUEST_ID, id);
        }
        headers.insert(&NOSNIFF, HeaderValue::from_static("nosniff"));
        headers.entry(CONTENT_SECURITY_POLICY).or_insert(POLICY);
        if uri.path().starts_with(PREFIX) {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        Ok(response)
    }
}

/// Refuses more headers, longer ones, or a longer credential than anybody needs.
fn check_headers(headers: &HeaderMap) -> Result<(), ApiError> {
    let credential = headers.get(AUTHORIZATION);
    let bytes = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len());
    if credential.is_some_and(|value| value.len() > CREDENTIAL_MAX)
        || headers.len() > HEADERS_MAX
        || bytes.sum::<usize>() > HEADER_BYTES_MAX
    {
        return Err(ApiError::of(Slug::HeadersTooLarge));
    }
    Ok(())
}

/// What a panic said, for the log.
fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("panic")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;
    use poem::endpoint::make_sync;

    fn edge<F: Fn(Request) -> poem::Result<&'static str> + Send + Sync>(
        handler: F,
    ) -> Edge<impl Endpoint<Output = &'static str>> {
        Edge::new(
            make_sync(handler),
            Operations::of::<()>(),
            "p".to_owned(),
            Arc::new(Limits::new(&Settings::default(), None)),
        )
    }

    #[tokio::test]
    async fn a_panic_becomes_a_problem_that_tells_nothing() {
        let edge = edge(|_| panic!("a secret"));
        let response = edge.call(Request::default()).await.unwrap();
        assert_eq!(response.status(), 500);
        assert_eq!(response.content_type(), Some(PROBLEM_JSON));
        let id = response.headers().get("x-request-id").cloned();
        let body = response.into_body().into_string().await.unwrap();
        assert!(!body.contains("secret"), "{body}");
        assert!(body.contains(id.unwrap().to_str().unwrap()));
    }

    #[tokio::test]
    async fn a_sane_request_id_is_kept_and_another_replaced() {
        let edge = edge(|_| Ok("fine"));
        for (given, kept) in [("abc-1.2_3", true), ("a b", false), ("", false)] {
            let request = Request::builder().header("x-request-id", given).finish();
            let response = edge.call(request).await.unwrap();
            let answered = response.headers().get("x-request-id").unwrap();
            assert_eq!(answered == given, kept, "{given:?}");
        }
    }

    #[tokio::test]
    async fn headers_and_urls_have_a_limit() {
        let edge = edge(|_| Ok("fine"));
        let long = Request::builder()
            .header("authorization", "x".repeat(9_000))
            .finish();
        assert_eq!(edge.call(long).await.unwrap().status(), 431);
        let uri: Uri = format!("/?q={}", "x".repeat(17_000)).parse().unwrap();
        assert_eq!(
            edge.call(Request::builder().uri(uri).finish())
                .await
                .unwrap()
                .status(),
            414
        );
    }
}

//! A small client of the REST API, for tests: it sends what it is told, byte for byte, and keeps the whole answer.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use crate::events::Events;
use crate::leaks::evidence;

/// How long an answer may take. The longest call is a test send that waits for a slow receiver.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// A client of one server, logged in or not. Clones share connections.
#[derive(Debug, Clone)]
pub struct Rest {
    base: String,
    token: Option<String>,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// An answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// The body, byte for byte.
    pub body: Bytes,
}

impl Rest {
    /// A client of the server at `base`, such as `http://127.0.0.1:8080`, not logged in.
    pub fn new(base: impl Into<String>) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self {
            base: base.into(),
            token: None,
            client,
        }
    }

    /// The same client with another access token or API key.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// The same client without a token.
    #[must_use]
    pub fn logged_out(&self) -> Self {
        Self {
            token: None,
            ..self.clone()
        }
    }

    /// The same client for a server that has moved to another port.
    #[must_use]
    pub fn moved_to(&self, base: &str) -> Self {
        Self {
            base: base.to_owned(),
            ..self.clone()
        }
    }

    /// The access token or API key. Panics when there is none.
    pub fn token(&self) -> &str {
        self.token.as_deref().expect("a client that is logged in")
    }

    /// `http://127.0.0.1:port`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Logs in and returns the client that is.
    pub async fn login(&self, email: &str, password: &str) -> Self {
        let login = json!({"email": email, "password": password});
        let token = self.post("/v1/auth/token", &login).await.expect(200);
        self.with_token(text(&token, "access_token"))
    }

    /// Sends one request.
    ///
    /// Errors: no answer came, in words.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Answer, String> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if !body.is_empty() && !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        evidence::request(self.token.as_deref().unwrap_or_default(), &body);
        let request = request.body(Full::new(body)).expect("a good request");
        let exchange = async {
            let response = self.client.request(request).await;
            let (head, body) = response.map_err(|error| format!("{error:?}"))?.into_parts();
            let body = body.collect().await.map_err(|error| error.to_string())?;
            let answer = Answer {
                status: head.status.as_u16(),
                headers: head.headers,
                body: body.to_bytes(),
            };
            evidence::answer(answer.header("content-type"), &answer.body);
            Ok(answer)
        };
        match tokio::time::timeout(ANSWER_LIMIT, exchange).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("no answer within {ANSWER_LIMIT:?}")),
        }
    }

    /// Opens a stream of events. Panics when it is not answered with 200.
    pub async fn follow(&self, path: &str, headers: &[(&str, &str)]) -> Events {
        let mut request = Request::get(format!("{}{path}", self.base));
        request = request.header("authorization", format!("Bearer {}", self.token()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request
            .body(Full::new(Bytes::new()))
            .expect("a good request");
        let answer = self.client.request(request).await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Events::new(answer.into_body())
    }

    /// Sends one request with headers of its own and a body byte for byte. Panics when no answer comes, as do those below.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let answer = self
            .try_send(method.clone(), path, headers, body.into())
            .await;
        answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Bytes::new()).await
    }

    /// POST with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, &[], body.to_string()).await
    }

    /// POST without a body, as actions are called.
    pub async fn act(&self, path: &str) -> Answer {
        self.send(Method::POST, path, &[], Bytes::new()).await
    }

    /// PUT with a JSON body.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PUT, path, &[], body.to_string()).await
    }

    /// PATCH with a merge-patch body.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        let kind = [("content-type", "application/merge-patch+json")];
        self.send(Method::PATCH, path, &kind, body.to_string())
            .await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], Bytes::new()).await
    }
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            let body = String::from_utf8_lossy(&self.body);
            panic!(
                "{} with a body that is no JSON ({error}): {body}",
                self.status
            )
        })
    }

    /// The body as JSON of an answer that must have this status. Panics with the body when it has another.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        let body = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{body}");
        if self.body.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }

    /// The slug of a problem that must have this status. Panics when the answer is no whole problem document.
    #[track_caller]
    pub fn problem(&self, status: u16) -> String {
        let problem = self.expect(status);
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(problem["status"], status, "{problem}");
        for field in ["title", "detail", "instance", "request_id"] {
            assert!(problem[field].is_string(), "{field} of {problem}");
        }
        let slug = text(&problem, "type").strip_prefix("/docs/problems/");
        slug.expect("a type under /docs/problems/").to_owned()
    }

    /// A header's value; `None` when it is absent or no text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// A member of an object that must be a text.
#[track_caller]
pub fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    let found = value[member].as_str();
    found.unwrap_or_else(|| panic!("{member} is no text: {value}"))
}

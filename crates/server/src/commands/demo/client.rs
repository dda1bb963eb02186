//! A client of the API, as small as the demo needs.

use anyhow::{Context as _, bail};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client as Http;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

/// Speaks to one server as one person.
pub(super) struct Client {
    http: Http<HttpConnector, Full<Bytes>>,
    base: String,
    token: String,
}

impl Client {
    /// Logs in.
    ///
    /// Errors: the server cannot be reached; it refuses the login.
    pub(super) async fn log_in(base: &str, email: &str, password: &str) -> anyhow::Result<Self> {
        let http = Http::builder(TokioExecutor::new()).build_http();
        let mut client = Self {
            http,
            base: base.trim_end_matches('/').to_owned(),
            token: String::new(),
        };
        let login = json!({"email": email, "password": password});
        let answer = client
            .post("/v1/auth/token", &login)
            .await
            .context("log in")?;
        answer["access_token"]
            .as_str()
            .context("a login without a token")?
            .clone_into(&mut client.token);
        Ok(client)
    }

    /// Errors: the server cannot be reached; it does not answer 2xx.
    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.call(Method::GET, path, Bytes::new()).await
    }

    /// Errors: the server cannot be reached; it does not answer 2xx.
    pub(super) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.call(Method::POST, path, serde_json::to_vec(body)?.into())
            .await
    }

    async fn call(&self, method: Method, path: &str, body: Bytes) -> anyhow::Result<Value> {
        let url = format!("{}{path}", self.base);
        let mut request = Request::builder()
            .method(method)
            .uri(&url)
            .header(CONTENT_TYPE, "application/json");
        if !self.token.is_empty() {
            request = request.header(AUTHORIZATION, format!("Bearer {}", self.token));
        }
        let response = self
            .http
            .request(request.body(Full::new(body))?)
            .await
            .with_context(|| format!("call {url}"))?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            bail!(
                "{url} answered {status}: {}",
                String::from_utf8_lossy(&body)
            );
        }
        Ok(serde_json::from_slice(&body)?)
    }
}

//! The few calls of the REST API that set a measurement up.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::browsing::Shoppers;
use super::client::Connection;
use super::processes::{ADMIN_EMAIL, ADMIN_PASSWORD};
use super::request::{Request, message};

/// A logged-in admin.
#[derive(Debug)]
pub(super) struct Api {
    address: SocketAddr,
    connection: Connection,
    token: String,
}

impl Api {
    /// Logs in.
    pub(super) async fn log_in(address: SocketAddr) -> Self {
        let connection = Connection::open(address)
            .await
            .expect("a server that listens");
        let mut api = Self {
            address,
            connection,
            token: String::new(),
        };
        let login = json!({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD});
        api.token = text(&api.post("/v1/auth/token", &login).await, "access_token");
        api
    }

    /// Makes a merchant whose `PRODUCT_VIEWED` events go to one `flexype` endpoint for each URL, and returns its publish call.
    pub(super) async fn merchant(&mut self, name: &str, endpoint_urls: &[String]) -> Request {
        let (merchant_id, key) = self
            .make(name, endpoint_urls, "PRODUCT_VIEWED", "events:write")
            .await;
        Request::publish(self.address, &merchant_id, &key)
    }

    /// Makes a merchant whose `ABANDONED_SESSION` events go to one `flexype` endpoint, and returns its shoppers, each
    /// of whom does `each` things.
    pub(super) async fn shop(&mut self, name: &str, endpoint_url: String, each: u64) -> Shoppers {
        let (merchant_id, key) = self
            .make(
                name,
                &[endpoint_url],
                "ABANDONED_SESSION",
                "activities:write",
            )
            .await;
        Shoppers::new(self.address, &merchant_id, &key, each)
    }

    /// Makes a merchant with an endpoint for each URL, and answers its id and an API key for one thing.
    async fn make(
        &mut self,
        name: &str,
        endpoint_urls: &[String],
        event_type: &str,
        scope: &str,
    ) -> (String, String) {
        let merchant = json!({"name": name, "store": {"name": name}});
        let merchant_id = text(&self.post("/v1/merchants", &merchant).await, "id");
        let path = format!("/v1/merchants/{merchant_id}");
        for url in endpoint_urls {
            let endpoint = json!({"url": url, "dialect": "flexype", "event_types": [event_type]});
            self.post(&format!("{path}/endpoints"), &endpoint).await;
        }
        let key = json!({"name": "benchmark", "scopes": [scope]});
        let key = text(&self.post(&format!("{path}/api-keys"), &key).await, "key");
        (merchant_id, key)
    }

    async fn post(&mut self, path: &str, body: &Value) -> Value {
        let authorization = format!("authorization: Bearer {}\r\n", self.token);
        let headers = if self.token.is_empty() {
            ""
        } else {
            &authorization
        };
        let request = message("POST", self.address, path, headers, &body.to_string());
        let answer = self.connection.exchange(&request).await;
        let (status, body) = answer.expect("an answer of the API");
        let said = String::from_utf8_lossy(body);
        assert!(
            (200..300).contains(&status),
            "{path} answered {status}: {said}"
        );
        serde_json::from_slice(body).expect("an answer in JSON")
    }
}

fn text(answer: &Value, field: &str) -> String {
    let text = answer[field].as_str();
    text.unwrap_or_else(|| panic!("no {field} in {answer}"))
        .to_owned()
}

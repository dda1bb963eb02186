//! A server with two merchants and people in both.

use http::Method;
use serde_json::{Value, json};
use testkit::receiver::{Receiver, Recorded};
use testkit::rest::{Answer, Rest, text};
use testkit::server::Mode;

use crate::e2e::stage::{EVENT, LATER, SOON, Stage, create_merchant, flexype, standard, with};

/// The password of everybody here.
pub(crate) const PASSWORD: &str = "swordfish and a long tail";

/// A server, and who is on it. `stage.merchant` is the merchant that cases act in; `stage.rest()` the admin.
pub(crate) struct Scene {
    pub(crate) stage: Stage,
    pub(crate) mode: Mode,
    pub(crate) receiver: Receiver,
    /// Owns `stage.merchant` and nothing else.
    pub(crate) owner: Rest,
    /// May look at `stage.merchant`.
    pub(crate) viewer: Rest,
    /// Another merchant.
    pub(crate) other: String,
    /// Owns the other one.
    pub(crate) other_owner: Rest,
}

/// An event that has arrived.
pub(super) struct Arrived {
    /// What publishing it was answered.
    pub(super) answer: Answer,
    /// What the receiver got.
    pub(super) request: Recorded,
    /// What it was signed with.
    pub(super) secret: String,
}

impl Scene {
    /// A server whose failed deliveries are not retried while a case runs.
    pub(crate) async fn start(mode: Mode) -> Self {
        let settings = [LATER, ("HOOKYARD_LOG", "debug,hyper=info,sqlx=error")];
        let (stage, receiver) = tokio::join!(Stage::start_with(mode, &settings), Receiver::start());
        let other = create_merchant(stage.rest(), "Another Store").await;
        let mut scene = Self {
            owner: stage.rest().clone(),
            viewer: stage.rest().clone(),
            other_owner: stage.rest().clone(),
            stage,
            mode,
            receiver,
            other,
        };
        let mine = scene.stage.merchant.clone();
        scene.owner = scene.person("owner@example.com", &mine, "owner").await;
        scene.viewer = scene.person("viewer@example.com", &mine, "viewer").await;
        let other = scene.other.clone();
        scene.other_owner = scene.person("other@example.com", &other, "owner").await;
        scene
    }

    /// Someone with a role in a merchant, logged in.
    pub(crate) async fn person(&self, email: &str, merchant: &str, role: &str) -> Rest {
        let body = json!({
            "email": email,
            "password": PASSWORD,
            "memberships": [{"merchant_id": merchant, "role": role}],
        });
        self.admin().post("/v1/users", &body).await.expect(201);
        self.admin().logged_out().login(email, PASSWORD).await
    }

    pub(crate) const fn admin(&self) -> &Rest {
        self.stage.rest()
    }

    /// A path below the merchant that cases act in.
    pub(crate) fn path(&self, rest: &str) -> String {
        self.stage.path(rest)
    }

    /// A path below the other merchant.
    pub(crate) fn other_path(&self, rest: &str) -> String {
        format!("/v1/merchants/{}{rest}", self.other)
    }

    /// A merchant of a case's own.
    pub(crate) async fn merchant(&self) -> String {
        create_merchant(self.admin(), "One More Store").await
    }

    /// The body of a good endpoint.
    pub(crate) fn endpoint_body(&self) -> Value {
        flexype(&self.receiver.url())
    }

    /// The same with these members replaced.
    pub(crate) fn endpoint_with(&self, members: &Value) -> Value {
        with(self.endpoint_body(), members)
    }

    /// Creates an endpoint in a merchant, which must succeed.
    pub(crate) async fn endpoint_of(&self, merchant: &str, body: &Value) -> Value {
        let path = format!("/v1/merchants/{merchant}/endpoints");
        self.admin().post(&path, body).await.expect(201)
    }

    /// POSTs a body of endpoints as it is; what is refused must not be there afterwards.
    pub(super) async fn post_endpoint(&self, body: &str) -> Answer {
        let path = self.path("/endpoints");
        let before = self.owner.get(&path).await.expect(200);
        let answer = self
            .owner
            .send(Method::POST, &path, &[], body.to_owned())
            .await;
        if answer.status >= 300 {
            let after = self.owner.get(&path).await.expect(200);
            assert_eq!(before, after, "what was refused is there");
        }
        answer
    }

    /// POSTs an endpoint with these members replaced.
    pub(super) async fn post_endpoint_with(&self, members: Value) -> Answer {
        let body = self.endpoint_with(&members).to_string();
        self.post_endpoint(&body).await
    }

    /// POSTs a body of events as it is; what is refused must not be there afterwards.
    pub(super) async fn post_event(
        &self,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        let path = self.path("/events");
        let before = self.owner.get(&path).await.expect(200);
        let body: Vec<u8> = body.into();
        let answer = self.owner.send(Method::POST, &path, headers, body).await;
        if answer.status >= 300 {
            let after = self.owner.get(&path).await.expect(200);
            assert_eq!(before, after, "what was refused is there");
        }
        answer
    }

    /// Publishes a payload to a signed endpoint of its own and waits until it has arrived.
    pub(super) async fn arrives(&self, payload: &str) -> Arrived {
        let merchant = self.merchant().await;
        let endpoint = standard(&self.receiver.url());
        let endpoint = self.endpoint_of(&merchant, &endpoint).await;
        let body = format!(r#"{{"event_type":"{EVENT}","payload":{payload}}}"#);
        let path = format!("/v1/merchants/{merchant}/events");
        let answer = self.admin().send(Method::POST, &path, &[], body).await;
        let event_id = text(&answer.expect(202), "event_id").to_owned();
        let ours = |request: &&Recorded| request.header("webhook-id") == Some(&event_id);
        let requests = self
            .receiver
            .wait_until(SOON, |all| all.iter().any(|one| ours(&one)));
        let request = requests
            .await
            .iter()
            .find(ours)
            .expect("the request")
            .clone();
        Arrived {
            answer,
            request,
            secret: text(&endpoint, "signing_secret").to_owned(),
        }
    }

    /// What the server's processes have said.
    pub(crate) fn log(&self) -> String {
        self.stage.server.log_lines().join("\n")
    }
}

//! A real receiver on Express, written as FlexyPe tells merchants to: contract 9, 30, 31 and 34.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::rest::text;
use testkit::server::Mode;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use super::signatures::javascript;
use super::stage::{EVENT, SECRET, SOON, Stage, flexype, with};

in_both_modes! {
    contract_009_express_accepts_our_deliveries_by_the_lower_case_header,
    contract_030_031_express_deduplicates_retries_by_the_event_id,
    contract_034_express_refuses_a_wrong_secret_and_that_is_an_ordinary_failure,
}

/// A running `receiver.mjs`.
struct Express {
    /// Holds its input open, and ends it on drop.
    _child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    url: String,
}

impl Express {
    /// Starts it; `losses` acknowledgements get lost on the way.
    async fn start(losses: usize) -> Self {
        let mut command = Command::new("node");
        command
            .arg(javascript().join("receiver.mjs"))
            .env("FLEXYPE_WEBHOOK_SECRET", SECRET)
            .env("LOSSES", losses.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().expect("an installed node");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut express = Self {
            _child: child,
            lines,
            url: String::new(),
        };
        let port = express.said("listened").await["port"].clone();
        express.url = format!("http://127.0.0.1:{port}/webhook");
        express
    }

    /// The next thing it did, which must be this.
    async fn said(&mut self, did: &str) -> Value {
        let line = timeout(SOON, self.lines.next_line()).await;
        let line = line
            .expect("a line in time")
            .unwrap()
            .expect("a running receiver");
        let said: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(said["did"], did, "{said}");
        said
    }

    /// Nothing more has been done by now.
    async fn said_no_more(&mut self) {
        let more = timeout(Duration::ZERO, self.lines.next_line()).await;
        assert!(more.is_err(), "{more:?}");
    }
}

async fn contract_009_express_accepts_our_deliveries_by_the_lower_case_header(mode: Mode) {
    let (stage, mut express) = tokio::join!(Stage::start(mode), Express::start(0));
    let endpoint = stage.endpoint(&flexype(&express.url)).await;
    let published = stage.publish().await;
    let processed = express.said("processed").await;
    assert_eq!(processed["event_id"], published.event_id);
    assert_eq!(processed["event_type"], EVENT);
    let delivery = stage.wait_for(published.only(), "succeeded").await;
    assert_eq!(delivery["attempt_count"], 1);
    assert_eq!(
        stage.attempts(published.only()).await[0]["response_body"],
        r#"{"received":true}"#
    );
    assert_eq!(stage.test(&endpoint).await["outcome"], "success");
    let processed = express.said("processed").await;
    assert!(text(&processed, "event_id").starts_with("evt_test_"));
}

async fn contract_030_031_express_deduplicates_retries_by_the_event_id(mode: Mode) {
    let (stage, mut express) = tokio::join!(Stage::start(mode), Express::start(2));
    stage.endpoint(&flexype(&express.url)).await;
    let published = stage.publish().await;
    let delivery = stage.wait_for(published.only(), "succeeded").await;
    assert_eq!(delivery["attempt_count"], 3);
    assert_eq!(
        express.said("processed").await["event_id"],
        published.event_id
    );
    for _ in 0..2 {
        let repeated = express.said("deduplicated").await;
        assert_eq!(repeated["event_id"], published.event_id);
    }
    stage.act(published.only(), "retry").await.expect(202);
    express.said("deduplicated").await;
    express.said_no_more().await;
}

async fn contract_034_express_refuses_a_wrong_secret_and_that_is_an_ordinary_failure(mode: Mode) {
    let (stage, mut express) = tokio::join!(Stage::start(mode), Express::start(0));
    let wrong = json!({"secret": "not-what-the-receiver-knows"});
    stage.endpoint(&with(flexype(&express.url), &wrong)).await;
    let published = stage.publish().await;
    let delivery = stage.wait_for(published.only(), "failed").await;
    assert_eq!(delivery["attempt_count"], 4);
    assert_eq!(delivery["last_http_status"], 401);
    for _ in 0..4 {
        express.said("refused").await;
    }
    express.said_no_more().await;
}

//! Our signatures, verified by the public Standard Webhooks libraries of npm and `PyPI`.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use testkit::receiver::{Receiver, Recorded};
use testkit::rest::text;
use testkit::server::Mode;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::stage::{EVENT, SOON, Stage, flexype, standard, with};

in_both_modes! {
    the_public_libraries_verify_our_requests_and_refuse_changed_ones,
    the_public_libraries_verify_with_either_secret_during_a_rotation,
    an_endpoint_may_go_unsigned,
}

/// A file or folder that `make tools` makes.
pub(super) fn tool(path: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let found = root.join(path);
    assert!(found.exists(), "{path} is missing: run `make tools`");
    found
}

/// The folder of the JavaScript programs, their packages installed.
pub(super) fn javascript() -> PathBuf {
    tool("crates/testkit/js/node_modules");
    tool("crates/testkit/js")
}

/// Whether both libraries say that the request was signed with this secret. Panics when they disagree.
async fn verified(request: &Recorded, secret: &str) -> bool {
    let header = |name: &str| (name.to_owned(), json!(request.header(name).unwrap()));
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers: serde_json::Map<String, Value> = names.map(header).into_iter().collect();
    let body = STANDARD.encode(&request.body);
    let input = json!({"secret": secret, "headers": headers, "body": body}).to_string();
    let mut node = Command::new("node");
    node.arg(javascript().join("verify.mjs"));
    let mut python = Command::new(tool(".tools/python/bin/python"));
    python.arg(tool("crates/testkit/py/verify.py"));
    let (npm, pypi) = tokio::join!(accepts(node, &input), accepts(python, &input));
    assert_eq!(npm, pypi, "npm's library and PyPI's disagree");
    npm
}

async fn accepts(mut command: Command, input: &str) -> bool {
    command.stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command
        .kill_on_drop(true)
        .spawn()
        .expect("an installed interpreter");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).await.unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(0) => true,
        Some(1) if said.contains("No matching signature") => false,
        code => panic!("the verifier ended with {code:?}: {said}"),
    }
}

async fn the_public_libraries_verify_our_requests_and_refuse_changed_ones(mode: Mode) {
    let (stage, plain, own) =
        tokio::join!(Stage::start(mode), Receiver::start(), Receiver::start());
    let one = stage.endpoint(&standard(&plain.url())).await;
    let other = stage.flexype(&own).await;
    assert_eq!(one["secret"], one["signing_secret"]);
    stage
        .publish_of(EVENT, r#"{"price":1.10,"name":"שלום"}"#)
        .await;
    for (receiver, endpoint) in [(&plain, &one), (&own, &other)] {
        let mut request = receiver.wait_for(1, SOON).await.remove(0);
        let secret = text(endpoint, "signing_secret");
        assert!(verified(&request, secret).await);
        let wrong = format!("whsec_{}", STANDARD.encode([7; 32]));
        assert!(!verified(&request, &wrong).await);
        request.body = request.body.to_ascii_uppercase().into();
        assert!(!verified(&request, secret).await);
    }
}

async fn the_public_libraries_verify_with_either_secret_during_a_rotation(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let endpoint = stage.endpoint(&standard(&receiver.url())).await;
    let path = stage.endpoint_path(&endpoint, "/secret/rotate");
    let rotated = stage
        .rest()
        .post(&path, &json!({"overlap": "1h"}))
        .await
        .expect(200);
    stage.publish().await;
    let request = receiver.wait_for(1, SOON).await.remove(0);
    assert!(verified(&request, text(&endpoint, "secret")).await);
    assert!(verified(&request, text(&rotated, "secret")).await);
}

async fn an_endpoint_may_go_unsigned(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let body = with(flexype(&receiver.url()), &json!({"signed": false}));
    stage.endpoint(&body).await;
    stage.publish().await;
    let request = receiver.wait_for(1, SOON).await.remove(0);
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        assert!(!request.headers.contains_key(name), "{name}");
    }
    assert!(request.headers.contains_key("x-flexype-authorization"));
}

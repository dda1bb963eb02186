//! New keys while everything runs: of access tokens, and of what is encrypted at rest.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use testkit::receiver::Receiver;
use testkit::rest::{Rest, text};
use testkit::server::{ADMIN_EMAIL, ADMIN_PASSWORD, Mode};
use tokio::task::JoinSet;

use super::stage::{SOON, Stage};

in_both_modes!(
    a_new_token_key_logs_nobody_out_and_fails_no_request,
    a_new_master_key_fails_no_request_and_reads_what_was_written_before,
);

/// Longer than a new key waits until it signs.
const SETTLED: Duration = Duration::from_secs(30);

/// Something that is done again and again meanwhile, and never fails.
struct Load {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicU32>,
    tasks: JoinSet<()>,
}

impl Load {
    /// Runs four callers at once.
    fn start<F>(work: impl Fn(u32) -> F + Clone + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send,
    {
        let (stop, done) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU32::new(0)),
        );
        let mut tasks = JoinSet::new();
        for _ in 0..4 {
            let (stop, done, work) = (Arc::clone(&stop), Arc::clone(&done), work.clone());
            tasks.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    work(done.fetch_add(1, Ordering::Relaxed)).await;
                }
            });
        }
        Self { stop, done, tasks }
    }

    /// Ends it; how often it was done. Panics if it failed once.
    async fn end(self) -> u32 {
        self.stop.store(true, Ordering::Relaxed);
        self.tasks.join_all().await;
        self.done.load(Ordering::Relaxed)
    }
}

async fn restart_with(stage: &mut Stage, keys: &str) {
    stage.server.terminate();
    stage.server.wait_for_end().await;
    stage
        .server
        .start_again_with(&[("HOOKYARD_MASTER_KEY", keys)])
        .await;
}

async fn ran(stage: &Stage, command: &str) -> String {
    let output = stage.server.run(&[command]).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command}: {output:?}");
    said
}

/// The key that a new login's token is signed with.
async fn key_of_new_token(rest: &Rest) -> String {
    let login = json!({ "email": ADMIN_EMAIL, "password": ADMIN_PASSWORD });
    let tokens = rest.post("/v1/auth/token", &login).await.expect(200);
    let header = text(&tokens, "access_token").split('.').next().unwrap();
    let header = URL_SAFE_NO_PAD.decode(header).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    text(&header, "kid").to_owned()
}

async fn a_new_token_key_logs_nobody_out_and_fails_no_request(mode: Mode) {
    let stage = Stage::start(mode).await;
    let rest = stage.rest().clone();
    let old = key_of_new_token(&rest).await;
    let load = {
        let rest = rest.clone();
        Load::start(move |turn| {
            let rest = rest.clone();
            async move {
                rest.get("/v1/me").await.expect(200);
                if turn % 50 == 0 {
                    let new = rest.logged_out().login(ADMIN_EMAIL, ADMIN_PASSWORD).await;
                    new.get("/v1/me").await.expect(200);
                }
            }
        })
    };
    let said = ran(&stage, "rotate-token-key").await;
    assert!(said.contains("2 keys"), "{said}");
    let end = Instant::now() + SETTLED;
    while key_of_new_token(&rest).await == old {
        assert!(Instant::now() < end, "the new key does not sign");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let done = load.end().await;
    assert!(done > 100, "{done}");
    // The old login's token is still good.
    rest.get("/v1/me").await.expect(200);
}

async fn a_new_master_key_fails_no_request_and_reads_what_was_written_before(mode: Mode) {
    let key = |byte: u8| STANDARD.encode([byte; 32]);
    let (old, both, new) = (key(1), format!("{},{}", key(2), key(1)), key(2));
    let mut stage = Stage::start_with(mode, &[("HOOKYARD_MASTER_KEY", &old)]).await;
    let receiver = Receiver::start().await;
    let endpoint = stage.flexype(&receiver).await;
    let secret = stage.endpoint_path(&endpoint, "/secret");
    let before = stage.rest().get(&secret).await.expect(200);

    restart_with(&mut stage, &both).await;
    let load = {
        let (rest, secret, events) = (stage.rest().clone(), secret.clone(), stage.path("/events"));
        let endpoints = stage.path("/endpoints");
        Load::start(move |turn| {
            let (rest, secret, events, endpoints) = (
                rest.clone(),
                secret.clone(),
                events.clone(),
                endpoints.clone(),
            );
            async move {
                let event =
                    json!({ "event_type": super::stage::EVENT, "payload": { "turn": turn } });
                rest.post(&events, &event).await.expect(202);
                rest.get(&secret).await.expect(200);
                rest.get(&endpoints).await.expect(200);
            }
        })
    };
    let said = ran(&stage, "reencrypt").await;
    assert!(!said.starts_with("0 "), "{said}");
    let done = load.end().await;
    assert!(done > 0, "{done}");
    let again = ran(&stage, "reencrypt").await;
    assert!(again.starts_with("0 "), "nothing is left: {again}");

    restart_with(&mut stage, &new).await;
    let after = stage.rest().get(&secret).await.expect(200);
    assert_eq!(before["secret"], after["secret"]);
    assert_eq!(before["signing_secret"], after["signing_secret"]);
    let published = stage.publish().await;
    stage
        .wait_within(SOON, published.only(), |delivery| {
            delivery["status"] == "succeeded"
        })
        .await;
}

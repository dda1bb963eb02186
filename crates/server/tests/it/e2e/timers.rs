//! `kill -9` around the moment at which timers are due: every session is abandoned once, and told of.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde_json::{Value, json};
use testkit::receiver::Recorded;
use testkit::rest::text;
use testkit::server::Mode;

use super::activities::{done, known, record, watched};
use super::stage::Stage;

in_both_modes! {
    contract_069_093_a_server_killed_around_the_due_time_abandons_each_session_once,
}

/// Times the server is killed.
const KILLS: u64 = 10;
/// Visits that begin before each kill.
const VISITS: u64 = 30;
/// From the first visits to the first kill: a little before they are due. Each kill comes a little later.
const FIRST_KILL: Duration = Duration::from_millis(1_900);
/// How much later.
const LATER: Duration = Duration::from_millis(40);
/// A worker that was killed while it sent has a lease of the timeout and 15 s.
const LIMIT: Duration = Duration::from_secs(45);

/// Who was told of, and by which event ids.
fn told(requests: &[Recorded]) -> HashMap<String, HashSet<String>> {
    let mut told: HashMap<String, HashSet<String>> = HashMap::new();
    for request in requests {
        let body = request.json();
        let email = text(&body["payload"]["user"], "email").to_owned();
        let id = request.header("x-event-id").expect("an id").to_owned();
        told.entry(email).or_default().insert(id);
    }
    told
}

/// Every event of the merchant.
async fn events(stage: &Stage) -> Vec<Value> {
    let mut all = Vec::new();
    let mut path = stage.path("/events?limit=100");
    loop {
        let page = stage.rest().get(&path).await.expect(200);
        all.extend(page["data"].as_array().expect("a page").iter().cloned());
        let Some(cursor) = page["next_cursor"].as_str() else {
            return all;
        };
        path = stage.path(&format!("/events?limit=100&cursor={cursor}"));
    }
}

async fn contract_069_093_a_server_killed_around_the_due_time_abandons_each_session_once(
    mode: Mode,
) {
    let (mut stage, receiver) = watched(mode, "flexype", &["ABANDONED_SESSION"]).await;
    for kill in 0..KILLS {
        let visits = (0..VISITS).map(|visit| {
            let name = format!("{kill}-{visit}");
            let email = format!("s{name}@example.com");
            known(done("identified", &name, "", &json!({})), &email)
        });
        record(&stage, &visits.collect::<Vec<_>>()).await;
        // The moment of the fault, not a wait for a result.
        let moment = FIRST_KILL + LATER * u32::try_from(kill).expect("a small number");
        tokio::time::sleep(moment).await;
        stage.server.kill().await;
        stage.server.start_again().await;
    }
    let all = usize::try_from(KILLS * VISITS).expect("a small number");
    let heard = receiver
        .wait_until(LIMIT, |requests| told(requests).len() == all)
        .await;
    let told = told(&heard);
    assert!(told.values().all(|ids| ids.len() == 1), "{told:?}");
    let events = events(&stage).await;
    assert_eq!(events.len(), all);
    let sent: HashSet<&str> = told.values().flatten().map(String::as_str).collect();
    let stored: HashSet<&str> = events.iter().map(|event| text(event, "event_id")).collect();
    assert_eq!(sent, stored);
}

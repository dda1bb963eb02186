//! A bulk retry that is killed in the middle goes on where it was, and live events do not wait behind it.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::receiver::{Behaviour, Receiver};
use testkit::rest::{Rest, text};
use testkit::server::Mode;
use testkit::size::is_full;

use crate::e2e::stage::{EVENT, PAYLOAD, Published, Stage, flexype, with};

/// How long all deliveries may take to fail, and again to be retried, on a busy machine.
const LIMIT: Duration = Duration::from_mins(10);
/// How often a count is read again.
const POLL: Duration = Duration::from_millis(50);
/// Bulk retries that one process ever has under way with the settings as they are.
const UNDER_WAY: u64 = 32;
/// Between two live events.
const LIVE: Duration = Duration::from_millis(10);
/// Another type, for an endpoint that the bulk retry is not about.
const OTHER: &str = "NEW_CUSTOMER";

/// Deliveries of the bulk retry, attempts a second, and live events of one measurement.
fn size() -> (usize, u32, usize) {
    if is_full() {
        (10_000, 500, 1_000)
    } else {
        (300, 50, 100)
    }
}

#[tokio::test]
async fn serial_a_bulk_retry_killed_in_the_middle_queues_each_delivery_once_embedded() {
    killed(Mode::Embedded).await;
}

#[tokio::test]
async fn serial_a_bulk_retry_killed_in_the_middle_queues_each_delivery_once_cluster() {
    killed(Mode::Cluster).await;
}

#[tokio::test]
async fn serial_a_bulk_retry_is_taken_over_when_its_process_dies() {
    let (count, ..) = size();
    let (stage, receiver) = failed(Mode::Cluster, count).await;
    let path = begin(&stage).await;
    let mut job = Value::Null;
    follow(stage.rest(), &path, &mut job, |job| job["queued"] != 0).await;
    let beside = stage.server.start_beside(&[]).await;
    stage.server.kill().await;
    job = beside.rest().get(&path).await.expect(200);
    let at_kill = job["queued"].clone();
    follow(beside.rest(), &path, &mut job, is_completed).await;
    eprintln!("its process killed at {at_kill} queued, then {job}");
    assert!(at_kill.as_u64() < Some(count as u64), "killed too late");
    each_is_queued_once(&job, count, &receiver);
}

#[tokio::test]
async fn serial_live_events_do_not_wait_behind_a_bulk_retry_embedded() {
    beside(Mode::Embedded).await;
}

#[tokio::test]
async fn serial_live_events_do_not_wait_behind_a_bulk_retry_cluster() {
    beside(Mode::Cluster).await;
}

/// A merchant with an endpoint whose deliveries have all failed at once.
async fn failed(mode: Mode, count: usize) -> (Stage, Receiver) {
    let (mut stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    receiver.answer(Behaviour::Status(500));
    let body = with(flexype(&receiver.url()), &json!({"schedule": []}));
    stage.endpoint(&body).await;
    let payload: Value = serde_json::from_str(PAYLOAD).unwrap();
    for start in (0..count).step_by(500) {
        let event = json!({"event_type": EVENT, "payload": payload});
        let events = vec![event; (count - start).min(500)];
        let path = stage.path("/events/batch");
        let batch = json!({ "events": events });
        stage.rest().post(&path, &batch).await.expect(202);
    }
    let dry = json!({"filter": {"status": "failed"}, "dry_run": true});
    let end = Instant::now() + LIMIT;
    loop {
        let counted = stage.rest().post(&stage.path("/retry-jobs"), &dry).await;
        let counted = counted.expect(200);
        if counted["estimate"] == count {
            break;
        }
        assert!(Instant::now() < end, "after {LIMIT:?} it is {counted}");
        tokio::time::sleep(POLL * 10).await;
    }
    // At full size the access token may be old by now.
    stage.server.login_again().await;
    receiver.clear();
    receiver.answer(Behaviour::Status(200));
    (stage, receiver)
}

/// Starts a bulk retry of everything that has failed; its path.
async fn begin(stage: &Stage) -> String {
    let body = json!({"filter": {"status": ["failed"]}, "rate": size().1});
    let answer = stage.rest().post(&stage.path("/retry-jobs"), &body).await;
    let job = answer.expect(202);
    let path = stage.path(&format!("/retry-jobs/{}", text(&job, "id")));
    assert_eq!(answer.header("location"), Some(&*path));
    path
}

fn is_completed(job: &Value) -> bool {
    job["status"] == "completed"
}

const COUNTERS: [&str; 6] = [
    "estimate",
    "queued",
    "skipped",
    "succeeded",
    "failed",
    "withdrawn",
];

/// Follows the job until it is as asked for; no counter ever falls.
async fn follow(rest: &Rest, path: &str, last: &mut Value, enough: impl Fn(&Value) -> bool) {
    let end = Instant::now() + LIMIT;
    loop {
        let job = rest.get(path).await.expect(200);
        for name in COUNTERS {
            let before = last[name].as_u64().unwrap_or(0);
            assert!(job[name].as_u64().unwrap() >= before, "{last} {job}");
        }
        *last = job;
        if enough(last) {
            return;
        }
        assert!(Instant::now() < end, "after {LIMIT:?} it is {last}");
        tokio::time::sleep(POLL).await;
    }
}

async fn killed(mode: Mode) {
    let (count, ..) = size();
    let (mut stage, receiver) = failed(mode, count).await;
    let path = begin(&stage).await;
    let mut job = Value::Null;
    let middle = count as u64 * 2 / 5;
    follow(stage.rest(), &path, &mut job, |job| {
        job["queued"].as_u64() >= Some(middle)
    })
    .await;
    let at_kill = job["queued"].clone();
    stage.server.kill().await;
    stage.server.start_again().await;
    follow(stage.rest(), &path, &mut job, is_completed).await;
    eprintln!("{mode:?}: killed at {at_kill} queued, then {job}");
    assert!(at_kill.as_u64() < Some(count as u64), "killed too late");
    each_is_queued_once(&job, count, &receiver);
}

/// What must hold of a completed job that lost its process.
fn each_is_queued_once(job: &Value, count: usize, receiver: &Receiver) {
    assert_eq!(job["queued"], count);
    assert_eq!((&job["skipped"], &job["left"]), (&json!(0), &json!(0)));
    let (succeeded, lost) = (job["succeeded"].as_u64().unwrap(), job["failed"].as_u64());
    assert_eq!(succeeded + lost.unwrap(), count as u64);
    // A manual attempt that is lost with its process is not made again: the log says that it is unknown.
    assert!(lost <= Some(UNDER_WAY), "{job}");
    let requests = receiver.requests();
    let sent: Vec<&str> = requests
        .iter()
        .map(|request| request.header("x-event-id").unwrap())
        .collect();
    let distinct: HashSet<&str> = sent.iter().copied().collect();
    assert_eq!(distinct.len(), sent.len(), "something was sent twice");
    assert!(sent.len() as u64 >= succeeded);
}

/// Publishes live events in turn to the endpoint of the bulk retry and to another; when each was published.
async fn publish_live(stage: &Stage) -> HashMap<String, (&'static str, Instant)> {
    let mut published = HashMap::new();
    let mut next = tokio::time::interval(LIVE);
    for number in 0..size().2 {
        next.tick().await;
        let kind = if number % 2 == 0 { EVENT } else { OTHER };
        let at = Instant::now();
        let Published { event_id, .. } = stage.publish_of(kind, PAYLOAD).await;
        published.insert(event_id, (kind, at));
    }
    published
}

/// How long these events took to arrive: half and 99 of 100, by type.
async fn latencies(
    published: &HashMap<String, (&'static str, Instant)>,
    receivers: [&Receiver; 2],
) -> [(Duration, Duration); 2] {
    let mut took: HashMap<&str, Vec<Duration>> = HashMap::new();
    for receiver in receivers {
        let wanted = |id: Option<&str>| published.get(id.unwrap_or_default());
        let expected = published.len() / 2;
        let requests = receiver
            .wait_until(LIMIT, |requests| {
                let live = requests.iter();
                let live = live.filter(|request| wanted(request.header("x-event-id")).is_some());
                live.count() >= expected
            })
            .await;
        for request in requests {
            if let Some((kind, at)) = wanted(request.header("x-event-id")) {
                took.entry(kind)
                    .or_default()
                    .push(request.at.saturating_duration_since(*at));
            }
        }
    }
    [EVENT, OTHER].map(|kind| {
        let mut took = took.remove(kind).unwrap_or_default();
        took.sort_unstable();
        (took[took.len() / 2], took[took.len() * 99 / 100])
    })
}

/// Whether half of these events arrived while attempts of the bulk retry were still to come.
fn is_before_the_end(receiver: &Receiver, live: &HashMap<String, (&'static str, Instant)>) -> bool {
    let requests = receiver.requests();
    let is_live = |id: Option<&str>| live.contains_key(id.unwrap_or_default());
    let came: Vec<bool> = requests
        .iter()
        .map(|request| is_live(request.header("x-event-id")))
        .collect();
    let last = came.iter().rposition(|live| !live).unwrap_or(0);
    let early = came[..last].iter().filter(|live| **live).count();
    early * 2 >= came.iter().filter(|live| **live).count()
}

async fn beside(mode: Mode) {
    let (stage, receiver) = failed(mode, size().0).await;
    let other = Receiver::start().await;
    let body = with(flexype(&other.url()), &json!({"event_types": [OTHER]}));
    stage.endpoint(&body).await;
    let receivers = [&receiver, &other];
    let before = latencies(&publish_live(&stage).await, receivers).await;
    let path = begin(&stage).await;
    let mut job = Value::Null;
    follow(stage.rest(), &path, &mut job, |job| {
        job["queued"].as_u64() > Some(0)
    })
    .await;
    let live = publish_live(&stage).await;
    let during = latencies(&live, receivers).await;
    follow(stage.rest(), &path, &mut job, is_completed).await;
    for (name, before, during) in [
        ("its own endpoint", before[0], during[0]),
        ("another endpoint", before[1], during[1]),
    ] {
        eprintln!(
            "{mode:?}: live events to {name}: p50 {:?} and p99 {:?} alone, {:?} and {:?} beside a bulk retry of {}",
            before.0, before.1, during.0, during.1, job["queued"]
        );
    }
    assert!(is_before_the_end(&receiver, &live), "live events came last");
    assert_eq!(job["succeeded"], job["queued"]);
}

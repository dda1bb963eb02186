//! The stage of a scenario: servers of its own, merchants with endpoints, a publisher, and what went on.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use testkit::ledger::{self, Jobs};
use testkit::postgres::PostgresServer;
use testkit::receiver::Receiver;
use testkit::redis::RedisServer;
use testkit::rest::text;
use testkit::server::{Hookyard, Mode};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::Size;
use super::checker::{Evidence, Report};
use super::publisher::{Api, Event, publish};
use super::tally::{Flaky, Tally};

/// The binary of this build.
const BINARY: &str = env!("CARGO_BIN_EXE_hookyard");
/// A short timeout makes short leases: timeout and 15 s.
const SETTINGS: [(&str, &str); 1] = [("HOOKYARD_DIALECTS__FLEXYPE__TIMEOUT", "1s")];
const MERCHANTS: usize = 4;
const ENDPOINTS: usize = 2;
/// The first retry of every endpoint comes after this.
pub(super) const FIRST_RETRY: Duration = Duration::from_secs(1);
/// How long everything may take to arrive after the last event: a lease, and the whole schedule.
const DRAIN: Duration = Duration::from_secs(90);
/// How often the database is asked what is left.
const POLL: Duration = Duration::from_millis(100);

/// Which processes there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Processes {
    /// One that does everything.
    One,
    /// An API and two workers.
    Split,
}

/// What was broken, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fault {
    /// When it was over; of a kill, when it was made.
    pub(super) ended: Instant,
    /// Deliveries in flight when processes were killed: as many may be sent twice.
    pub(super) in_flight: i64,
}

/// Everything a scenario has.
pub(super) struct Scene {
    pub(super) size: Size,
    pub(super) name: &'static str,
    /// The API first.
    pub(super) servers: Vec<Hookyard>,
    pub(super) database_url: String,
    pub(super) api: Api,
    tally: Tally,
    merchants: Vec<String>,
    /// Paths of the endpoints by their ids.
    paths: HashMap<String, String>,
    /// Killed for good.
    killed: Vec<Hookyard>,
    receiver: Receiver,
    /// Lives as long as the scene.
    postgres: Option<PostgresServer>,
}

/// A publisher at work.
pub(super) struct Publishing {
    events: JoinHandle<Vec<Event>>,
    begun: watch::Receiver<usize>,
    half: usize,
}

impl Publishing {
    /// Waits until it is time for the fault.
    pub(super) async fn half(&mut self) {
        let half = self.half;
        self.begun.wait_for(|begun| *begun >= half).await.unwrap();
    }
}

impl Scene {
    /// On a Redis and a `PostgreSQL` of its own.
    pub(super) async fn cluster(
        name: &'static str,
        processes: Processes,
        flaky: Flaky,
        redis: &RedisServer,
        postgres: &PostgresServer,
    ) -> Self {
        let url = postgres.create_database().await;
        let roles: &[&str] = match processes {
            Processes::One => &[],
            Processes::Split => &["api"],
        };
        let mut servers = vec![Hookyard::start_on(BINARY, &url, redis, roles, &SETTINGS).await];
        if processes == Processes::Split {
            for _ in 0..2 {
                servers.push(servers[0].start_beside(&["worker"]).await);
            }
        }
        let mut scene = Self::set_up(name, servers, url, flaky).await;
        scene.postgres = Some(postgres.clone());
        scene
    }

    /// One process on a file.
    pub(super) async fn embedded(name: &'static str) -> Self {
        let server = Hookyard::start(BINARY, Mode::Embedded, &SETTINGS).await;
        let url = sqlite_url(&server.data_dir());
        Self::set_up(name, vec![server], url, Flaky(0)).await
    }

    async fn set_up(
        name: &'static str,
        servers: Vec<Hookyard>,
        database_url: String,
        flaky: Flaky,
    ) -> Self {
        let (receiver, tally) = (Receiver::start().await, Tally::default());
        receiver.answer(tally.behaviour(flaky));
        let mut scene = Self {
            size: Size::of_environment(),
            name,
            api: Api::new(servers[0].rest()),
            servers,
            database_url,
            tally,
            merchants: Vec::new(),
            paths: HashMap::new(),
            killed: Vec::new(),
            receiver,
            postgres: None,
        };
        let base = scene.receiver.url();
        for merchant in 0..MERCHANTS {
            scene.add_merchant(merchant, &base).await;
        }
        scene
    }

    async fn add_merchant(&mut self, number: usize, base: &str) {
        let rest = self.servers[0].rest();
        let store = json!({"name": format!("Store {number}")});
        let body = json!({"name": format!("Merchant {number}"), "store": store});
        let made = rest.post("/v1/merchants", &body).await.expect(201);
        let merchant = text(&made, "id").to_owned();
        for endpoint in 0..ENDPOINTS {
            let path = format!("/{number}/{endpoint}");
            let body = json!({"url": format!("{base}{path}"), "dialect": "flexype",
                "event_types": ["PRODUCT_VIEWED"], "schedule": ["1s", "2s", "4s"]});
            let made = rest
                .post(&format!("/v1/merchants/{merchant}/endpoints"), &body)
                .await
                .expect(201);
            self.paths.insert(text(&made, "id").to_owned(), path);
        }
        self.merchants.push(merchant);
    }

    /// Begins to publish all events, `size` saying how many.
    pub(super) fn publish(&self, size: Size) -> Publishing {
        let (progress, begun) = watch::channel(0);
        let (api, merchants) = (self.api.clone(), self.merchants.clone());
        Publishing {
            events: tokio::spawn(publish(api, merchants, size.events, progress)),
            begun,
            half: self.size.events / 2,
        }
    }

    /// `kill -9` of the last process, a worker, for good.
    pub(super) async fn kill_last(&mut self) {
        let last = self.servers.pop().unwrap();
        last.kill().await;
        self.killed.push(last);
    }

    /// Starts the killed API again, perhaps on another port.
    pub(super) async fn start_api_again(&mut self) {
        self.servers[0].start_again().await;
        self.api.moved_to(self.servers[0].rest());
    }

    /// Deliveries in flight at this moment, from a database that works.
    pub(super) async fn in_flight(&self) -> i64 {
        ledger::jobs(&self.database_url).await.open
    }

    /// Waits until all has arrived, then checks and prints what the scenario came to.
    pub(super) async fn finish(self, publishing: Publishing, fault: Fault) -> Report {
        let events = publishing.events.await.unwrap();
        let left = self.drain().await;
        let processes = self.servers.iter().chain(&self.killed);
        let report = Report::check(&Evidence {
            name: self.name,
            events,
            seen: self.tally.seen(),
            deliveries: ledger::deliveries(&self.database_url).await,
            left,
            paths: self.paths,
            endpoints_each: ENDPOINTS,
            log: processes.flat_map(Hookyard::log_lines).collect(),
            fault,
        });
        for server in &self.servers {
            server.terminate();
            assert_eq!(server.wait_for_end().await.code, Some(0), "it ends well");
        }
        report
    }

    async fn drain(&self) -> Jobs {
        let began = Instant::now();
        loop {
            let left = ledger::jobs(&self.database_url).await;
            if left.all == 0 || began.elapsed() > DRAIN {
                return left;
            }
            sleep(POLL).await;
        }
    }
}

/// The database of embedded mode.
pub(super) fn sqlite_url(data_dir: &Path) -> String {
    format!("sqlite:{}", data_dir.join("hookyard.db").display())
}

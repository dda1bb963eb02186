//! `hookyard demo`: a merchant, two receivers, and a stream of sample events, told in plain lines.

mod client;
mod receivers;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use domain::catalog::{EventType, built_in};
use domain::dialect::Dialect;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{interval, sleep};
use tokio_util::sync::CancellationToken;

use crate::commands::serve;
use crate::config::{Flags, Settings, Values};
use crate::first_admin::{new_password, system_rng};
use crate::output::say;
use crate::telemetry::start_logs;
use client::Client;
use receivers::Receivers;

/// Between two events: slow enough to read along.
const BETWEEN_EVENTS: Duration = Duration::from_secs(2);
/// How often the delivery log is read.
const LOOK: Duration = Duration::from_millis(250);
/// The admin of a server of our own.
const EMAIL: &str = "demo@localhost";

/// What may be said of it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// End after so many seconds; without it, with Ctrl-C
    #[arg(long)]
    seconds: Option<u64>,
    /// A running server to use, such as `http://127.0.0.1:8080`, which must allow http and 127.0.0.0/8; without it, one is started
    #[arg(long, requires_all = ["email", "password"])]
    url: Option<String>,
    /// Whom to log in as on that server
    #[arg(long)]
    email: Option<String>,
    /// Their password
    #[arg(long)]
    password: Option<String>,
}

/// Shows what the product does.
///
/// Errors: the server cannot be started or reached; it refuses what the demo asks.
pub(crate) async fn run(flags: &Flags, arguments: Arguments) -> anyhow::Result<()> {
    let given = arguments.url.zip(arguments.email).zip(arguments.password);
    let (server, login) = if let Some(((url, email), password)) = given {
        (None, (url, email, password))
    } else {
        let (server, login) = Server::start(flags).await?;
        (Some(server), login)
    };
    let (url, email, password) = login;
    let client = Client::log_in(&url, &email, &password).await?;
    if server.is_some() {
        say(format_args!(
            "Look at {url} (log in as {email} with password {password}); its API is described at {url}/docs"
        ));
    }
    let receivers = Receivers::start().await?;
    let story = Story::begin(&client, &receivers).await?;
    say(
        "The flaky receiver answers 500 twice, then 200; retries come after 1, 2 and 4 seconds.\nCtrl-C ends the demo.\n",
    );
    let seconds = arguments.seconds.map(Duration::from_secs);
    let end = async {
        match seconds {
            Some(seconds) => sleep(seconds).await,
            None => std::future::pending().await,
        }
    };
    let result = tokio::select! {
        result = story.tell(&client) => result,
        () = end => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted.context("watch Ctrl-C"),
    };
    say(format_args!(
        "\nThe receivers answered {} requests.",
        receivers.answered()
    ));
    match server {
        Some(server) => result.and(server.stop().await),
        None => result,
    }
}

/// A server of our own on a database that goes with it.
struct Server {
    _data: TempDir,
    stop: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Server {
    async fn start(flags: &Flags) -> anyhow::Result<(Self, (String, String, String))> {
        let data = TempDir::new().context("make a directory for the demo's data")?;
        let password = new_password(&mut system_rng()).reveal().to_owned();
        let mut flags = flags.clone();
        flags.data_dir = Some(data.path().display().to_string());
        flags.listen.get_or_insert_with(|| "127.0.0.1:0".to_owned());
        // Nothing of a real installation: not its environment, its file, its database or its keys.
        flags.config = None;
        let own = [
            "database_url=",
            "redis_url=",
            "metrics_listen=",
            "master_key=",
            "public_url=",
            "outbound.allow_http=true",
            "outbound.allowed_networks=127.0.0.0/8",
            "log_format=text",
            "log=warn",
        ];
        let mut set: Vec<String> = own.map(str::to_owned).into();
        set.push(format!("admin.email={EMAIL}"));
        set.push(format!("admin.password={password}"));
        set.append(&mut flags.set);
        flags.set = set;
        let settings = Settings::from_values(&Values::of(&flags, std::iter::empty())?)?;
        start_logs(&settings)?;
        let (started, address) = oneshot::channel();
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let mut task = tokio::spawn(async move {
            let tell = |address: SocketAddr| {
                // Nobody listens any more when the demo was interrupted.
                started.send(address).ok();
            };
            serve::serve(settings, &[], stopped, tell).await
        });
        tokio::select! {
            address = address => {
                let url = format!("http://{}", address.context("the server ended at once")?);
                Ok((Self { _data: data, stop, task }, (url, EMAIL.to_owned(), password)))
            }
            ended = &mut task => Err(ended?.err().unwrap_or_else(|| anyhow!("the server ended at once"))),
        }
    }

    async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.task.await?
    }
}

/// The merchant whose events are sent.
struct Story {
    /// Its place in the API.
    merchant: String,
    /// What its endpoints are called, by id.
    endpoints: HashMap<String, &'static str>,
}

impl Story {
    async fn begin(client: &Client, receivers: &Receivers) -> anyhow::Result<Self> {
        let store =
            json!({"name": "Demo Store", "main_domain": "demo-store.example", "currency": "USD"});
        let merchant = client
            .post(
                "/v1/merchants",
                &json!({"name": "Demo Store", "store": store}),
            )
            .await?;
        let merchant = format!("/v1/merchants/{}", text(&merchant, "id"));
        let types: Vec<String> = sample_types().map(|entry| entry.name).collect();
        let mut endpoints = HashMap::new();
        for name in ["good", "flaky"] {
            let endpoint = json!({
                "url": receivers.url(name),
                "dialect": Dialect::Flexype.as_str(),
                "event_types": types,
                "description": format!("The demo's {name} receiver"),
                "schedule": ["1s", "2s", "4s"],
            });
            let made = client
                .post(&format!("{merchant}/endpoints"), &endpoint)
                .await?;
            endpoints.insert(text(&made, "id").to_owned(), name);
        }
        say(
            "Made the merchant Demo Store with two endpoints, good and flaky, subscribed to every FlexyPe event type.",
        );
        Ok(Self {
            merchant,
            endpoints,
        })
    }

    /// Publishes and reports, for ever.
    async fn tell(&self, client: &Client) -> anyhow::Result<()> {
        let types: Vec<EventType> = sample_types().collect();
        let mut next = types.iter().cycle();
        let (mut publish, mut look) = (interval(BETWEEN_EVENTS), interval(LOOK));
        let mut known = HashMap::new();
        loop {
            tokio::select! {
                _ = publish.tick() => {
                    if let Some(event_type) = next.next() {
                        self.publish(client, event_type).await?;
                    }
                }
                _ = look.tick() => self.look(client, &mut known).await?,
            }
        }
    }

    async fn publish(&self, client: &Client, event_type: &EventType) -> anyhow::Result<()> {
        let payload: Value = serde_json::from_str(&event_type.example)?;
        let event = json!({"event_type": event_type.name, "payload": payload});
        let published = client
            .post(&format!("{}/events", self.merchant), &event)
            .await?;
        let deliveries = published["deliveries"].as_array().map_or(0, Vec::len);
        say(format_args!(
            "published  {} {}, {deliveries} deliveries",
            event_type.name,
            short(text(&published, "event_id"))
        ));
        Ok(())
    }

    /// Reports what has changed in the delivery log.
    async fn look(
        &self,
        client: &Client,
        known: &mut HashMap<String, String>,
    ) -> anyhow::Result<()> {
        let log = client
            .get(&format!("{}/deliveries?limit=20", self.merchant))
            .await?;
        for delivery in log["data"].as_array().into_iter().flatten().rev() {
            let Some(line) = self.line(delivery) else {
                continue;
            };
            let id = text(delivery, "id").to_owned();
            if known.get(&id) != Some(&line) {
                say(&line);
                known.insert(id, line);
            }
        }
        Ok(())
    }

    /// What is to be said of a delivery; nothing while it is on its way.
    fn line(&self, delivery: &Value) -> Option<String> {
        let endpoint = self
            .endpoints
            .get(text(delivery, "endpoint_id"))
            .copied()
            .unwrap_or("?");
        let what = format!(
            "{} {} to {endpoint}, attempt {}",
            text(delivery, "event_type"),
            short(text(delivery, "event_id")),
            delivery["attempt_count"]
        );
        let answer = &delivery["last_http_status"];
        match text(delivery, "status") {
            "succeeded" => Some(format!("delivered  {what}: {answer}")),
            "retrying" => Some(format!(
                "retrying   {what}: {answer}, again at {}",
                text(delivery, "next_attempt_at")
                    .get(11..19)
                    .unwrap_or_default()
            )),
            "failed" => Some(format!("failed     {what}: {answer}")),
            _ => None,
        }
    }
}

/// The event types that are sent: those of the dialect the receivers speak.
fn sample_types() -> impl Iterator<Item = EventType> {
    built_in()
        .into_iter()
        .filter(|entry| entry.dialect == Dialect::Flexype)
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// The end of an id, which tells ids of one moment apart.
fn short(id: &str) -> &str {
    id.get(id.len().saturating_sub(6)..).unwrap_or(id)
}

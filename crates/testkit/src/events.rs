//! A reader of server-sent events, for tests.

use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::Value;
use tokio::time::timeout;

/// How long the next event may take.
const LIMIT: Duration = Duration::from_secs(20);

/// An open stream.
#[derive(Debug)]
pub struct Events {
    body: Incoming,
    text: String,
}

/// One event of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// What it tells.
    pub data: Value,
}

impl Events {
    pub(crate) const fn new(body: Incoming) -> Self {
        Self {
            body,
            text: String::new(),
        }
    }

    /// The next event; comments are passed over. `None` when the stream has ended.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event_of(block), rest.to_owned());
                self.text = rest;
                if event.is_some() {
                    return event;
                }
            }
            let frame = timeout(LIMIT, self.body.frame())
                .await
                .expect("an event in time");
            let frame = frame?.expect("a stream that is not broken");
            if let Ok(bytes) = frame.into_data() {
                self.text.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
    }

    /// Events until one is as wanted, which is returned.
    pub async fn until(&mut self, wanted: impl Fn(&Event) -> bool) -> Event {
        loop {
            let event = self.next().await.expect("a stream that goes on");
            if wanted(&event) {
                return event;
            }
        }
    }
}

fn event_of(block: &str) -> Option<Event> {
    let field = |name: &str| {
        let mut lines = block.lines();
        lines.find_map(|line| {
            line.strip_prefix(name)?
                .strip_prefix(": ")
                .map(str::to_owned)
        })
    };
    let data = field("data")?;
    Some(Event {
        name: field("event").unwrap_or_default(),
        id: field("id").unwrap_or_default(),
        data: serde_json::from_str(&data).expect("data that is JSON"),
    })
}

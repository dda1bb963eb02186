//! What the receiver remembers of the deliveries to one of its paths.

use domain::clock::Micros;
use serde_json::{Value, json};

use super::head::find;
use super::latency::Latency;
use super::request::{SENT, SENT_DIGITS};

/// The deliveries to one path.
#[derive(Debug, Default)]
pub(super) struct Sink {
    received: u64,
    last_us: i64,
    /// When each was published, and how much later it came, in microseconds.
    samples: Vec<(i64, u32)>,
}

impl Sink {
    /// Takes one delivery that came at `now`.
    pub(super) fn take(&mut self, body: &[u8], now: Micros) {
        self.received += 1;
        self.last_us = now.0;
        if let Some(sent) = sent_us(body) {
            let late = u32::try_from(now.0 - sent).unwrap_or(0);
            self.samples.push((sent, late));
        }
    }

    /// How many came.
    pub(super) const fn received(&self) -> u64 {
        self.received
    }

    /// Everything about it as JSON; latencies of what was published in `from_us..to_us`.
    pub(super) fn summary(&self, from_us: i64, to_us: i64) -> Value {
        let samples = self.samples.iter();
        let samples = samples.filter(|(sent, _)| (from_us..to_us).contains(sent));
        let latency = Latency::of(samples.map(|(_, late)| *late).collect());
        json!({
            "received": self.received,
            "last_us": self.last_us,
            "count": latency.map_or(0, |latency| latency.count),
            "p50_us": latency.map(|latency| latency.p50_us),
            "p99_us": latency.map(|latency| latency.p99_us),
            "max_us": latency.map(|latency| latency.max_us),
        })
    }
}

/// The time of the publish call, as the generator wrote it into the payload.
fn sent_us(body: &[u8]) -> Option<i64> {
    let at = find(body, SENT)? + SENT.len();
    let digits = body.get(at..at + SENT_DIGITS)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_are_those_of_the_window_asked_for() {
        let mut sink = Sink::default();
        for (sent, came) in [(100, 150), (200, 220), (300, 399)] {
            let body = format!(r#"{{"payload":{{"sent_us":"{sent:016}"}}}}"#);
            sink.take(body.as_bytes(), Micros(came));
        }
        let summary = sink.summary(100, 300);
        assert_eq!(
            (&summary["received"], &summary["count"]),
            (&json!(3), &json!(2))
        );
        assert_eq!(
            (&summary["p50_us"], &summary["max_us"]),
            (&json!(20), &json!(50))
        );
        assert_eq!(summary["last_us"], json!(399));
    }
}

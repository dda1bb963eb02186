//! What the server counts by itself, read from `/metrics`.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::client::Connection;
use super::request::message;

/// Batches and their rows by batcher, since the server's start.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Batches(BTreeMap<String, [f64; 2]>);

impl Batches {
    /// Asks the server.
    pub(super) async fn read(address: SocketAddr) -> Self {
        let mut connection = Connection::open(address)
            .await
            .expect("a server that listens");
        let request = message("GET", address, "/metrics", "", "");
        let (_, body) = connection.exchange(&request).await.expect("metrics");
        Self::parse(&String::from_utf8_lossy(body))
    }

    fn parse(text: &str) -> Self {
        let mut read = Self::default();
        for line in text.lines() {
            let counter = ["hookyard_batches_total", "hookyard_batch_rows_total"];
            let Some(place) = counter.iter().position(|name| line.starts_with(name)) else {
                continue;
            };
            let batcher = line
                .split("batcher=\"")
                .nth(1)
                .and_then(|rest| rest.split('"').next());
            let count = line.rsplit(' ').next().and_then(|count| count.parse().ok());
            if let (Some(batcher), Some(count)) = (batcher, count) {
                read.0.entry(batcher.to_owned()).or_default()[place] = count;
            }
        }
        read
    }

    /// The mean rows of a batch between `before` and now, by batcher.
    pub(super) fn means_since(&self, before: &Self) -> Vec<(String, f64)> {
        let mean = |(batcher, [batches, rows]): (&String, &[f64; 2])| {
            let [old_batches, old_rows] = before.0.get(batcher).copied().unwrap_or_default();
            let batches = batches - old_batches;
            (batches > 0.0).then(|| (batcher.clone(), (rows - old_rows) / batches))
        };
        self.0.iter().filter_map(mean).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_those_of_the_time_between() {
        let text = |batches, rows| {
            format!(
                "# TYPE hookyard_batches_total counter\nhookyard_batches_total{{batcher=\"ingest\"}} {batches}\n\
                 hookyard_batch_rows_total{{batcher=\"ingest\"}} {rows}\nother 1\n"
            )
        };
        let (before, after) = (
            Batches::parse(&text(10, 100)),
            Batches::parse(&text(14, 300)),
        );
        assert_eq!(after.means_since(&before), [("ingest".to_owned(), 50.0)]);
        assert_eq!(before.means_since(&before), []);
    }
}

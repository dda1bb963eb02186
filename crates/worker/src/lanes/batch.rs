//! Batches: when a lane's waiting jobs are enough for one, and which deliveries share a POST.

use domain::attempt::Trigger;
use domain::endpoint::Batch;
use domain::id::EndpointId;
use tokio::time::Instant;

use super::{Held, Lane, Lanes, Limits, Post, Ready};

/// Bytes of payload in one POST of several events; what is beyond goes with the next. Four of the largest payloads.
const BYTES: usize = 1024 * 1024;

impl Lanes {
    /// Whether and how the lane of an endpoint collects events, as far as it knows.
    pub(crate) fn batch(&self, id: EndpointId) -> Option<Batch> {
        self.by_endpoint.get(&id).and_then(|lane| lane.batch)
    }

    /// When the next batch that is not full has waited long enough.
    pub(crate) fn next_unfilled(&self) -> Option<Instant> {
        self.filling.first().map(|(at, _)| *at)
    }

    /// Gives the lanes their turn whose batches have waited long enough.
    pub(crate) fn send_unfilled(&mut self, now: Instant) {
        while self.filling.first().is_some_and(|(at, _)| *at <= now) {
            let Some((_, id)) = self.filling.pop_first() else {
                return;
            };
            if let Some(lane) = self.by_endpoint.get_mut(&id) {
                lane.filling = None;
                lane.has_waited(now);
            }
            self.enqueue(id);
        }
    }
}

impl Lane {
    /// Until when others may join what waits; `None` when it goes now.
    pub(super) fn fills_until(&self) -> Option<Instant> {
        let batch = self.batch?;
        if self.waiting.len() >= max_events(batch) {
            return None;
        }
        let since = self.waiting.front()?.since?;
        Some(since + batch.max_wait)
    }

    /// Lets the first job go without others if its time has come.
    fn has_waited(&mut self, now: Instant) {
        if self.fills_until().is_some_and(|at| at <= now)
            && let Some(first) = self.waiting.front_mut()
        {
            first.since = None;
        }
    }

    /// How many jobs are claimed next: at most `quantum`, or a whole batch.
    pub(super) fn takes(&self, limits: Limits, quantum: usize) -> usize {
        let room = self.room(limits);
        match self.batch {
            None => room.min(self.waiting.len()).min(quantum),
            Some(_) if room == 0 => 0,
            Some(batch) => self.whole_runs(max_events(batch)),
        }
    }

    /// How many of the first jobs make a batch of at most `most`. A batch that failed was settled at one moment
    /// with one delay, so its deliveries fall due together: such a run is not split unless it alone is longer.
    fn whole_runs(&self, most: usize) -> usize {
        let due = |place: usize| self.waiting.get(place).map(|held: &Held| held.stub.due);
        let Some(next) = due(most) else {
            return self.waiting.len();
        };
        let before = (0..most).rev().find(|place| due(*place) != Some(next));
        before.map_or(most, |place| place + 1)
    }

    /// The next POST of what is ready. Where the endpoint collects events all deliveries of one merchant that are
    /// ready by the schedule go together; what somebody asked for goes alone.
    pub(super) fn take_post(&mut self) -> Option<Post> {
        let first = self.ready.pop_front()?;
        let batch = first.destination.endpoint.batch;
        let mut others = Vec::new();
        if let Some(batch) = batch
            && shares(&first)
            && !self.ready.is_empty()
        {
            let (mut room, mut bytes) = (max_events(batch) - 1, first.event.payload.len());
            for ready in std::mem::take(&mut self.ready) {
                if !shares(&ready) || !are_of_one(&first, &ready) {
                    self.ready.push_back(ready);
                    continue;
                }
                bytes += ready.event.payload.len();
                if room > 0 && bytes <= BYTES {
                    room -= 1;
                    others.push(ready);
                } else {
                    // The next ones must not overtake it.
                    room = 0;
                    self.ready.push_back(ready);
                }
            }
        }
        Some(Post { first, others })
    }
}

/// Whether it goes with others: the schedule sends it.
fn shares(ready: &Ready) -> bool {
    ready.claimed.trigger == Trigger::Schedule
}

/// Whether two deliveries go to one endpoint for one merchant: an app's endpoint has many, and what it answers to
/// one is not shown to another.
fn are_of_one(first: &Ready, other: &Ready) -> bool {
    first.claimed.merchant_id == other.claimed.merchant_id
        && (std::sync::Arc::ptr_eq(&first.destination, &other.destination)
            || first.destination == other.destination)
}

fn max_events(batch: Batch) -> usize {
    usize::try_from(batch.max_events).unwrap_or(1).max(1)
}

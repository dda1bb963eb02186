//! Bulk retries, behind live work: they wait here, in front of the lanes, and are let in a few at a time. Of all that
//! is let in and not settled there are never more than [`Limits::bulk`], and of one endpoint never more than half of
//! what it may have in flight: so whatever lives finds most slots, and half of its endpoint's, free of them. While more
//! of the lane waits than it has let in, none follow.

use std::collections::{HashMap, HashSet, VecDeque};

use domain::id::{DeliveryId, EndpointId};
use domain::shard::{Shard, ShardSet};
use queue::Stub;
use storage::jobs::Waiting;
use tokio::time::Instant;

use super::{Held, LANE, Lane, Lanes, REFILL};

/// Endpoints looked at in one round.
const TRIES: usize = 64;

/// The bulk retries of one endpoint.
#[derive(Debug, Default)]
struct Place {
    waiting: VecDeque<Stub>,
    let_in: usize,
    /// How many may be let in at once.
    most: usize,
    /// Whether it stands in the round.
    queued: bool,
}

/// All that waits, and all that has been let in.
#[derive(Debug)]
pub(super) struct Bulk {
    most: usize,
    places: HashMap<EndpointId, Place>,
    waiting: HashSet<DeliveryId>,
    let_in: HashMap<DeliveryId, EndpointId>,
    /// Those of them that slow endpoints got.
    slow: HashSet<DeliveryId>,
    turns: VecDeque<EndpointId>,
    /// Full places for which the database holds more.
    overflowing: HashSet<EndpointId>,
}

impl Bulk {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            places: HashMap::new(),
            waiting: HashSet::new(),
            let_in: HashMap::new(),
            slow: HashSet::new(),
            turns: VecDeque::new(),
            overflowing: HashSet::new(),
        }
    }

    /// The job is settled, or not ours: its place is free.
    pub(super) fn leave(&mut self, id: &DeliveryId) {
        self.slow.remove(id);
        let Some(endpoint_id) = self.let_in.remove(id) else {
            return;
        };
        if let Some(place) = self.places.get_mut(&endpoint_id) {
            place.let_in -= 1;
        }
        self.enqueue(endpoint_id);
    }

    fn enqueue(&mut self, id: EndpointId) {
        if let Some(place) = self.places.get_mut(&id)
            && !place.queued
            && !place.waiting.is_empty()
        {
            place.queued = true;
            self.turns.push_back(id);
        }
    }

    /// The next one of an endpoint in whose lane `ahead` jobs wait, of which `most` may be let in, if it is its turn.
    fn take(&mut self, id: EndpointId, ahead: usize, most: usize) -> Option<Stub> {
        let place = self.places.get_mut(&id)?;
        place.queued = false;
        if place.let_in >= most {
            // It comes back when one of its own leaves.
            return None;
        }
        let stub = if ahead > place.let_in {
            None
        } else {
            place.waiting.pop_front()
        };
        if let Some(stub) = stub {
            place.let_in += 1;
            self.waiting.remove(&stub.delivery_id);
            self.let_in.insert(stub.delivery_id, id);
        }
        self.enqueue(id);
        stub
    }

    /// Forgets what waits for endpoints of these shards only.
    pub(super) fn keep_shards(&mut self, shards: ShardSet) {
        for (id, place) in &mut self.places {
            if !shards.contains(Shard::of(*id)) {
                for stub in place.waiting.drain(..) {
                    self.waiting.remove(&stub.delivery_id);
                }
            }
        }
    }

    /// Forgets what waits for an endpoint that is closed, or of a merchant for whom it is.
    pub(super) fn drop_waiting(&mut self, of: Waiting) {
        let Some(place) = self.places.get_mut(&of.endpoint_id) else {
            return;
        };
        place.waiting.retain(|stub| {
            let kept = of.merchant_id.is_some_and(|id| id != stub.merchant_id);
            if !kept {
                self.waiting.remove(&stub.delivery_id);
            }
            kept
        });
    }

    /// Shards whose places are nearly empty although the database holds more for them.
    pub(super) fn take_overflowing(&mut self) -> ShardSet {
        let Self {
            overflowing,
            places,
            ..
        } = self;
        let mut shards = ShardSet::EMPTY;
        overflowing.retain(|id| {
            let full = places
                .get(id)
                .is_some_and(|place| place.waiting.len() >= REFILL);
            if !full {
                shards = shards.with(Shard::of(*id));
            }
            full
        });
        shards
    }

    pub(super) fn sweep(&mut self) {
        self.places
            .retain(|_, place| place.queued || place.let_in + place.waiting.len() > 0);
    }
}

impl Lanes {
    /// Hears of a bulk retry whose endpoint may have `most` of them in its lane. What is known, or beyond a full
    /// place, is dropped. [`Self::let_in`] lets them in.
    pub(crate) fn offer_bulk(&mut self, stub: Stub, most: usize) {
        let id = stub.delivery_id;
        let bulk = &mut self.bulk;
        if self.known.contains(&id) || bulk.waiting.contains(&id) {
            return;
        }
        let place = bulk.places.entry(stub.endpoint_id).or_default();
        place.most = most.max(1);
        if place.waiting.len() >= LANE {
            bulk.overflowing.insert(stub.endpoint_id);
            return;
        }
        place.waiting.push_back(stub);
        bulk.waiting.insert(id);
        bulk.enqueue(stub.endpoint_id);
    }

    /// Lets in as many bulk retries as there is room for, endpoints in turn.
    pub(crate) fn let_in(&mut self, now: Instant) {
        for _ in 0..TRIES {
            if self.bulk.let_in.len() >= self.bulk.most {
                return;
            }
            let Some(id) = self.bulk.turns.pop_front() else {
                return;
            };
            let lane = self.by_endpoint.get(&id);
            let slow = lane.is_some_and(|lane| lane.slow);
            let most = match (slow, self.bulk.places.get(&id)) {
                (false, Some(place)) => place.most,
                _ => 1,
            };
            if slow && self.bulk.slow.len() >= self.bulk.most.div_ceil(2) {
                // Slow ones leave half of the room to others, and stay in the round.
                self.bulk.turns.push_back(id);
                continue;
            }
            let ahead = lane.map_or(0, |lane| lane.waiting.len());
            let Some(stub) = self.bulk.take(id, ahead, most) else {
                continue;
            };
            if slow {
                self.bulk.slow.insert(stub.delivery_id);
            }
            if !self.known.insert(stub.delivery_id) {
                // Heard of as live work meanwhile.
                self.bulk.leave(&stub.delivery_id);
                continue;
            }
            let lane = self
                .by_endpoint
                .entry(id)
                .or_insert_with(|| Lane::new(stub.merchant_id, now));
            lane.waiting.push_back(Held { stub, since: None });
            self.enqueue(id);
        }
    }

    /// Bulk retries between a lane and the end of their settling.
    pub(crate) fn bulk_under_way(&self) -> usize {
        self.bulk.let_in.len()
    }
}

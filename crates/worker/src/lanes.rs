//! Lanes: what waits for each endpoint, and whose turn it is. Pure bookkeeping, owned by the dispatcher:
//! deficit round robin over merchants, then over their lanes that have room. Where an endpoint collects
//! events a lane has its turn when a batch is full or its first event has waited long enough: nothing is
//! claimed before it can be sent.

mod batch;
mod bulk;

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use domain::attempt::Outcome;
use domain::endpoint::{Batch, Destination};
use domain::event::Event;
use domain::id::{DeliveryId, EndpointId, MerchantId};
use domain::shard::{Shard, ShardSet};
use queue::Stub;
use storage::claims::Claimed;
use storage::jobs::Waiting;
use tokio::time::Instant;

/// Stubs a lane holds. What does not fit is found again by a scan.
const LANE: usize = 1_000;
/// A lane with more in the database is refilled when it holds fewer than this.
const REFILL: usize = 200;
/// Jobs a merchant may claim before the next one's turn.
const QUANTUM: usize = 16;
/// Most jobs claimed ahead for one endpoint.
const AHEAD: f64 = 256.0;
/// How much work is claimed ahead: what the endpoint completes in this time.
const AHEAD_SECONDS: f64 = 0.05;
/// Timeouts in a row that make an endpoint slow.
const TIMEOUTS: u32 = 3;
/// Mean duration that makes an endpoint slow.
const SLOW_MEAN: Duration = Duration::from_secs(2);
/// An answer within this time makes a slow endpoint an ordinary one again.
const FAST: Duration = Duration::from_secs(1);
/// Longest a claim may wait for its POST. The lease has room for it.
const STALE: Duration = Duration::from_secs(8);

/// Blocked lanes tried again when a slot becomes free: they come round in turn.
const UNBLOCK: usize = 8;

/// How many attempts may be in flight.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// In all.
    pub slots: usize,
    /// To one endpoint.
    pub per_endpoint: usize,
    /// To one host.
    pub per_host: usize,
    /// To all slow endpoints together.
    pub slow_slots: usize,
    /// Bulk retries, from their lanes to the end of their settling.
    pub bulk: usize,
}

/// A claimed job with everything its POST needs.
#[derive(Debug)]
pub(crate) struct Ready {
    pub claimed: Claimed,
    pub destination: Arc<Destination>,
    pub event: Arc<Event>,
    /// The host that is called.
    pub host: Arc<str>,
    /// When it was claimed.
    pub since: Instant,
}

/// The deliveries of one POST: one, or a batch.
#[derive(Debug)]
pub(crate) struct Post {
    pub first: Ready,
    /// Those that share the POST with the first, in order.
    pub others: Vec<Ready>,
}

impl Post {
    /// All its deliveries in order.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Ready> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

/// How a POST went, as far as its lane cares.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Done {
    pub endpoint_id: EndpointId,
    pub outcome: Outcome,
    pub took: Duration,
}

/// A due job in its lane.
#[derive(Debug, Clone, Copy)]
struct Held {
    stub: Stub,
    /// When it came; `None` for one that need not wait for others any more.
    since: Option<Instant>,
}

#[derive(Debug)]
struct Lane {
    merchant_id: MerchantId,
    waiting: VecDeque<Held>,
    /// Whether and how it collects events, as far as is known.
    batch: Option<Batch>,
    /// When the batch that waits is sent even if it is not full, as noted in [`Lanes::filling`].
    filling: Option<Instant>,
    claiming: usize,
    ready: VecDeque<Ready>,
    in_flight: usize,
    slow: bool,
    timeouts: u32,
    mean: Duration,
    /// Completions a second, and since when the present window counts.
    rate: f64,
    window: (Instant, u32),
    /// With a rate limit: when the next POST may start.
    next_start: Option<Instant>,
    /// Whether the lane stands in its merchant's turn.
    queued: bool,
    /// Whether it waits for a slot.
    blocked: bool,
}

#[derive(Debug, Default)]
struct MerchantTurn {
    lanes: VecDeque<EndpointId>,
    in_flight: usize,
    queued: bool,
}

/// All lanes of a worker.
#[derive(Debug)]
pub(crate) struct Lanes {
    limits: Limits,
    by_endpoint: HashMap<EndpointId, Lane>,
    merchants: HashMap<MerchantId, MerchantTurn>,
    turns: VecDeque<MerchantId>,
    hosts: HashMap<Arc<str>, usize>,
    /// Jobs anywhere between a lane and the end of their settling.
    known: HashSet<DeliveryId>,
    /// Bulk retries: those that wait for a lane, and which of the known ones they are.
    bulk: bulk::Bulk,
    /// Full lanes for which the database holds more due jobs.
    overflowing: HashSet<EndpointId>,
    /// Lanes with something ready that could not start for want of a slot, each once, with their merchants.
    blocked: VecDeque<(EndpointId, MerchantId)>,
    /// When batches that are not full are sent all the same; each lane once.
    filling: BTreeSet<(Instant, EndpointId)>,
    in_flight: usize,
    slow_in_flight: usize,
}

impl Lanes {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            by_endpoint: HashMap::new(),
            merchants: HashMap::new(),
            turns: VecDeque::new(),
            hosts: HashMap::new(),
            known: HashSet::new(),
            bulk: bulk::Bulk::new(limits.bulk),
            overflowing: HashSet::new(),
            blocked: VecDeque::new(),
            filling: BTreeSet::new(),
            in_flight: 0,
            slow_in_flight: 0,
        }
    }

    /// Attempts in flight.
    pub(crate) const fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Hears of a due job, and whether its endpoint collects events if that is known. Known jobs and those
    /// beyond a full lane are dropped.
    pub(crate) fn offer(&mut self, stub: Stub, batch: Option<Batch>, now: Instant) {
        let lane = self
            .by_endpoint
            .entry(stub.endpoint_id)
            .or_insert_with(|| Lane::new(stub.merchant_id, now));
        lane.batch = batch;
        if self.known.contains(&stub.delivery_id) {
            return;
        }
        if lane.waiting.len() >= LANE {
            self.overflowing.insert(stub.endpoint_id);
            return;
        }
        self.known.insert(stub.delivery_id);
        lane.waiting.push_back(Held {
            stub,
            since: Some(now),
        });
        self.enqueue(stub.endpoint_id);
    }

    /// Puts a lane that has work and room into its merchant's turn, and the merchant into the round. A batch
    /// that may still grow is left to [`Self::send_unfilled`].
    fn enqueue(&mut self, id: EndpointId) {
        let limits = self.limits;
        let Some(lane) = self.by_endpoint.get_mut(&id) else {
            return;
        };
        if lane.queued || lane.waiting.is_empty() || lane.room(limits) == 0 {
            return;
        }
        if let Some(at) = lane.fills_until() {
            if lane.filling != Some(at) {
                let before = lane.filling.replace(at);
                self.filling.extend([(at, id)]);
                before.map(|before| self.filling.remove(&(before, id)));
            }
            return;
        }
        lane.queued = true;
        let merchant_id = lane.merchant_id;
        let turn = self.merchants.entry(merchant_id).or_default();
        turn.lanes.push_back(id);
        if !turn.queued {
            turn.queued = true;
            self.turns.push_back(merchant_id);
        }
    }

    /// Whether anything could be claimed now.
    pub(crate) fn has_work(&self) -> bool {
        !self.turns.is_empty()
    }

    /// Takes the stubs of the next claim, at most `most`: a quantum from each merchant in turn, from its
    /// lanes in turn.
    pub(crate) fn pick(&mut self, most: usize) -> Vec<Stub> {
        let mut picked = Vec::new();
        let mut unfilled = Vec::new();
        'picking: while picked.len() < most
            && let Some(merchant_id) = self.turns.pop_front()
        {
            let Some(turn) = self.merchants.get_mut(&merchant_id) else {
                continue;
            };
            turn.queued = false;
            let mut quantum = QUANTUM.min(most - picked.len());
            while quantum > 0
                && let Some(id) = turn.lanes.pop_front()
            {
                let Some(lane) = self.by_endpoint.get_mut(&id) else {
                    continue;
                };
                if lane.fills_until().is_some() {
                    lane.queued = false;
                    unfilled.push(id);
                    continue;
                }
                let take = lane.takes(self.limits, quantum);
                if take > most - picked.len() && !picked.is_empty() {
                    // A batch is claimed whole: with the next claim.
                    turn.lanes.push_front(id);
                    turn.queued = true;
                    self.turns.push_front(merchant_id);
                    break 'picking;
                }
                picked.extend(lane.waiting.drain(..take).map(|held| held.stub));
                lane.claiming += take;
                quantum = quantum.saturating_sub(take);
                lane.queued = !lane.waiting.is_empty() && lane.room(self.limits) > 0;
                if lane.queued {
                    turn.lanes.push_back(id);
                }
            }
            if !turn.lanes.is_empty() {
                turn.queued = true;
                self.turns.push_back(merchant_id);
            }
        }
        for id in unfilled {
            self.enqueue(id);
        }
        picked
    }

    /// A claim has ended: `asked` were picked for it. What it brought is offered by [`Self::ready`].
    pub(crate) fn claim_ended(&mut self, asked: &[Stub]) {
        for stub in asked {
            if let Some(lane) = self.by_endpoint.get_mut(&stub.endpoint_id) {
                lane.claiming -= 1;
            }
            self.enqueue(stub.endpoint_id);
        }
    }

    /// A claim could not be made: its stubs go back to the heads of their lanes.
    pub(crate) fn give_back(&mut self, asked: Vec<Stub>) {
        for stub in asked.into_iter().rev() {
            if let Some(lane) = self.by_endpoint.get_mut(&stub.endpoint_id) {
                lane.claiming -= 1;
                lane.waiting.push_front(Held { stub, since: None });
            }
            self.enqueue(stub.endpoint_id);
        }
    }

    /// A claimed job waits for its POST.
    pub(crate) fn ready(&mut self, ready: Ready) {
        if let Some(lane) = self.by_endpoint.get_mut(&ready.claimed.endpoint_id) {
            lane.batch = ready.destination.endpoint.batch;
            lane.ready.push_back(ready);
        }
    }

    /// The job needs nothing more from this worker: it is settled, or was never ours.
    pub(crate) fn forget(&mut self, id: DeliveryId) {
        self.known.remove(&id);
        self.bulk.leave(&id);
    }

    /// Starts as many POSTs of a lane as limits allow. Answers them, and when a rate limit allows the next.
    pub(crate) fn start(&mut self, id: EndpointId, now: Instant) -> (Vec<Post>, Option<Instant>) {
        let mut started = Vec::new();
        let Some(lane) = self.by_endpoint.get_mut(&id) else {
            return (started, None);
        };
        let merchant_id = lane.merchant_id;
        let others = self.turns.iter().any(|waiting| *waiting != merchant_id)
            || self
                .blocked
                .iter()
                .any(|(_, waiting)| *waiting != merchant_id);
        let turn = self.merchants.entry(lane.merchant_id).or_default();
        // Even alone a merchant leaves a quarter free, for those who come while its receivers hang.
        let quarter = (self.limits.slots / 4).max(1);
        let share = if others {
            quarter
        } else {
            self.limits.slots - quarter
        };
        let mut wait = None;
        while let Some(first) = lane.ready.front() {
            let endpoint = &first.destination.endpoint;
            let host = Arc::clone(&first.host);
            let at_host = self.hosts.get(&host).copied().unwrap_or(0);
            // What has waited too long is released: its lease must have room for the POST.
            if lane.in_flight >= lane.limit(self.limits) || now.duration_since(first.since) > STALE
            {
                break;
            }
            let full = self.in_flight >= self.limits.slots
                || turn.in_flight >= share
                || at_host >= self.limits.per_host
                || (lane.slow && self.slow_in_flight >= self.limits.slow_slots);
            if full {
                if !lane.blocked {
                    lane.blocked = true;
                    self.blocked.push_back((id, merchant_id));
                }
                break;
            }
            if let Some(rate) = endpoint.rate_limit {
                let next = lane.next_start.unwrap_or(now);
                if next > now {
                    wait = Some(next);
                    break;
                }
                // Unused time is not saved up: a burst is at most one POST early.
                lane.next_start = Some(next.max(now) + Duration::from_secs(1) / rate.max(1));
            }
            *self.hosts.entry(host).or_default() += 1;
            lane.in_flight += 1;
            turn.in_flight += 1;
            self.in_flight += 1;
            self.slow_in_flight += usize::from(lane.slow);
            started.extend(lane.take_post());
        }
        if lane.batch.is_some() {
            // The next batch is claimed when all of the last has started.
            self.enqueue(id);
        }
        (started, wait)
    }

    /// Puts a lane with something ready behind those that wait for a slot.
    pub(crate) fn block(&mut self, id: EndpointId) {
        if let Some(lane) = self.by_endpoint.get_mut(&id)
            && !lane.blocked
            && !lane.ready.is_empty()
        {
            lane.blocked = true;
            self.blocked.push_back((id, lane.merchant_id));
        }
    }

    /// The lanes that may try for a slot now, those that have waited longest first.
    pub(crate) fn unblock(&mut self) -> Vec<EndpointId> {
        if self.in_flight >= self.limits.slots {
            return Vec::new();
        }
        let first = self.blocked.len().min(UNBLOCK);
        let Self {
            blocked,
            by_endpoint,
            ..
        } = self;
        let free = |(id, _): (EndpointId, MerchantId)| {
            if let Some(lane) = by_endpoint.get_mut(&id) {
                lane.blocked = false;
            }
            id
        };
        blocked.drain(..first).map(free).collect()
    }

    /// A POST that was about to start is not made after all: its slot is free.
    pub(crate) fn not_started(&mut self, post: &Post) {
        for ready in post.all() {
            self.forget(ready.claimed.delivery_id);
        }
        let id = post.first.claimed.endpoint_id;
        self.free_slot(id, &post.first.host);
        self.enqueue(id);
    }

    fn free_slot(&mut self, id: EndpointId, host: &Arc<str>) {
        if let Some(count) = self.hosts.get_mut(host) {
            *count -= 1;
            if *count == 0 {
                self.hosts.remove(host);
            }
        }
        self.in_flight -= 1;
        if let Some(lane) = self.by_endpoint.get_mut(&id) {
            lane.in_flight -= 1;
            self.slow_in_flight -= usize::from(lane.slow);
            if let Some(turn) = self.merchants.get_mut(&lane.merchant_id) {
                turn.in_flight -= 1;
            }
        }
    }

    /// A POST has ended: its slot is free.
    pub(crate) fn finished(&mut self, done: Done, host: &Arc<str>, now: Instant) {
        self.free_slot(done.endpoint_id, host);
        if let Some(lane) = self.by_endpoint.get_mut(&done.endpoint_id) {
            let was_slow = lane.slow;
            lane.learn(done, now);
            // Those still in flight move between the pools with their lane.
            match (was_slow, lane.slow) {
                (false, true) => self.slow_in_flight += lane.in_flight,
                (true, false) => self.slow_in_flight -= lane.in_flight,
                _ => {}
            }
        }
        self.enqueue(done.endpoint_id);
    }

    /// Shards whose lanes are nearly empty although the database holds more for them.
    pub(crate) fn take_overflowing(&mut self) -> ShardSet {
        let Self {
            overflowing,
            by_endpoint,
            bulk,
            ..
        } = self;
        let mut shards = bulk.take_overflowing();
        overflowing.retain(|id| {
            let full = by_endpoint
                .get(id)
                .is_some_and(|lane| lane.waiting.len() >= REFILL);
            if !full {
                shards = shards.with(Shard::of(*id));
            }
            full
        });
        shards
    }

    /// Takes out what has waited too long for its POST, or all of it: to be released.
    pub(crate) fn take_unstarted(&mut self, now: Option<Instant>) -> Vec<Ready> {
        let mut taken = Vec::new();
        for lane in self.by_endpoint.values_mut() {
            let stale =
                |ready: &Ready| now.is_none_or(|now| now.duration_since(ready.since) > STALE);
            while lane.ready.front().is_some_and(stale) {
                taken.extend(lane.ready.pop_front());
            }
        }
        for ready in &taken {
            self.forget(ready.claimed.delivery_id);
            self.enqueue(ready.claimed.endpoint_id);
        }
        taken
    }

    /// Forgets what waits in lanes of shards that are no longer ours.
    pub(crate) fn keep_shards(&mut self, shards: ShardSet) {
        for (id, lane) in &mut self.by_endpoint {
            if !shards.contains(Shard::of(*id)) {
                for held in lane.waiting.drain(..) {
                    self.known.remove(&held.stub.delivery_id);
                    self.bulk.leave(&held.stub.delivery_id);
                }
            }
        }
        self.bulk.keep_shards(shards);
    }

    /// Forgets what waits for an endpoint that is closed, or of a merchant for whom it is.
    pub(crate) fn drop_waiting(&mut self, of: Waiting) {
        self.bulk.drop_waiting(of);
        let Some(lane) = self.by_endpoint.get_mut(&of.endpoint_id) else {
            return;
        };
        lane.waiting.retain(|Held { stub, .. }| {
            let kept = of.merchant_id.is_some_and(|id| id != stub.merchant_id);
            if !kept {
                self.known.remove(&stub.delivery_id);
                self.bulk.leave(&stub.delivery_id);
            }
            kept
        });
    }

    /// Removes lanes that have nothing to do and nothing worth remembering.
    pub(crate) fn sweep(&mut self, now: Instant) {
        self.by_endpoint.retain(|_, lane| {
            lane.queued
                || lane.slow
                || lane.blocked
                || lane.next_start.is_some_and(|at| at > now)
                || lane.claiming + lane.in_flight + lane.waiting.len() + lane.ready.len() > 0
        });
        self.bulk.sweep();
        let Self { merchants, .. } = self;
        merchants.retain(|_, turn| turn.queued || turn.in_flight > 0 || !turn.lanes.is_empty());
    }
}

impl Lane {
    const fn new(merchant_id: MerchantId, now: Instant) -> Self {
        Self {
            merchant_id,
            waiting: VecDeque::new(),
            batch: None,
            filling: None,
            claiming: 0,
            ready: VecDeque::new(),
            in_flight: 0,
            slow: false,
            timeouts: 0,
            mean: Duration::ZERO,
            rate: 0.0,
            window: (now, 0),
            next_start: None,
            queued: false,
            blocked: false,
        }
    }

    /// POSTs that may be in flight.
    const fn limit(&self, limits: Limits) -> usize {
        if self.slow { 1 } else { limits.per_endpoint }
    }

    /// How many more POSTs may be claimed: free slots, and what is completed in [`AHEAD_SECONDS`]. Of an
    /// endpoint that collects events one batch at a time is between its claim and its POST.
    fn room(&self, limits: Limits) -> usize {
        if self.batch.is_some() {
            let started = self.claiming + self.ready.len() == 0;
            let free = self.limit(limits).saturating_sub(self.in_flight);
            return if started { free } else { 0 };
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 256 by construction"
        )]
        let ahead = (self.rate * AHEAD_SECONDS).clamp(0.0, AHEAD) as usize;
        let ahead = if self.slow { 0 } else { ahead };
        (self.limit(limits) + ahead)
            .saturating_sub(self.in_flight + self.ready.len() + self.claiming)
    }

    fn learn(&mut self, done: Done, now: Instant) {
        let timed_out = matches!(done.outcome, Outcome::Timeout | Outcome::ConnectTimeout);
        self.timeouts = if timed_out { self.timeouts + 1 } else { 0 };
        self.mean = (self.mean * 7 + done.took) / 8;
        if !timed_out && done.took < FAST {
            self.slow = false;
            self.mean = self.mean.min(FAST);
        } else if self.timeouts >= TIMEOUTS || self.mean > SLOW_MEAN {
            self.slow = true;
        }
        self.window.1 += 1;
        let span = now.duration_since(self.window.0);
        if span >= Duration::from_millis(100) {
            self.rate = self
                .rate
                .mul_add(0.5, 0.5 * f64::from(self.window.1) / span.as_secs_f64());
            self.window = (now, 0);
        }
    }
}

#[cfg(test)]
mod tests;

//! Lanes: what waits for each endpoint, and whose turn it is. Pure bookkeeping, owned by the dispatcher:
//! deficit round robin over merchants, then over their lanes that have room.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use domain::attempt::Outcome;
use domain::endpoint::Destination;
use domain::event::Event;
use domain::id::{DeliveryId, EndpointId, MerchantId};
use domain::shard::{Shard, ShardSet};
use queue::Stub;
use storage::claims::Claimed;
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

/// How a POST went, as far as its lane cares.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Done {
    pub endpoint_id: EndpointId,
    pub outcome: Outcome,
    pub took: Duration,
}

#[derive(Debug)]
struct Lane {
    merchant_id: MerchantId,
    waiting: VecDeque<Stub>,
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
    /// Full lanes for which the database holds more due jobs.
    overflowing: HashSet<EndpointId>,
    /// Lanes with something ready that could not start for want of a slot, each once, with their merchants.
    blocked: VecDeque<(EndpointId, MerchantId)>,
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
            overflowing: HashSet::new(),
            blocked: VecDeque::new(),
            in_flight: 0,
            slow_in_flight: 0,
        }
    }

    /// Attempts in flight.
    pub(crate) const fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Hears of a due job. Known ones and those beyond a full lane are dropped.
    pub(crate) fn offer(&mut self, stub: Stub, now: Instant) {
        let lane = self
            .by_endpoint
            .entry(stub.endpoint_id)
            .or_insert_with(|| Lane {
                merchant_id: stub.merchant_id,
                waiting: VecDeque::new(),
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
            });
        if self.known.contains(&stub.delivery_id) {
            return;
        }
        if lane.waiting.len() >= LANE {
            self.overflowing.insert(stub.endpoint_id);
            return;
        }
        self.known.insert(stub.delivery_id);
        lane.waiting.push_back(stub);
        self.enqueue(stub.endpoint_id);
    }

    /// Puts a lane that has work and room into its merchant's turn, and the merchant into the round.
    fn enqueue(&mut self, id: EndpointId) {
        let limits = self.limits;
        let Some(lane) = self.by_endpoint.get_mut(&id) else {
            return;
        };
        if lane.queued || lane.waiting.is_empty() || lane.room(limits) == 0 {
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
        while picked.len() < most
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
                let take = lane.room(self.limits).min(lane.waiting.len()).min(quantum);
                picked.extend(lane.waiting.drain(..take));
                lane.claiming += take;
                quantum -= take;
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
                lane.waiting.push_front(stub);
            }
            self.enqueue(stub.endpoint_id);
        }
    }

    /// A claimed job waits for its POST.
    pub(crate) fn ready(&mut self, ready: Ready) {
        if let Some(lane) = self.by_endpoint.get_mut(&ready.claimed.endpoint_id) {
            lane.ready.push_back(ready);
        }
    }

    /// The job needs nothing more from this worker: it is settled, or was never ours.
    pub(crate) fn forget(&mut self, id: DeliveryId) {
        self.known.remove(&id);
    }

    /// Starts as many POSTs of a lane as limits allow. Answers them, and when a rate limit allows the next.
    pub(crate) fn start(&mut self, id: EndpointId, now: Instant) -> (Vec<Ready>, Option<Instant>) {
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
            started.extend(lane.ready.pop_front());
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
    pub(crate) fn not_started(&mut self, ready: &Ready) {
        self.known.remove(&ready.claimed.delivery_id);
        self.free_slot(ready.claimed.endpoint_id, &ready.host);
        self.enqueue(ready.claimed.endpoint_id);
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
            ..
        } = self;
        let mut shards = ShardSet::EMPTY;
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
            self.known.remove(&ready.claimed.delivery_id);
            self.enqueue(ready.claimed.endpoint_id);
        }
        taken
    }

    /// Forgets what waits in lanes of shards that are no longer ours, and of one endpoint that is closed.
    pub(crate) fn drop_waiting(&mut self, drop: impl Fn(EndpointId) -> bool) {
        for (id, lane) in &mut self.by_endpoint {
            if drop(*id) {
                for stub in lane.waiting.drain(..) {
                    self.known.remove(&stub.delivery_id);
                }
            }
        }
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
        let Self { merchants, .. } = self;
        merchants.retain(|_, turn| turn.queued || turn.in_flight > 0 || !turn.lanes.is_empty());
    }
}

impl Lane {
    /// Attempts that may be in flight.
    const fn limit(&self, limits: Limits) -> usize {
        if self.slow { 1 } else { limits.per_endpoint }
    }

    /// How many more jobs may be claimed: free slots, and what is completed in [`AHEAD_SECONDS`].
    fn room(&self, limits: Limits) -> usize {
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
mod tests {
    use super::*;
    use domain::attempt::Trigger;
    use domain::clock::Micros;
    use domain::dialect::Dialect;
    use domain::endpoint::Endpoint;
    use domain::id::EventId;
    use domain::secret::{Secret, Secrets};
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    const LIMITS: Limits = Limits {
        slots: 16,
        per_endpoint: 4,
        per_host: 8,
        slow_slots: 2,
    };

    /// A merchant with one endpoint, and lanes to fill.
    struct Bench {
        lanes: Lanes,
        rng: StdRng,
        now: Instant,
    }

    impl Bench {
        fn new(limits: Limits) -> Self {
            let (rng, now) = (StdRng::seed_from_u64(5), Instant::now());
            Self {
                lanes: Lanes::new(limits),
                rng,
                now,
            }
        }

        fn endpoint(&mut self) -> (MerchantId, EndpointId) {
            let at = Micros(1_000_000);
            (
                MerchantId::new(at, &mut self.rng),
                EndpointId::new(at, &mut self.rng),
            )
        }

        fn offer(&mut self, (merchant_id, endpoint_id): (MerchantId, EndpointId), count: usize) {
            for _ in 0..count {
                let delivery_id = DeliveryId::new(Micros(2_000_000), &mut self.rng);
                let stub = Stub {
                    delivery_id,
                    endpoint_id,
                    merchant_id,
                    due: Micros(0),
                };
                self.lanes.offer(stub, self.now);
            }
        }

        /// Claims what may be claimed and starts what may be started; answers what started.
        fn turn(&mut self, rate_limit: Option<u32>) -> Vec<Ready> {
            let stubs = self.lanes.pick(256);
            self.lanes.claim_ended(&stubs);
            let mut endpoints = Vec::new();
            for stub in stubs {
                if !endpoints.contains(&stub.endpoint_id) {
                    endpoints.push(stub.endpoint_id);
                }
                let ready = self.ready(stub, rate_limit);
                self.lanes.ready(ready);
            }
            let now = self.now;
            endpoints
                .into_iter()
                .flat_map(|id| self.lanes.start(id, now).0)
                .collect()
        }

        fn ready(&mut self, stub: Stub, rate_limit: Option<u32>) -> Ready {
            let endpoint = Endpoint {
                id: stub.endpoint_id,
                merchant_id: stub.merchant_id,
                url: format!("https://{}.example.com/", stub.endpoint_id),
                dialect: Dialect::Standard,
                description: String::new(),
                version: "1".into(),
                headers: vec![],
                rate_limit,
                timeout: None,
                schedule: None,
                signed: true,
                disabled: None,
                event_types: vec![],
                failing_since: None,
                created_at: Micros(0),
                updated_at: Micros(0),
            };
            let secret = Secret::signing(&mut self.rng);
            let secrets = Secrets {
                signing: secret.clone(),
                secret,
                previous: None,
            };
            let event_id = EventId::new(Micros(0), &mut self.rng);
            let event = Event {
                id: event_id,
                merchant_id: stub.merchant_id,
                event_id: "e".into(),
                event_type: "T".into(),
                payload: bytes::Bytes::new(),
                store: "{}".into(),
                occurred_at: Micros(0),
                created_at: Micros(0),
                is_test: false,
            };
            Ready {
                claimed: Claimed {
                    delivery_id: stub.delivery_id,
                    event_id,
                    endpoint_id: stub.endpoint_id,
                    merchant_id: stub.merchant_id,
                    number: 1,
                    lease_until: Micros(0),
                    was_lost: false,
                    trigger: Trigger::Schedule,
                    actor: None,
                },
                host: endpoint.host().into(),
                destination: Arc::new(Destination { endpoint, secrets }),
                event: Arc::new(event),
                since: self.now,
            }
        }

        fn finish(&mut self, ready: &Ready, outcome: Outcome, took: Duration) {
            let done = Done {
                endpoint_id: ready.claimed.endpoint_id,
                outcome,
                took,
            };
            self.lanes.finished(done, &ready.host, self.now);
        }
    }

    #[test]
    fn an_endpoint_never_has_more_in_flight_than_its_limit() {
        let mut bench = Bench::new(LIMITS);
        let endpoint = bench.endpoint();
        bench.offer(endpoint, 100);
        assert_eq!(bench.turn(None).len(), 4);
        assert_eq!(bench.turn(None).len(), 0);
    }

    #[test]
    fn a_known_job_is_not_taken_twice() {
        let mut bench = Bench::new(LIMITS);
        let (merchant_id, endpoint_id) = bench.endpoint();
        let delivery_id = DeliveryId::new(Micros(0), &mut bench.rng);
        let stub = Stub {
            delivery_id,
            endpoint_id,
            merchant_id,
            due: Micros(0),
        };
        for _ in 0..3 {
            bench.lanes.offer(stub, bench.now);
        }
        assert_eq!(bench.turn(None).len(), 1);
        bench.lanes.offer(stub, bench.now);
        assert!(!bench.lanes.has_work());
        bench.lanes.forget(delivery_id);
        bench.lanes.offer(stub, bench.now);
        assert!(bench.lanes.has_work());
    }

    #[test]
    fn merchants_take_turns_however_much_one_has_waiting() {
        let mut bench = Bench::new(Limits {
            per_endpoint: 200,
            ..LIMITS
        });
        let (loud, quiet) = (bench.endpoint(), bench.endpoint());
        bench.offer(loud, 200);
        bench.offer(quiet, 5);
        let picked = bench.lanes.pick(32);
        assert_eq!(
            picked
                .iter()
                .filter(|stub| stub.merchant_id == quiet.0)
                .count(),
            5
        );
    }

    #[test]
    fn a_merchant_leaves_three_quarters_of_the_slots_while_others_wait() {
        let mut bench = Bench::new(Limits {
            per_endpoint: 16,
            per_host: 16,
            ..LIMITS
        });
        let (loud, quiet) = (bench.endpoint(), bench.endpoint());
        bench.offer(loud, 12);
        bench.offer(quiet, 1);
        let stubs = bench.lanes.pick(12);
        bench.lanes.claim_ended(&stubs);
        bench.offer(quiet, 1);
        for stub in stubs.into_iter().filter(|stub| stub.merchant_id == loud.0) {
            let ready = bench.ready(stub, None);
            bench.lanes.ready(ready);
        }
        let now = bench.now;
        assert_eq!(bench.lanes.start(loud.1, now).0.len(), LIMITS.slots / 4);
    }

    #[test]
    fn three_timeouts_make_an_endpoint_slow_and_one_fast_answer_heals_it() {
        let mut bench = Bench::new(LIMITS);
        let endpoint = bench.endpoint();
        bench.offer(endpoint, 100);
        let started = bench.turn(None);
        for ready in &started[..3] {
            bench.finish(ready, Outcome::Timeout, Duration::from_secs(10));
        }
        assert_eq!(
            bench.turn(None).len(),
            0,
            "one in flight is all a slow endpoint gets"
        );
        bench.finish(&started[3], Outcome::Success, Duration::from_millis(5));
        assert_eq!(bench.turn(None).len(), 4);
        assert_eq!(bench.lanes.slow_in_flight, 0);
    }

    #[test]
    fn a_rate_limit_spaces_the_posts() {
        let mut bench = Bench::new(LIMITS);
        let endpoint = bench.endpoint();
        bench.offer(endpoint, 4);
        assert_eq!(bench.turn(Some(10)).len(), 1);
        let (none, wait) = bench.lanes.start(endpoint.1, bench.now);
        assert!(none.is_empty());
        assert_eq!(wait, Some(bench.now + Duration::from_millis(100)));
        assert_eq!(
            bench
                .lanes
                .start(endpoint.1, bench.now + Duration::from_millis(100))
                .0
                .len(),
            1
        );
    }

    #[test]
    fn a_full_lane_asks_for_a_refill_when_it_runs_low() {
        let mut bench = Bench::new(Limits {
            per_endpoint: LANE,
            slots: 2 * LANE,
            per_host: LANE,
            ..LIMITS
        });
        let endpoint = bench.endpoint();
        bench.offer(endpoint, LANE + 1);
        assert!(bench.lanes.take_overflowing().is_empty());
        while bench.lanes.pick(256).len() == 256 {}
        assert_eq!(
            bench.lanes.take_overflowing(),
            ShardSet::EMPTY.with(Shard::of(endpoint.1))
        );
        assert!(bench.lanes.take_overflowing().is_empty(), "it asks once");
    }

    #[test]
    fn what_could_not_be_claimed_goes_back_to_its_place() {
        let mut bench = Bench::new(LIMITS);
        let endpoint = bench.endpoint();
        bench.offer(endpoint, 10);
        let first = bench.lanes.pick(256);
        bench.lanes.give_back(first.clone());
        assert_eq!(bench.lanes.pick(256), first);
    }

    #[test]
    fn a_lane_that_waits_for_a_slot_stands_in_line_once_and_is_tried_when_one_is_free() {
        let mut bench = Bench::new(Limits {
            slots: 4,
            per_endpoint: 4,
            per_host: 8,
            slow_slots: 2,
        });
        let (busy, late) = (bench.endpoint(), bench.endpoint());
        bench.offer(busy, 20);
        let started = bench.turn(None);
        assert_eq!(started.len(), 3, "a quarter stays free");
        bench.offer(late, 8);
        let first = bench.turn(None);
        assert_eq!(first.len(), 1);
        assert!(bench.lanes.unblock().is_empty(), "no slot is free");
        for ready in &started[..2] {
            bench.finish(ready, Outcome::Success, Duration::from_millis(1));
            bench.lanes.block(busy.1);
            bench.lanes.block(late.1);
        }
        let tried = bench.lanes.unblock();
        assert_eq!(
            tried.iter().filter(|id| **id == late.1).count(),
            1,
            "{tried:?}"
        );
    }

    #[test]
    fn a_claim_that_has_grown_old_is_released_and_not_sent() {
        let mut bench = Bench::new(LIMITS);
        let endpoint = bench.endpoint();
        bench.offer(endpoint, 6);
        assert_eq!(bench.turn(None).len(), 4);
        let stub = Stub {
            delivery_id: DeliveryId::new(Micros(0), &mut bench.rng),
            endpoint_id: endpoint.1,
            merchant_id: endpoint.0,
            due: Micros(0),
        };
        let old = bench.ready(stub, None);
        bench.lanes.ready(old);
        let later = bench.now + STALE + Duration::from_secs(1);
        assert!(bench.lanes.start(endpoint.1, later).0.is_empty());
        assert_eq!(bench.lanes.take_unstarted(Some(later)).len(), 1);
    }

    #[test]
    fn slots_are_all_free_when_everything_has_finished() {
        let mut bench = Bench::new(LIMITS);
        let endpoints: Vec<_> = (0..8).map(|_| bench.endpoint()).collect();
        for endpoint in &endpoints {
            bench.offer(*endpoint, 50);
        }
        let mut left = 400;
        while left > 0 {
            let mut started = bench.turn(None);
            let now = bench.now;
            for id in bench.lanes.unblock() {
                started.extend(bench.lanes.start(id, now).0);
            }
            assert!(!started.is_empty());
            assert!(bench.lanes.in_flight() <= LIMITS.slots);
            left -= started.len();
            for ready in &started {
                bench.finish(ready, Outcome::Success, Duration::from_millis(1));
                bench.lanes.forget(ready.claimed.delivery_id);
            }
        }
        assert_eq!(bench.lanes.in_flight(), 0);
        let now = bench.now;
        bench.lanes.sweep(now);
        assert!(bench.lanes.hosts.is_empty() && bench.lanes.known.is_empty());
    }
}

//! Whose turn it is, in small.

mod batches;
mod bulk;

use super::*;
use domain::attempt::Trigger;
use domain::clock::Micros;
use domain::dialect::Dialect;
use domain::endpoint::{Endpoint, Owner};
use domain::id::EventId;
use domain::secret::{Secret, Secrets};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

const LIMITS: Limits = Limits {
    slots: 16,
    per_endpoint: 4,
    per_host: 8,
    slow_slots: 2,
    bulk: 2,
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
            self.lanes.offer(stub, None, self.now);
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
            .map(|post| post.first)
            .collect()
    }

    fn ready(&mut self, stub: Stub, rate_limit: Option<u32>) -> Ready {
        let endpoint = Endpoint {
            id: stub.endpoint_id,
            owner: Owner::Merchant(stub.merchant_id),
            url: format!("https://{}.example.com/", stub.endpoint_id),
            dialect: Dialect::Standard,
            description: String::new(),
            version: "1".into(),
            headers: vec![],
            rate_limit,
            timeout: None,
            schedule: None,
            batch: None,
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
        bench.lanes.offer(stub, None, bench.now);
    }
    assert_eq!(bench.turn(None).len(), 1);
    bench.lanes.offer(stub, None, bench.now);
    assert!(!bench.lanes.has_work());
    bench.lanes.forget(delivery_id);
    bench.lanes.offer(stub, None, bench.now);
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
        bulk: 2,
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
            let more = bench.lanes.start(id, now).0;
            started.extend(more.into_iter().map(|post| post.first));
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

//! Bulk retries stay behind live work.

use super::*;

impl Bench {
    fn offer_bulk(&mut self, (merchant_id, endpoint_id): (MerchantId, EndpointId), count: usize) {
        for _ in 0..count {
            let delivery_id = DeliveryId::new(Micros(1_000_000), &mut self.rng);
            let stub = Stub {
                delivery_id,
                endpoint_id,
                merchant_id,
                due: Micros(0),
            };
            self.lanes.offer_bulk(stub, LIMITS.per_endpoint / 2);
        }
        self.lanes.let_in(self.now);
    }

    fn end(&mut self, ready: &Ready) {
        self.finish(ready, Outcome::Success, Duration::from_millis(1));
        self.lanes.forget(ready.claimed.delivery_id);
        self.lanes.let_in(self.now);
    }
}

const BULK: Limits = Limits { bulk: 3, ..LIMITS };

#[test]
fn no_more_bulk_retries_than_allowed_are_ever_under_way() {
    let mut bench = Bench::new(BULK);
    let endpoints: Vec<_> = (0..5).map(|_| bench.endpoint()).collect();
    for endpoint in &endpoints {
        bench.offer_bulk(*endpoint, 20);
    }
    let (mut left, mut served) = (100, HashSet::new());
    while left > 0 {
        assert!(bench.lanes.bulk_under_way() <= BULK.bulk);
        let started = bench.turn(None);
        assert!((1..=BULK.bulk).contains(&started.len()));
        left -= started.len();
        for ready in &started {
            served.insert(ready.claimed.endpoint_id);
            bench.end(ready);
        }
        assert!(left > 85 || served.len() == 5, "all have their turn");
    }
    assert_eq!(
        (bench.lanes.bulk_under_way(), bench.lanes.in_flight()),
        (0, 0)
    );
}

#[test]
fn of_one_endpoint_half_of_the_slots_are_left_to_live_work() {
    let mut bench = Bench::new(LIMITS);
    let endpoint = bench.endpoint();
    bench.offer_bulk(endpoint, 50);
    assert_eq!(bench.turn(None).len(), 2);
    bench.offer(endpoint, 10);
    assert_eq!(bench.turn(None).len(), 2, "the other half");
}

#[test]
fn while_live_work_waits_no_bulk_retry_follows() {
    let mut bench = Bench::new(LIMITS);
    let endpoint = bench.endpoint();
    bench.offer(endpoint, 10);
    bench.offer_bulk(endpoint, 10);
    assert_eq!(bench.lanes.bulk_under_way(), 0);
    let mut live = 0;
    while live < 10 {
        for ready in bench.turn(None) {
            live += 1;
            bench.end(&ready);
        }
    }
    assert!(bench.lanes.bulk_under_way() > 0, "then they do");
}

#[test]
fn what_live_work_has_told_of_already_is_not_let_in_again() {
    let mut bench = Bench::new(LIMITS);
    let (merchant_id, endpoint_id) = bench.endpoint();
    let stub = Stub {
        delivery_id: DeliveryId::new(Micros(0), &mut bench.rng),
        endpoint_id,
        merchant_id,
        due: Micros(0),
    };
    bench.lanes.offer_bulk(stub, 2);
    bench.lanes.offer_bulk(stub, 2);
    bench.lanes.offer(stub, None, bench.now);
    let started = bench.turn(None);
    assert_eq!(started.len(), 1);
    let now = bench.now;
    bench.lanes.let_in(now);
    assert!(!bench.lanes.has_work());
    assert_eq!(bench.lanes.bulk_under_way(), 0);
}

#[test]
fn what_waits_for_a_closed_endpoint_or_a_foreign_shard_is_forgotten() {
    let mut bench = Bench::new(LIMITS);
    let (closed, foreign) = (bench.endpoint(), bench.endpoint());
    bench.offer_bulk(closed, 5);
    bench.lanes.drop_waiting(closed.1.into());
    assert_eq!(bench.lanes.bulk_under_way(), 0);
    bench.offer_bulk(foreign, 5);
    bench.lanes.keep_shards(ShardSet::EMPTY);
    let now = bench.now;
    bench.lanes.let_in(now);
    assert_eq!(bench.lanes.bulk_under_way(), 0);
    assert!(bench.turn(None).is_empty());
}

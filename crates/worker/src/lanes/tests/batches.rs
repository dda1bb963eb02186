//! When a batch goes, and what goes with it.

use super::*;

const WAIT: Duration = Duration::from_secs(5);

/// Lanes with one endpoint that sends at most `max_events` together.
struct Collecting {
    bench: Bench,
    endpoint: (MerchantId, EndpointId),
    batch: Option<Batch>,
    /// Bytes of each payload.
    bytes: usize,
    manual: Vec<DeliveryId>,
    destination: Option<Arc<Destination>>,
}

impl Collecting {
    fn new(max_events: u32) -> Self {
        let mut bench = Bench::new(LIMITS);
        let endpoint = bench.endpoint();
        let batch = Some(Batch {
            max_events,
            max_wait: WAIT,
        });
        Self {
            bench,
            endpoint,
            batch,
            bytes: 2,
            manual: Vec::new(),
            destination: None,
        }
    }

    /// One more job, due at `due`.
    fn offer(&mut self, due: i64) -> DeliveryId {
        let delivery_id = DeliveryId::new(Micros(2_000_000), &mut self.bench.rng);
        let stub = Stub {
            delivery_id,
            endpoint_id: self.endpoint.1,
            merchant_id: self.endpoint.0,
            due: Micros(due),
        };
        self.bench.lanes.offer(stub, self.batch, self.bench.now);
        delivery_id
    }

    fn offer_all(&mut self, due: impl IntoIterator<Item = i64>) -> Vec<DeliveryId> {
        due.into_iter().map(|due| self.offer(due)).collect()
    }

    /// Lets time pass; lanes that have waited long enough have their turn.
    fn pass(&mut self, span: Duration) {
        self.bench.now += span;
        self.bench.lanes.send_unfilled(self.bench.now);
    }

    /// Claims what may be claimed.
    fn claim(&mut self) {
        let stubs = self.bench.lanes.pick(256);
        self.bench.lanes.claim_ended(&stubs);
        for stub in stubs {
            let mut ready = self.bench.ready(stub, None);
            if self.manual.contains(&stub.delivery_id) {
                ready.claimed.trigger = Trigger::Manual;
            }
            let destination = self.destination.get_or_insert_with(|| {
                let mut destination = Destination::clone(&ready.destination);
                destination.endpoint.batch = self.batch;
                Arc::new(destination)
            });
            ready.destination = Arc::clone(destination);
            let mut event = Event::clone(&ready.event);
            event.payload = vec![b' '; self.bytes].into();
            ready.event = Arc::new(event);
            self.bench.lanes.ready(ready);
        }
    }

    /// Claims and starts what may be; answers the deliveries of each POST.
    fn turn(&mut self) -> Vec<Vec<DeliveryId>> {
        self.claim();
        let posts = self.bench.lanes.start(self.endpoint.1, self.bench.now).0;
        let ids = |post: &Post| post.all().map(|ready| ready.claimed.delivery_id).collect();
        posts.iter().map(ids).collect()
    }
}

#[test]
fn contract_099_a_full_batch_goes_at_once_and_in_order() {
    let mut lane = Collecting::new(3);
    let first = lane.offer_all(1..=2);
    assert!(!lane.bench.lanes.has_work());
    let last = lane.offer(3);
    assert_eq!(lane.turn(), [[first, vec![last]].concat()]);
    assert_eq!(lane.bench.lanes.in_flight(), 1, "one slot for one POST");
}

#[test]
fn contract_099_a_batch_that_is_not_full_goes_when_its_first_event_has_waited() {
    let mut lane = Collecting::new(10);
    let first = lane.offer(1);
    lane.pass(WAIT / 2);
    let second = lane.offer(2);
    let until = lane.bench.lanes.next_unfilled().unwrap();
    assert_eq!(until - lane.bench.now, WAIT / 2);
    assert!(lane.turn().is_empty());
    lane.pass(WAIT / 2);
    assert_eq!(lane.turn(), [[first, second]]);
    assert_eq!(lane.bench.lanes.next_unfilled(), None);
    let third = lane.offer(3);
    lane.pass(WAIT / 2);
    assert!(lane.turn().is_empty(), "the next one waits as long");
    lane.pass(WAIT / 2);
    assert_eq!(lane.turn(), [[third]]);
}

#[test]
fn contract_099_a_lane_fills_while_its_last_batch_is_in_flight() {
    let mut lane = Collecting::new(2);
    for number in 1..=LIMITS.per_endpoint {
        lane.offer_all([1, 2]);
        assert_eq!(lane.turn().len(), 1);
        assert_eq!(lane.bench.lanes.in_flight(), number);
    }
    lane.offer_all([1, 2]);
    assert!(lane.turn().is_empty(), "the endpoint's limit is of POSTs");
}

#[test]
fn contract_099_what_falls_due_together_is_not_split() {
    let mut lane = Collecting::new(4);
    let early = lane.offer_all([1, 2]);
    let together = lane.offer_all([7, 7, 7]);
    let newer = lane.offer(8);
    assert_eq!(lane.turn(), [early]);
    lane.pass(WAIT);
    assert_eq!(lane.turn(), [[together, vec![newer]].concat()]);
}

#[test]
fn contract_099_only_a_run_longer_than_a_batch_is_split() {
    let mut lane = Collecting::new(4);
    let together = lane.offer_all([7; 6]);
    assert_eq!(lane.turn(), [together[..4].to_vec()]);
    lane.pass(WAIT);
    assert_eq!(lane.turn(), [together[4..].to_vec()]);
}

#[test]
fn contract_099_what_somebody_asked_for_goes_alone() {
    let mut lane = Collecting::new(4);
    let ids = lane.offer_all(1..=4);
    lane.manual.push(ids[1]);
    assert_eq!(lane.turn(), [vec![ids[0], ids[2], ids[3]], vec![ids[1]]]);
    assert_eq!(lane.bench.lanes.in_flight(), 2);
}

#[test]
fn contract_099_the_merchants_of_an_app_share_no_post() {
    let mut lane = Collecting::new(4);
    let (one, other) = (lane.endpoint, lane.bench.endpoint());
    let mut ids = Vec::new();
    for merchant_id in [one.0, other.0, one.0, other.0] {
        lane.endpoint.0 = merchant_id;
        ids.push(lane.offer(1));
    }
    assert_eq!(lane.turn(), [[ids[0], ids[2]], [ids[1], ids[3]]]);
}

#[test]
fn contract_099_what_is_beyond_a_mebibyte_goes_with_the_next_post() {
    let mut lane = Collecting::new(6);
    lane.bytes = 256 * 1024;
    let ids = lane.offer_all(1..=6);
    assert_eq!(lane.turn(), [ids[..4].to_vec(), ids[4..].to_vec()]);
}

#[test]
fn contract_099_a_batch_is_claimed_whole_or_with_the_next_claim() {
    let mut lane = Collecting::new(20);
    let other = lane.bench.endpoint();
    lane.bench.offer(other, 5);
    lane.offer_all(1..=20);
    assert_eq!(lane.bench.lanes.pick(20).len(), 4);
    let rest = lane.bench.lanes.pick(20);
    let of_batch = |stub: &&Stub| stub.endpoint_id == lane.endpoint.1;
    assert_eq!(rest.iter().filter(of_batch).count(), 20);
}

#[test]
fn contract_099_one_not_claimed_for_want_of_a_database_does_not_wait_again() {
    let mut lane = Collecting::new(10);
    lane.offer_all(1..=3);
    lane.pass(WAIT);
    let stubs = lane.bench.lanes.pick(256);
    assert_eq!(stubs.len(), 3);
    lane.bench.lanes.give_back(stubs);
    assert_eq!(lane.turn()[0].len(), 3);
}

#[test]
fn contract_099_what_was_claimed_and_not_started_is_released() {
    let mut lane = Collecting::new(3);
    lane.offer_all(1..=3);
    lane.claim();
    assert_eq!(lane.bench.lanes.take_unstarted(None).len(), 3);
    assert_eq!(lane.bench.lanes.in_flight(), 0);
    assert!(lane.bench.lanes.known.is_empty());
}

#[test]
fn contract_099_a_post_that_is_not_made_frees_its_one_slot() {
    let mut lane = Collecting::new(3);
    lane.offer_all(1..=3);
    lane.claim();
    let posts = lane.bench.lanes.start(lane.endpoint.1, lane.bench.now).0;
    lane.bench.lanes.not_started(&posts[0]);
    assert_eq!(lane.bench.lanes.in_flight(), 0);
    assert!(lane.bench.lanes.known.is_empty() && lane.bench.lanes.hosts.is_empty());
}

#[test]
fn without_the_setting_each_delivery_has_its_own_post() {
    let mut lane = Collecting::new(3);
    lane.batch = None;
    let ids = lane.offer_all(1..=3);
    let alone: Vec<_> = ids.into_iter().map(|id| vec![id]).collect();
    assert_eq!(lane.turn(), alone);
}

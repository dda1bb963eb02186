//! The dispatcher: one loop that owns the lanes. It hears of due jobs, asks for claims, starts POSTs, and
//! frees slots; everything slow is done by the tasks it reports to and hears from.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::clock::Clock;
use domain::endpoint::Batch;
use domain::id::{AttemptId, BatchId, DeliveryId, EndpointId};
use domain::shard::{Shard, ShardSet};
use gateway::batcher::MOST;
use gateway::config_cache::ConfigCache;
use queue::Stub;
use rand::RngExt as _;
use rand::rngs::StdRng;
use storage::claims::Lease;
use storage::jobs::Waiting;
use storage::settle::Settlement;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::claim::Order;
use crate::deliver::{self, Courier, Posting};
use crate::lanes::{Done, Lanes, Limits, Post, Ready};
use crate::{Parts, WorkerSettings, claim};

/// Claims under way at once: while one waits for the database the next can be collected.
const CLAIMS: usize = 2;
/// How long nothing is claimed after the database has failed.
const BACK_OFF: Duration = Duration::from_millis(250);

/// What the tasks around the dispatcher report to it.
pub(crate) enum Report {
    /// Jobs are due.
    Due(Vec<Stub>),
    /// Jobs that bulk retries asked for are due.
    BulkDue(Vec<Stub>),
    /// A claim has ended.
    Claimed(claim::Ended),
    /// A POST has ended.
    Finished(Done, Arc<str>),
    /// These deliveries need nothing more from us.
    Settled(Vec<DeliveryId>),
    /// This endpoint receives nothing now: what waits for it has been dealt with in the database.
    Closed(Waiting),
}

/// Where the dispatcher sends its orders.
pub(crate) struct Outlets {
    pub claims: mpsc::Sender<Order>,
    pub scans: mpsc::Sender<ShardSet>,
    pub settlements: mpsc::Sender<Settlement>,
    pub reports: mpsc::UnboundedSender<Report>,
}

pub(crate) struct Dispatcher {
    lanes: Lanes,
    outlets: Outlets,
    courier: Arc<Courier>,
    settings: Arc<WorkerSettings>,
    rng: StdRng,
    clock: Arc<dyn Clock>,
    config: Arc<ConfigCache>,
    owned: ShardSet,
    claims: usize,
    claim_at: Instant,
    /// When rate limits let lanes go on.
    waits: BTreeSet<(Instant, EndpointId)>,
    /// Claims that are not to be sent.
    to_release: Vec<Lease>,
    stopping: bool,
}

impl Dispatcher {
    pub(crate) fn new(
        outlets: Outlets,
        parts: &Parts,
        settings: Arc<WorkerSettings>,
        rng: StdRng,
    ) -> Self {
        let clock: Arc<dyn Clock> = parts.storage.clock();
        let courier = Courier {
            outbound: Arc::clone(&parts.outbound),
            dialects: settings.dialects.clone(),
            clock: Arc::clone(&clock),
            stats: Arc::clone(parts.gateway.stats()),
        };
        Self {
            lanes: Lanes::new(Limits {
                slots: settings.slots,
                per_endpoint: settings.per_endpoint,
                per_host: settings.per_host,
                slow_slots: settings.slow_slots,
                // A tenth of the slots, and of a single host at most half.
                bulk: (settings.slots / 10).min(settings.per_host / 2).max(1),
            }),
            outlets,
            courier: Arc::new(courier),
            settings,
            rng,
            clock,
            config: Arc::clone(&parts.config),
            owned: ShardSet::EMPTY,
            claims: 0,
            claim_at: Instant::now(),
            waits: BTreeSet::new(),
            to_release: Vec::new(),
            stopping: false,
        }
    }

    pub(crate) async fn run(
        mut self,
        mut inbox: mpsc::UnboundedReceiver<Report>,
        mut owned: watch::Receiver<ShardSet>,
        stop: CancellationToken,
    ) {
        let mut second = interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut reports = Vec::with_capacity(MOST);
        while !(self.stopping && self.is_idle()) {
            let claim_at = self.claim_at;
            let next_start = self.waits.first().map(|(at, _)| *at);
            let wait_at = next_start
                .into_iter()
                .chain(self.lanes.next_unfilled())
                .min();
            tokio::select! {
                count = inbox.recv_many(&mut reports, MOST) => {
                    if count == 0 { return }
                    for report in reports.drain(..) {
                        self.hear(report);
                    }
                }
                Ok(()) = owned.changed() => {
                    let shards = *owned.borrow_and_update();
                    self.own(shards);
                }
                () = sleep_until(claim_at), if self.may_claim() => {}
                () = sleep_until(wait_at.unwrap_or(claim_at)), if wait_at.is_some() => self.resume(),
                _ = second.tick() => self.every_second(),
                () = stop.cancelled(), if !self.stopping => self.begin_to_stop(),
            }
            self.give_claims_back();
            self.ask_for_claims();
        }
    }

    fn is_idle(&self) -> bool {
        self.claims == 0 && self.lanes.in_flight() == 0 && self.to_release.is_empty()
    }

    fn hear(&mut self, report: Report) {
        let now = Instant::now();
        match report {
            Report::Due(stubs) => {
                for stub in stubs {
                    if self.owned.contains(Shard::of(stub.endpoint_id)) {
                        let batch = self.batch_of(&stub);
                        self.lanes.offer(stub, batch, now);
                    }
                }
            }
            Report::BulkDue(stubs) => {
                for stub in stubs {
                    if self.owned.contains(Shard::of(stub.endpoint_id)) {
                        let most = self.bulk_of(&stub);
                        self.lanes.offer_bulk(stub, most);
                    }
                }
                self.lanes.let_in(now);
            }
            Report::Claimed(ended) => self.claim_ended(ended),
            Report::Finished(done, host) => {
                self.lanes.finished(done, &host, now);
                // Behind those that have waited for a slot longer: a busy lane must not keep its slots.
                self.lanes.block(done.endpoint_id);
                for id in self.lanes.unblock() {
                    self.start(id);
                }
            }
            Report::Settled(ids) => {
                for id in ids {
                    self.lanes.forget(id);
                }
                self.lanes.let_in(now);
            }
            Report::Closed(of) => self.lanes.drop_waiting(of),
        }
    }

    /// Whether the endpoint collects events. While its merchant is not in memory that is what its lane knows:
    /// at worst the first ones go early.
    fn batch_of(&self, stub: &Stub) -> Option<Batch> {
        let id = stub.endpoint_id;
        match self.config.known_merchant(stub.merchant_id) {
            None => self.lanes.batch(id),
            Some(merchant) => merchant?.destination(id)?.endpoint.batch,
        }
    }

    /// Bulk retries that an endpoint may have at once: half of its slots, so that live work finds the others free. Of
    /// a rate limit each takes a share, so there it is one.
    fn bulk_of(&self, stub: &Stub) -> usize {
        let merchant = self.config.known_merchant(stub.merchant_id).flatten();
        let limited = merchant.is_some_and(|merchant| {
            let destination = merchant.destination(stub.endpoint_id);
            destination.is_some_and(|found| found.endpoint.rate_limit.is_some())
        });
        if limited {
            1
        } else {
            (self.settings.per_endpoint / 2).max(1)
        }
    }

    /// Orders the release of what is not to be sent; when the claimer has no room, with the next round.
    fn give_claims_back(&mut self) {
        if !self.to_release.is_empty()
            && let Ok(place) = self.outlets.claims.try_reserve()
        {
            place.send(Order::Release(std::mem::take(&mut self.to_release)));
        }
    }

    fn may_claim(&self) -> bool {
        !self.stopping && self.claims < CLAIMS && self.lanes.has_work()
    }

    fn ask_for_claims(&mut self) {
        let now = Instant::now();
        if !self.may_claim() || now < self.claim_at {
            return;
        }
        let stubs = self.lanes.pick(MOST);
        if stubs.is_empty() {
            return;
        }
        self.claim_at = now + self.settings.claim_pace;
        self.claims += 1;
        metrics::counter!("hookyard_batches_total", "batcher" => "claim").increment(1);
        metrics::counter!("hookyard_batch_rows_total", "batcher" => "claim")
            .increment(stubs.len() as u64);
        if let Err(refused) = self.outlets.claims.try_send(Order::Claim(stubs)) {
            self.claims -= 1;
            if let Order::Claim(stubs) = refused.into_inner() {
                self.lanes.give_back(stubs);
            }
        }
        if let Ok(place) = self.outlets.scans.try_reserve() {
            let empty = self.lanes.take_overflowing();
            if !empty.is_empty() {
                place.send(empty);
            }
        }
    }

    fn claim_ended(&mut self, ended: claim::Ended) {
        self.claims -= 1;
        if ended.failed {
            self.claim_at = Instant::now() + BACK_OFF;
            self.lanes.give_back(ended.asked);
            return;
        }
        self.lanes.claim_ended(&ended.asked);
        for id in ended.not_ours {
            self.lanes.forget(id);
        }
        let mut lanes: Vec<EndpointId> = Vec::new();
        for ready in ended.ready {
            let id = ready.claimed.endpoint_id;
            if !lanes.contains(&id) {
                lanes.push(id);
            }
            self.lanes.ready(ready);
        }
        if self.stopping {
            self.release(None);
        } else {
            for id in lanes {
                self.start(id);
            }
        }
    }

    fn start(&mut self, id: EndpointId) {
        if self.stopping {
            return;
        }
        let (started, wait) = self.lanes.start(id, Instant::now());
        if let Some(at) = wait {
            self.waits.insert((at, id));
        }
        for post in started {
            if post.all().all(|ready| self.is_current(ready)) {
                self.spawn(post);
            } else {
                // Its endpoint has changed since the claim: it is claimed again, as it is now.
                self.lanes.not_started(&post);
                self.to_release
                    .extend(post.all().map(|ready| ready.claimed.lease()));
            }
        }
    }

    /// Whether the endpoint is still what it was when the job was claimed, and still receives such events.
    fn is_current(&self, ready: &Ready) -> bool {
        let endpoint = &ready.destination.endpoint;
        if self
            .config
            .pause_of(ready.claimed.merchant_id, endpoint)
            .is_some()
        {
            return false;
        }
        match self.config.known_merchant(ready.claimed.merchant_id) {
            // Not in memory: nothing newer is known.
            None => true,
            Some(None) => false,
            Some(Some(merchant)) => {
                let id = ready.claimed.endpoint_id;
                !merchant.has_removed(id, &ready.event.event_type)
                    && merchant.destination(id).is_some_and(|now| {
                        Arc::ptr_eq(now, &ready.destination) || **now == *ready.destination
                    })
            }
        }
    }

    fn spawn(&mut self, post: Post) {
        let courier = Arc::clone(&self.courier);
        let now = self.clock.now();
        let rng = &mut self.rng;
        let host = Arc::clone(&post.first.host);
        let posting = Posting {
            chance: rng.random::<f64>(),
            attempt_ids: post.all().map(|_| AttemptId::new(now, rng)).collect(),
            batch_id: (!post.others.is_empty()).then(|| BatchId::new(now, rng)),
            post,
        };
        let (settlements, reports) = (
            self.outlets.settlements.clone(),
            self.outlets.reports.clone(),
        );
        tokio::spawn(async move {
            let (results, done) = deliver::deliver(&courier, posting).await;
            // The slot is free before the result is settled: it covers the POST only.
            drop(reports.send(Report::Finished(done, host)));
            // Those of a batch may be committed apart. A crash in between repeats some of its events.
            for settlement in results {
                if settlements.send(settlement).await.is_err() {
                    tracing::error!(
                        "a result came after settling had ended; its lease will expire"
                    );
                }
            }
        });
    }

    /// Lanes whose rate limit allows the next POST, and those whose batch has waited long enough.
    fn resume(&mut self) {
        let now = Instant::now();
        while self.waits.first().is_some_and(|(at, _)| *at <= now) {
            if let Some((_, id)) = self.waits.pop_first() {
                self.start(id);
            }
        }
        self.lanes.send_unfilled(now);
    }

    fn own(&mut self, shards: ShardSet) {
        self.owned = shards;
        self.lanes.keep_shards(shards);
    }

    fn every_second(&mut self) {
        self.release(Some(Instant::now()));
        self.lanes.sweep(Instant::now());
        self.lanes.let_in(Instant::now());
        #[expect(clippy::cast_precision_loss, reason = "hundreds")]
        metrics::gauge!("hookyard_attempts_in_flight").set(self.lanes.in_flight() as f64);
        #[expect(clippy::cast_precision_loss, reason = "dozens")]
        metrics::gauge!("hookyard_bulk_retries_under_way").set(self.lanes.bulk_under_way() as f64);
    }

    fn begin_to_stop(&mut self) {
        self.stopping = true;
        self.release(None);
    }

    /// Gives back what has waited too long for its POST, or everything that has not started.
    fn release(&mut self, now: Option<Instant>) {
        let stale = self.lanes.take_unstarted(now);
        self.to_release
            .extend(stale.iter().map(|ready| ready.claimed.lease()));
    }
}

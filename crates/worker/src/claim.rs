//! Claims in batches: the lease, then everything a POST needs. What turns out to be closed (its endpoint
//! deleted or disabled, its merchant suspended, its app removed) is given back and dealt with in the database.

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::app::told_after_removal;
use domain::attempt::Outcome;
use domain::clock::{Clock as _, Micros};
use domain::delivery::{Next, SkipReason, within_budget};
use domain::endpoint::Destination;
use domain::event::Event;
use domain::id::{AttemptId, DeliveryId, EventId, PauseId};
use domain::pause::{HELD_UNTIL, Held as HeldBack};
use domain::tenancy::TenantScope;
use futures::FutureExt as _;
use queue::Stub;
use rand::rngs::StdRng;
use storage::claims::{ClaimResult, Claimed, Lease, Want};
use storage::jobs::{Waiting, While};
use storage::settle::Settlement;
use storage::{Error, Storage};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::event_cache::EventCache;
use crate::lanes::Ready;
use crate::run::Report;
use crate::{Parts, WorkerSettings};

/// What a lease has beyond the attempt's timeout: waiting for the POST, and settling.
const LEASE_MARGIN: Duration = Duration::from_secs(15);
/// Orders carried out at once.
const UNDER_WAY: usize = 2;
/// The longest timeout an attempt may have; leases are taken before the endpoint is known.
const TIMEOUT_MAX: Duration = Duration::from_secs(30);
/// Times a claim is repeated because the configuration moved under it.
const REPEATS: usize = 8;
/// After an outage, open jobs are left this long to the workers that may still settle them.
const OPEN_AFTER_OUTAGE: Duration = Duration::from_secs(5);
/// Jobs of a closed endpoint dealt with in one transaction.
const CHUNK: i64 = 1_000;
/// Between two tries to give claims back to a database that is away.
const RELEASE_AGAIN: Duration = Duration::from_millis(250);
/// How long the jobs of a suspended merchant are put off at a time.
const SUSPENDED_WAIT: Duration = Duration::from_mins(1);

/// What the claimer is asked to do.
#[derive(Debug)]
pub(crate) enum Order {
    /// Claim these.
    Claim(Vec<Stub>),
    /// Give these claims back: they never started.
    Release(Vec<Lease>),
}

/// A claim that has ended.
#[derive(Debug, Default)]
pub(crate) struct Ended {
    /// What it was asked for.
    pub asked: Vec<Stub>,
    /// The database could not be reached: nothing is known.
    pub failed: bool,
    /// What is ours now.
    pub ready: Vec<Ready>,
    /// What is done, another's, or closed.
    pub not_ours: Vec<DeliveryId>,
}

/// Why an endpoint receives nothing now, from anybody or from one merchant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Closed {
    Deleted,
    Disabled { since: Micros },
    Suspended,
    Paused(PauseId),
}

/// A claim with where it goes.
struct Found {
    job: Claimed,
    destination: Arc<Destination>,
    /// Whether it belongs to an app that the merchant has removed.
    departing: bool,
}

impl Found {
    /// Whether it is not sent any more, because the merchant has removed the app.
    fn is_removed(&self, events: &HashMap<EventId, Arc<Event>>) -> bool {
        let event = events.get(&self.job.event_id);
        self.departing && event.is_some_and(|event| !told_after_removal(&event.event_type))
    }
}

/// Makes claims.
pub(crate) struct Claimer {
    parts: Parts,
    settings: Arc<WorkerSettings>,
    events: EventCache,
    settlements: mpsc::Sender<Settlement>,
    reports: mpsc::UnboundedSender<Report>,
    rng: Mutex<StdRng>,
    /// Endpoints whose waiting jobs are being dealt with.
    closing: Mutex<HashSet<Waiting>>,
    failing: AtomicBool,
}

/// Carries orders out, two at a time, until the dispatcher is gone.
pub(crate) async fn run(claimer: Arc<Claimer>, mut orders: mpsc::Receiver<Order>) {
    let mut under_way = JoinSet::new();
    while let Some(order) = orders.recv().await {
        while under_way.len() >= UNDER_WAY {
            under_way.join_next().await;
        }
        let claimer = Arc::clone(&claimer);
        under_way.spawn(async move {
            match order {
                Order::Claim(stubs) => {
                    let ended = claimer.claim(stubs).await;
                    // Without a dispatcher the leases expire by themselves.
                    drop(claimer.reports.send(Report::Claimed(ended)));
                }
                Order::Release(claims) => claimer.release(claims).await,
            }
        });
    }
    under_way.join_all().await;
}

impl Claimer {
    pub(crate) fn new(
        parts: &Parts,
        settings: Arc<WorkerSettings>,
        settlements: mpsc::Sender<Settlement>,
        reports: mpsc::UnboundedSender<Report>,
        rng: StdRng,
    ) -> Arc<Self> {
        Arc::new(Self {
            parts: parts.clone(),
            settings,
            events: EventCache::default(),
            settlements,
            reports,
            rng: Mutex::new(rng),
            closing: Mutex::default(),
            failing: AtomicBool::new(false),
        })
    }

    /// Claims, alone where a batch is refused for a row's sake. A panic is a claim that failed.
    async fn claim(self: &Arc<Self>, asked: Vec<Stub>) -> Ended {
        let since = Instant::now();
        let taking = AssertUnwindSafe(self.take_or_alone(&asked)).catch_unwind();
        let claimed = taking
            .await
            .unwrap_or_else(|_| Err(Error::Database("claiming panicked".to_owned())));
        match claimed {
            Err(error) => {
                if !self.failing.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%error, "nothing can be claimed");
                }
                Ended {
                    asked,
                    failed: true,
                    ..Ended::default()
                }
            }
            Ok(claimed) => {
                if self.failing.swap(false, Ordering::Relaxed) {
                    tracing::info!("jobs are claimed again");
                }
                let (claimed, mut not_ours) = in_order_of(&asked, claimed);
                let ready = self.complete(claimed, since, &mut not_ours).await;
                Ended {
                    asked,
                    failed: false,
                    ready,
                    not_ours,
                }
            }
        }
    }

    async fn take_or_alone(&self, stubs: &[Stub]) -> Result<Vec<Claimed>, Error> {
        match self.take(stubs).await {
            Err(error) if !error.is_passing() && stubs.len() > 1 => {
                tracing::warn!(%error, "a batch of claims was refused; each is tried alone");
                let mut claimed = Vec::new();
                for stub in stubs {
                    match self.take(std::slice::from_ref(stub)).await {
                        Ok(alone) => claimed.extend(alone),
                        Err(error) => {
                            tracing::error!(%error, delivery.id = %stub.delivery_id, "a job cannot be claimed");
                        }
                    }
                }
                Ok(claimed)
            }
            result => result,
        }
    }

    /// Takes the leases, on the newest configuration. If the answer is lost, what it may have taken is given back.
    async fn take(&self, stubs: &[Stub]) -> Result<Vec<Claimed>, Error> {
        let storage = &self.parts.storage;
        for _ in 0..REPEATS {
            let version = self.parts.config.version();
            let now = storage.clock().now();
            let wants: Vec<Want> = stubs.iter().map(|stub| self.want(stub, now)).collect();
            let take_open = !storage.was_away_within(OPEN_AFTER_OUTAGE);
            match storage.claim(version, wants.clone(), take_open, now).await {
                Ok(ClaimResult::Done(claimed)) => return Ok(claimed),
                Ok(ClaimResult::Stale) => self.parts.config.catch_up().await?,
                Err(error) => {
                    if error.is_passing() {
                        tokio::spawn(give_back_later(Arc::clone(storage), Held::Wanted(wants)));
                    }
                    return Err(error);
                }
            }
        }
        Err(Error::Busy("the configuration keeps changing".to_owned()))
    }

    fn want(&self, stub: &Stub, now: Micros) -> Want {
        let known = self.parts.config.known_merchant(stub.merchant_id).flatten();
        let timeout = known
            .and_then(|merchant| merchant.destination(stub.endpoint_id).cloned())
            .map_or(TIMEOUT_MAX, |found| {
                self.settings.dialects.timeout(&found.endpoint)
            });
        Want {
            delivery_id: stub.delivery_id,
            lease_until: now + timeout + LEASE_MARGIN,
            lost_attempt_id: AttemptId::new(now, &mut *lock(&self.rng)),
        }
    }

    /// Finds destination and event of each claim. What cannot be sent is given back or settled here.
    async fn complete(
        self: &Arc<Self>,
        claimed: Vec<Claimed>,
        since: Instant,
        not_ours: &mut Vec<DeliveryId>,
    ) -> Vec<Ready> {
        let mut open = Vec::with_capacity(claimed.len());
        let mut closed: HashMap<(Waiting, Closed), Vec<Lease>> = HashMap::new();
        let mut unread = Vec::new();
        for job in claimed {
            let lease = job.lease();
            match self.find(job).await {
                Ok(Ok(found)) => open.push(found),
                Ok(Err(reason)) => closed.entry(reason).or_default().push(lease),
                Err(error) => {
                    tracing::debug!(%error, delivery.id = %lease.delivery_id, "the endpoint could not be read");
                    unread.push(lease);
                }
            }
        }
        let events = match self
            .events
            .get(
                &self.parts.storage,
                open.iter().map(|found| found.job.event_id),
            )
            .await
        {
            Ok(events) => events,
            Err(error) => {
                tracing::debug!(%error, "events could not be read");
                unread.extend(open.drain(..).map(|found| found.job.lease()));
                HashMap::new()
            }
        };
        if !unread.is_empty() {
            tracing::warn!(
                claims = unread.len(),
                "what was claimed could not be read; it is given back"
            );
            not_ours.extend(unread.iter().map(|lease| lease.delivery_id));
            self.release(unread).await;
        }
        for ((of, reason), leases) in closed {
            not_ours.extend(leases.iter().map(|lease| lease.delivery_id));
            tokio::spawn(Arc::clone(self).close(of, reason, leases));
        }
        let (removed, open): (Vec<Found>, Vec<Found>) = open
            .into_iter()
            .partition(|found| found.is_removed(&events));
        if !removed.is_empty() {
            not_ours.extend(removed.iter().map(|found| found.job.delivery_id));
            tokio::spawn(Arc::clone(self).cancel(removed));
        }
        let mut ready = Vec::with_capacity(open.len());
        for Found {
            job, destination, ..
        } in open
        {
            ready.extend(self.sendable(job, destination, &events, since).await);
        }
        ready
    }

    async fn sendable(
        &self,
        claimed: Claimed,
        destination: Arc<Destination>,
        events: &HashMap<EventId, Arc<Event>>,
        since: Instant,
    ) -> Option<Ready> {
        let policy = self.settings.dialects.retry_policy(&destination.endpoint);
        let event = events.get(&claimed.event_id).cloned();
        if let Some(event) = event
            && within_budget(claimed.number, claimed.trigger, claimed.was_lost, &policy)
        {
            let host = destination.endpoint.host().into();
            return Some(Ready {
                claimed,
                destination,
                event,
                host,
                since,
            });
        }
        let settlement = Settlement {
            delivery_id: claimed.delivery_id,
            merchant_id: claimed.merchant_id,
            endpoint_id: claimed.endpoint_id,
            number: claimed.number,
            lease_until: claimed.lease_until,
            attempt_count: claimed.number - 1,
            trigger: claimed.trigger,
            attempt: None,
            outcome: Outcome::Unknown,
            http_status: None,
            ended_at: self.parts.storage.clock().now(),
            next: Next::Failed,
        };
        if self.settlements.send(settlement).await.is_err() {
            tracing::error!("a spent job could not be settled; its lease will expire");
        }
        None
    }

    /// Where a claim goes, or why it goes nowhere, and which waiting jobs that concerns.
    async fn find(&self, job: Claimed) -> Result<Result<Found, (Waiting, Closed)>, Error> {
        let everybody = Waiting::from(job.endpoint_id);
        let merchant = Waiting {
            merchant_id: Some(job.merchant_id),
            ..everybody
        };
        let Some(config) = self.parts.config.merchant(job.merchant_id).await? else {
            return Ok(Err((merchant, Closed::Deleted)));
        };
        let Some(destination) = config.destination(job.endpoint_id) else {
            return Ok(Err((everybody, Closed::Deleted)));
        };
        let pause = self
            .parts
            .config
            .pause_of(job.merchant_id, &destination.endpoint);
        Ok(match destination.endpoint.disabled {
            _ if config.merchant.suspended => Err((merchant, Closed::Suspended)),
            Some((_, since)) => Err((everybody, Closed::Disabled { since })),
            None if let Some(pause) = pause => {
                let of = match pause.held {
                    HeldBack::Merchant(_) => merchant,
                    HeldBack::All | HeldBack::Host(_) | HeldBack::Endpoint(_) => everybody,
                };
                Err((of, Closed::Paused(pause.id)))
            }
            None => Ok(Found {
                destination: Arc::clone(destination),
                departing: config.is_departing(job.endpoint_id),
                job,
            }),
        })
    }

    /// Ends what an app is not sent any more.
    async fn cancel(self: Arc<Self>, removed: Vec<Found>) {
        self.release(removed.iter().map(|found| found.job.lease()).collect())
            .await;
        for Found { job, .. } in removed {
            let scope = TenantScope::of(job.merchant_id);
            // Found in another state it is claimed again, and looked at again.
            if let Err(error) = self.parts.storage.cancel(scope, job.delivery_id).await {
                tracing::warn!(%error, delivery.id = %job.delivery_id, "a delivery to a removed app is still due");
            }
        }
    }

    /// Gives claims back. If the database is away that is tried again meanwhile.
    async fn release(&self, leases: Vec<Lease>) {
        let held = Held::Leased(leases);
        if held.give_back(&self.parts.storage).await.is_err() {
            tokio::spawn(give_back_later(Arc::clone(&self.parts.storage), held));
        }
    }

    /// Deals with everything that waits for a closed endpoint, once at a time.
    async fn close(self: Arc<Self>, of: Waiting, reason: Closed, leases: Vec<Lease>) {
        self.release(leases).await;
        if !lock(&self.closing).insert(of) {
            return;
        }
        drop(self.reports.send(Report::Closed(of)));
        if let Err(error) = self.end_or_put_off(of, reason).await {
            tracing::warn!(%error, endpoint.id = %of.endpoint_id, "jobs of a closed endpoint are still due");
        }
        lock(&self.closing).remove(&of);
    }

    async fn end_or_put_off(&self, of: Waiting, reason: Closed) -> Result<(), Error> {
        let storage = &self.parts.storage;
        let now = storage.clock().now();
        let wait = self.settings.disabled_wait;
        let (until, holds) = match reason {
            Closed::Deleted => return end_all(storage, of, None, While::Always).await,
            Closed::Disabled { since } if since + wait <= now => {
                let skip = Some(SkipReason::EndpointDisabled);
                return end_all(storage, of, skip, While::DisabledSince(since)).await;
            }
            Closed::Disabled { since } => (since + wait, While::DisabledSince(since)),
            Closed::Suspended => (now + SUSPENDED_WAIT, While::Always),
            Closed::Paused(id) => (HELD_UNTIL, While::Paused(id)),
        };
        while storage.put_off(of, until, CHUNK, holds).await? == CHUNK.unsigned_abs() {}
        Ok(())
    }
}

/// Claims to be given back: known ones, or those that an unanswered call may have taken.
enum Held {
    Leased(Vec<Lease>),
    Wanted(Vec<Want>),
}

impl Held {
    async fn give_back(&self, storage: &Storage) -> Result<(), Error> {
        let due = storage.clock().now();
        match self {
            Self::Leased(leases) => storage.release(leases.clone(), due).await,
            Self::Wanted(wants) => storage.unclaim(wants.clone(), due).await,
        }
    }
}

/// The claims in the order they were asked for, which is the order of their lanes, and what was not given.
fn in_order_of(asked: &[Stub], claimed: Vec<Claimed>) -> (Vec<Claimed>, Vec<DeliveryId>) {
    let mut ours: HashMap<DeliveryId, Claimed> = claimed
        .into_iter()
        .map(|job| (job.delivery_id, job))
        .collect();
    let mut not_ours = Vec::new();
    let mut ordered = Vec::with_capacity(ours.len());
    for stub in asked {
        match ours.remove(&stub.delivery_id) {
            Some(job) => ordered.push(job),
            None => not_ours.push(stub.delivery_id),
        }
    }
    (ordered, not_ours)
}

/// Tries until the leases end by themselves.
async fn give_back_later(storage: Arc<Storage>, held: Held) {
    let until = Instant::now() + TIMEOUT_MAX + LEASE_MARGIN;
    while Instant::now() < until {
        sleep(RELEASE_AGAIN).await;
        if held.give_back(&storage).await.is_ok() {
            return;
        }
    }
    tracing::warn!("claims could not be given back; their leases have expired");
}

async fn end_all(
    storage: &Storage,
    of: Waiting,
    skip: Option<SkipReason>,
    holds: While,
) -> Result<(), Error> {
    let full = usize::try_from(CHUNK).unwrap_or(usize::MAX);
    while storage.end_waiting(of, skip, CHUNK, holds).await? == full {}
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! The ingest batcher: takes the publish calls that wait, plans what each leads to, stores many in one commit,
//! tells the queue, and answers.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use domain::catalog::EventType;
use domain::clock::{Clock, Micros};
use domain::dialect::{Dialect, wire_id};
use domain::event::Event;
use domain::fanout::fan_out;
use domain::id::{DeliveryId, EventId, MerchantId};
use queue::{Queue, Stub};
use rand::rngs::StdRng;
use storage::events::{IngestResult, Ingested, NewDelivery, NewKey, Publication};
use storage::{ConfigVersion, Storage};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Fate, PlannedKey, PublishedEvent, Request};
use crate::Error;
use crate::batcher::Collector;
use crate::config_cache::ConfigCache;
use crate::stats::Stats;

/// Events of one merchant that one commit takes while others wait.
const PER_MERCHANT: usize = 64;
/// Events that one commit takes; a single call may have more. Bounds the statement's time and memory.
const PER_COMMIT: usize = 2_000;
/// Bytes of events that one commit takes; a single call may have more. For the same bounds.
const BYTES_PER_COMMIT: usize = 8 << 20;
/// Times a batch is repeated because the configuration moved under it.
const REPEATS: usize = 8;
/// Times a batch is tried while others are in its way.
const TRIES: usize = 3;

/// Commits what waits, in batches.
pub(crate) struct Flusher {
    pub(crate) storage: Arc<Storage>,
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) config: Arc<ConfigCache>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) stats: Arc<Stats>,
    pub(crate) rng: StdRng,
}

/// Requests with what is to be stored for them, and those that are refused.
#[derive(Default)]
struct Plan {
    requests: Vec<Request>,
    publications: Vec<Publication>,
    refused: Vec<(Request, Error)>,
}

impl Flusher {
    pub(crate) async fn run(
        mut self,
        waiting: mpsc::Receiver<Request>,
        pace: Duration,
        stop: CancellationToken,
    ) {
        let mut collector = Collector::new(waiting, "ingest", pace);
        let mut left = Vec::new();
        let mut closed = false;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled(), if !closed => {
                    closed = true;
                    collector.close();
                    continue;
                }
                more = collector.next(&mut left) => if !more { return },
            }
            let batch = take_fairly(&mut left);
            if let Err(error) = self.flush(batch).await {
                // Whoever waits behind a database that is away would wait in vain, batch after batch.
                collector.take_waiting(&mut left);
                refuse_all(left.drain(..), &error);
            }
        }
    }

    /// Stores a batch; if the database refuses it as a whole, each request alone, so that a bad one fails
    /// nobody else.
    ///
    /// Errors: the database is away; every request of the batch has been told.
    async fn flush(&mut self, batch: Vec<Request>) -> Result<(), storage::Error> {
        let alone = batch.len() == 1;
        let Err((error, batch)) = self.store_patiently(batch).await else {
            return Ok(());
        };
        let refused = matches!(
            error,
            storage::Error::Database(_) | storage::Error::Duplicate
        );
        if alone || !refused {
            refuse_all(batch, &error);
            return if_away(error);
        }
        let mut batch = batch.into_iter();
        while let Some(request) = batch.next() {
            if let Err((error, failed)) = self.store_patiently(vec![request]).await {
                refuse_all(failed, &error);
                if let Err(away) = if_away(error) {
                    refuse_all(batch, &away);
                    return Err(away);
                }
            }
        }
        Ok(())
    }

    /// Stores a batch, again and again while others are in its way: what they do soon ends.
    async fn store_patiently(
        &mut self,
        mut batch: Vec<Request>,
    ) -> Result<(), (storage::Error, Vec<Request>)> {
        for _ in 1..TRIES {
            match self.store(batch).await {
                Err((storage::Error::Busy(_), again)) => batch = again,
                other => return other,
            }
        }
        self.store(batch).await
    }

    async fn store(
        &mut self,
        mut batch: Vec<Request>,
    ) -> Result<(), (storage::Error, Vec<Request>)> {
        for _ in 0..REPEATS {
            // Before anything is read: what changes from here on makes the database refuse.
            let version = self.config.version();
            let now = self.clock.now();
            let Plan {
                mut requests,
                publications,
                refused,
            } = self.plan(batch, now).await?;
            let publications = Arc::new(publications);
            match self.write(version, &publications, now).await {
                Err(error) => {
                    requests.extend(refused.into_iter().map(|(request, _)| request));
                    return Err((error, requests));
                }
                Ok(IngestResult::Done(fates)) => {
                    self.tell(&publications, &fates, now);
                    answer_all(requests, &publications, fates);
                    for (request, error) in refused {
                        request.answer(Err(error));
                    }
                    return Ok(());
                }
                Ok(IngestResult::Stale) => {
                    batch = requests;
                    batch.extend(refused.into_iter().map(|(request, _)| request));
                    if let Err(error) = self.config.catch_up().await {
                        return Err((error, batch));
                    }
                }
            }
        }
        Err((
            storage::Error::Busy("the configuration keeps changing".to_owned()),
            batch,
        ))
    }

    /// Stores the publications; when there are none, only learns whether the configuration is still the same.
    async fn write(
        &self,
        version: ConfigVersion,
        publications: &Arc<Vec<Publication>>,
        now: Micros,
    ) -> Result<IngestResult, storage::Error> {
        if !publications.is_empty() {
            let batch = Arc::clone(publications);
            return self.storage.ingest(version, batch, now).await;
        }
        Ok(if self.storage.config_version().await? == version {
            IngestResult::Done(Vec::new())
        } else {
            IngestResult::Stale
        })
    }

    /// Decides for each request what is to be stored; those of missing or suspended merchants are refused, if
    /// the configuration turns out to be fresh.
    async fn plan(
        &mut self,
        batch: Vec<Request>,
        now: Micros,
    ) -> Result<Plan, (storage::Error, Vec<Request>)> {
        let types = match self.config.event_types().await {
            Ok(types) => types,
            Err(error) => return Err((error, batch)),
        };
        let mut plan = Plan::default();
        let mut batch = batch.into_iter();
        while let Some(request) = batch.next() {
            let config = match self.config.merchant(request.merchant_id).await {
                Ok(config) => config,
                Err(error) => {
                    let mut rest = plan.requests;
                    rest.extend(plan.refused.into_iter().map(|(request, _)| request));
                    rest.push(request);
                    rest.extend(batch);
                    return Err((error, rest));
                }
            };
            match config {
                None => plan.refused.push((request, Error::NotFound)),
                Some(config) if config.merchant.suspended => {
                    plan.refused.push((request, Error::Suspended));
                }
                Some(config) => {
                    plan.publications
                        .push(self.publication(&request, &config, &types, now));
                    plan.requests.push(request);
                }
            }
        }
        Ok(plan)
    }

    fn publication(
        &mut self,
        request: &Request,
        config: &crate::config_cache::MerchantConfig,
        types: &HashMap<String, EventType>,
        now: Micros,
    ) -> Publication {
        let dialect = |name| {
            types
                .get(name)
                .map_or(Dialect::Standard, |entry| entry.dialect)
        };
        let events: Vec<(Event, Vec<NewDelivery>)> = request
            .events
            .iter()
            .map(|event| {
                let id = EventId::new(now, &mut self.rng);
                let endpoints = config.destinations.iter().map(|d| &d.endpoint);
                let deliveries = fan_out(&event.event_type, endpoints)
                    .into_iter()
                    .map(|target| NewDelivery {
                        id: DeliveryId::new(now, &mut self.rng),
                        endpoint_id: target.endpoint_id,
                        skip: target.skip,
                    })
                    .collect();
                let event = Event {
                    id,
                    merchant_id: request.merchant_id,
                    event_id: event.event_id.as_deref().map_or_else(
                        || wire_id(dialect(&event.event_type), id).into(),
                        Into::into,
                    ),
                    event_type: event.event_type.as_str().into(),
                    payload: event.payload.clone(),
                    store: Arc::clone(&config.store),
                    occurred_at: event.occurred_at.unwrap_or(now),
                    created_at: now,
                    is_test: false,
                };
                (event, deliveries)
            })
            .collect();
        let key = |key: &PlannedKey| NewKey {
            hash: key.hash,
            target: events[key.event].0.id,
            body_hash: key.body_hash,
        };
        let keys = request.keys.iter().map(key).collect();
        Publication {
            merchant_id: request.merchant_id,
            events,
            keys,
        }
    }

    /// The queue is told after the commit: a worker woken earlier would find no row.
    fn tell(&self, publications: &[Publication], fates: &[Ingested], now: Micros) {
        let stored = publications
            .iter()
            .zip(fates)
            .filter(|(_, fate)| **fate == Ingested::Stored)
            .flat_map(|(publication, _)| &publication.events);
        let stubs: Vec<Stub> = stored
            .inspect(|(event, _)| self.stats.event(event))
            .flat_map(|(event, deliveries)| {
                deliveries
                    .iter()
                    .filter(|delivery| delivery.skip.is_none())
                    .map(|delivery| Stub {
                        delivery_id: delivery.id,
                        endpoint_id: delivery.endpoint_id,
                        merchant_id: event.merchant_id,
                        due: now,
                    })
            })
            .collect();
        self.queue.tell(&stubs, now);
    }
}

impl Request {
    /// The caller may have gone; what was stored stays stored.
    fn answer(self, answer: Result<Fate, Error>) {
        drop(self.reply.send(answer));
    }
}

/// Tells everybody why nothing of theirs was stored.
fn refuse_all(requests: impl IntoIterator<Item = Request>, error: &storage::Error) {
    for request in requests {
        request.answer(Err(Error::of_storage(error)));
    }
}

/// The error, if it says that the next batch would fail like this one.
fn if_away(error: storage::Error) -> Result<(), storage::Error> {
    if matches!(error, storage::Error::Unavailable(_)) {
        Err(error)
    } else {
        Ok(())
    }
}

fn answer_all(requests: Vec<Request>, publications: &[Publication], fates: Vec<Ingested>) {
    for ((request, publication), fate) in requests.into_iter().zip(publications).zip(fates) {
        let fate = match fate {
            Ingested::Taken(keys) => Fate::Taken(keys),
            Ingested::Stored => Fate::Stored(
                publication
                    .events
                    .iter()
                    .map(|(event, deliveries)| PublishedEvent {
                        id: event.id,
                        event_id: Arc::clone(&event.event_id),
                        deliveries: deliveries.iter().map(|d| (d.id, d.endpoint_id)).collect(),
                    })
                    .collect(),
            ),
        };
        request.answer(Ok(fate));
    }
}

/// Takes the requests of the next commit, at least one: in the order they came, about [`PER_COMMIT`] events
/// and [`BYTES_PER_COMMIT`], at most [`PER_MERCHANT`] of one merchant while others wait, and never two that
/// claim the same key. What is not taken stays.
fn take_fairly(waiting: &mut Vec<Request>) -> Vec<Request> {
    let alone = waiting
        .iter()
        .all(|request| request.merchant_id == waiting[0].merchant_id);
    let mut rows: HashMap<MerchantId, usize> = HashMap::new();
    let mut keys: HashSet<(MerchantId, [u8; 32])> = HashSet::new();
    let mut taken = Vec::with_capacity(waiting.len());
    let mut left = Vec::new();
    let (mut total, mut bytes) = (0, 0);
    for request in waiting.drain(..) {
        let merchant = request.merchant_id;
        let row = rows.entry(merchant).or_default();
        let clashes = request
            .keys
            .iter()
            .any(|key| keys.contains(&(merchant, key.hash)));
        let full = !taken.is_empty()
            && (total + request.events.len() > PER_COMMIT
                || bytes + request.bytes > BYTES_PER_COMMIT);
        if clashes || full || (!alone && *row >= PER_MERCHANT) {
            left.push(request);
            continue;
        }
        *row += request.events.len();
        total += request.events.len();
        bytes += request.bytes;
        keys.extend(request.keys.iter().map(|key| (merchant, key.hash)));
        taken.push(request);
    }
    *waiting = left;
    taken
}

#[cfg(test)]
mod tests {
    use super::super::{PublishEvent, Room};
    use super::*;
    use bytes::Bytes;
    use rand::SeedableRng as _;
    use tokio::sync::oneshot;

    fn merchants() -> [MerchantId; 2] {
        let mut rng = StdRng::seed_from_u64(1);
        [0, 1].map(|at| MerchantId::new(Micros(at), &mut rng))
    }

    fn request(merchant_id: MerchantId, key: Option<u8>) -> Request {
        let event = PublishEvent {
            event_type: "T".to_owned(),
            payload: Bytes::from_static(b"{}"),
            event_id: None,
            occurred_at: None,
        };
        let planned = |byte| PlannedKey {
            hash: [byte; 32],
            body_hash: [0; 32],
            event: 0,
        };
        Request {
            merchant_id,
            events: vec![event].into(),
            keys: key.map(planned).into_iter().collect(),
            bytes: 2,
            reply: oneshot::channel().0,
            _room: Room::new(1).take(1).unwrap(),
        }
    }

    #[test]
    fn a_commit_is_bounded_by_bytes_but_takes_at_least_one_call() {
        let [merchant, _] = merchants();
        let of_mib = |mib: usize| Request {
            bytes: mib << 20,
            ..request(merchant, None)
        };
        let mut waiting = vec![of_mib(9), of_mib(5), of_mib(4), of_mib(3)];
        let taken_mibs = |taken: Vec<Request>| {
            let mibs = taken.into_iter().map(|request| request.bytes >> 20);
            mibs.collect::<Vec<_>>()
        };
        assert_eq!(taken_mibs(take_fairly(&mut waiting)), [9]);
        assert_eq!(taken_mibs(take_fairly(&mut waiting)), [5, 3]);
        assert_eq!(taken_mibs(take_fairly(&mut waiting)), [4]);
    }

    #[test]
    fn calls_beyond_the_room_are_refused_until_others_are_answered() {
        let room = Room::new(4_096);
        let first = room.take(3_000).unwrap();
        assert!(room.take(2_000).is_none());
        assert!(room.take(1_024).is_some());
        drop(first);
        assert!(room.take(1 << 30).is_some(), "alone, a large one fits");
    }

    #[test]
    fn one_merchant_alone_may_fill_a_commit() {
        let [loud, _] = merchants();
        let mut waiting: Vec<_> = (0..100).map(|_| request(loud, None)).collect();
        assert_eq!(take_fairly(&mut waiting).len(), 100);
    }

    #[test]
    fn a_loud_merchant_leaves_room_for_a_quiet_one() {
        let [loud, quiet] = merchants();
        let mut waiting: Vec<_> = (0..100).map(|_| request(loud, None)).collect();
        waiting.push(request(quiet, None));
        let taken = take_fairly(&mut waiting);
        assert_eq!(taken.len(), PER_MERCHANT + 1);
        assert!(taken.iter().any(|request| request.merchant_id == quiet));
        assert_eq!(waiting.len(), 100 - PER_MERCHANT);
    }

    #[test]
    fn two_calls_with_the_same_key_never_share_a_commit() {
        let [merchant, other] = merchants();
        let mut waiting = vec![
            request(merchant, Some(1)),
            request(merchant, Some(1)),
            request(other, Some(1)),
        ];
        assert_eq!(take_fairly(&mut waiting).len(), 2);
        assert_eq!(waiting.len(), 1);
    }
}

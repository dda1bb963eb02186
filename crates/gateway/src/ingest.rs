//! Taking events in: keys, catalogue, fan-out, one commit for many callers, then the queue is told.

mod checks;
pub(crate) mod flusher;

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use domain::clock::Micros;
use domain::delivery::Delivery;
use domain::error::FieldError;
use domain::event::make_canonical;
use domain::id::{DeliveryId, EndpointId, EventId, MerchantId};
use domain::tenancy::TenantScope;
use sha2::{Digest as _, Sha256};
use storage::events::{NewKey, event_id_key, idempotency_key};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::{Error, Gateway};

/// What an event takes beside its texts: about its rows.
const EVENT_OVERHEAD: usize = 256;

/// An event to be published.
#[derive(Debug, Clone)]
pub struct PublishEvent {
    /// Its type.
    pub event_type: String,
    /// Its payload, a JSON object, byte for byte.
    pub payload: Bytes,
    /// The client's own id for it.
    pub event_id: Option<String>,
    /// When it happened; now when absent.
    pub occurred_at: Option<Micros>,
}

/// An Idempotency-Key with what was sent under it.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    /// The header.
    pub key: String,
    /// Hash of the request body.
    pub body_hash: [u8; 32],
}

/// A publish call: stored whole or not at all.
#[derive(Debug, Clone)]
pub struct Publish {
    /// Its events.
    pub events: Vec<PublishEvent>,
    /// Its key, if it has one.
    pub idempotency: Option<IdempotencyKey>,
}

/// An event that has been taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedEvent {
    /// Our id.
    pub id: EventId,
    /// Its id on the wire.
    pub event_id: Arc<str>,
    /// The deliveries it led to.
    pub deliveries: Vec<(DeliveryId, EndpointId)>,
}

/// Whether a publish call was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It was.
    Stored,
    /// It repeats an earlier call by its Idempotency-Key.
    RepeatOfKey,
    /// All its events were published before, by their event ids.
    RepeatOfEventId,
}

/// What a publish call came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its events in order.
    pub events: Vec<PublishedEvent>,
    /// Whether they are new.
    pub how: How,
    /// What in their payloads does not match the schemas of their types, by their places: where the merchant takes
    /// such with a warning. Pointers are in the event, such as `/payload/user/email`.
    pub warnings: HashMap<usize, Vec<FieldError>>,
}

/// A publish call on its way to the commit.
#[derive(Debug)]
pub(crate) struct Request {
    merchant_id: MerchantId,
    events: Arc<[PublishEvent]>,
    keys: Vec<PlannedKey>,
    bytes: usize,
    reply: oneshot::Sender<Result<Fate, Error>>,
    /// Its place in memory, until it has been answered.
    _room: OwnedSemaphorePermit,
}

/// Memory for the calls that wait, in KiB.
#[derive(Debug)]
pub(crate) struct Room {
    free: Arc<Semaphore>,
    all: u32,
}

impl Room {
    /// Room for `bytes`, rounded up to KiB.
    pub(crate) fn new(bytes: usize) -> Self {
        let all = u32::try_from(bytes.div_ceil(1_024)).unwrap_or(u32::MAX);
        let all = all.clamp(1, u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX));
        Self {
            free: Arc::new(Semaphore::new(usize::try_from(all).unwrap_or(1))),
            all,
        }
    }

    /// A place for a call; `None` when too much waits. A call that is larger than all there is fits when it is
    /// alone.
    pub(crate) fn take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let size = u32::try_from(bytes.div_ceil(1_024)).unwrap_or(u32::MAX);
        let free = Arc::clone(&self.free);
        free.try_acquire_many_owned(size.min(self.all)).ok()
    }
}

/// What a call's events take in memory, about.
fn size_of(events: &[PublishEvent]) -> usize {
    let size = |event: &PublishEvent| {
        let id = event.event_id.as_ref().map_or(0, String::len);
        event.payload.len() + event.event_type.len() + id + EVENT_OVERHEAD
    };
    events.iter().map(size).sum()
}

/// A key whose event is named by its place in the call.
#[derive(Debug, Clone, Copy)]
struct PlannedKey {
    hash: [u8; 32],
    body_hash: [u8; 32],
    event: usize,
}

#[derive(Debug)]
enum Fate {
    Stored(Vec<PublishedEvent>),
    Taken(Vec<NewKey>),
}

impl Gateway {
    /// Takes events in. Answers after the commit.
    ///
    /// Errors: an event is wrong, its type unknown or its payload not what the type's schema asks for; a key
    /// was used for something else; the merchant is gone or suspended; too much waits; storage fails. Then
    /// nothing is stored.
    pub async fn publish(&self, scope: TenantScope, mut call: Publish) -> Result<Published, Error> {
        for event in &mut call.events {
            make_canonical(&mut event.event_type);
        }
        let warnings = self.check_call(scope, &call).await?;
        let taken = self.take_in(scope, call).await?;
        Ok(Published { warnings, ..taken })
    }

    async fn take_in(&self, scope: TenantScope, call: Publish) -> Result<Published, Error> {
        let Publish {
            events,
            idempotency,
        } = call;
        let call: Arc<[PublishEvent]> = events.into();
        let mut events = Arc::clone(&call);
        let mut known: HashMap<usize, PublishedEvent> = HashMap::new();
        let mut places: Vec<usize> = (0..events.len()).collect();
        loop {
            let keys = plan_keys(&events, &places, idempotency.as_ref());
            let stored = match self
                .submit(scope, Arc::clone(&events), keys.clone())
                .await?
            {
                Fate::Stored(stored) => stored,
                Fate::Taken(taken) => {
                    if let Some(repeat) = self
                        .replay(scope, idempotency.as_ref(), &call, &taken)
                        .await?
                    {
                        return Ok(repeat);
                    }
                    let repeated = self.repeated(scope, &keys, &taken).await?;
                    let rest = |index: &usize| !repeated.contains_key(index);
                    let left: Vec<usize> = (0..events.len()).filter(rest).collect();
                    known.extend(repeated.into_iter().map(|(i, event)| (places[i], event)));
                    places = left.iter().map(|i| places[*i]).collect();
                    events = left.into_iter().map(|i| events[i].clone()).collect();
                    if events.is_empty() {
                        return Ok(in_order(known, How::RepeatOfEventId));
                    }
                    continue;
                }
            };
            known.extend(places.into_iter().zip(stored));
            return Ok(in_order(known, How::Stored));
        }
    }

    async fn submit(
        &self,
        scope: TenantScope,
        events: Arc<[PublishEvent]>,
        keys: Vec<PlannedKey>,
    ) -> Result<Fate, Error> {
        let bytes = size_of(&events);
        let room = self.room.take(bytes).ok_or(Error::Overloaded)?;
        let (reply, answer) = oneshot::channel();
        let request = Request {
            merchant_id: scope.merchant_id(),
            events,
            keys,
            bytes,
            reply,
            _room: room,
        };
        self.requests
            .try_send(request)
            .map_err(|_| Error::Overloaded)?;
        answer.await.map_err(|_| Error::Overloaded)?
    }

    /// The first answer again, if the call's Idempotency-Key was taken. It had the same body, so each event is
    /// found by its own id, or by the key and its place.
    async fn replay(
        &self,
        scope: TenantScope,
        idempotency: Option<&IdempotencyKey>,
        call: &[PublishEvent],
        taken: &[NewKey],
    ) -> Result<Option<Published>, Error> {
        let Some(idempotency) = idempotency else {
            return Ok(None);
        };
        let first = idempotency_key(&idempotency.key);
        let Some(winner) = taken.iter().find(|key| key.hash == first) else {
            return Ok(None);
        };
        if winner.body_hash != idempotency.body_hash {
            return Err(Error::KeyReused);
        }
        let mut events = Vec::new();
        for (place, event) in call.iter().enumerate() {
            let hash = match &event.event_id {
                Some(id) => event_id_key(id),
                None => key_of_place(&idempotency.key, place),
            };
            let target = taken
                .iter()
                .find(|key| key.hash == hash)
                .map(|key| key.target);
            events.push(
                self.published(scope, target.ok_or(Error::KeyReused)?)
                    .await?,
            );
        }
        Ok(Some(Published {
            events,
            how: How::RepeatOfKey,
            warnings: HashMap::new(),
        }))
    }

    /// The events of the call that were published before under the same event id, by their place.
    async fn repeated(
        &self,
        scope: TenantScope,
        keys: &[PlannedKey],
        taken: &[NewKey],
    ) -> Result<HashMap<usize, PublishedEvent>, Error> {
        let mut repeated = HashMap::new();
        for key in keys {
            let Some(winner) = taken.iter().find(|winner| winner.hash == key.hash) else {
                continue;
            };
            if winner.body_hash != key.body_hash {
                return Err(Error::Conflict {
                    detail: "This event_id was published with another payload.".to_owned(),
                });
            }
            repeated.insert(key.event, self.published(scope, winner.target).await?);
        }
        Ok(repeated)
    }

    async fn published(&self, scope: TenantScope, id: EventId) -> Result<PublishedEvent, Error> {
        // The winner's row may have aged out before its key: then only its id is known.
        let event = self.storage.event(scope, id).await?;
        let deliveries = self.storage.event_deliveries(scope, id).await?;
        Ok(PublishedEvent {
            id,
            event_id: event.map_or_else(|| id.to_string().into(), |event| event.event_id),
            deliveries: deliveries
                .iter()
                .map(
                    |Delivery {
                         id, endpoint_id, ..
                     }| (*id, *endpoint_id),
                )
                .collect(),
        })
    }
}

fn in_order(mut events: HashMap<usize, PublishedEvent>, how: How) -> Published {
    let mut places: Vec<usize> = events.keys().copied().collect();
    places.sort_unstable();
    Published {
        events: places
            .into_iter()
            .filter_map(|place| events.remove(&place))
            .collect(),
        how,
        warnings: HashMap::new(),
    }
}

/// Names an event without an id of its own by the key it came under and its place in the call.
fn key_of_place(key: &str, place: usize) -> [u8; 32] {
    idempotency_key(&format!("{place}\0{key}"))
}

/// The keys of a call, or of what is left of it: `places` says where its events stood. The Idempotency-Key
/// itself goes with the first event; events without an id get one more, so that a repeat finds them all.
fn plan_keys(
    events: &[PublishEvent],
    places: &[usize],
    idempotency: Option<&IdempotencyKey>,
) -> Vec<PlannedKey> {
    let mut keys = Vec::new();
    for (index, (event, place)) in events.iter().zip(places).enumerate() {
        let mut plan = |hash, body_hash| {
            keys.push(PlannedKey {
                hash,
                body_hash,
                event: index,
            });
        };
        if let Some(id) = &event.event_id {
            let body = Sha256::new()
                .chain_update(&event.event_type)
                .chain_update([0]);
            plan(
                event_id_key(id),
                body.chain_update(&event.payload).finalize().into(),
            );
        }
        if let Some(IdempotencyKey { key, body_hash }) = idempotency {
            if index == 0 {
                plan(idempotency_key(key), *body_hash);
            }
            if event.event_id.is_none() {
                plan(key_of_place(key, *place), *body_hash);
            }
        }
    }
    keys
}

//! Events: taken in by batches, each batch one transaction with deliveries and jobs; read one by one.

mod postgres;
mod sqlite;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::clock::Micros;
use domain::delivery::{Delivery, SkipReason};
use domain::dialect::own_id;
use domain::event::Event;
use domain::id::{DeliveryId, EndpointId, EventId, MerchantId};
use domain::tenancy::TenantScope;
use futures::FutureExt as _;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::entity::event;
use crate::{ConfigVersion, Error, Hot, Page, PageRequest, Storage};

/// New jobs are due this much ago: another process's reading of the database's clock may be a little behind
/// ours, and its claim must not find them not yet due.
pub(crate) const SKEW: Duration = Duration::from_millis(20);

/// One delivery to be made of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewDelivery {
    /// Its id, made in the event's millisecond.
    pub id: DeliveryId,
    /// Where it goes.
    pub endpoint_id: EndpointId,
    /// Why it is not sent, if it is not.
    pub skip: Option<SkipReason>,
}

/// A key that must be unique among the merchant's for seven days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewKey {
    /// Hash of the key's kind and text.
    pub hash: [u8; 32],
    /// The event it names.
    pub target: EventId,
    /// Hash of what was published under it.
    pub body_hash: [u8; 32],
}

/// What one caller publishes: stored whole or not at all.
#[derive(Debug, Clone)]
pub struct Publication {
    /// Whose events.
    pub merchant_id: MerchantId,
    /// The events, each with its deliveries.
    pub events: Vec<(Event, Vec<NewDelivery>)>,
    /// The keys it claims.
    pub keys: Vec<NewKey>,
}

/// What became of one publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ingested {
    /// It is stored.
    Stored,
    /// Nothing is stored: these of its keys belong to earlier publications.
    Taken(Vec<NewKey>),
}

/// What became of a batch of publications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IngestResult {
    /// The configuration has changed since the version given: nothing was done.
    Stale,
    /// Each publication's fate, in order.
    Done(Vec<Ingested>),
}

pub(crate) use postgres::write as write_postgres;
pub(crate) use sqlite::write as write_sqlite;

/// Hash of a client's event id, as a key of the merchant.
pub fn event_id_key(event_id: &str) -> [u8; 32] {
    hash("event_id", event_id)
}

/// Hash of an Idempotency-Key of the publish calls, as a key of the merchant.
pub fn idempotency_key(key: &str) -> [u8; 32] {
    hash("idempotency_key", key)
}

fn hash(kind: &str, text: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update(kind)
        .chain_update([0])
        .chain_update(text)
        .finalize()
        .into()
}

/// Every key of a batch with its merchant.
fn keys_of(batch: &[Publication]) -> Vec<(MerchantId, NewKey)> {
    batch
        .iter()
        .flat_map(|publication| {
            publication
                .keys
                .iter()
                .map(|key| (publication.merchant_id, *key))
        })
        .collect()
}

/// Each publication's fate, given the keys that others hold.
fn fates(batch: &[Publication], taken: &[(MerchantId, NewKey)]) -> Vec<Ingested> {
    let fate = |publication: &Publication| {
        let mine = |hash| publication.keys.iter().any(|key| key.hash == hash);
        let lost: Vec<NewKey> = taken
            .iter()
            .filter(|(merchant, key)| *merchant == publication.merchant_id && mine(key.hash))
            .map(|(_, key)| *key)
            .collect();
        if lost.is_empty() {
            Ingested::Stored
        } else {
            Ingested::Taken(lost)
        }
    };
    batch.iter().map(fate).collect()
}

/// The keys of those publications that lost at least one: none of theirs may stay.
fn keys_of_losers(batch: &[Publication], fates: &[Ingested]) -> Vec<(MerchantId, NewKey)> {
    let losers = batch
        .iter()
        .zip(fates)
        .filter(|(_, fate)| **fate != Ingested::Stored);
    losers
        .flat_map(|(publication, _)| {
            publication
                .keys
                .iter()
                .map(|key| (publication.merchant_id, *key))
        })
        .collect()
}

/// A stored key.
fn key_row(
    merchant: Uuid,
    hash: &[u8],
    target: Uuid,
    body: &[u8],
) -> Result<(MerchantId, NewKey), Error> {
    let bytes = |bytes: &[u8]| {
        bytes
            .try_into()
            .map_err(|_| Error::Corrupt { what: "keys" })
    };
    let key = NewKey {
        hash: bytes(hash)?,
        target: EventId::from_uuid(target),
        body_hash: bytes(body)?,
    };
    Ok((MerchantId::from_uuid(merchant), key))
}

/// Which events a list shows. Empty lists filter nothing.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Of these types.
    pub event_types: Vec<String>,
    /// Taken in at or after.
    pub from: Option<Micros>,
    /// Taken in before.
    pub to: Option<Micros>,
    /// Test sends only, or none of them.
    pub is_test: Option<bool>,
}

impl Storage {
    /// Stores a batch of publications in one transaction, if the configuration is still at `version`.
    /// Two publications of a batch that claim the same key must not be given together.
    ///
    /// Errors: the database cannot be reached, is full or refuses; then nothing is stored.
    pub async fn ingest(
        &self,
        version: ConfigVersion,
        batch: Arc<Vec<Publication>>,
        now: Micros,
    ) -> Result<IngestResult, Error> {
        match &self.hot {
            Hot::Postgres(pool) => {
                self.in_time(postgres::ingest(pool, version, &batch, now))
                    .await
            }
            Hot::Sqlite(writer) => {
                writer
                    .run(move |connection| {
                        async move { sqlite::ingest(connection, version, &batch, now).await }
                            .boxed()
                    })
                    .await
            }
        }
    }

    /// One event of the merchant by our id.
    ///
    /// Errors: the database cannot be reached.
    pub async fn event(&self, scope: TenantScope, id: EventId) -> Result<Option<Event>, Error> {
        let row = event::Entity::find_by_id(id.uuid())
            .filter(event::Column::MerchantId.eq(scope.merchant_id().uuid()))
            .one(&self.reads)
            .await?;
        Ok(row.map(Event::from))
    }

    /// One event of the merchant by our id or by its id on the wire. A client's own id is found for
    /// seven days by its key.
    ///
    /// Errors: the database cannot be reached.
    pub async fn find_event(&self, scope: TenantScope, id: &str) -> Result<Option<Event>, Error> {
        if let Some(own) = own_id(id)
            && let Some(event) = self.event(scope, own).await?
            && (*event.event_id == *id || own.to_string() == id)
        {
            return Ok(Some(event));
        }
        match self.key_target(scope, event_id_key(id)).await? {
            Some(target) => self.event(scope, target).await,
            None => Ok(None),
        }
    }

    /// The event that one of the merchant's keys names.
    async fn key_target(
        &self,
        scope: TenantScope,
        hash: [u8; 32],
    ) -> Result<Option<EventId>, Error> {
        use sea_orm::{ConnectionTrait as _, Statement};
        let statement = Statement::from_sql_and_values(
            self.reads.get_database_backend(),
            "select target_id from keys where merchant_id = $1 and key_hash = $2",
            [scope.merchant_id().uuid().into(), hash.to_vec().into()],
        );
        let row = self.reads.query_one_raw(statement).await?;
        let target = row.map(|row| row.try_get_by_index::<Uuid>(0)).transpose()?;
        Ok(target.map(EventId::from_uuid))
    }

    /// Events by our ids, in no order: for the worker, which has claimed their deliveries.
    ///
    /// Errors: the database cannot be reached.
    pub async fn events_by_id(&self, ids: &[EventId]) -> Result<Vec<Event>, Error> {
        let wanted: HashSet<Uuid> = ids.iter().map(|id| id.uuid()).collect();
        match &self.hot {
            Hot::Postgres(pool) => {
                self.in_time(postgres::by_id(pool, wanted.into_iter().collect()))
                    .await
            }
            Hot::Sqlite(_) => {
                let rows = event::Entity::find()
                    .filter(event::Column::Id.is_in(wanted))
                    .all(&self.reads)
                    .await?;
                Ok(rows.into_iter().map(Event::from).collect())
            }
        }
    }

    /// The merchant's events, newest first.
    ///
    /// Errors: the database cannot be reached.
    pub async fn events(
        &self,
        scope: TenantScope,
        filter: &EventFilter,
        page: PageRequest,
    ) -> Result<Page<Event>, Error> {
        let mut query = event::Entity::find()
            .filter(event::Column::MerchantId.eq(scope.merchant_id().uuid()))
            .order_by_desc(event::Column::Id)
            .limit(page.limit + 1);
        if !filter.event_types.is_empty() {
            query = query.filter(event::Column::EventType.is_in(filter.event_types.clone()));
        }
        if let Some(from) = filter.from {
            query = query.filter(event::Column::Id.gte(EventId::floor(from).uuid()));
        }
        if let Some(to) = filter.to {
            query = query.filter(event::Column::Id.lt(EventId::floor(to).uuid()));
        }
        if let Some(is_test) = filter.is_test {
            query = query.filter(event::Column::IsTest.eq(is_test));
        }
        if let Some(before) = page.before {
            query = query.filter(event::Column::Id.lt(before));
        }
        let rows = query.all(&self.reads).await?;
        let cut = page.cut(rows, |row| row.id);
        Ok(Page {
            rows: cut.rows.into_iter().map(Event::from).collect(),
            next: cut.next,
        })
    }

    /// The deliveries of one event of the merchant, in order of id. They carry the event's
    /// millisecond, so they stand together.
    ///
    /// Errors: the database cannot be reached.
    pub async fn event_deliveries(
        &self,
        scope: TenantScope,
        id: EventId,
    ) -> Result<Vec<Delivery>, Error> {
        self.deliveries_of_event(scope, id).await
    }
}

impl From<event::Model> for Event {
    fn from(row: event::Model) -> Self {
        let id = EventId::from_uuid(row.id);
        Self {
            id,
            merchant_id: MerchantId::from_uuid(row.merchant_id),
            event_id: row.event_id.into(),
            event_type: row.event_type.into(),
            payload: Bytes::from(row.payload),
            store: row.store.into(),
            occurred_at: Micros(row.occurred_us),
            created_at: id.made_at(),
            is_test: row.is_test,
        }
    }
}

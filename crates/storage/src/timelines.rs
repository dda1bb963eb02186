//! What timelines are made of: the activities of a session or checkout, and the events that came of it.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use domain::clock::Micros;
use domain::delivery::Delivery;
use domain::event::Event;
use domain::id::{ActivityId, DeliveryId, EventId};
use domain::tenancy::TenantScope;
use domain::trigger::activity::{Activity, ActivityKind, Note};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, Iterable as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use crate::entity::{activity, delivery, event, fired_event};
use crate::triggers::HISTORY;
use crate::{Error, Storage};

/// Bytes of activities that a timeline is made of at most: the newest.
const BODIES: i64 = 1 << 20;
/// Events looked up in one statement.
const CHUNK: usize = 100;

/// An event that fired for a session or checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiredEvent {
    /// The event, with an empty payload: a timeline does not show it.
    pub event: Event,
    /// The activity that caused it; a timer did when there is none.
    pub activity: Option<ActivityId>,
    /// Its deliveries.
    pub deliveries: Vec<Delivery>,
}

impl Storage {
    /// The newest activities of a session or checkout of the merchant with what became of each, in order of time:
    /// at most 1,000 and a mebibyte.
    ///
    /// Errors: the database cannot be reached.
    pub async fn recorded(
        &self,
        scope: TenantScope,
        subject: Uuid,
    ) -> Result<Vec<(Activity, Note)>, Error> {
        let newest = activity::Entity::find()
            .filter(activity::Column::SubjectId.eq(subject))
            .filter(activity::Column::MerchantId.eq(scope.merchant_id().uuid()))
            .order_by_desc(activity::Column::AtUs)
            .order_by_desc(activity::Column::Id);
        let sizes: Vec<i64> = newest
            .clone()
            .select_only()
            .column_as(Expr::cust("cast(length(body) as bigint)"), "size")
            .limit(HISTORY.unsigned_abs())
            .into_tuple()
            .all(&self.reads)
            .await?;
        let mut rows = newest.limit(that_fit(&sizes)).all(&self.reads).await?;
        rows.reverse();
        rows.into_iter().map(recorded_of).collect()
    }

    /// The newest events that fired for a session or checkout of the merchant, in the order in which they fired.
    ///
    /// Errors: the database cannot be reached.
    pub async fn fired(&self, scope: TenantScope, subject: Uuid) -> Result<Vec<FiredEvent>, Error> {
        let mut causes = fired_event::Entity::find()
            .filter(fired_event::Column::SubjectId.eq(subject))
            .order_by_desc(fired_event::Column::EventId)
            .limit(HISTORY.unsigned_abs())
            .all(&self.reads)
            .await?;
        causes.reverse();
        let mut fired = Vec::with_capacity(causes.len());
        for causes in causes.chunks(CHUNK) {
            fired.extend(self.fired_of(scope, causes).await?);
        }
        Ok(fired)
    }

    async fn fired_of(
        &self,
        scope: TenantScope,
        causes: &[fired_event::Model],
    ) -> Result<Vec<FiredEvent>, Error> {
        let merchant = scope.merchant_id().uuid();
        let ids: Vec<Uuid> = causes.iter().map(|cause| cause.event_id).collect();
        let mut events: HashMap<Uuid, Event> = event::Entity::find()
            .filter(event::Column::Id.is_in(ids.iter().copied()))
            .filter(event::Column::MerchantId.eq(merchant))
            .select_only()
            .columns(
                event::Column::iter().filter(|column| !matches!(column, event::Column::Payload)),
            )
            .column_as(Expr::cust("substr(payload, 1, 0)"), "payload")
            .all(&self.reads)
            .await?
            .into_iter()
            .map(|row| (row.id, Event::from(row)))
            .collect();
        let mut deliveries: HashMap<EventId, Vec<Delivery>> = HashMap::new();
        let rows = delivery::Entity::find()
            .filter(delivery::Column::MerchantId.eq(merchant))
            .filter(of_events(&ids))
            .order_by_asc(delivery::Column::Id)
            .all(&self.reads)
            .await?;
        for delivery in self.complete(rows).await? {
            deliveries
                .entry(delivery.event_id)
                .or_default()
                .push(delivery);
        }
        let found = causes.iter().filter_map(|cause| {
            let event = events.remove(&cause.event_id)?;
            let deliveries = deliveries.remove(&event.id).unwrap_or_default();
            Some(FiredEvent {
                event,
                activity: cause.activity_id.map(ActivityId::from_uuid),
                deliveries,
            })
        });
        Ok(found.collect())
    }
}

/// How many of these bodies fit, the first one in any case.
fn that_fit(sizes: &[i64]) -> u64 {
    let mut total = 0;
    let fitting = sizes.iter().take_while(|size| {
        total += **size;
        total <= BODIES
    });
    (fitting.count() as u64).max(1)
}

/// Deliveries of an event stand in its millisecond.
fn of_events(ids: &[Uuid]) -> Condition {
    ids.iter().fold(Condition::any(), |any, id| {
        let made = EventId::from_uuid(*id).made_at();
        let next = DeliveryId::floor(made + Duration::from_millis(1));
        any.add(
            Condition::all()
                .add(delivery::Column::EventId.eq(*id))
                .add(delivery::Column::Id.gte(DeliveryId::floor(made).uuid()))
                .add(delivery::Column::Id.lt(next.uuid())),
        )
    })
}

fn recorded_of(row: activity::Model) -> Result<(Activity, Note), Error> {
    let corrupt = || Error::Corrupt { what: "activities" };
    let kind = ActivityKind::from_code(row.kind).ok_or_else(corrupt)?;
    let id = ActivityId::from_uuid(row.id);
    let activity = Activity::read(id, kind, Micros(row.at_us), Bytes::from(row.body))
        .map_err(|_| corrupt())?;
    Ok((activity, Note::from_code(row.note)))
}

//! The delivery log: pages of deliveries with their events' names and their jobs' state.

use std::collections::HashMap;
use std::time::Duration;

use domain::attempt::Outcome;
use domain::clock::{Clock as _, Micros};
use domain::delivery::{Delivery, JobState, SkipReason, Status};
use domain::id::{DeliveryId, EndpointId, EventId, MerchantId};
use domain::pause::HELD_UNTIL;
use domain::tenancy::{AppScope, PlatformScope, Reach, TenantScope};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, QueryTrait as _, Select,
    sea_query::{Expr, ExprTrait as _, SelectStatement, SimpleExpr},
};
use uuid::Uuid;

use crate::entity::{delivery, endpoint, event, failed_delivery, job};
use crate::{Error, Page, PageRequest, Storage};

/// Which deliveries a list shows. Empty lists filter nothing; within a list any match will do.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    /// In these states.
    pub statuses: Vec<Status>,
    /// To these endpoints.
    pub endpoint_ids: Vec<EndpointId>,
    /// Of events of these types.
    pub event_types: Vec<String>,
    /// Of this event.
    pub event_id: Option<EventId>,
    /// Whose last attempt ended like this.
    pub outcomes: Vec<Outcome>,
    /// Whose last attempt was answered with one of these.
    pub http_statuses: Vec<u16>,
    /// Of which so many attempts have been made at least.
    pub min_attempts: Option<i32>,
    /// Test sends only, or none of them.
    pub is_test: Option<bool>,
    /// Made at or after.
    pub from: Option<Micros>,
    /// Made before.
    pub to: Option<Micros>,
}

impl Storage {
    /// One delivery of the merchant.
    ///
    /// Errors: the database cannot be reached.
    pub async fn delivery(
        &self,
        scope: TenantScope,
        id: DeliveryId,
    ) -> Result<Option<Delivery>, Error> {
        let row = delivery::Entity::find_by_id(id.uuid())
            .filter(delivery::Column::MerchantId.eq(scope.merchant_id().uuid()))
            .one(&self.reads)
            .await?;
        Ok(self.complete(row.into_iter().collect()).await?.pop())
    }

    /// One delivery of any merchant.
    ///
    /// Errors: the database cannot be reached.
    pub async fn any_delivery(
        &self,
        _scope: PlatformScope,
        id: DeliveryId,
    ) -> Result<Option<Delivery>, Error> {
        let row = delivery::Entity::find_by_id(id.uuid())
            .one(&self.reads)
            .await?;
        Ok(self.complete(row.into_iter().collect()).await?.pop())
    }

    /// Deliveries, newest first: of one merchant, or of all for ops.
    ///
    /// Errors: the database cannot be reached.
    pub async fn deliveries(
        &self,
        of: impl Into<Reach>,
        filter: &DeliveryFilter,
        page: PageRequest,
    ) -> Result<Page<Delivery>, Error> {
        let mut query = filtered(filter, of.into(), self.clock().now())
            .order_by_desc(delivery::Column::Id)
            .limit(page.limit + 1);
        if let Some(before) = page.before {
            query = query.filter(delivery::Column::Id.lt(before));
        }
        let cut = page.cut(query.all(&self.reads).await?, |row| row.id);
        Ok(Page {
            rows: self.complete(cut.rows).await?,
            next: cut.next,
        })
    }

    /// Deliveries to the endpoints of an app, deleted ones included, newest first: whatever merchants they are of.
    ///
    /// Errors: the database cannot be reached.
    pub async fn app_deliveries(
        &self,
        app: AppScope,
        filter: &DeliveryFilter,
        page: PageRequest,
    ) -> Result<Page<Delivery>, Error> {
        let everybody = PlatformScope::proven();
        let mut query = filtered(filter, everybody.into(), self.clock().now())
            .filter(to_app(app))
            .order_by_desc(delivery::Column::Id)
            .limit(page.limit + 1);
        if let Some(before) = page.before {
            query = query.filter(delivery::Column::Id.lt(before));
        }
        let cut = page.cut(query.all(&self.reads).await?, |row| row.id);
        Ok(Page {
            rows: self.complete(cut.rows).await?,
            next: cut.next,
        })
    }

    /// One delivery to an endpoint of the app.
    ///
    /// Errors: the database cannot be reached.
    pub async fn app_delivery(
        &self,
        app: AppScope,
        id: DeliveryId,
    ) -> Result<Option<Delivery>, Error> {
        let row = delivery::Entity::find_by_id(id.uuid())
            .filter(to_app(app))
            .one(&self.reads)
            .await?;
        Ok(self.complete(row.into_iter().collect()).await?.pop())
    }

    pub(crate) async fn deliveries_of_event(
        &self,
        scope: TenantScope,
        id: EventId,
    ) -> Result<Vec<Delivery>, Error> {
        let query = of_event(delivery::Entity::find(), id)
            .filter(delivery::Column::MerchantId.eq(scope.merchant_id().uuid()))
            .order_by_asc(delivery::Column::Id);
        self.complete(query.all(&self.reads).await?).await
    }

    /// Adds what the events and the jobs know.
    pub(crate) async fn complete(
        &self,
        rows: Vec<delivery::Model>,
    ) -> Result<Vec<Delivery>, Error> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.clock().now();
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let mut jobs: HashMap<Uuid, job::Model> = job::Entity::find()
            .filter(job::Column::Id.is_in(ids))
            .all(&self.reads)
            .await?
            .into_iter()
            .map(|row| (row.id, row))
            .collect();
        let event_ids: Vec<Uuid> = rows.iter().map(|row| row.event_id).collect();
        let names: HashMap<Uuid, (String, String)> = event::Entity::find()
            .select_only()
            .columns([
                event::Column::Id,
                event::Column::EventId,
                event::Column::EventType,
            ])
            .filter(event::Column::Id.is_in(event_ids))
            .into_tuple::<(Uuid, String, String)>()
            .all(&self.reads)
            .await?
            .into_iter()
            .map(|(id, wire, name)| (id, (wire, name)))
            .collect();
        rows.into_iter()
            .map(|row| {
                let job = jobs.remove(&row.id);
                let (wire, name) = names.get(&row.event_id).cloned().unwrap_or_default();
                delivery_of(&row, job.as_ref(), wire, name, now)
            })
            .collect()
    }
}

/// Goes to an endpoint of this app.
fn to_app(app: AppScope) -> SimpleExpr {
    let endpoints = endpoint::Entity::find()
        .select_only()
        .column(endpoint::Column::Id)
        .filter(endpoint::Column::AppId.eq(app.app_id().uuid()));
    delivery::Column::EndpointId.in_subquery(endpoints.into_query())
}

fn delivery_of(
    row: &delivery::Model,
    job: Option<&job::Model>,
    wire_event_id: String,
    event_type: String,
    now: Micros,
) -> Result<Delivery, Error> {
    let id = DeliveryId::from_uuid(row.id);
    let state = job.map(|job| {
        if job.open && job.due_us > now.0 {
            JobState::Leased
        } else {
            JobState::Waiting
        }
    });
    let stored = Status::from_code(row.status).ok_or(Error::Corrupt {
        what: "deliveries.status",
    })?;
    Ok(Delivery {
        id,
        event_id: EventId::from_uuid(row.event_id),
        wire_event_id,
        event_type,
        endpoint_id: EndpointId::from_uuid(row.endpoint_id),
        merchant_id: MerchantId::from_uuid(row.merchant_id),
        status: stored.shown(state),
        skip_reason: row.skip_reason.and_then(SkipReason::from_code),
        attempt_count: row.attempt_count,
        next_attempt_at: job
            .filter(|_| state == Some(JobState::Waiting))
            .map(|job| Micros(job.due_us))
            .filter(|due| *due != HELD_UNTIL),
        last_outcome: row.last_outcome.and_then(Outcome::from_code),
        last_http_status: row
            .last_http_status
            .and_then(|code| u16::try_from(code).ok()),
        created_at: id.made_at(),
        finished_at: row.finished_us.filter(|_| job.is_none()).map(Micros),
        is_test: row.is_test,
    })
}

/// Deliveries of one event stand in its millisecond.
fn of_event(query: Select<delivery::Entity>, id: EventId) -> Select<delivery::Entity> {
    let made = id.made_at();
    query
        .filter(delivery::Column::EventId.eq(id.uuid()))
        .filter(delivery::Column::Id.gte(DeliveryId::floor(made).uuid()))
        .filter(delivery::Column::Id.lt(DeliveryId::floor(made + Duration::from_millis(1)).uuid()))
}

pub(crate) fn filtered(
    filter: &DeliveryFilter,
    of: Reach,
    now: Micros,
) -> Select<delivery::Entity> {
    let mut query = delivery::Entity::find();
    let merchant = of.merchant_id().map(MerchantId::uuid);
    if let Some(merchant) = merchant {
        query = query.filter(delivery::Column::MerchantId.eq(merchant));
    }
    if let Some(id) = filter.event_id {
        query = of_event(query, id);
    }
    if !filter.statuses.is_empty() {
        query = query.filter(in_statuses(&filter.statuses, merchant, now));
    }
    if !filter.endpoint_ids.is_empty() {
        let ids = filter.endpoint_ids.iter().map(|id| id.uuid());
        query = query.filter(delivery::Column::EndpointId.is_in(ids));
    }
    if !filter.event_types.is_empty() {
        let events = event::Entity::find()
            .select_only()
            .column(event::Column::Id)
            .filter(event::Column::EventType.is_in(filter.event_types.clone()))
            .filter(
                Expr::col((event::Entity, event::Column::Id))
                    .equals((delivery::Entity, delivery::Column::EventId)),
            );
        query = query.filter(delivery::Column::EventId.in_subquery(events.into_query()));
    }
    if !filter.outcomes.is_empty() {
        let codes = filter.outcomes.iter().map(|outcome| outcome.code());
        query = query.filter(delivery::Column::LastOutcome.is_in(codes));
    }
    if !filter.http_statuses.is_empty() {
        let codes = filter
            .http_statuses
            .iter()
            .filter_map(|code| i16::try_from(*code).ok());
        query = query.filter(delivery::Column::LastHttpStatus.is_in(codes));
    }
    if let Some(least) = filter.min_attempts {
        query = query.filter(delivery::Column::AttemptCount.gte(least));
    }
    if let Some(is_test) = filter.is_test {
        query = query.filter(delivery::Column::IsTest.eq(is_test));
    }
    if let Some(from) = filter.from {
        query = query.filter(delivery::Column::Id.gte(DeliveryId::floor(from).uuid()));
    }
    if let Some(to) = filter.to {
        query = query.filter(delivery::Column::Id.lt(DeliveryId::floor(to).uuid()));
    }
    query
}

/// As [`delivery_of`] shows them: what has a job is pending, retrying or delivering, whatever it was before a
/// manual retry. Failed ones stand in a table of their own; the rest is read off the row.
fn in_statuses(statuses: &[Status], merchant: Option<Uuid>, now: Micros) -> Condition {
    let mut any = Condition::any();
    // One is driven by the few rows of its table. Several are looked up for each delivery: behind an `or` a database
    // would build the list of them all again and again.
    let is_one = statuses.len() == 1;
    let with = |mut rows: SelectStatement, id: Expr| {
        if is_one {
            return delivery::Column::Id.in_subquery(rows);
        }
        rows.and_where(id.eq(Expr::col((delivery::Entity, delivery::Column::Id))));
        Expr::exists(rows)
    };
    let with_job = |leased| {
        with(
            jobs(merchant, now, leased),
            Expr::col((job::Entity, job::Column::Id)),
        )
    };
    let failed_id = (failed_delivery::Entity, failed_delivery::Column::DeliveryId);
    for status in statuses {
        let stored = delivery::Column::Status;
        let one = match status {
            Status::Pending => Condition::all()
                .add(stored.ne(Status::Retrying.code()))
                .add(with_job(false)),
            Status::Retrying => Condition::all()
                .add(stored.eq(status.code()))
                .add(with_job(false)),
            Status::Delivering => Condition::all().add(with_job(true)),
            Status::Failed => Condition::all()
                .add(with(failed(merchant), Expr::col(failed_id)))
                .add(without_job()),
            Status::Succeeded | Status::Cancelled | Status::Skipped => Condition::all()
                .add(stored.eq(status.code()))
                .add(without_job()),
        };
        any = any.add(one);
    }
    any
}

fn failed(merchant: Option<Uuid>) -> SelectStatement {
    let mut failed = failed_delivery::Entity::find()
        .select_only()
        .column(failed_delivery::Column::DeliveryId);
    if let Some(merchant) = merchant {
        failed = failed.filter(failed_delivery::Column::MerchantId.eq(merchant));
    }
    failed.into_query()
}

/// Deliveries whose job is leased, or waits.
fn jobs(merchant: Option<Uuid>, now: Micros, leased: bool) -> SelectStatement {
    let mut jobs = job::Entity::find().select_only().column(job::Column::Id);
    if let Some(merchant) = merchant {
        jobs = jobs.filter(job::Column::MerchantId.eq(merchant));
    }
    let state = if leased {
        Condition::all()
            .add(job::Column::Open.eq(true))
            .add(job::Column::DueUs.gt(now.0))
    } else {
        Condition::any()
            .add(job::Column::Open.eq(false))
            .add(job::Column::DueUs.lte(now.0))
    };
    jobs.filter(state).into_query()
}

fn without_job() -> sea_orm::sea_query::SimpleExpr {
    let job = job::Entity::find()
        .select_only()
        .column(job::Column::Id)
        .filter(
            Expr::col((job::Entity, job::Column::Id))
                .equals((delivery::Entity, delivery::Column::Id)),
        );
    Expr::exists(job.into_query()).not()
}

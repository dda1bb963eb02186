//! What waits: of the whole platform for ops, of single endpoints for their pages.

use std::collections::HashMap;
use std::ops::Add as _;
use std::time::Duration;

use domain::clock::{Clock as _, Micros};
use domain::delivery::Delivery;
use domain::endpoint::{DisabledReason, Endpoint};
use domain::id::{DeliveryId, EndpointId, Id, MerchantId};
use domain::pause::HELD_UNTIL;
use domain::shard::Shard;
use domain::tenancy::{OwnerScope, PlatformScope};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait as _, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Statement,
    sea_query::{Expr, ExprTrait as _, Order, Query, SimpleExpr},
};
use uuid::Uuid;

use crate::acknowledgements::Acknowledgement;
use crate::entity::{delivery, endpoint, job, merchant};
use crate::{Error, Storage};

/// What waits on the whole platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// Deliveries whose attempt could begin.
    pub due: u64,
    /// Since when the first of them could.
    pub oldest_due: Option<Micros>,
    /// Attempts under way, or lost and not claimed again yet.
    pub in_flight: u64,
    /// Deliveries that wait for their next attempt, or for their endpoint.
    pub later: u64,
    /// Timers that are set.
    pub timers: u64,
    /// Timers whose time has come.
    pub timers_overdue: u64,
    /// Since when the first of them should have fired.
    pub oldest_timer: Option<Micros>,
}

/// In what steps timers ahead are counted, and how many.
const STEP: Duration = Duration::from_mins(1);
const STEPS: u32 = 15;

/// Timers that are due within a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upcoming {
    /// Where the minute begins.
    pub at: Micros,
    /// How many.
    pub timers: u64,
}

/// What waits for one endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WaitingFor {
    /// Deliveries that have not ended.
    pub count: u64,
    /// When the first of them was made.
    pub oldest: Option<Micros>,
    /// When the next attempt is due.
    pub next: Option<Micros>,
}

/// An endpoint that only fails, or was disabled for it.
#[derive(Debug, Clone)]
pub struct Failing {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Its merchant; `None` for an app's.
    pub merchant: Option<(MerchantId, String)>,
    /// Who looks after it.
    pub acknowledged: Option<Acknowledgement>,
}

impl Storage {
    /// Counts what waits on the platform. Takes a turn: it reads all of it.
    ///
    /// Errors: the database cannot be reached.
    pub async fn backlog(&self, _scope: PlatformScope) -> Result<Backlog, Error> {
        let _turn = self.counting.acquire().await.map_err(|_| Error::Closed)?;
        let now = self.clock().now().0;
        let jobs = self
            .one_row(
                "select coalesce(sum(case when due_us <= $1 then 1 else 0 end), 0),
                   coalesce(sum(case when open and due_us > $1 then 1 else 0 end), 0),
                   count(*), min(due_us) from jobs",
                now,
            )
            .await?;
        let timers = self
            .one_row(
                "select coalesce(sum(case when due_us <= $1 then 1 else 0 end), 0),
                   cast(0 as bigint), count(*), min(due_us) from timers",
                now,
            )
            .await?;
        let past = |at: Option<i64>| at.filter(|at| *at <= now).map(Micros);
        Ok(Backlog {
            due: jobs.0,
            oldest_due: past(jobs.3),
            in_flight: jobs.1,
            later: jobs.2 - jobs.0 - jobs.1,
            timers: timers.2,
            timers_overdue: timers.0,
            oldest_timer: past(timers.3),
        })
    }

    /// How many timers will be due in each of the next 15 minutes, counted from now. Takes a turn, as [`Self::backlog`] does.
    ///
    /// Errors: the database cannot be reached.
    pub async fn upcoming_timers(&self, _scope: PlatformScope) -> Result<Vec<Upcoming>, Error> {
        let _turn = self.counting.acquire().await.map_err(|_| Error::Closed)?;
        let now = self.clock().now();
        let statement = Statement::from_sql_and_values(
            self.reads.get_database_backend(),
            "select (due_us - $1) / $2, count(*) from timers
             where due_us > $1 and due_us < $3 group by 1",
            [
                now.0.into(),
                Micros(0).add(STEP).0.into(),
                (now + STEP * STEPS).0.into(),
            ],
        );
        let mut counts: HashMap<i64, i64> = HashMap::new();
        for row in self.reads.query_all_raw(statement).await? {
            counts.insert(row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        }
        let upcoming = (0..STEPS).map(|step| Upcoming {
            at: now + STEP * step,
            timers: counts
                .get(&i64::from(step))
                .map_or(0, |count| count.unsigned_abs()),
        });
        Ok(upcoming.collect())
    }

    async fn one_row(&self, sql: &str, now: i64) -> Result<(u64, u64, u64, Option<i64>), Error> {
        let backend = self.reads.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, sql, [now.into()]);
        let row = self.reads.query_one_raw(statement).await?;
        let row = row.ok_or(Error::Corrupt { what: "jobs" })?;
        let count = |at| Ok::<_, Error>(row.try_get_by_index::<i64>(at)?.unsigned_abs());
        Ok((count(0)?, count(1)?, count(2)?, row.try_get_by_index(3)?))
    }

    /// What waits for these endpoints of one owner; nothing is said of those for which nothing does.
    ///
    /// Errors: the database cannot be reached.
    pub async fn waiting_for(
        &self,
        _scope: OwnerScope,
        ids: &[EndpointId],
    ) -> Result<HashMap<EndpointId, WaitingFor>, Error> {
        let shards = ids.iter().map(|id| i16::from(Shard::of(*id).number()));
        let oldest = job::Entity::find()
            .select_only()
            .column(job::Column::EndpointId)
            .expr(Expr::col(job::Column::Id).count())
            // A lease is no attempt to come.
            .expr(Expr::cust("min(case when open then null else due_us end)"))
            .filter(job::Column::Shard.is_in(shards))
            .filter(job::Column::EndpointId.is_in(ids.iter().map(|id| id.uuid())))
            .group_by(job::Column::EndpointId)
            .into_tuple::<(Uuid, i64, Option<i64>)>()
            .all(&self.reads)
            .await?;
        let mut waiting = HashMap::with_capacity(oldest.len());
        for (id, count, due) in oldest {
            let endpoint_id = EndpointId::from_uuid(id);
            let first = job::Entity::find()
                .select_only()
                .column(job::Column::Id)
                .filter(job::Column::Shard.eq(i16::from(Shard::of(endpoint_id).number())))
                .filter(job::Column::EndpointId.eq(id))
                .order_by_asc(job::Column::Id)
                .into_tuple::<Uuid>()
                .one(&self.reads)
                .await?;
            let found = WaitingFor {
                count: count.unsigned_abs(),
                oldest: first.map(|id| DeliveryId::from_uuid(id).made_at()),
                next: due.map(Micros).filter(|due| *due != HELD_UNTIL),
            };
            waiting.insert(endpoint_id, found);
        }
        Ok(waiting)
    }

    /// The newest delivery to each of these endpoints of one owner; tests are none.
    ///
    /// Errors: the database cannot be reached.
    pub async fn last_deliveries(
        &self,
        _scope: OwnerScope,
        ids: &[EndpointId],
    ) -> Result<HashMap<EndpointId, Delivery>, Error> {
        // One step in the endpoint's index for each.
        let newest = Query::select()
            .column(delivery::Column::Id)
            .from(delivery::Entity)
            .and_where(
                Expr::col((delivery::Entity, delivery::Column::EndpointId))
                    .equals((endpoint::Entity, endpoint::Column::Id)),
            )
            .and_where(delivery::Column::IsTest.eq(false))
            .order_by(delivery::Column::Id, Order::Desc)
            .limit(1)
            .to_owned();
        let found: Vec<Uuid> = endpoint::Entity::find()
            .select_only()
            .expr_as(
                SimpleExpr::SubQuery(None, Box::new(newest.into())),
                "newest",
            )
            .filter(endpoint::Column::Id.is_in(ids.iter().map(|id| id.uuid())))
            .into_tuple::<Option<Uuid>>()
            .all(&self.reads)
            .await?
            .into_iter()
            .flatten()
            .collect();
        let rows = delivery::Entity::find()
            .filter(delivery::Column::Id.is_in(found))
            .all(&self.reads)
            .await?;
        let deliveries = self.complete(rows).await?;
        Ok(deliveries
            .into_iter()
            .map(|delivery| (delivery.endpoint_id, delivery))
            .collect())
    }

    /// Endpoints that only fail, then those that were disabled for it: of both, those that have failed for longest first.
    ///
    /// Errors: the database cannot be reached.
    pub async fn failing_endpoints(
        &self,
        _scope: PlatformScope,
        limit: u64,
    ) -> Result<Vec<Failing>, Error> {
        let for_failing = [DisabledReason::Failing, DisabledReason::Gone].map(DisabledReason::code);
        let on = endpoint::Column::DisabledUs.is_null();
        let fails = Condition::any()
            .add(
                endpoint::Column::FailingSinceUs
                    .is_not_null()
                    .and(on.clone()),
            )
            .add(endpoint::Column::DisabledReason.is_in(for_failing));
        let rows = endpoint::Entity::find()
            .filter(endpoint::Column::DeletedUs.is_null())
            .filter(fails)
            .order_by(on, Order::Desc)
            .order_by_asc(endpoint::Column::FailingSinceUs)
            .limit(limit)
            .all(&self.reads)
            .await?;
        let owners = rows.iter().filter_map(|row| row.merchant_id);
        let names: HashMap<Uuid, String> = merchant::Entity::find()
            .select_only()
            .columns([merchant::Column::Id, merchant::Column::Name])
            .filter(merchant::Column::Id.is_in(owners))
            .into_tuple::<(Uuid, String)>()
            .all(&self.reads)
            .await?
            .into_iter()
            .collect();
        let endpoints = self.with_subscriptions(&self.reads, rows).await?;
        let mut acknowledged = self.acknowledgements_of(&endpoints).await?;
        Ok(endpoints
            .into_iter()
            .map(|endpoint| {
                let acknowledged = acknowledged.remove(&endpoint.id);
                let merchant = endpoint.owner.merchant_id().map(Id::uuid);
                let merchant = merchant
                    .and_then(|id| Some((MerchantId::from_uuid(id), names.get(&id)?.clone())));
                Failing {
                    endpoint,
                    merchant,
                    acknowledged,
                }
            })
            .collect())
    }
}

//! Which deliveries a bulk retry job is about: as it is asked for, as it is stored, and as it is read from the log.
//! Both the estimate and the job itself read by [`candidates`].

use std::time::Duration;

use domain::attempt::Outcome;
use domain::clock::Micros;
use domain::delivery::Status;
use domain::id::{DeliveryId, EndpointId, EventId, MerchantId};
use domain::tenancy::Reach;
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, Select};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::deliveries::{DeliveryFilter, filtered};
use crate::entity::delivery;

/// What is wanted, by name or by description.
#[derive(Debug, Clone)]
pub enum Selection {
    /// These.
    Ids(Vec<DeliveryId>),
    /// Those that the log shows for this filter when the job is made, as far as they still match when their turn
    /// comes. What is made, or fails, later is no part of it.
    Filter {
        /// The log's filter.
        filter: DeliveryFilter,
        /// Of these merchants; everybody's when empty.
        merchant_ids: Vec<MerchantId>,
    },
}

/// Everything that decides which deliveries are retried. It never changes.
#[derive(Debug, Clone)]
pub struct RetryPlan {
    /// Which deliveries.
    pub selection: Selection,
    /// Also those that have succeeded.
    pub include_succeeded: bool,
    /// When it was asked for.
    pub asked_at: Micros,
}

/// A selection as it is stored. A field that a later version adds must have a default.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Stored {
    ids: Option<Vec<DeliveryId>>,
    merchant_ids: Vec<MerchantId>,
    statuses: Vec<i16>,
    endpoint_ids: Vec<EndpointId>,
    event_types: Vec<String>,
    event_id: Option<EventId>,
    outcomes: Vec<i16>,
    http_statuses: Vec<u16>,
    min_attempts: Option<i32>,
    is_test: Option<bool>,
    from_us: Option<i64>,
    to_us: Option<i64>,
}

/// The selection as JSON.
///
/// Errors: it cannot be written.
pub(super) fn write(selection: &Selection) -> Result<String, Error> {
    let stored = match selection.clone() {
        Selection::Ids(ids) => Stored {
            ids: Some(ids),
            ..Stored::default()
        },
        Selection::Filter {
            filter,
            merchant_ids,
        } => Stored {
            ids: None,
            merchant_ids,
            statuses: filter.statuses.into_iter().map(Status::code).collect(),
            endpoint_ids: filter.endpoint_ids,
            event_types: filter.event_types,
            event_id: filter.event_id,
            outcomes: filter.outcomes.into_iter().map(Outcome::code).collect(),
            http_statuses: filter.http_statuses,
            min_attempts: filter.min_attempts,
            is_test: filter.is_test,
            from_us: filter.from.map(|at| at.0),
            to_us: filter.to.map(|at| at.0),
        },
    };
    serde_json::to_string(&stored).map_err(|_| CORRUPT)
}

/// The selection as the audit log shows it: of many ids, how many.
///
/// Errors: it cannot be written.
pub(super) fn view(selection: &Selection) -> Result<serde_json::Value, Error> {
    if let Selection::Ids(ids) = selection {
        return Ok(serde_json::json!({ "deliveries": ids.len() }));
    }
    let mut view = serde_json::from_str(&write(selection)?).map_err(|_| CORRUPT)?;
    if let serde_json::Value::Object(fields) = &mut view {
        fields
            .retain(|_, value| !value.is_null() && value.as_array().is_none_or(|a| !a.is_empty()));
    }
    Ok(view)
}

/// Whether an index has these deliveries in the order of their ids: those of one endpoint, of one merchant, or all.
pub(super) fn is_in_order(plan: &RetryPlan) -> bool {
    match &plan.selection {
        Selection::Ids(_) => false,
        Selection::Filter {
            filter,
            merchant_ids,
        } => filter.endpoint_ids.len() <= 1 && merchant_ids.len() <= 1 && filter.event_id.is_none(),
    }
}

const CORRUPT: Error = Error::Corrupt {
    what: "retry_jobs.selection",
};

/// Reads it back.
///
/// Errors: it is none.
pub(super) fn read(text: &str) -> Result<Selection, Error> {
    let stored: Stored = serde_json::from_str(text).map_err(|_| CORRUPT)?;
    if let Some(ids) = stored.ids {
        return Ok(Selection::Ids(ids));
    }
    let statuses: Option<Vec<Status>> =
        stored.statuses.into_iter().map(Status::from_code).collect();
    let outcomes: Option<Vec<Outcome>> = stored
        .outcomes
        .into_iter()
        .map(Outcome::from_code)
        .collect();
    Ok(Selection::Filter {
        merchant_ids: stored.merchant_ids,
        filter: DeliveryFilter {
            statuses: statuses.ok_or(CORRUPT)?,
            endpoint_ids: stored.endpoint_ids,
            event_types: stored.event_types,
            event_id: stored.event_id,
            outcomes: outcomes.ok_or(CORRUPT)?,
            http_statuses: stored.http_statuses,
            min_attempts: stored.min_attempts,
            is_test: stored.is_test,
            from: stored.from_us.map(Micros),
            to: stored.to_us.map(Micros),
        },
    })
}

/// The deliveries of a plan that may be retried, as far as the log knows. Tests are sent once.
pub(super) fn candidates(plan: &RetryPlan, of: Reach, now: Micros) -> Select<delivery::Entity> {
    let mut query = match &plan.selection {
        Selection::Ids(ids) => by_ids(ids, of),
        Selection::Filter {
            filter,
            merchant_ids,
        } => {
            let end = DeliveryId::floor(plan.asked_at + Duration::from_millis(1));
            let mut query = filtered(filter, of, now)
                .filter(delivery::Column::Id.lt(end.uuid()))
                .filter(unchanged_since(plan.asked_at));
            if !merchant_ids.is_empty() {
                let ids = merchant_ids.iter().map(|id| id.uuid());
                query = query.filter(delivery::Column::MerchantId.is_in(ids));
            }
            query
        }
    };
    if !plan.include_succeeded {
        query = query.filter(delivery::Column::Status.ne(Status::Succeeded.code()));
    }
    query.filter(delivery::Column::IsTest.eq(false))
}

/// Deliveries of these ids, of one merchant or of all.
pub(super) fn by_ids(ids: &[DeliveryId], of: Reach) -> Select<delivery::Entity> {
    let query =
        delivery::Entity::find().filter(delivery::Column::Id.is_in(ids.iter().map(|id| id.uuid())));
    match of.merchant_id() {
        Some(id) => query.filter(delivery::Column::MerchantId.eq(id.uuid())),
        None => query,
    }
}

/// What came to an end after the job was asked for is not what was asked for.
fn unchanged_since(at: Micros) -> Condition {
    Condition::any()
        .add(delivery::Column::FinishedUs.is_null())
        .add(delivery::Column::FinishedUs.lte(at.0))
}

//! Who looks after an endpoint that fails. An acknowledgement is of one failure, known by since when it has lasted: once
//! the endpoint works, or fails anew, it means nothing any more.

use std::collections::HashMap;

use domain::clock::{Clock as _, Micros};
use domain::endpoint::{DisabledReason, Endpoint};
use domain::id::EndpointId;
use domain::tenancy::PlatformScope;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, Set};

use crate::audit::Change;
use crate::entity::acknowledgement;
use crate::{Error, Storage};

/// Somebody has seen that an endpoint fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Since when it had failed.
    pub since: Micros,
    /// What they say about it.
    pub note: String,
    /// Who: `usr_…` or `key_…`.
    pub by: String,
    /// When.
    pub at: Micros,
}

/// What became of an acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acknowledged {
    /// It stands.
    Done(Acknowledgement),
    /// The endpoint does not fail.
    Works,
    /// There is no such endpoint.
    NotFound,
}

/// Since when an endpoint fails: its first failure after the last success, or when it was disabled for it.
pub(crate) fn failure_of(endpoint: &Endpoint) -> Option<Micros> {
    match endpoint.disabled {
        None => endpoint.failing_since,
        Some((DisabledReason::Failing | DisabledReason::Gone, at)) => {
            Some(endpoint.failing_since.unwrap_or(at))
        }
        Some(_) => None,
    }
}

impl Storage {
    /// Notes who looks after an endpoint that fails, in place of who did before.
    ///
    /// Errors: the database cannot be reached.
    pub async fn acknowledge(
        &self,
        scope: PlatformScope,
        id: EndpointId,
        note: String,
        by: &str,
    ) -> Result<Acknowledged, Error> {
        let Some(endpoint) = self.any_endpoint(scope, id).await? else {
            return Ok(Acknowledged::NotFound);
        };
        let Some(since) = failure_of(&endpoint) else {
            return Ok(Acknowledged::Works);
        };
        let new = Acknowledgement {
            since,
            note,
            by: by.to_owned(),
            at: self.clock().now(),
        };
        let row = acknowledgement::ActiveModel {
            endpoint_id: Set(id.uuid()),
            since_us: Set(since.0),
            note: Set(new.note.clone()),
            acknowledged_by: Set(new.by.clone()),
            created_us: Set(new.at.0),
        };
        let newest = OnConflict::column(acknowledgement::Column::EndpointId)
            .update_columns([
                acknowledgement::Column::SinceUs,
                acknowledgement::Column::Note,
                acknowledgement::Column::AcknowledgedBy,
                acknowledgement::Column::CreatedUs,
            ])
            .to_owned();
        let change = self.begin_write().await?;
        acknowledgement::Entity::insert(row)
            .on_conflict(newest)
            .exec_without_returning(&change.transaction)
            .await?;
        let noted = Change::of("acknowledgeFailure", id, Some(endpoint.owner));
        change.note(noted.states(None, Some(&new)), new.at).await?;
        change.commit().await?;
        Ok(Acknowledged::Done(new))
    }

    /// Takes an acknowledgement back; false when there is none.
    ///
    /// Errors: the database cannot be reached.
    pub async fn withdraw_acknowledgement(
        &self,
        scope: PlatformScope,
        id: EndpointId,
    ) -> Result<bool, Error> {
        let Some(endpoint) = self.any_endpoint(scope, id).await? else {
            return Ok(false);
        };
        let change = self.begin_write().await?;
        let gone = acknowledgement::Entity::delete_by_id(id.uuid())
            .exec(&change.transaction)
            .await?;
        if gone.rows_affected == 0 {
            return Ok(false);
        }
        let noted = Change::of("withdrawAcknowledgement", id, Some(endpoint.owner));
        change.note(noted, self.clock().now()).await?;
        change.commit().await?;
        Ok(true)
    }

    /// Who looks after these endpoints, as they fail now.
    pub(crate) async fn acknowledgements_of(
        &self,
        endpoints: &[Endpoint],
    ) -> Result<HashMap<EndpointId, Acknowledgement>, Error> {
        let ids = endpoints.iter().map(|endpoint| endpoint.id.uuid());
        let rows = acknowledgement::Entity::find()
            .filter(acknowledgement::Column::EndpointId.is_in(ids))
            .all(&self.reads)
            .await?;
        let failures: HashMap<EndpointId, Option<Micros>> = endpoints
            .iter()
            .map(|endpoint| (endpoint.id, failure_of(endpoint)))
            .collect();
        Ok(rows
            .into_iter()
            .map(|row| {
                let acknowledged = Acknowledgement {
                    since: Micros(row.since_us),
                    note: row.note,
                    by: row.acknowledged_by,
                    at: Micros(row.created_us),
                };
                (EndpointId::from_uuid(row.endpoint_id), acknowledged)
            })
            .filter(|(id, found)| failures.get(id) == Some(&Some(found.since)))
            .collect())
    }
}

//! Endpoints and their secrets as rows: custom headers and secrets are encrypted.

use std::time::Duration;

use domain::clock::Micros;
use domain::dialect::Dialect;
use domain::endpoint::{Batch, DisabledReason, Endpoint, Owner};
use domain::id::{AppId, EndpointId, Id, MerchantId};
use domain::secret::{Secret, Secrets};
use sea_orm::Set;
use uuid::Uuid;

use crate::entity::{endpoint, endpoint_secret};
use crate::{Error, Storage};

impl Storage {
    pub(super) fn endpoint_of(
        &self,
        row: endpoint::Model,
        event_types: Vec<String>,
    ) -> Result<Endpoint, Error> {
        let headers = self.keyring.decrypt(row.id.as_bytes(), &row.headers)?;
        Ok(Endpoint {
            id: EndpointId::from_uuid(row.id),
            owner: owner_of(row.merchant_id, row.app_id)?,
            url: row.url,
            dialect: Dialect::from_code(row.dialect).ok_or(Error::Corrupt {
                what: "endpoints.dialect",
            })?,
            description: row.description,
            version: row.version,
            headers: serde_json::from_slice(&headers).map_err(|_| Error::Corrupt {
                what: "endpoints.headers",
            })?,
            rate_limit: row.rate_limit.map(i32::unsigned_abs),
            timeout: row
                .timeout_us
                .map(|us| Duration::from_micros(us.unsigned_abs())),
            schedule: row.schedule.as_deref().map(parse_schedule).transpose()?,
            batch: batch_of(row.batch_max, row.batch_wait_us),
            signed: row.signed,
            disabled: row
                .disabled_reason
                .and_then(DisabledReason::from_code)
                .zip(row.disabled_us.map(Micros)),
            event_types,
            failing_since: row.failing_since_us.map(Micros),
            created_at: Micros(row.created_us),
            updated_at: Micros(row.updated_us),
        })
    }

    pub(super) fn row(&self, endpoint: &Endpoint) -> Result<endpoint::ActiveModel, Error> {
        let headers = serde_json::to_vec(&endpoint.headers).map_err(|_| Error::Corrupt {
            what: "endpoints.headers",
        })?;
        let id = endpoint.id.uuid();
        Ok(endpoint::ActiveModel {
            id: Set(id),
            merchant_id: Set(endpoint.owner.merchant_id().map(Id::uuid)),
            app_id: Set(endpoint.owner.app_id().map(Id::uuid)),
            url: Set(endpoint.url.clone()),
            dialect: Set(endpoint.dialect.code()),
            description: Set(endpoint.description.clone()),
            version: Set(endpoint.version.clone()),
            headers: Set(self
                .keyring
                .encrypt(id.as_bytes(), &headers, &mut crate::rng())?),
            rate_limit: Set(endpoint
                .rate_limit
                .and_then(|limit| i32::try_from(limit).ok())),
            timeout_us: Set(endpoint.timeout.map(micros)),
            schedule: Set(endpoint.schedule.as_deref().map(print_schedule)),
            signed: Set(endpoint.signed),
            disabled_reason: Set(endpoint.disabled.map(|(reason, _)| reason.code())),
            disabled_us: Set(endpoint.disabled.map(|(_, at)| at.0)),
            failing_since_us: Set(endpoint.failing_since.map(|at| at.0)),
            deleted_us: Set(None),
            created_us: Set(endpoint.created_at.0),
            updated_us: Set(endpoint.updated_at.0),
            batch_max: Set(endpoint
                .batch
                .and_then(|batch| i32::try_from(batch.max_events).ok())),
            batch_wait_us: Set(endpoint.batch.map(|batch| micros(batch.max_wait))),
        })
    }

    pub(super) fn secret_row(
        &self,
        id: EndpointId,
        secrets: &Secrets,
    ) -> Result<endpoint_secret::ActiveModel, Error> {
        let seal = |secret: &Secret| {
            self.keyring.encrypt(
                id.uuid().as_bytes(),
                secret.expose().as_bytes(),
                &mut crate::rng(),
            )
        };
        let previous = secrets.previous.as_ref();
        Ok(endpoint_secret::ActiveModel {
            endpoint_id: Set(id.uuid()),
            secret: Set(seal(&secrets.secret)?),
            signing: Set(seal(&secrets.signing)?),
            previous: Set(previous.map(|(secret, _)| seal(secret)).transpose()?),
            previous_until_us: Set(previous.map(|(_, until)| until.0)),
        })
    }

    pub(super) fn open_secrets(&self, row: &endpoint_secret::Model) -> Result<Secrets, Error> {
        let context = row.endpoint_id;
        let open = |stored: &[u8]| {
            let plain = self.keyring.decrypt(context.as_bytes(), stored)?;
            let text = String::from_utf8(plain).map_err(|_| Error::Corrupt {
                what: "endpoint_secrets",
            })?;
            Ok::<_, Error>(Secret::new(text))
        };
        let previous = row.previous.as_deref().map(open).transpose()?;
        Ok(Secrets {
            secret: open(&row.secret)?,
            signing: open(&row.signing)?,
            previous: previous.zip(row.previous_until_us.map(Micros)),
        })
    }
}

fn owner_of(merchant_id: Option<Uuid>, app_id: Option<Uuid>) -> Result<Owner, Error> {
    match (merchant_id, app_id) {
        (Some(id), None) => Ok(Owner::Merchant(MerchantId::from_uuid(id))),
        (None, Some(id)) => Ok(Owner::App(AppId::from_uuid(id))),
        _ => Err(Error::Corrupt {
            what: "endpoints.merchant_id",
        }),
    }
}

fn batch_of(max: Option<i32>, wait_us: Option<i64>) -> Option<Batch> {
    let (max, wait_us) = max.zip(wait_us)?;
    Some(Batch {
        max_events: max.unsigned_abs(),
        max_wait: Duration::from_micros(wait_us.unsigned_abs()),
    })
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

/// A schedule as text: microseconds separated by commas.
fn print_schedule(schedule: &[Duration]) -> String {
    schedule
        .iter()
        .map(|delay| delay.as_micros().to_string())
        .collect::<Vec<_>>()
        .join(",")
}

fn parse_schedule(text: &str) -> Result<Vec<Duration>, Error> {
    text.split(',')
        .filter(|part| !part.is_empty())
        .map(|part| part.parse().map(Duration::from_micros))
        .collect::<Result<_, _>>()
        .map_err(|_| Error::Corrupt {
            what: "endpoints.schedule",
        })
}

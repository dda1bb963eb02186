//! The attempts of a delivery, as the log shows them; and the log entry of a test send.

use std::time::Duration;

use domain::attempt::{Attempt, BodyState, Exchange, Outcome, Response, Timings, Trigger};
use domain::clock::Micros;
use domain::delivery::Status;
use domain::event::Event;
use domain::id::{AttemptId, BatchId, DeliveryId, EndpointId, Id};
use domain::tenancy::TenantScope;
use sea_orm::sea_query::ExprTrait as _;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Set,
};

use crate::entity::{attempt, delivery, event, failed_delivery};
use crate::settle::{headers_json, span as micros};
use crate::{Error, Page, PageRequest, Storage};

/// Attempts that are read when no page is asked for.
const ALL: u64 = 1_000;

impl Storage {
    /// The first attempts of a delivery of the merchant in order, at most 1,000, each with whether its result came
    /// too late to count. Empty when there is no such delivery.
    ///
    /// Errors: the database cannot be reached.
    pub async fn attempts(
        &self,
        scope: TenantScope,
        id: DeliveryId,
    ) -> Result<Vec<(Attempt, bool)>, Error> {
        let all = PageRequest {
            limit: ALL,
            before: None,
        };
        Ok(self.attempts_page(scope, id, all).await?.rows)
    }

    /// The same by pages, the first attempts first: what a page request calls `before` is the last attempt of the
    /// page before. None of a delivery that there is not.
    ///
    /// Errors: the database cannot be reached.
    pub async fn attempts_page(
        &self,
        scope: TenantScope,
        id: DeliveryId,
        page: PageRequest,
    ) -> Result<Page<(Attempt, bool)>, Error> {
        if self.delivery(scope, id).await?.is_none() {
            return Ok(Page {
                rows: Vec::new(),
                next: None,
            });
        }
        let of_delivery = attempt::Entity::find().filter(attempt::Column::DeliveryId.eq(id.uuid()));
        let last = match page.before {
            Some(last) => {
                let last = of_delivery.clone().filter(attempt::Column::Id.eq(last));
                last.one(&self.reads).await?
            }
            None => None,
        };
        let mut rows = of_delivery;
        if let Some(last) = last {
            let later = attempt::Column::Number
                .eq(last.number)
                .and(attempt::Column::Id.gt(last.id));
            rows = rows.filter(attempt::Column::Number.gt(last.number).or(later));
        }
        let rows = rows
            .order_by_asc(attempt::Column::Number)
            .order_by_asc(attempt::Column::Id)
            .limit(page.limit + 1)
            .all(&self.reads)
            .await?;
        page.cut(rows, |row| row.id)
            .try_map(|row| attempt_of(scope, row))
    }
}

impl Storage {
    /// Logs a test send: event, finished delivery and attempt, in one transaction.
    ///
    /// Errors: the database cannot be reached.
    pub async fn log_test(
        &self,
        test: &Event,
        attempt: &Attempt,
        status: Status,
        now: Micros,
    ) -> Result<(), Error> {
        let write = self.begin_write().await?;
        let event = event::ActiveModel {
            id: Set(test.id.uuid()),
            merchant_id: Set(test.merchant_id.uuid()),
            event_id: Set(test.event_id.to_string()),
            event_type: Set(test.event_type.to_string()),
            payload: Set(test.payload.to_vec()),
            store: Set(test.store.to_string()),
            occurred_us: Set(test.occurred_at.0),
            is_test: Set(true),
        };
        event::Entity::insert(event)
            .exec_without_returning(&write.transaction)
            .await?;
        let code = attempt
            .exchange
            .response
            .as_ref()
            .map(|response| response.status);
        let delivery = delivery::ActiveModel {
            id: Set(attempt.delivery_id.uuid()),
            event_id: Set(test.id.uuid()),
            endpoint_id: Set(attempt.endpoint_id.uuid()),
            merchant_id: Set(test.merchant_id.uuid()),
            status: Set(status.code()),
            skip_reason: Set(None),
            attempt_count: Set(1),
            last_outcome: Set(Some(attempt.exchange.outcome.code())),
            last_http_status: Set(code.and_then(|code| i16::try_from(code).ok())),
            finished_us: Set(Some(now.0)),
            is_test: Set(true),
        };
        delivery::Entity::insert(delivery)
            .exec_without_returning(&write.transaction)
            .await?;
        let row = row_of(attempt)?;
        attempt::Entity::insert(row)
            .exec_without_returning(&write.transaction)
            .await?;
        if status == Status::Failed {
            let failed = failed_delivery::ActiveModel {
                merchant_id: Set(test.merchant_id.uuid()),
                delivery_id: Set(attempt.delivery_id.uuid()),
            };
            failed_delivery::Entity::insert(failed)
                .exec_without_returning(&write.transaction)
                .await?;
        }
        write.commit().await
    }
}

fn row_of(attempt: &Attempt) -> Result<attempt::ActiveModel, Error> {
    let exchange = &attempt.exchange;
    let response = exchange.response.as_ref();
    let timings = &exchange.timings;
    Ok(attempt::ActiveModel {
        delivery_id: Set(attempt.delivery_id.uuid()),
        number: Set(attempt.number),
        id: Set(attempt.id.uuid()),
        endpoint_id: Set(attempt.endpoint_id.uuid()),
        trigger: Set(attempt.trigger.code()),
        actor: Set(attempt.actor.clone()),
        late: Set(false),
        started_us: Set(attempt.started_at.0),
        duration_us: Set(micros(exchange.duration)),
        dns_us: Set(timings.dns.map(micros)),
        connect_us: Set(timings.connect.map(micros)),
        tls_us: Set(timings.tls.map(micros)),
        first_byte_us: Set(timings.first_byte.map(micros)),
        url: Set(attempt.url.clone()),
        remote_ip: Set(exchange.remote_ip.map(|ip| ip.to_string())),
        request_headers: Set(headers_json(&attempt.request_headers)?),
        outcome: Set(exchange.outcome.code()),
        error: Set(exchange.error.clone()),
        http_status: Set(response.and_then(|r| i16::try_from(r.status).ok())),
        response_headers: Set(headers_json(response.map_or(&[], |r| &r.headers))?),
        response_body: Set(response.map_or_else(Vec::new, |r| r.body.clone())),
        body_state: Set(response.map_or(0, |r| r.body_state.code())),
        batch_id: Set(attempt.batch_id.map(Id::uuid)),
    })
}

fn attempt_of(scope: TenantScope, row: attempt::Model) -> Result<(Attempt, bool), Error> {
    let late = row.late;
    let request_headers = headers(&row.request_headers)?;
    let exchange = exchange_of(&row)?;
    let attempt = Attempt {
        id: AttemptId::from_uuid(row.id),
        delivery_id: DeliveryId::from_uuid(row.delivery_id),
        merchant_id: scope.merchant_id(),
        endpoint_id: EndpointId::from_uuid(row.endpoint_id),
        number: row.number,
        batch_id: row.batch_id.map(BatchId::from_uuid),
        trigger: Trigger::from_code(row.trigger),
        actor: row.actor,
        started_at: Micros(row.started_us),
        url: row.url,
        request_headers,
        exchange,
    };
    Ok((attempt, late))
}

fn exchange_of(row: &attempt::Model) -> Result<Exchange, Error> {
    let response = row.http_status.and_then(|code| u16::try_from(code).ok());
    let response = response
        .map(|status| {
            Ok::<_, Error>(Response {
                status,
                headers: headers(&row.response_headers)?,
                body: row.response_body.clone(),
                body_state: BodyState::from_code(row.body_state),
            })
        })
        .transpose()?;
    Ok(Exchange {
        outcome: Outcome::from_code(row.outcome).ok_or(Error::Corrupt {
            what: "attempts.outcome",
        })?,
        error: row.error.clone(),
        response,
        remote_ip: row.remote_ip.as_deref().and_then(|ip| ip.parse().ok()),
        timings: Timings {
            dns: row.dns_us.map(span),
            connect: row.connect_us.map(span),
            tls: row.tls_us.map(span),
            first_byte: row.first_byte_us.map(span),
        },
        duration: span(row.duration_us),
    })
}

fn span(us: i64) -> Duration {
    Duration::from_micros(us.unsigned_abs())
}

fn headers(json: &str) -> Result<Vec<(String, String)>, Error> {
    serde_json::from_str(json).map_err(|_| Error::Corrupt {
        what: "attempts.headers",
    })
}

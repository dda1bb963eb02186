//! Settling on SQLite: a share of the writer's transaction.

use std::collections::HashSet;

use domain::attempt::{Attempt, Trigger};
use domain::delivery::Next;
use domain::id::{DeliveryId, Id};
use sqlx::SqliteConnection;

use super::{Settlement, headers_json, span, status};
use crate::Error;

pub(super) async fn settle(
    connection: &mut SqliteConnection,
    batch: &[Settlement],
) -> Result<HashSet<DeliveryId>, Error> {
    let mut done = HashSet::with_capacity(batch.len());
    for settlement in batch {
        let ours = end_job(connection, settlement).await?;
        if let Some(attempt) = &settlement.attempt {
            log(connection, attempt, !ours).await?;
        }
        if ours {
            update_delivery(connection, settlement).await?;
            done.insert(settlement.delivery_id);
        }
    }
    Ok(done)
}

/// Ends or moves the job; false when the lease is no longer ours.
async fn end_job(
    connection: &mut SqliteConnection,
    settlement: &Settlement,
) -> Result<bool, Error> {
    let query = match settlement.due() {
        None => sqlx::query("delete from jobs where id = ? and number = ? and open and due_us = ?"),
        Some(due) => sqlx::query(
            "update jobs set due_us = ?, open = false, bulk = false, actor = null where id = ? and number = ? and open and due_us = ?",
        )
        .bind(due),
    };
    let ended = query
        .bind(settlement.delivery_id.uuid())
        .bind(settlement.number)
        .bind(settlement.lease_until.0)
        .execute(connection)
        .await?;
    Ok(ended.rows_affected() == 1)
}

async fn update_delivery(
    connection: &mut SqliteConnection,
    settlement: &Settlement,
) -> Result<(), Error> {
    sqlx::query(
        "update deliveries set status = ?, attempt_count = ?, last_outcome = ?, last_http_status = ?, finished_us = ? where id = ?",
    )
    .bind(settlement.next.status().code())
    .bind(settlement.attempt_count)
    .bind(settlement.outcome.code())
    .bind(status(settlement.http_status))
    .bind(settlement.due().is_none().then_some(settlement.ended_at.0))
    .bind(settlement.delivery_id.uuid())
    .execute(&mut *connection)
    .await?;
    let list = match (settlement.next, settlement.trigger) {
        (Next::Failed, _) => {
            "insert into failed_deliveries (merchant_id, delivery_id) values (?, ?) on conflict do nothing"
        }
        (Next::Succeeded, Trigger::Manual) => {
            "delete from failed_deliveries where merchant_id = ? and delivery_id = ?"
        }
        _ => return Ok(()),
    };
    sqlx::query(list)
        .bind(settlement.merchant_id.uuid())
        .bind(settlement.delivery_id.uuid())
        .execute(connection)
        .await?;
    Ok(())
}

async fn log(
    connection: &mut SqliteConnection,
    attempt: &Attempt,
    late: bool,
) -> Result<(), Error> {
    let exchange = &attempt.exchange;
    let response = exchange.response.as_ref();
    sqlx::query(
        "insert into attempts (delivery_id, number, id, endpoint_id, trigger, actor, late, started_us, duration_us,
           dns_us, connect_us, tls_us, first_byte_us, url, remote_ip, request_headers, outcome, error, http_status,
           response_headers, response_body, body_state, batch_id)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         on conflict do nothing",
    )
    .bind(attempt.delivery_id.uuid())
    .bind(attempt.number)
    .bind(attempt.id.uuid())
    .bind(attempt.endpoint_id.uuid())
    .bind(attempt.trigger.code())
    .bind(attempt.actor.as_deref())
    .bind(late)
    .bind(attempt.started_at.0)
    .bind(span(exchange.duration))
    .bind(exchange.timings.dns.map(span))
    .bind(exchange.timings.connect.map(span))
    .bind(exchange.timings.tls.map(span))
    .bind(exchange.timings.first_byte.map(span))
    .bind(&*attempt.url)
    .bind(exchange.remote_ip.map(|ip| ip.to_string()))
    .bind(headers_json(&attempt.request_headers)?)
    .bind(exchange.outcome.code())
    .bind(&*exchange.error)
    .bind(status(response.map(|r| r.status)))
    .bind(headers_json(response.map_or(&[], |r| &r.headers))?)
    .bind(response.map_or(&[][..], |r| &r.body))
    .bind(response.map_or(0, |r| r.body_state.code()))
    .bind(attempt.batch_id.map(Id::uuid))
    .execute(connection)
    .await?;
    Ok(())
}

//! Claims on SQLite: a share of the writer's transaction, in which nobody else writes.

use domain::attempt::{Outcome, Trigger};
use domain::clock::Micros;
use domain::id::{DeliveryId, EndpointId, EventId, MerchantId};
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};

use super::{Claimed, LOST, Undo, Want};
use crate::{ConfigVersion, Error};

pub(super) async fn claim(
    connection: &mut SqliteConnection,
    version: ConfigVersion,
    wants: &[Want],
    take_open: bool,
    now: Micros,
) -> Result<Vec<Claimed>, Error> {
    if crate::config_clock::sqlite_version(connection).await? != version {
        return Ok(Vec::new());
    }
    let claimed = due(connection, wants, take_open, now).await?;
    for (job, want) in &claimed {
        sqlx::query("update jobs set due_us = ?, number = ?, open = true where id = ?")
            .bind(job.lease_until.0)
            .bind(job.number)
            .bind(job.delivery_id.uuid())
            .execute(&mut *connection)
            .await?;
        if job.was_lost {
            log_lost(connection, job, want, now).await?;
        }
    }
    Ok(claimed.into_iter().map(|(job, _)| job).collect())
}

/// The wanted jobs that are due, as they will be once claimed, each with its want.
async fn due(
    connection: &mut SqliteConnection,
    wants: &[Want],
    take_open: bool,
    now: Micros,
) -> Result<Vec<(Claimed, Want)>, Error> {
    let mut query = QueryBuilder::<Sqlite>::new(
        "select id, event_id, endpoint_id, merchant_id, number, open, trigger, actor from jobs where due_us <= ",
    );
    query.push_bind(now.0);
    query
        .push(" and (not open or ")
        .push_bind(take_open)
        .push(") and id in (");
    let mut list = query.separated(", ");
    for want in wants {
        list.push_bind(want.delivery_id.uuid());
    }
    query.push(") order by id");
    let rows = query.build().fetch_all(connection).await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let delivery_id = DeliveryId::from_uuid(row.get(0));
            let at = wants.binary_search_by_key(&delivery_id, |want| want.delivery_id);
            let want = wants[at.ok()?];
            let claimed = Claimed {
                delivery_id,
                lease_until: want.lease_until,
                event_id: EventId::from_uuid(row.get(1)),
                endpoint_id: EndpointId::from_uuid(row.get(2)),
                merchant_id: MerchantId::from_uuid(row.get(3)),
                number: row.get::<i32, _>(4) + 1,
                was_lost: row.get(5),
                trigger: Trigger::from_code(row.get(6)),
                actor: row.get(7),
            };
            Some((claimed, want))
        })
        .collect())
}

async fn log_lost(
    connection: &mut SqliteConnection,
    job: &Claimed,
    want: &Want,
    now: Micros,
) -> Result<(), Error> {
    sqlx::query(
        "insert into attempts (delivery_id, number, id, endpoint_id, trigger, actor, late, started_us, duration_us,
           url, request_headers, outcome, error, response_headers, response_body, body_state)
         values (?, ?, ?, ?, ?, ?, false, ?, 0, '', '[]', ?, ?, '[]', x'', 0)",
    )
    .bind(job.delivery_id.uuid())
    .bind(job.number - 1)
    .bind(want.lost_attempt_id.uuid())
    .bind(job.endpoint_id.uuid())
    .bind(job.trigger.code())
    .bind(job.actor.as_deref())
    .bind(now.0)
    .bind(Outcome::Unknown.code())
    .bind(LOST)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn undo(
    connection: &mut SqliteConnection,
    claims: &[Undo],
    due: Micros,
) -> Result<(), Error> {
    for claim in claims {
        sqlx::query(
            "update jobs set due_us = ?, number = number - 1, open = false
             where id = ? and open and due_us = ? and number = coalesce(?, number)",
        )
        .bind(due.0)
        .bind(claim.delivery_id.uuid())
        .bind(claim.until.0)
        .bind(claim.number)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

//! Claims on SQLite: a share of the writer's transaction, in which nobody else writes.

use domain::attempt::{Outcome, Trigger};
use domain::clock::Micros;
use domain::id::{DeliveryId, EndpointId, EventId, MerchantId};
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};

use super::{Claimed, LOST, Want};
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
    for job in &claimed {
        let Ok(at) = wants.binary_search_by_key(&job.delivery_id, |want| want.delivery_id) else {
            continue;
        };
        sqlx::query("update jobs set due_us = ?, number = ?, open = true where id = ?")
            .bind(wants[at].lease_until.0)
            .bind(job.number)
            .bind(job.delivery_id.uuid())
            .execute(&mut *connection)
            .await?;
        if job.was_lost {
            log_lost(connection, job, &wants[at], now).await?;
        }
    }
    Ok(claimed)
}

async fn due(
    connection: &mut SqliteConnection,
    wants: &[Want],
    take_open: bool,
    now: Micros,
) -> Result<Vec<Claimed>, Error> {
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
        .map(|row| Claimed {
            delivery_id: DeliveryId::from_uuid(row.get(0)),
            event_id: EventId::from_uuid(row.get(1)),
            endpoint_id: EndpointId::from_uuid(row.get(2)),
            merchant_id: MerchantId::from_uuid(row.get(3)),
            number: row.get::<i32, _>(4) + 1,
            was_lost: row.get(5),
            trigger: Trigger::from_code(row.get(6)),
            actor: row.get(7),
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

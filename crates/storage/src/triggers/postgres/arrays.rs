//! The busy statements of decisions: they take arrays, so that each is prepared once whatever the size.

use std::collections::{HashMap, HashSet};

use domain::clock::Micros;
use domain::id::{ActivityId, CheckoutId, MerchantId, SessionId, ShopperId};
use domain::trigger::Key;
use domain::trigger::session::Session;
use domain::trigger::shopper::Visitor;
use domain::trigger::world::World;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};
use uuid::Uuid;

use super::{activity, micros};
use crate::Error;
use crate::triggers::{ActivityKey, HISTORY, HISTORY_BYTES};

/// The rows of `table` that pairs of merchant and name point at.
pub(in crate::triggers) async fn named(
    connection: &mut PgConnection,
    columns: &str,
    table: &str,
    column: &str,
    names: &[(MerchantId, Key)],
) -> Result<Vec<PgRow>, Error> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "select {columns} from unnest($1::uuid[], $2::bytea[]) as w (merchant_id, name)
         join {table} v on v.merchant_id = w.merchant_id and v.{column} = w.name"
    );
    let merchants: Vec<Uuid> = names.iter().map(|(merchant, _)| merchant.uuid()).collect();
    let keys: Vec<&[u8]> = names.iter().map(|(_, key)| key.0.as_slice()).collect();
    let query = sqlx::query(AssertSqlSafe(text)).bind(merchants).bind(keys);
    Ok(query.fetch_all(connection).await?)
}

/// The rows of `table` whose `column` holds one of these ids.
pub(in crate::triggers) async fn by_id(
    connection: &mut PgConnection,
    columns: &str,
    table: &str,
    column: &str,
    ids: &[Uuid],
) -> Result<Vec<PgRow>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "select {columns} from unnest($1::uuid[]) as w (id)
         join {table} v on v.{column} = w.id"
    );
    let query = sqlx::query(AssertSqlSafe(text)).bind(ids);
    Ok(query.fetch_all(connection).await?)
}

/// Loads the newest activities of each subject.
pub(in crate::triggers) async fn load_histories(
    connection: &mut PgConnection,
    subjects: &[Uuid],
    world: &mut World,
) -> Result<(), Error> {
    let rows = sqlx::query(
        "select a.id, a.kind, a.at_us, a.body, a.subject_id from unnest($1::uuid[]) as w (id), lateral (
           select n.*, sum(length(body)) over (order by at_us desc, id desc) as bytes from (
             select id, kind, at_us, body, subject_id from activities where subject_id = w.id
             order by at_us desc, id desc limit $2::bigint) as n) as a
         where a.bytes <= $3::bigint",
    )
    .bind(subjects)
    .bind(HISTORY)
    .bind(HISTORY_BYTES)
    .fetch_all(connection)
    .await?;
    let mut histories: HashMap<Uuid, Vec<_>> = HashMap::new();
    for row in &rows {
        histories
            .entry(row.get(4))
            .or_default()
            .push(activity(row)?);
    }
    for subject in subjects {
        let mut history = histories.remove(subject).unwrap_or_default();
        history.sort_by_key(|activity| (activity.at, activity.id));
        world.load_history(*subject, history);
    }
    Ok(())
}

/// Claims the activity ids; answers those that others hold.
pub(in crate::triggers) async fn claim_keys(
    connection: &mut PgConnection,
    keys: &[ActivityKey],
    now: Micros,
) -> Result<HashSet<ActivityId>, Error> {
    let mut repeated: HashSet<ActivityId> = keys.iter().map(|key| key.activity_id).collect();
    if keys.is_empty() {
        return Ok(repeated);
    }
    let mut sorted = keys.to_vec();
    sorted.sort_unstable_by_key(|key| (key.merchant_id, key.hash));
    let merchants: Vec<Uuid> = sorted.iter().map(|key| key.merchant_id.uuid()).collect();
    let hashes: Vec<&[u8]> = sorted.iter().map(|key| key.hash.as_slice()).collect();
    let ids: Vec<Uuid> = sorted.iter().map(|key| key.activity_id.uuid()).collect();
    let rows = sqlx::query(
        "insert into keys (merchant_id, key_hash, target_id, body_hash, created_us)
         select k.merchant_id, k.hash, k.id, k.hash, $4::bigint
         from unnest($1::uuid[], $2::bytea[], $3::uuid[]) as k (merchant_id, hash, id)
         on conflict do nothing returning target_id",
    )
    .bind(merchants)
    .bind(hashes)
    .bind(ids)
    .bind(now.0)
    .fetch_all(connection)
    .await?;
    for row in rows {
        repeated.remove(&ActivityId::from_uuid(row.get(0)));
    }
    Ok(repeated)
}

/// One of each row's fields.
macro_rules! column {
    ($rows:expr, $field:expr) => {
        $rows.iter().map($field).collect::<Vec<_>>()
    };
}

/// Writes the devices that changed.
pub(in crate::triggers) async fn save_visitors(
    connection: &mut PgConnection,
    world: &World,
) -> Result<(), Error> {
    let rows: Vec<&Visitor> = world.visitors.changed().map(|(_, row)| row).collect();
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into visitors (merchant_id, device, shopper_id, session_id, sessions, first_seen_us, known_since_us)
         select * from unnest($1::uuid[], $2::bytea[], $3::uuid[], $4::uuid[], $5::integer[], $6::bigint[], $7::bigint[])
         on conflict (merchant_id, device) do update set shopper_id = excluded.shopper_id,
         session_id = excluded.session_id, sessions = excluded.sessions, known_since_us = excluded.known_since_us",
    )
    .bind(column!(rows, |row| row.merchant_id.uuid()))
    .bind(column!(rows, |row| row.device.0.as_slice()))
    .bind(column!(rows, |row| row.shopper_id.map(ShopperId::uuid)))
    .bind(column!(rows, |row| row.session_id.map(SessionId::uuid)))
    .bind(column!(rows, |row| row.sessions))
    .bind(column!(rows, |row| row.first_seen.0))
    .bind(column!(rows, |row| row.known_since.map(|since| since.0)))
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes the sessions that changed.
pub(in crate::triggers) async fn save_sessions(
    connection: &mut PgConnection,
    world: &World,
) -> Result<(), Error> {
    let rows: Vec<&Session> = world.sessions.changed().map(|(_, row)| row).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let names = column!(rows, |row| row.client_id.as_deref().map(Key::session));
    sqlx::query(
        "insert into sessions (id, merchant_id, name, client_id, device, shopper_id, state, opened_us, last_us,
           ended_us, span_us, checkout_id)
         select * from unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::text[], $5::bytea[], $6::uuid[], $7::smallint[],
           $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::uuid[])
         on conflict (id) do update set shopper_id = excluded.shopper_id, state = excluded.state,
         last_us = excluded.last_us, ended_us = excluded.ended_us, checkout_id = excluded.checkout_id",
    )
    .bind(column!(rows, |row| row.id.uuid()))
    .bind(column!(rows, |row| row.merchant_id.uuid()))
    .bind(column!(names, |name| name.as_ref().map(|key| key.0.as_slice())))
    .bind(column!(rows, |row| row.client_id.as_deref()))
    .bind(column!(rows, |row| row.device.0.as_slice()))
    .bind(column!(rows, |row| row.shopper_id.map(ShopperId::uuid)))
    .bind(column!(rows, |row| row.state.code()))
    .bind(column!(rows, |row| row.opened.0))
    .bind(column!(rows, |row| row.last.0))
    .bind(column!(rows, |row| row.ended.map(|at| at.0)))
    .bind(column!(rows, |row| micros(row.span)))
    .bind(column!(rows, |row| row.checkout_id.map(CheckoutId::uuid)))
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes the activities.
pub(in crate::triggers) async fn save_activities(
    connection: &mut PgConnection,
    world: &World,
) -> Result<(), Error> {
    let rows = &world.recorded;
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into activities (subject_id, at_us, id, merchant_id, kind, note, body)
         select * from unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::uuid[], $5::smallint[], $6::smallint[],
           $7::bytea[])",
    )
    .bind(column!(rows, |row| row.subject))
    .bind(column!(rows, |row| row.activity.at.0))
    .bind(column!(rows, |row| row.activity.id.uuid()))
    .bind(column!(rows, |row| row.merchant_id.uuid()))
    .bind(column!(rows, |row| row.activity.kind.code()))
    .bind(column!(rows, |row| row.note.code()))
    .bind(column!(rows, |row| row.activity.body.as_ref()))
    .execute(connection)
    .await?;
    Ok(())
}

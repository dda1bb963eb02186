//! The statements of decisions that PostgreSQL is asked differently: lists of values, made for their length.

use std::collections::HashSet;

use domain::clock::Micros;
use domain::id::{ActivityId, CheckoutId, MerchantId, SessionId, ShopperId};
use domain::trigger::Key;
use domain::trigger::session::Session;
use domain::trigger::shopper::Visitor;
use domain::trigger::world::World;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};
use uuid::Uuid;

use super::{activity, micros};
use crate::Error;
use crate::triggers::{ActivityKey, HISTORY, HISTORY_BYTES, ROWS};

/// The rows of `table` that pairs of merchant and name point at.
pub(in crate::triggers) async fn named(
    connection: &mut SqliteConnection,
    columns: &str,
    table: &str,
    column: &str,
    names: &[(MerchantId, Key)],
) -> Result<Vec<SqliteRow>, Error> {
    let mut rows = Vec::new();
    for names in names.chunks(ROWS) {
        let mut query = named_query("", columns, table, column, names);
        let query = query.build().persistent(false);
        rows.extend(query.fetch_all(&mut *connection).await?);
    }
    Ok(rows)
}

/// A cross join is a join in this order: left to itself, SQLite reads the whole table once a list is long enough.
fn named_query(
    prefix: &str,
    columns: &str,
    table: &str,
    column: &str,
    names: &[(MerchantId, Key)],
) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::<Sqlite>::new(format!("{prefix}with w (merchant_id, name) as ("));
    query.push_values(names, |mut row, (merchant, name)| {
        row.push_bind(merchant.uuid()).push_bind(name.0.to_vec());
    });
    query.push(format!(
        ") select {columns} from w cross join {table} v on v.merchant_id = w.merchant_id and v.{column} = w.name"
    ));
    query
}

/// The rows of `table` whose `column` holds one of these ids.
pub(in crate::triggers) async fn by_id(
    connection: &mut SqliteConnection,
    columns: &str,
    table: &str,
    column: &str,
    ids: &[Uuid],
) -> Result<Vec<SqliteRow>, Error> {
    let mut rows = Vec::new();
    for ids in ids.chunks(ROWS) {
        let mut query = by_id_query("", columns, table, column, ids);
        let query = query.build().persistent(false);
        rows.extend(query.fetch_all(&mut *connection).await?);
    }
    Ok(rows)
}

/// In this order, too.
fn by_id_query(
    prefix: &str,
    columns: &str,
    table: &str,
    column: &str,
    ids: &[Uuid],
) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::<Sqlite>::new(format!("{prefix}with w (id) as ("));
    query.push_values(ids, |mut row, id| {
        row.push_bind(*id);
    });
    query.push(format!(
        ") select {columns} from w cross join {table} v on v.{column} = w.id"
    ));
    query
}

/// Loads the newest activities of each subject.
pub(in crate::triggers) async fn load_histories(
    connection: &mut SqliteConnection,
    subjects: &[Uuid],
    world: &mut World,
) -> Result<(), Error> {
    for subject in subjects {
        let rows = sqlx::query(
            "select id, kind, at_us, body from (
               select id, kind, at_us, body, sum(length(body)) over (order by at_us desc, id desc) as bytes from (
                 select id, kind, at_us, body from activities where subject_id = $1
                 order by at_us desc, id desc limit $2))
             where bytes <= $3 order by at_us desc, id desc",
        )
        .bind(subject)
        .bind(HISTORY)
        .bind(HISTORY_BYTES)
        .fetch_all(&mut *connection)
        .await?;
        let mut history = rows.iter().map(activity).collect::<Result<Vec<_>, _>>()?;
        history.reverse();
        world.load_history(*subject, history);
    }
    Ok(())
}

/// Claims the activity ids; answers those that others hold.
pub(in crate::triggers) async fn claim_keys(
    connection: &mut SqliteConnection,
    keys: &[ActivityKey],
    now: Micros,
) -> Result<HashSet<ActivityId>, Error> {
    let mut sorted = keys.to_vec();
    sorted.sort_unstable_by_key(|key| (key.merchant_id, key.hash));
    let mut repeated: HashSet<ActivityId> = keys.iter().map(|key| key.activity_id).collect();
    for keys in sorted.chunks(ROWS) {
        let mut query = QueryBuilder::<Sqlite>::new(
            "insert into keys (merchant_id, key_hash, target_id, body_hash, created_us) ",
        );
        query.push_values(keys, |mut row, key| {
            row.push_bind(key.merchant_id.uuid())
                .push_bind(key.hash.to_vec())
                .push_bind(key.activity_id.uuid())
                .push_bind(key.hash.to_vec())
                .push_bind(now.0);
        });
        query.push(" on conflict do nothing returning target_id");
        for row in query
            .build()
            .persistent(false)
            .fetch_all(&mut *connection)
            .await?
        {
            repeated.remove(&ActivityId::from_uuid(row.get(0)));
        }
    }
    Ok(repeated)
}

/// Writes the devices that changed.
pub(in crate::triggers) async fn save_visitors(
    connection: &mut SqliteConnection,
    world: &World,
) -> Result<(), Error> {
    let visitors: Vec<&Visitor> = world.visitors.changed().map(|(_, row)| row).collect();
    for rows in visitors.chunks(ROWS) {
        let mut query = QueryBuilder::<Sqlite>::new(
            "insert into visitors (merchant_id, device, shopper_id, session_id, sessions, first_seen_us, known_since_us) ",
        );
        query.push_values(rows, |mut row, visitor| {
            row.push_bind(visitor.merchant_id.uuid())
                .push_bind(visitor.device.0.to_vec())
                .push_bind(visitor.shopper_id.map(ShopperId::uuid))
                .push_bind(visitor.session_id.map(SessionId::uuid))
                .push_bind(visitor.sessions)
                .push_bind(visitor.first_seen.0)
                .push_bind(visitor.known_since.map(|since| since.0));
        });
        query.push(
            " on conflict (merchant_id, device) do update set shopper_id = excluded.shopper_id,
              session_id = excluded.session_id, sessions = excluded.sessions,
              known_since_us = excluded.known_since_us",
        );
        query
            .build()
            .persistent(false)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Writes the sessions that changed.
pub(in crate::triggers) async fn save_sessions(
    connection: &mut SqliteConnection,
    world: &World,
) -> Result<(), Error> {
    let sessions: Vec<&Session> = world.sessions.changed().map(|(_, row)| row).collect();
    for rows in sessions.chunks(ROWS) {
        let mut query = QueryBuilder::<Sqlite>::new(
            "insert into sessions (id, merchant_id, name, client_id, device, shopper_id, state, opened_us, last_us, ended_us, span_us, checkout_id) ",
        );
        query.push_values(rows, |mut row, session| {
            let name = session
                .client_id
                .as_deref()
                .map(|id| Key::session(id).0.to_vec());
            row.push_bind(session.id.uuid())
                .push_bind(session.merchant_id.uuid())
                .push_bind(name)
                .push_bind(&session.client_id)
                .push_bind(session.device.0.to_vec())
                .push_bind(session.shopper_id.map(ShopperId::uuid))
                .push_bind(session.state.code())
                .push_bind(session.opened.0)
                .push_bind(session.last.0)
                .push_bind(session.ended.map(|at| at.0))
                .push_bind(micros(session.span))
                .push_bind(session.checkout_id.map(CheckoutId::uuid));
        });
        query.push(
            " on conflict (id) do update set shopper_id = excluded.shopper_id, state = excluded.state,
              last_us = excluded.last_us, ended_us = excluded.ended_us, checkout_id = excluded.checkout_id",
        );
        query
            .build()
            .persistent(false)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Writes the activities.
pub(in crate::triggers) async fn save_activities(
    connection: &mut SqliteConnection,
    world: &World,
) -> Result<(), Error> {
    for rows in world.recorded.chunks(ROWS) {
        let mut query = QueryBuilder::<Sqlite>::new(
            "insert into activities (subject_id, at_us, id, merchant_id, kind, note, body) ",
        );
        query.push_values(rows, |mut row, recorded| {
            let activity = &recorded.activity;
            row.push_bind(recorded.subject)
                .push_bind(activity.at.0)
                .push_bind(activity.id.uuid())
                .push_bind(recorded.merchant_id.uuid())
                .push_bind(activity.kind.code())
                .push_bind(recorded.note.code())
                .push_bind(activity.body.to_vec());
        });
        query
            .build()
            .persistent(false)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::Connection as _;

    use super::*;

    /// How SQLite goes about a query.
    async fn plan(connection: &mut SqliteConnection, mut query: QueryBuilder<Sqlite>) -> String {
        let rows = query.build().fetch_all(connection).await.unwrap();
        let steps: Vec<String> = rows.iter().map(|row| row.get(3)).collect();
        steps.join("; ")
    }

    #[tokio::test]
    async fn long_lists_are_looked_up_by_index() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let tables = "create table things (id blob not null primary key, merchant_id blob not null, kind smallint,
            name blob not null); create unique index things_name on things (merchant_id, kind, name);
            create index things_alone on things (merchant_id, name)";
        sqlx::raw_sql(tables)
            .execute(&mut connection)
            .await
            .unwrap();
        for count in [1, 200, 1_000] {
            let ids: Vec<Uuid> = (0..count).map(Uuid::from_u128).collect();
            let names: Vec<_> = ids
                .iter()
                .map(|id| (MerchantId::from_uuid(*id), Key::device(&id.to_string())))
                .collect();
            let one_kind = "(select * from things where kind = 1)";
            let queries = [
                by_id_query("explain query plan ", "v.kind", "things", "id", &ids),
                named_query("explain query plan ", "v.kind", "things", "name", &names),
                named_query("explain query plan ", "v.kind", one_kind, "name", &names),
            ];
            for query in queries {
                let plan = plan(&mut connection, query).await;
                let by_index =
                    plan.contains("SEARCH v USING") || plan.contains("SEARCH things USING");
                let all = plan.contains("SCAN v") || plan.contains("SCAN things");
                assert!(by_index && !all, "{count}: {plan}");
            }
        }
    }
}

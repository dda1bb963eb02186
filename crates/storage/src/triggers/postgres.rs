//! Decisions on PostgreSQL: a transaction under the locks of its merchants.

mod arrays;
mod rivals;

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Postgres};

use domain::shard::ShardSet;

use self::arrays::{
    by_id, claim_keys, load_histories, named, save_activities, save_sessions, save_visitors,
};
use self::rivals::rivals;
use super::{DueTimer, LeftOut, Outcome, Rule, due_timer, merchant_lock};
use crate::config_clock::postgres_v;

super::rows::rows!(Postgres, PgConnection, PgRow);

pub(super) async fn decide(pool: &PgPool, case: &Case, decide: &Rule) -> Result<Outcome, Error> {
    let mut transaction = pool.begin().await?;
    let busy = lock(&mut transaction, &case.merchants).await?;
    // After the locks: what other decisions did is seen. Changes of the configuration are looked for once more as
    // the events are written.
    if postgres_v(&mut transaction).await? != case.version {
        transaction.rollback().await?;
        return Ok(Outcome::Stale);
    }
    let case = &case.without(&busy);
    let left_out = LeftOut {
        busy,
        ..LeftOut::default()
    };
    if case.merchants.is_empty() {
        transaction.rollback().await?;
        return Ok(Outcome::Decided {
            decision: Box::default(),
            left_out,
        });
    }
    let (decision, left_out) = work(&mut transaction, case, left_out, decide).await?;
    let written = crate::events::write_postgres(
        &mut transaction,
        case.version,
        &decision.publications,
        case.now,
    )
    .await?;
    if !written {
        transaction.rollback().await?;
        return Ok(Outcome::Stale);
    }
    transaction.commit().await?;
    Ok(Outcome::Decided {
        decision: Box::new(decision),
        left_out,
    })
}

/// Takes those of the merchants' locks that are free, and answers whose are not. Nobody's decision waits for another
/// merchant; when none is free there is nothing else to do, and waiting in line for the first keeps its processes
/// taking turns. The locks go with the transaction.
async fn lock(
    connection: &mut PgConnection,
    merchants: &BTreeSet<MerchantId>,
) -> Result<BTreeSet<MerchantId>, Error> {
    let mut busy = try_locks(connection, merchants).await?;
    if busy.len() == merchants.len()
        && let Some(first) = busy.pop_first()
    {
        if wait_for(connection, first).await? {
            busy = try_locks(connection, &busy).await?;
        } else {
            busy.insert(first);
        }
    }
    Ok(busy)
}

async fn try_locks(
    connection: &mut PgConnection,
    merchants: &BTreeSet<MerchantId>,
) -> Result<BTreeSet<MerchantId>, Error> {
    let locks: Vec<i64> = merchants.iter().map(|id| merchant_lock(*id)).collect();
    let ids: Vec<Uuid> = merchants.iter().map(|id| id.uuid()).collect();
    let busy = sqlx::query(
        "select t.id from unnest($1::bigint[], $2::uuid[]) as t (l, id)
         where not pg_try_advisory_xact_lock(t.l)",
    )
    .bind(locks)
    .bind(ids)
    .fetch_all(connection)
    .await?;
    Ok(busy
        .iter()
        .map(|row| MerchantId::from_uuid(row.get(0)))
        .collect())
}

/// Waits a moment for a merchant's lock; whether it came.
async fn wait_for(connection: &mut PgConnection, merchant: MerchantId) -> Result<bool, Error> {
    sqlx::raw_sql("savepoint waiting; set local lock_timeout = '20ms'")
        .execute(&mut *connection)
        .await?;
    let waited = sqlx::query("select pg_advisory_xact_lock($1::bigint)")
        .bind(merchant_lock(merchant))
        .execute(&mut *connection)
        .await
        .map_err(Error::from);
    let (came, after) = match waited {
        Ok(_) => (true, "release waiting; set local lock_timeout to default"),
        Err(Error::Busy(_)) => (false, "rollback to waiting; release waiting"),
        Err(error) => return Err(error),
    };
    sqlx::raw_sql(after).execute(connection).await?;
    Ok(came)
}

pub(super) async fn due(
    pool: &PgPool,
    shards: ShardSet,
    others: &[MerchantId],
    now: Micros,
    limit: i64,
) -> Result<Vec<DueTimer>, Error> {
    let numbers: Vec<i16> = shards.iter().map(|shard| shard.number().into()).collect();
    let others: Vec<Uuid> = others.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query(
        // Shard by shard: each is a walk along the index that ends at the limit.
        "select t.* from unnest($1::smallint[]) as s (shard), lateral (
           select subject_id, kind, merchant_id, due_us from timers
           where shard = s.shard and due_us <= $2::bigint and merchant_id <> all ($3::uuid[])
           order by due_us limit $4::bigint) as t",
    )
    .bind(numbers)
    .bind(now.0)
    .bind(others)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| due_timer(row.get(0), row.get(1), row.get(2), row.get(3)))
        .collect()
}

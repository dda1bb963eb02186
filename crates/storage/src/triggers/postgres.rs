//! Decisions on PostgreSQL: a transaction under the locks of its merchants.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Postgres};

use domain::shard::ShardSet;

use super::{DueTimer, Outcome, due_timer, merchant_lock};
use crate::config_clock::postgres_v;

super::rows::rows!(Postgres, PgConnection, PgRow);

pub(super) async fn decide(
    pool: &PgPool,
    case: &Case,
    decide: &(dyn Fn(&World, &HashSet<ActivityId>) -> Decision + Send + Sync),
) -> Result<Outcome, Error> {
    let mut transaction = pool.begin().await?;
    lock(&mut transaction, case).await?;
    // After the locks: nothing can change under a decision that has them.
    if postgres_v(&mut transaction).await? != case.version {
        transaction.rollback().await?;
        return Ok(Outcome::Stale);
    }
    let (decision, repeated) = work(&mut transaction, case, decide).await?;
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
        repeated,
    })
}

/// Takes the merchants' locks in order, so that two decisions cannot wait for each other. They go with the
/// transaction.
async fn lock(connection: &mut PgConnection, case: &Case) -> Result<(), Error> {
    let mut locks: Vec<i64> = case.merchants.iter().map(|id| merchant_lock(*id)).collect();
    locks.sort_unstable();
    sqlx::query("select pg_advisory_xact_lock(l) from unnest($1::bigint[]) as l")
        .bind(locks)
        .execute(connection)
        .await?;
    Ok(())
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

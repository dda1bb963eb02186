//! Counts of events and attempts by slots of time. Written behind the work they count, a few rows every few seconds;
//! what a process had not written when it was killed is not in them.

use std::collections::BTreeMap;

use domain::attempt::Outcome;
use domain::clock::Micros;
use domain::id::{EndpointId, MerchantId};
use domain::stats::{Counted, Span, What};
use domain::tenancy::{OwnerScope, PlatformScope, TenantScope};
use futures::FutureExt as _;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    Select,
    sea_query::{Expr, ExprTrait as _},
};
use sqlx::{PgConnection, PgPool, SqliteConnection};
use uuid::Uuid;

use crate::entity::stat;
use crate::{Error, Hot, Storage};

/// Rows of one statement.
const CHUNK: usize = 500;
/// The subject of what is counted of everybody.
const EVERYBODY: Uuid = Uuid::nil();

/// Codes of `what`.
const EVENTS: i16 = 0;
const ATTEMPTS: i16 = 1;
const TIMERS: i16 = 2;

/// Something that happened, as it is counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick {
    /// Whose it was.
    pub merchant_id: MerchantId,
    /// The start of its minute.
    pub minute: Micros,
    /// The event's type; of a timer nothing.
    pub event_type: Box<str>,
    /// What it was.
    pub what: TickOf,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TickOf {
    /// An event.
    Event,
    /// An attempt.
    Attempt(AttemptTick),
    /// A timer that fired: the class of how late it was, by its upper bound in milliseconds.
    Timer(i32),
}

/// An attempt, as it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptTick {
    /// Where it went.
    pub endpoint_id: EndpointId,
    /// The code of its outcome.
    pub outcome: i16,
    /// The answer's status, 0 without one.
    pub http_status: i16,
    /// The class of what it took, by its upper bound in milliseconds.
    pub class_ms: i32,
}

/// Whose figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatsOf {
    /// Everybody's.
    Platform(PlatformScope),
    /// One merchant's.
    Merchant(TenantScope),
    /// One endpoint's. The scope proves whose it is.
    Endpoint(OwnerScope, EndpointId),
}

impl StatsOf {
    const fn subject(self) -> Uuid {
        match self {
            Self::Platform(_) => EVERYBODY,
            Self::Merchant(scope) => scope.merchant_id().uuid(),
            Self::Endpoint(_, id) => id.uuid(),
        }
    }
}

/// Codes of `scope`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i16)]
enum Scope {
    Everybody = 0,
    Merchant = 1,
    Endpoint = 2,
}

/// A row's key, in the order of the primary key: everybody locks alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    subject: Uuid,
    span_s: i32,
    slot: i64,
    what: i16,
    event_type: Box<str>,
    outcome: i16,
    http_status: i16,
    class_ms: i32,
    scope: Scope,
}

/// Attempts that ended alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByAnswer {
    /// How.
    pub outcome: Outcome,
    /// The answer's status.
    pub http_status: Option<u16>,
    /// How many.
    pub count: u64,
}

/// What was counted of one event type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByType {
    /// The type.
    pub event_type: String,
    /// How many, of what.
    pub counts: Vec<(What, u64)>,
}

impl Storage {
    /// Adds to the counts: of everybody, the merchant and the endpoint, by minutes and by hours.
    ///
    /// Errors: the database cannot be reached or refuses; then none has been added, as far as it could say.
    pub async fn add_stats(
        &self,
        ticks: impl IntoIterator<Item = (Tick, i64)>,
    ) -> Result<(), Error> {
        let mut rows: BTreeMap<Key, i64> = BTreeMap::new();
        for (tick, count) in ticks {
            for key in keys_of(&tick) {
                *rows.entry(key).or_default() += count;
            }
        }
        let rows: Vec<(Key, i64)> = rows.into_iter().collect();
        match &self.hot {
            Hot::Postgres(pool) => self.in_time(add_to_postgres(pool, &rows)).await,
            Hot::Sqlite(writer) => {
                writer
                    .run(move |connection| {
                        async move { add_to_sqlite(connection, &rows).await }.boxed()
                    })
                    .await
            }
        }
    }

    /// The counts since a time, by slot.
    ///
    /// Errors: the database cannot be reached.
    pub async fn stats(
        &self,
        of: StatsOf,
        span: Span,
        since: Micros,
    ) -> Result<Vec<Counted>, Error> {
        let rows = since_of(span, since)
            .filter(stat::Column::SubjectId.eq(of.subject()))
            .select_only()
            .columns([
                stat::Column::SlotUs,
                stat::Column::What,
                stat::Column::Outcome,
                stat::Column::ClassMs,
            ])
            .expr(summed())
            .group_by(stat::Column::SlotUs)
            .group_by(stat::Column::What)
            .group_by(stat::Column::Outcome)
            .group_by(stat::Column::ClassMs)
            .into_tuple::<(i64, i16, i16, i32, i64)>()
            .all(&self.reads)
            .await?;
        rows.into_iter()
            .map(|(slot, what, outcome, class, count)| {
                Ok(Counted {
                    slot: Micros(slot),
                    what: what_of(what, outcome, class)?,
                    count: count.unsigned_abs(),
                })
            })
            .collect()
    }

    /// The same of several endpoints of one owner.
    ///
    /// Errors: the database cannot be reached.
    pub async fn stats_of_endpoints(
        &self,
        _scope: OwnerScope,
        ids: &[EndpointId],
        span: Span,
        since: Micros,
    ) -> Result<Vec<(EndpointId, Counted)>, Error> {
        let rows = since_of(span, since)
            .filter(stat::Column::SubjectId.is_in(ids.iter().map(|id| id.uuid())))
            .select_only()
            .columns([
                stat::Column::SubjectId,
                stat::Column::SlotUs,
                stat::Column::What,
                stat::Column::Outcome,
                stat::Column::ClassMs,
            ])
            .expr(summed())
            .group_by(stat::Column::SubjectId)
            .group_by(stat::Column::SlotUs)
            .group_by(stat::Column::What)
            .group_by(stat::Column::Outcome)
            .group_by(stat::Column::ClassMs)
            .into_tuple::<(Uuid, i64, i16, i16, i32, i64)>()
            .all(&self.reads)
            .await?;
        rows.into_iter()
            .map(|(id, slot, what, outcome, class, count)| {
                let counted = Counted {
                    slot: Micros(slot),
                    what: what_of(what, outcome, class)?,
                    count: count.unsigned_abs(),
                };
                Ok((EndpointId::from_uuid(id), counted))
            })
            .collect()
    }

    /// Attempts since a time by how they ended, the most frequent first.
    ///
    /// Errors: the database cannot be reached.
    pub async fn stats_by_answer(
        &self,
        of: StatsOf,
        span: Span,
        since: Micros,
    ) -> Result<Vec<ByAnswer>, Error> {
        let mut rows: Vec<ByAnswer> = since_of(span, since)
            .filter(stat::Column::SubjectId.eq(of.subject()))
            .filter(stat::Column::What.eq(ATTEMPTS))
            .select_only()
            .columns([stat::Column::Outcome, stat::Column::HttpStatus])
            .expr(summed())
            .group_by(stat::Column::Outcome)
            .group_by(stat::Column::HttpStatus)
            .into_tuple::<(i16, i16, i64)>()
            .all(&self.reads)
            .await?
            .into_iter()
            .map(|(outcome, status, count)| {
                Ok(ByAnswer {
                    outcome: outcome_of(outcome)?,
                    http_status: u16::try_from(status).ok().filter(|status| *status > 0),
                    count: count.unsigned_abs(),
                })
            })
            .collect::<Result<_, Error>>()?;
        rows.sort_by_key(|row| std::cmp::Reverse(row.count));
        Ok(rows)
    }

    /// Events and attempts since a time by type, in the order of their names.
    ///
    /// Errors: the database cannot be reached.
    pub async fn stats_by_type(
        &self,
        of: StatsOf,
        span: Span,
        since: Micros,
    ) -> Result<Vec<ByType>, Error> {
        let rows = since_of(span, since)
            .filter(stat::Column::SubjectId.eq(of.subject()))
            .select_only()
            .columns([
                stat::Column::EventType,
                stat::Column::What,
                stat::Column::Outcome,
            ])
            .filter(stat::Column::What.ne(TIMERS))
            .expr(summed())
            .group_by(stat::Column::EventType)
            .group_by(stat::Column::What)
            .group_by(stat::Column::Outcome)
            .order_by_asc(stat::Column::EventType)
            .into_tuple::<(String, i16, i16, i64)>()
            .all(&self.reads)
            .await?;
        let mut types: Vec<ByType> = Vec::new();
        for (event_type, what, outcome, count) in rows {
            if types
                .last()
                .is_none_or(|last| last.event_type != event_type)
            {
                types.push(ByType {
                    event_type,
                    counts: Vec::new(),
                });
            }
            if let Some(last) = types.last_mut() {
                last.counts
                    .push((what_of(what, outcome, 0)?, count.unsigned_abs()));
            }
        }
        Ok(types)
    }

    /// What was counted of each merchant since a time: of the `limit` that had the most.
    ///
    /// Errors: the database cannot be reached.
    pub async fn busiest_merchants(
        &self,
        _scope: PlatformScope,
        span: Span,
        since: Micros,
        limit: u64,
    ) -> Result<Vec<(MerchantId, Vec<(What, u64)>)>, Error> {
        let of_merchants = || {
            since_of(span, since)
                .filter(stat::Column::Scope.eq(Scope::Merchant as i16))
                .select_only()
        };
        let ids: Vec<Uuid> = of_merchants()
            .column(stat::Column::SubjectId)
            .group_by(stat::Column::SubjectId)
            .order_by_desc(summed())
            .limit(limit)
            .into_tuple::<Uuid>()
            .all(&self.reads)
            .await?;
        let rows = of_merchants()
            .filter(stat::Column::SubjectId.is_in(ids.iter().copied()))
            .columns([
                stat::Column::SubjectId,
                stat::Column::What,
                stat::Column::Outcome,
            ])
            .expr(summed())
            .group_by(stat::Column::SubjectId)
            .group_by(stat::Column::What)
            .group_by(stat::Column::Outcome)
            .into_tuple::<(Uuid, i16, i16, i64)>()
            .all(&self.reads)
            .await?;
        let mut merchants: Vec<(MerchantId, Vec<(What, u64)>)> = ids
            .into_iter()
            .map(|id| (MerchantId::from_uuid(id), Vec::new()))
            .collect();
        for (id, what, outcome, count) in rows {
            if let Some((_, counts)) = merchants.iter_mut().find(|(known, _)| known.uuid() == id) {
                counts.push((what_of(what, outcome, 0)?, count.unsigned_abs()));
            }
        }
        Ok(merchants)
    }
}

fn since_of(span: Span, since: Micros) -> Select<stat::Entity> {
    stat::Entity::find()
        .filter(stat::Column::SpanS.eq(seconds(span)))
        .filter(stat::Column::SlotUs.gte(since.0))
}

/// `sum` of a bigint is numeric on PostgreSQL.
fn summed() -> sea_orm::sea_query::SimpleExpr {
    Expr::col(stat::Column::Count).sum().cast_as("bigint")
}

fn what_of(what: i16, outcome: i16, class: i32) -> Result<What, Error> {
    match what {
        EVENTS => Ok(What::Events),
        TIMERS => Ok(What::Timers {
            class: class.unsigned_abs(),
        }),
        _ => Ok(What::attempts(outcome_of(outcome)?, class.unsigned_abs())),
    }
}

fn outcome_of(code: i16) -> Result<Outcome, Error> {
    Outcome::from_code(code).ok_or(Error::Corrupt {
        what: "stats.outcome",
    })
}

/// Its code.
pub(crate) const fn seconds(span: Span) -> i32 {
    match span {
        Span::Minute => 60,
        Span::Hour => 3_600,
    }
}

/// All rows that a tick counts in.
fn keys_of(tick: &Tick) -> impl Iterator<Item = Key> {
    let everybody = (Scope::Everybody, EVERYBODY);
    let merchant = (Scope::Merchant, tick.merchant_id.uuid());
    let (what, attempt, class) = match tick.what {
        TickOf::Event => (EVENTS, None, 0),
        TickOf::Attempt(attempt) => (ATTEMPTS, Some(attempt), attempt.class_ms),
        TickOf::Timer(class) => (TIMERS, None, class),
    };
    let endpoint = attempt.map(|attempt| (Scope::Endpoint, attempt.endpoint_id.uuid()));
    // Timers are the business of ops alone.
    let merchant = (what != TIMERS).then_some(merchant);
    let subjects = [Some(everybody), merchant, endpoint];
    subjects
        .into_iter()
        .flatten()
        .flat_map(move |(scope, subject)| {
            Span::ALL.into_iter().map(move |span| Key {
                subject,
                span_s: seconds(span),
                slot: domain::stats::slot_of(tick.minute, span.length()).0,
                what,
                event_type: tick.event_type.clone(),
                outcome: attempt.map_or(0, |attempt| attempt.outcome),
                http_status: attempt.map_or(0, |attempt| attempt.http_status),
                class_ms: class,
                scope,
            })
        })
}

async fn add_to_postgres(pool: &PgPool, rows: &[(Key, i64)]) -> Result<(), Error> {
    let mut transaction = pool.begin().await?;
    for chunk in rows.chunks(CHUNK) {
        add_chunk(&mut transaction, chunk).await?;
    }
    transaction.commit().await?;
    Ok(())
}

async fn add_chunk(connection: &mut PgConnection, rows: &[(Key, i64)]) -> Result<(), Error> {
    let column = |get: fn(&Key) -> i16| rows.iter().map(|(key, _)| get(key)).collect::<Vec<i16>>();
    sqlx::query(
        "insert into stats (subject_id, span_s, slot_us, what, event_type, outcome, http_status, class_ms, scope, count)
         select * from unnest($1::uuid[], $2::integer[], $3::bigint[], $4::smallint[], $5::text[], $6::smallint[],
           $7::smallint[], $8::integer[], $9::smallint[], $10::bigint[])
         on conflict (subject_id, span_s, slot_us, what, event_type, outcome, http_status, class_ms)
         do update set count = stats.count + excluded.count",
    )
    .bind(rows.iter().map(|(key, _)| key.subject).collect::<Vec<_>>())
    .bind(rows.iter().map(|(key, _)| key.span_s).collect::<Vec<_>>())
    .bind(rows.iter().map(|(key, _)| key.slot).collect::<Vec<_>>())
    .bind(column(|key| key.what))
    .bind(rows.iter().map(|(key, _)| &*key.event_type).collect::<Vec<_>>())
    .bind(column(|key| key.outcome))
    .bind(column(|key| key.http_status))
    .bind(rows.iter().map(|(key, _)| key.class_ms).collect::<Vec<_>>())
    .bind(column(|key| key.scope as i16))
    .bind(rows.iter().map(|(_, count)| *count).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

async fn add_to_sqlite(
    connection: &mut SqliteConnection,
    rows: &[(Key, i64)],
) -> Result<(), Error> {
    for (key, count) in rows {
        sqlx::query(
            "insert into stats (subject_id, span_s, slot_us, what, event_type, outcome, http_status, class_ms, scope, count)
             values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             on conflict do update set count = count + excluded.count",
        )
        .bind(key.subject)
        .bind(key.span_s)
        .bind(key.slot)
        .bind(key.what)
        .bind(&*key.event_type)
        .bind(key.outcome)
        .bind(key.http_status)
        .bind(key.class_ms)
        .bind(key.scope as i16)
        .bind(*count)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn slots_are_as_long_as_their_span() {
        for span in Span::ALL {
            assert_eq!(
                Duration::from_secs(seconds(span).unsigned_abs().into()),
                span.length()
            );
        }
    }
}

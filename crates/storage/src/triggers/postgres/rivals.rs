//! The other checkouts of devices and shoppers, on PostgreSQL.

use domain::clock::Micros;
use domain::id::MerchantId;
use domain::trigger::Key;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use crate::Error;
use crate::triggers::RIVALS;

/// The newest open checkouts of each device and shopper, and the newest opened after `since`. Two walks along an index
/// each, however many there ever were.
pub(in crate::triggers) async fn rivals(
    connection: &mut PgConnection,
    columns: &str,
    devices: &[(MerchantId, Key)],
    shoppers: &[Uuid],
    since: Micros,
) -> Result<Vec<PgRow>, Error> {
    let merchants: Vec<Uuid> = devices
        .iter()
        .map(|(merchant, _)| merchant.uuid())
        .collect();
    let keys: Vec<&[u8]> = devices.iter().map(|(_, key)| key.0.as_slice()).collect();
    let text = format!(
        "select {columns} from unnest($1::uuid[], $2::bytea[]) as w (merchant_id, device), lateral (
           {}) as v",
        newest("merchant_id = w.merchant_id and device = w.device", "$3")
    );
    let mut rows = sqlx::query(AssertSqlSafe(text))
        .bind(merchants)
        .bind(keys)
        .bind(since.0)
        .fetch_all(&mut *connection)
        .await?;
    let text = format!(
        "select {columns} from unnest($1::uuid[]) as w (id), lateral (
           {}) as v",
        newest("shopper_id = w.id", "$2")
    );
    let more = sqlx::query(AssertSqlSafe(text))
        .bind(shoppers)
        .bind(since.0);
    rows.extend(more.fetch_all(connection).await?);
    Ok(rows)
}

fn newest(whose: &str, since: &str) -> String {
    format!(
        "(select * from checkouts where {whose} and state = 0 order by opened_us desc limit {RIVALS})
         union all
         (select * from checkouts where {whose} and opened_us > {since}::bigint order by opened_us desc limit {RIVALS})"
    )
}

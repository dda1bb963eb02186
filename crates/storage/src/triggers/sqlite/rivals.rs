//! The other checkouts of devices and shoppers, on SQLite.

use domain::clock::Micros;
use domain::id::MerchantId;
use domain::trigger::Key;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, SqliteConnection};
use uuid::Uuid;

use crate::Error;
use crate::triggers::RIVALS;

/// The newest open checkouts of each device and shopper, and the newest opened after `since`. Two walks along an index
/// each, however many there ever were.
pub(in crate::triggers) async fn rivals(
    connection: &mut SqliteConnection,
    columns: &str,
    devices: &[(MerchantId, Key)],
    shoppers: &[Uuid],
    since: Micros,
) -> Result<Vec<SqliteRow>, Error> {
    let mut rows = Vec::new();
    let text = newest(columns, "v.merchant_id = ?2 and v.device = ?3");
    for (merchant, device) in devices {
        let found = sqlx::query(AssertSqlSafe(text.clone()))
            .bind(since.0)
            .bind(merchant.uuid())
            .bind(device.0.as_slice());
        rows.extend(found.fetch_all(&mut *connection).await?);
    }
    let text = newest(columns, "v.shopper_id = ?2");
    for shopper in shoppers {
        let found = sqlx::query(AssertSqlSafe(text.clone()))
            .bind(since.0)
            .bind(*shopper);
        rows.extend(found.fetch_all(&mut *connection).await?);
    }
    Ok(rows)
}

fn newest(columns: &str, whose: &str) -> String {
    format!(
        "select * from (select {columns} from checkouts v where {whose} and v.state = 0
           order by v.opened_us desc limit {RIVALS})
         union all
         select * from (select {columns} from checkouts v where {whose} and v.opened_us > ?1
           order by v.opened_us desc limit {RIVALS})"
    )
}

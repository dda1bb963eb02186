//! What a database holds, table by table: for proving that something changed nothing.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection};

/// The rows of each table, each as text, in order.
pub type Contents = BTreeMap<String, Vec<String>>;

/// Everything in the database at this URL but the given tables.
///
/// Errors: it cannot be read.
pub async fn contents(url: &str, without: &[&str]) -> Result<Contents, sqlx::Error> {
    if url.starts_with("postgres") {
        postgres(url, without).await
    } else {
        sqlite(url, without).await
    }
}

async fn postgres(url: &str, without: &[&str]) -> Result<Contents, sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    // Partitions are read through their tables.
    let tables = sqlx::query(
        "select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition",
    );
    let tables: Vec<String> = tables
        .fetch_all(&mut connection)
        .await?
        .iter()
        .map(|row| row.get(0))
        .collect();
    let mut all = Contents::new();
    for table in tables {
        if without.contains(&table.as_str()) {
            continue;
        }
        let sql = format!("select t::text from {table} t order by 1");
        let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut connection);
        let rows = rows.await?.iter().map(|row| row.get(0)).collect();
        all.insert(table, rows);
    }
    connection.close().await?;
    Ok(all)
}

async fn sqlite(url: &str, without: &[&str]) -> Result<Contents, sqlx::Error> {
    let mut connection = SqliteConnection::connect(url).await?;
    let columns = sqlx::query(
        "select m.name, group_concat('quote(\"' || c.name || '\")', ' || '','' || ')
         from sqlite_master m, pragma_table_info(m.name) c
         where m.type = 'table' and m.name not like 'sqlite_%' group by m.name",
    );
    let columns: Vec<(String, String)> = columns
        .fetch_all(&mut connection)
        .await?
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    let mut all = Contents::new();
    for (table, columns) in columns {
        if without.contains(&table.as_str()) {
            continue;
        }
        let sql = format!("select {columns} from \"{table}\" order by 1");
        let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut connection);
        let rows = rows.await?.iter().map(|row| row.get(0)).collect();
        all.insert(table, rows);
    }
    connection.close().await?;
    Ok(all)
}

//! What a database holds, table by table: for proving that something changed nothing.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection};

/// The rows of each table, each as text, in order.
pub type Contents = BTreeMap<String, Vec<String>>;

/// Everything in the database at this URL but the given columns, each as `table.column`.
///
/// Errors: it cannot be read.
pub async fn contents(url: &str, without: &[&str]) -> Result<Contents, sqlx::Error> {
    if url.starts_with("postgres") {
        postgres(url, without).await
    } else {
        sqlite(url, without).await
    }
}

/// The columns of a table that are left out.
fn left_out<'a>(table: &'a str, without: &'a [&str]) -> impl Iterator<Item = &'a str> {
    without.iter().filter_map(move |column| {
        let (of, column) = column.split_once('.')?;
        (of == table).then_some(column)
    })
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
        let left_out: Vec<&str> = left_out(&table, without).collect();
        let left_out = left_out.join(",");
        let sql = format!(
            "select (to_jsonb(t) - '{{{left_out}}}'::text[])::text from {table} t order by 1"
        );
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
        "select m.name, group_concat(c.name)
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
        let quoted: Vec<String> = columns
            .split(',')
            .filter(|column| !left_out(&table, without).any(|left_out| left_out == *column))
            .map(|column| format!("quote(\"{column}\")"))
            .collect();
        let columns = quoted.join(" || ',' || ");
        let sql = format!("select {columns} from \"{table}\" order by 1");
        let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut connection);
        let rows = rows.await?.iter().map(|row| row.get(0)).collect();
        all.insert(table, rows);
    }
    connection.close().await?;
    Ok(all)
}

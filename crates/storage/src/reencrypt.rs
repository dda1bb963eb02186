//! A new master key: everything that an older key of the ring encrypted is encrypted anew with the first one, a few
//! rows at a time beside the traffic. What is left to do is read off the rows themselves, so a run that was cut off
//! is simply run again.

use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult, Statement, Value};
use uuid::Uuid;

use crate::idempotency::{AnswerKey, context as answer_context};
use crate::server_keys::context as server_key_context;
use crate::{Error, Storage};

/// Rows encrypted anew in one transaction.
const CHUNK: u64 = 200;

/// A column of encrypted values.
struct Column {
    table: &'static str,
    name: &'static str,
    key: Key,
}

/// What tells the rows of a table apart.
#[derive(Clone, Copy)]
enum Key {
    /// Its own id.
    Id,
    /// Its endpoint's id.
    EndpointId,
    /// A name.
    Name,
    /// Whose answer, and the hash of its Idempotency-Key.
    Answer,
}

/// Every encrypted column there is.
const COLUMNS: [Column; 6] = [
    column("endpoints", "headers", Key::Id),
    column("endpoint_secrets", "secret", Key::EndpointId),
    column("endpoint_secrets", "signing", Key::EndpointId),
    column("endpoint_secrets", "previous", Key::EndpointId),
    column("server_keys", "value", Key::Name),
    column("idempotent_answers", "body", Key::Answer),
];

const fn column(table: &'static str, name: &'static str, key: Key) -> Column {
    Column { table, name, key }
}

impl Storage {
    /// Encrypts anew what the ring's first key did not encrypt; how many values that were. Afterwards the other keys
    /// are not needed any more, if every process has been running with the new first key since before the call.
    ///
    /// Errors: the database cannot be reached; a value is under a key that the ring does not have.
    pub async fn reencrypt(&self) -> Result<u64, Error> {
        let mut done = 0;
        for column in &COLUMNS {
            loop {
                let chunk = self.reencrypt_chunk(column).await?;
                done += chunk;
                if chunk < CHUNK {
                    break;
                }
            }
        }
        Ok(done)
    }

    async fn reencrypt_chunk(&self, of: &Column) -> Result<u64, Error> {
        let write = self.begin_write().await?;
        let rows = old_rows(&write.transaction, of, self.keyring.current()).await?;
        for row in &rows {
            let (context, keys) = of.key.read(row)?;
            let stored: Vec<u8> = row.try_get_by_index(of.key.columns().len())?;
            let plain = self.keyring.decrypt(&context, &stored)?;
            let fresh = self.keyring.encrypt(&context, &plain, &mut crate::rng())?;
            of.replace(&write.transaction, keys, fresh).await?;
        }
        write.commit().await?;
        Ok(rows.len() as u64)
    }
}

/// Some rows whose value is not under the current key, locked: who changes one meanwhile writes under the current
/// key anyway, but must not be overwritten.
async fn old_rows(
    transaction: &DatabaseTransaction,
    of: &Column,
    current: &[u8],
) -> Result<Vec<QueryResult>, Error> {
    let backend = transaction.get_database_backend();
    let lock = match backend {
        sea_orm::DatabaseBackend::Postgres => "for update",
        _ => "",
    };
    let Column { table, name, key } = of;
    let keys = key.columns().join(", ");
    // A value begins with its format, then the key's fingerprint.
    let sql = format!(
        "select {keys}, {name} from {table}
         where {name} is not null and substr({name}, 2, {}) <> $1 limit {CHUNK} {lock}",
        current.len()
    );
    let values = [Value::from(current.to_vec())];
    let rows = transaction.query_all_raw(Statement::from_sql_and_values(backend, sql, values));
    Ok(rows.await?)
}

impl Column {
    async fn replace(
        &self,
        transaction: &DatabaseTransaction,
        keys: Vec<Value>,
        fresh: Vec<u8>,
    ) -> Result<(), Error> {
        let places = self.key.columns().iter().enumerate();
        let places: Vec<_> = places
            .map(|(index, name)| format!("{name} = ${}", index + 2))
            .collect();
        let sql = format!(
            "update {} set {} = $1 where {}",
            self.table,
            self.name,
            places.join(" and ")
        );
        let values = std::iter::once(Value::from(fresh)).chain(keys);
        let backend = transaction.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, sql, values);
        transaction.execute_raw(statement).await?;
        Ok(())
    }
}

impl Key {
    const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Id => &["id"],
            Self::EndpointId => &["endpoint_id"],
            Self::Name => &["name"],
            Self::Answer => &["scope_id", "key_hash"],
        }
    }

    /// What binds a value to its row, and the row's key.
    fn read(self, row: &QueryResult) -> Result<(Vec<u8>, Vec<Value>), Error> {
        Ok(match self {
            Self::Id | Self::EndpointId => {
                let id: Uuid = row.try_get_by_index(0)?;
                (id.as_bytes().to_vec(), vec![id.into()])
            }
            Self::Name => {
                let name: String = row.try_get_by_index(0)?;
                (server_key_context(&name), vec![name.into()])
            }
            Self::Answer => {
                let scope_id: Uuid = row.try_get_by_index(0)?;
                let hash: Vec<u8> = row.try_get_by_index(1)?;
                let key_hash =
                    <[u8; 32]>::try_from(hash.as_slice()).map_err(|_| Error::Corrupt {
                        what: "idempotent_answers.key_hash",
                    })?;
                let context = answer_context(AnswerKey { scope_id, key_hash });
                (context, vec![scope_id.into(), hash.into()])
            }
        })
    }
}

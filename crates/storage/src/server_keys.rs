//! The server's own keys, such as the one that signs access tokens: made once, kept encrypted, the same
//! in every process.

use domain::clock::{Clock as _, Micros};
use rand::Rng;
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Set, sea_query::OnConflict,
};

use crate::audit::Change;
use crate::entity::server_key;
use crate::{Error, Storage};

impl Storage {
    /// The key of this name. Where there is none yet, `fresh` becomes it; of several processes starting at
    /// once, the first one's.
    ///
    /// Errors: the database cannot be reached; no master key opens the stored key.
    pub async fn server_key(
        &self,
        name: &str,
        fresh: &[u8],
        rng: &mut (impl Rng + Send),
    ) -> Result<Vec<u8>, Error> {
        if let Some(stored) = self.find_server_key(name).await? {
            return Ok(stored);
        }
        let value = self.keyring.encrypt(&context(name), fresh, rng)?;
        let row = server_key::ActiveModel {
            name: Set(name.to_owned()),
            value: Set(value),
            created_us: Set(self.clock().now().0),
        };
        let write = self.begin_write().await?;
        server_key::Entity::insert(row)
            .on_conflict(
                OnConflict::column(server_key::Column::Name)
                    .do_nothing()
                    .to_owned(),
            )
            .exec_without_returning(&write.transaction)
            .await?;
        write.commit().await?;
        self.find_server_key(name).await?.ok_or(Error::Corrupt {
            what: "server_keys",
        })
    }

    /// The keys of a ring, oldest first, with when each was made.
    ///
    /// Errors: the database cannot be reached; no master key opens a stored key.
    pub async fn key_ring(&self, name: &str) -> Result<Vec<(Micros, Vec<u8>)>, Error> {
        let rows = server_key::Entity::find()
            .filter(of_ring(name))
            .order_by_asc(server_key::Column::CreatedUs)
            .order_by_asc(server_key::Column::Name)
            .all(&self.reads)
            .await?;
        rows.into_iter()
            .map(|row| {
                let key = self.keyring.decrypt(&context(&row.name), &row.value)?;
                Ok((Micros(row.created_us), key))
            })
            .collect()
    }

    /// Adds a key to a ring, and takes out those that a newer one replaced before `forget`; how many are left.
    ///
    /// Errors: the database cannot be reached.
    pub async fn rotate_key_ring(
        &self,
        name: &str,
        fresh: &[u8],
        made: Micros,
        forget: Micros,
    ) -> Result<u64, Error> {
        let write = self.begin_write().await?;
        let rows = server_key::Entity::find()
            .filter(of_ring(name))
            .order_by_asc(server_key::Column::CreatedUs)
            .lock_exclusive()
            .all(&write.transaction)
            .await?;
        let replaced = rows
            .iter()
            .zip(rows.iter().skip(1).map(|next| next.created_us));
        let gone: Vec<&str> = replaced
            .filter(|(_, since)| *since < forget.0)
            .map(|(row, _)| row.name.as_str())
            .collect();
        let left = rows.len() - gone.len() + 1;
        server_key::Entity::delete_many()
            .filter(server_key::Column::Name.is_in(gone))
            .exec(&write.transaction)
            .await?;
        let name = format!("{name}/{}", made.0);
        let row = server_key::ActiveModel {
            value: Set(self
                .keyring
                .encrypt(&context(&name), fresh, &mut crate::rng())?),
            name: Set(name),
            created_us: Set(made.0),
        };
        server_key::Entity::insert(row)
            .exec_without_returning(&write.transaction)
            .await?;
        write
            .note(Change::of("rotateTokenKey", "server", None), made)
            .await?;
        write.commit().await?;
        Ok(left as u64)
    }

    async fn find_server_key(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let row = server_key::Entity::find_by_id(name.to_owned())
            .one(&self.reads)
            .await?;
        row.map(|row| self.keyring.decrypt(&context(name), &row.value))
            .transpose()
    }
}

/// What binds a stored key to its row.
pub(crate) fn context(name: &str) -> Vec<u8> {
    format!("server_keys/{name}").into_bytes()
}

/// The first key of a ring has the ring's name, those after it the time they were made behind it.
fn of_ring(name: &str) -> Condition {
    Condition::any()
        .add(server_key::Column::Name.eq(name))
        .add(server_key::Column::Name.starts_with(format!("{name}/")))
}

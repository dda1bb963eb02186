//! The server's own keys, such as the one that signs access tokens: made once, kept encrypted, the same
//! in every process.

use domain::clock::Clock as _;
use rand::Rng;
use sea_orm::{EntityTrait as _, Set, sea_query::OnConflict};

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

    async fn find_server_key(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let row = server_key::Entity::find_by_id(name.to_owned())
            .one(&self.reads)
            .await?;
        row.map(|row| self.keyring.decrypt(&context(name), &row.value))
            .transpose()
    }
}

/// What binds a stored key to its row.
fn context(name: &str) -> Vec<u8> {
    format!("server_keys/{name}").into_bytes()
}

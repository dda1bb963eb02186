//! Answers by Idempotency-Key: the first call with a key does the work, repeats are given its answer.
//! Publishing has its own keys (see `events`), written with the event.

use std::time::Duration;

use domain::clock::Clock as _;
use rand::Rng;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _,
    Set, sea_query::Expr,
};
use uuid::Uuid;

use crate::entity::idempotent_answer as answers;
use crate::{Error, Storage};

/// How long a call may run before a repeat may do its work: the first caller's process has died.
const TAKEOVER: Duration = Duration::from_mins(1);

/// What a key stands for: whose it is, and the SHA-256 of the operation and the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerKey {
    /// Whose key it is: a merchant's id, or a platform caller's.
    pub scope_id: Uuid,
    /// SHA-256 of the operation and the key.
    pub key_hash: [u8; 32],
}

/// A finished call's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its HTTP status.
    pub status: u16,
    /// Its Location.
    pub location: Option<String>,
    /// Its body.
    pub body: Vec<u8>,
}

/// What a caller with a key is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// Do the work, then finish or abandon it.
    Fresh,
    /// The first call is still running.
    InProgress,
    /// Give this answer again.
    Replay(Answer),
    /// The key was used with another body.
    Mismatch,
}

impl Storage {
    /// Takes a key for the work of this body, or learns what became of it.
    ///
    /// Errors: the database cannot be reached; no master key opens the stored answer.
    pub async fn begin_answer(&self, key: AnswerKey, body_hash: [u8; 32]) -> Result<Begun, Error> {
        let now = self.clock().now();
        let write = self.begin_write().await?;
        let found = answers::Entity::find_by_id((key.scope_id, key.key_hash.to_vec()))
            .lock_exclusive()
            .one(&write.transaction)
            .await?;
        if let Some(row) = found {
            if row.body_hash != body_hash {
                return Ok(Begun::Mismatch);
            }
            if let (Some(status), Some(body)) = (row.status, &row.body) {
                return Ok(Begun::Replay(Answer {
                    status: u16::try_from(status).unwrap_or(500),
                    location: row.location,
                    body: self.keyring.decrypt(&context(key), body)?,
                }));
            }
            if row.created_us > (now - TAKEOVER).0 {
                return Ok(Begun::InProgress);
            }
            answers::Entity::update_many()
                .col_expr(answers::Column::CreatedUs, Expr::value(now.0))
                .filter(answers::Column::ScopeId.eq(key.scope_id))
                .filter(answers::Column::KeyHash.eq(key.key_hash.to_vec()))
                .exec(&write.transaction)
                .await?;
        } else {
            let row = answers::ActiveModel {
                scope_id: Set(key.scope_id),
                key_hash: Set(key.key_hash.to_vec()),
                body_hash: Set(body_hash.to_vec()),
                status: Set(None),
                location: Set(None),
                body: Set(None),
                created_us: Set(now.0),
            };
            // Two first calls at once: the one that comes second sees the other's row.
            match answers::Entity::insert(row)
                .exec_without_returning(&write.transaction)
                .await
                .map_err(Error::from)
            {
                Err(Error::Duplicate) => return Ok(Begun::InProgress),
                other => other?,
            };
        }
        write.commit().await?;
        Ok(Begun::Fresh)
    }

    /// Keeps the answer of finished work.
    ///
    /// Errors: the database cannot be reached.
    pub async fn finish_answer(
        &self,
        key: AnswerKey,
        answer: &Answer,
        rng: &mut (impl Rng + Send),
    ) -> Result<(), Error> {
        let row = answers::ActiveModel {
            scope_id: Set(key.scope_id),
            key_hash: Set(key.key_hash.to_vec()),
            status: Set(Some(i16::try_from(answer.status).unwrap_or(500))),
            location: Set(answer.location.clone()),
            body: Set(Some(self.keyring.encrypt(
                &context(key),
                &answer.body,
                rng,
            )?)),
            ..Default::default()
        };
        let write = self.begin_write().await?;
        row.update(&write.transaction).await?;
        write.commit().await?;
        Ok(())
    }

    /// Gives a key back: the work failed and may be tried again.
    ///
    /// Errors: the database cannot be reached.
    pub async fn abandon_answer(&self, key: AnswerKey) -> Result<(), Error> {
        let write = self.begin_write().await?;
        answers::Entity::delete_by_id((key.scope_id, key.key_hash.to_vec()))
            .exec(&write.transaction)
            .await?;
        write.commit().await?;
        Ok(())
    }
}

/// What binds a stored answer to its row.
pub(crate) fn context(key: AnswerKey) -> Vec<u8> {
    let mut context = b"idempotent_answers/".to_vec();
    context.extend_from_slice(key.scope_id.as_bytes());
    context.extend_from_slice(&key.key_hash);
    context
}

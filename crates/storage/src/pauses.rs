//! Pauses, and the jobs they hold.

use domain::clock::{Clock as _, Micros};
use domain::endpoint::Owner;
use domain::id::{DeliveryId, EndpointId, Id, MerchantId, PauseId};
use domain::pause::{HELD_UNTIL, Held, Pause, PauseScope};
use domain::shard::Shard;
use domain::tenancy::PlatformScope;
use sea_orm::{
    ActiveModelTrait as _, ConnectionTrait as _, DatabaseTransaction, EntityTrait as _,
    QueryOrder as _, QuerySelect as _, Set, Statement,
};
use uuid::Uuid;

use crate::audit::Change;
use crate::catalog::EVERY_MERCHANT;
use crate::entity::pause;
use crate::{Error, Storage};

/// Pauses at once. Each claim looks at all of them.
const PAUSES_MAX: usize = 100;

/// What became of a new pause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PauseResult {
    /// It holds.
    Paused,
    /// The same is paused already.
    Present,
    /// There are as many as there may be.
    Full,
}

fn noted(action: &'static str, pause: &Pause) -> Change {
    let owner = match pause.held {
        Held::Merchant(id) => Some(Owner::Merchant(id)),
        Held::All | Held::Host(_) | Held::Endpoint(_) => None,
    };
    Change::of(action, pause.id, owner)
}

impl Storage {
    /// Begins a pause. The next claim of any process follows it.
    ///
    /// Errors: the database cannot be reached.
    pub async fn create_pause(
        &self,
        _scope: PlatformScope,
        new: &Pause,
    ) -> Result<PauseResult, Error> {
        let change = self.begin_write().await?;
        let present = all(&change.transaction).await?;
        if present.iter().any(|pause| pause.held == new.held) {
            return Ok(PauseResult::Present);
        }
        if present.len() >= PAUSES_MAX {
            return Ok(PauseResult::Full);
        }
        row(new).insert(&change.transaction).await?;
        let note = noted("createPause", new).states(None, Some(new));
        change.note(note, self.clock().now()).await?;
        change.commit_change(EVERY_MERCHANT).await?;
        Ok(PauseResult::Paused)
    }

    /// Ends a pause; false when there is none. Workers make what it held due again.
    ///
    /// Errors: the database cannot be reached.
    pub async fn delete_pause(&self, _scope: PlatformScope, id: PauseId) -> Result<bool, Error> {
        let change = self.begin_write().await?;
        // Locked: who is putting jobs off for it goes first, and what it puts off is found afterwards.
        let found = pause::Entity::find_by_id(id.uuid())
            .lock_exclusive()
            .one(&change.transaction)
            .await?;
        let Some(found) = found else {
            return Ok(false);
        };
        let ended = pause_of(found)?;
        pause::Entity::delete_by_id(id.uuid())
            .exec(&change.transaction)
            .await?;
        let note = noted("deletePause", &ended).states(Some(&ended), None);
        change.note(note, self.clock().now()).await?;
        change.commit_change(EVERY_MERCHANT).await?;
        Ok(true)
    }

    /// All pauses, oldest first.
    ///
    /// Errors: the database cannot be reached.
    pub async fn pauses(&self) -> Result<Vec<Pause>, Error> {
        let rows = pause::Entity::find()
            .order_by_asc(pause::Column::Id)
            .all(&self.reads)
            .await?;
        rows.into_iter().map(pause_of).collect()
    }

    /// Makes jobs of a shard due that pauses held, at most `limit` of those after `after`, oldest first by a
    /// microsecond each. Those that another pause still holds are put off again when they are claimed, so each is let
    /// go once: answers the last one that was looked at, and nothing when there were no more.
    ///
    /// Errors: the database cannot be reached.
    pub async fn release_held(
        &self,
        shard: Shard,
        after: Option<DeliveryId>,
        limit: u32,
    ) -> Result<Option<DeliveryId>, Error> {
        let after = after.map_or(Uuid::nil(), Id::uuid);
        let write = self.begin_write().await?;
        let backend = write.transaction.get_database_backend();
        // The due time is spelled out: only then is the index of held jobs used.
        let held = HELD_UNTIL.0;
        let select = format!(
            "select id from jobs where shard = $1 and due_us = {held} and id > $2 and not open order by id limit $3"
        );
        let shard = i16::from(shard.number());
        let values = [shard.into(), after.into(), i64::from(limit).into()];
        let select = Statement::from_sql_and_values(backend, select, values);
        let rows = write.transaction.query_all_raw(select).await?;
        let ids: Vec<Uuid> = rows
            .iter()
            .map(|row| row.try_get_by_index(0))
            .collect::<Result<_, _>>()?;
        let Some(last) = ids.last().copied() else {
            return Ok(None);
        };
        let update = format!(
            "update jobs set due_us = $1 + r.place from (
               select id as job_id, row_number() over (order by id) as place from jobs
               where shard = $2 and due_us = {held} and id > $3 and id <= $4 and not open) as r
             where id = r.job_id and due_us = {held} and not open"
        );
        let now = self.clock().now().0;
        let values = [now.into(), shard.into(), after.into(), last.into()];
        let update = Statement::from_sql_and_values(backend, update, values);
        write.transaction.execute_raw(update).await?;
        write.commit().await?;
        Ok(Some(DeliveryId::from_uuid(last)))
    }
}

/// Whether the pause goes on. Its row stays locked until the transaction ends, so that ending it waits, and whoever
/// releases what it held finds what was done here.
pub(crate) async fn still_paused(
    transaction: &DatabaseTransaction,
    id: PauseId,
) -> Result<bool, Error> {
    let found = pause::Entity::find_by_id(id.uuid())
        .lock_shared()
        .one(transaction)
        .await?;
    Ok(found.is_some())
}

/// All pauses, for who is about to add one: on PostgreSQL, one at a time.
async fn all(transaction: &DatabaseTransaction) -> Result<Vec<Pause>, Error> {
    if transaction.get_database_backend() == sea_orm::DbBackend::Postgres {
        transaction
            .execute_unprepared("lock table pauses in share row exclusive mode")
            .await?;
    }
    let rows = pause::Entity::find().all(transaction).await?;
    rows.into_iter().map(pause_of).collect()
}

fn row(pause: &Pause) -> pause::ActiveModel {
    let (mut merchant_id, mut host, mut endpoint_id) = (None, None, None);
    match &pause.held {
        Held::All => {}
        Held::Merchant(id) => merchant_id = Some(id.uuid()),
        Held::Host(name) => host = Some(name.clone()),
        Held::Endpoint(id) => endpoint_id = Some(id.uuid()),
    }
    pause::ActiveModel {
        id: Set(pause.id.uuid()),
        scope: Set(pause.held.kind().code()),
        merchant_id: Set(merchant_id),
        host: Set(host),
        endpoint_id: Set(endpoint_id),
        reason: Set(pause.reason.clone()),
        paused_by: Set(pause.paused_by.clone()),
        created_us: Set(pause.paused_at.0),
    }
}

fn pause_of(row: pause::Model) -> Result<Pause, Error> {
    let corrupt = || Error::Corrupt { what: "pauses" };
    let scope = PauseScope::ALL
        .into_iter()
        .find(|scope| scope.code() == row.scope);
    let held = match scope.ok_or_else(corrupt)? {
        PauseScope::All => Held::All,
        PauseScope::Merchant => {
            Held::Merchant(MerchantId::from_uuid(row.merchant_id.ok_or_else(corrupt)?))
        }
        PauseScope::Host => Held::Host(row.host.ok_or_else(corrupt)?),
        PauseScope::Endpoint => {
            Held::Endpoint(EndpointId::from_uuid(row.endpoint_id.ok_or_else(corrupt)?))
        }
    };
    Ok(Pause {
        id: Id::from_uuid(row.id),
        held,
        reason: row.reason,
        paused_by: row.paused_by,
        paused_at: Micros(row.created_us),
    })
}

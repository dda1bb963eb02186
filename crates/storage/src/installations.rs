//! Installations: which merchants have which apps. Removing an app is one transaction: what waits for it is
//! cancelled, and its last event is on its way.

use domain::app::{Installation, UNINSTALLED};
use domain::attempt::Trigger;
use domain::clock::{Clock as _, Micros};
use domain::delivery::{SkipReason, Status};
use domain::endpoint::{Endpoint, Owner};
use domain::event::Event;
use domain::id::{AppId, EndpointId, InstallationId, MerchantId};
use domain::merchant::Merchant;
use domain::shard::Shard;
use domain::tenancy::TenantScope;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait as _, DatabaseTransaction,
    EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Set, Statement,
};
use uuid::Uuid;

use crate::audit::Change;
use crate::entity::{delivery, endpoint, event, installation, job};
use crate::events::{NewDelivery, SKEW, event_id_key};
use crate::{Error, Page, PageRequest, Storage, apps, jobs, merchants};

/// Jobs ended by one statement: SQLite binds 32,766 values at most.
const CHUNK: usize = 1_000;

/// What became of installing an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Installed {
    /// It was not installed, and is now.
    New(Installation),
    /// It was installed already.
    Already(Installation),
    /// There is no such merchant or app.
    NotFound,
    /// The merchant has as many apps as it may.
    Full,
}

impl Storage {
    /// Installs an app, or installs it again, unless the merchant has `limit` apps already.
    ///
    /// Errors: the database cannot be reached.
    pub async fn install(&self, new: Installation, limit: u64) -> Result<Installed, Error> {
        let change = self.begin_write().await?;
        let transaction = &change.transaction;
        let (merchant, app) = (new.merchant_id.uuid(), new.app_id.uuid());
        // Both stay locked: neither is deleted meanwhile, and calls for one pair take turns.
        let there = apps::find(transaction, app, true).await?.is_some()
            && merchants::find(transaction, merchant, true)
                .await?
                .is_some();
        if !there {
            return Ok(Installed::NotFound);
        }
        let before = of_pair(merchant, app).one(transaction).await?;
        if let Some(row) = &before
            && row.uninstalled_us.is_none()
        {
            return Ok(Installed::Already(row.clone().into()));
        }
        let present = installation::Entity::find()
            .filter(installation::Column::MerchantId.eq(merchant))
            .filter(installation::Column::UninstalledUs.is_null());
        if present.count(transaction).await? >= limit {
            return Ok(Installed::Full);
        }
        let row = if let Some(row) = before {
            // What was in flight when the app was removed, and wants a retry, is not sent after all.
            cancel_waiting(transaction, merchant, app, self.clock().now()).await?;
            let mut row = row.into_active_model();
            row.installed_us = Set(new.installed_at.0);
            row.uninstalled_us = Set(None);
            row.update(transaction).await?
        } else {
            let row = installation::ActiveModel {
                id: Set(new.id.uuid()),
                merchant_id: Set(merchant),
                app_id: Set(app),
                installed_us: Set(new.installed_at.0),
                uninstalled_us: Set(None),
            };
            row.insert(transaction).await?
        };
        let note = noted("installApp", new.merchant_id, new.app_id);
        change.note(note, self.clock().now()).await?;
        change.commit_change(new.merchant_id).await?;
        Ok(Installed::New(row.into()))
    }

    /// Removes an app: `None` when it is not installed. In one transaction it is marked as removed, what waits
    /// for it is cancelled, and the event that `last` makes of the merchant and the app's endpoints is stored
    /// with its deliveries and jobs.
    ///
    /// Errors: the database cannot be reached; then nothing has changed.
    pub async fn uninstall(
        &self,
        scope: TenantScope,
        app_id: AppId,
        last: impl FnOnce(&Merchant, &[Endpoint]) -> (Event, Vec<NewDelivery>) + Send,
    ) -> Result<Option<(Event, Vec<NewDelivery>)>, Error> {
        let change = self.begin_write().await?;
        let transaction = &change.transaction;
        let merchant_id = scope.merchant_id();
        let found = of_pair(merchant_id.uuid(), app_id.uuid())
            .filter(installation::Column::UninstalledUs.is_null())
            .lock_exclusive()
            .one(transaction)
            .await?;
        let merchant = merchants::find(transaction, merchant_id.uuid(), false).await?;
        let (Some(found), Some(merchant)) = (found, merchant) else {
            return Ok(None);
        };
        let now = self.clock().now();
        let mut row = found.into_active_model();
        row.uninstalled_us = Set(Some(now.0));
        row.update(transaction).await?;
        let rows = cancel_waiting(transaction, merchant_id.uuid(), app_id.uuid(), now).await?;
        let endpoints = self.with_subscriptions(transaction, rows).await?;
        let (event, deliveries) = last(&Merchant::try_from(merchant)?, &endpoints);
        insert_event(transaction, &event, now).await?;
        insert_deliveries(transaction, &event, &deliveries, now).await?;
        let note = noted("uninstallApp", merchant_id, app_id);
        change.note(note, now).await?;
        change.commit_change(merchant_id).await?;
        Ok(Some((event, deliveries)))
    }

    /// The merchant's installation of an app, if it has it.
    ///
    /// Errors: the database cannot be reached.
    pub async fn installation(
        &self,
        scope: TenantScope,
        app_id: AppId,
    ) -> Result<Option<Installation>, Error> {
        let row = of_pair(scope.merchant_id().uuid(), app_id.uuid())
            .filter(installation::Column::UninstalledUs.is_null())
            .one(&self.reads)
            .await?;
        Ok(row.map(Installation::from))
    }

    /// What the merchant has installed, newest first.
    ///
    /// Errors: the database cannot be reached.
    pub async fn installations(
        &self,
        scope: TenantScope,
        page: PageRequest,
    ) -> Result<Page<Installation>, Error> {
        let mut query = installation::Entity::find()
            .filter(installation::Column::MerchantId.eq(scope.merchant_id().uuid()))
            .filter(installation::Column::UninstalledUs.is_null())
            .order_by_desc(installation::Column::Id)
            .limit(page.limit + 1);
        if let Some(before) = page.before {
            query = query.filter(installation::Column::Id.lt(before));
        }
        let cut = page.cut(query.all(&self.reads).await?, |row| row.id);
        Ok(Page {
            rows: cut.rows.into_iter().map(Installation::from).collect(),
            next: cut.next,
        })
    }

    /// The apps that a merchant has, and those that it had.
    pub(crate) async fn apps_of(
        &self,
        scope: TenantScope,
    ) -> Result<(Vec<Uuid>, Vec<Uuid>), Error> {
        let rows = installation::Entity::find()
            .filter(installation::Column::MerchantId.eq(scope.merchant_id().uuid()))
            .all(&self.reads)
            .await?;
        let (here, gone): (Vec<_>, Vec<_>) = rows
            .into_iter()
            .partition(|row| row.uninstalled_us.is_none());
        let ids = |rows: Vec<installation::Model>| rows.into_iter().map(|row| row.app_id).collect();
        Ok((ids(here), ids(gone)))
    }
}

fn noted(action: &'static str, merchant_id: MerchantId, app_id: AppId) -> Change {
    Change::of(action, app_id, Some(Owner::Merchant(merchant_id)))
}

fn of_pair(merchant: Uuid, app: Uuid) -> sea_orm::Select<installation::Entity> {
    installation::Entity::find()
        .filter(installation::Column::MerchantId.eq(merchant))
        .filter(installation::Column::AppId.eq(app))
}

/// Cancels what waits for the app's endpoints of this merchant's events, and answers those endpoints. The news
/// of an earlier removal is left: it is delivered to its end.
async fn cancel_waiting(
    transaction: &DatabaseTransaction,
    merchant: Uuid,
    app: Uuid,
    now: Micros,
) -> Result<Vec<endpoint::Model>, Error> {
    let endpoints = endpoint::Entity::find()
        .filter(endpoint::Column::AppId.eq(app))
        .filter(endpoint::Column::DeletedUs.is_null())
        .order_by_asc(endpoint::Column::Id)
        .all(transaction)
        .await?;
    for row in &endpoints {
        let shard = Shard::of(EndpointId::from_uuid(row.id));
        loop {
            let gone = jobs::end(
                transaction,
                "delete from jobs where id in (
                   select j.id from jobs j join events e on e.id = j.event_id
                   where j.shard = $1 and j.endpoint_id = $2 and j.merchant_id = $3 and not j.open
                     and e.event_type <> $4 limit $5)
                   and not open
                 returning id, trigger",
                [
                    i16::from(shard.number()).into(),
                    row.id.into(),
                    merchant.into(),
                    UNINSTALLED.into(),
                    i64::try_from(CHUNK).unwrap_or(i64::MAX).into(),
                ],
            )
            .await?;
            jobs::finish(transaction, &gone, Status::Cancelled, None, now).await?;
            if gone.len() < CHUNK {
                break;
            }
        }
    }
    Ok(endpoints)
}

/// Stores an event outside of the batches of ingest, with the key under which its id on the wire is found.
async fn insert_event(
    transaction: &DatabaseTransaction,
    event: &Event,
    now: Micros,
) -> Result<(), Error> {
    let row = event::ActiveModel {
        id: Set(event.id.uuid()),
        merchant_id: Set(event.merchant_id.uuid()),
        event_id: Set(event.event_id.to_string()),
        event_type: Set(event.event_type.to_string()),
        payload: Set(event.payload.to_vec()),
        store: Set(event.store.to_string()),
        occurred_us: Set(event.occurred_at.0),
        is_test: Set(event.is_test),
    };
    event::Entity::insert(row)
        .exec_without_returning(transaction)
        .await?;
    let hash = event_id_key(&event.event_id).to_vec();
    let key = Statement::from_sql_and_values(
        transaction.get_database_backend(),
        "insert into keys (merchant_id, key_hash, target_id, body_hash, created_us)
         values ($1, $2, $3, $2, $4) on conflict do nothing",
        [
            event.merchant_id.uuid().into(),
            hash.into(),
            event.id.uuid().into(),
            now.0.into(),
        ],
    );
    transaction.execute_raw(key).await?;
    Ok(())
}

async fn insert_deliveries(
    transaction: &DatabaseTransaction,
    event: &Event,
    deliveries: &[NewDelivery],
    now: Micros,
) -> Result<(), Error> {
    let row = |new: &NewDelivery| delivery::ActiveModel {
        id: Set(new.id.uuid()),
        event_id: Set(event.id.uuid()),
        endpoint_id: Set(new.endpoint_id.uuid()),
        merchant_id: Set(event.merchant_id.uuid()),
        status: Set(new.skip.map_or(Status::Pending, |_| Status::Skipped).code()),
        skip_reason: Set(new.skip.map(SkipReason::code)),
        attempt_count: Set(0),
        last_outcome: Set(None),
        last_http_status: Set(None),
        finished_us: Set(new.skip.map(|_| now.0)),
        is_test: Set(event.is_test),
    };
    let job = |new: &NewDelivery| job::ActiveModel {
        id: Set(new.id.uuid()),
        event_id: Set(event.id.uuid()),
        endpoint_id: Set(new.endpoint_id.uuid()),
        merchant_id: Set(event.merchant_id.uuid()),
        shard: Set(Shard::of(new.endpoint_id).number().into()),
        due_us: Set((now - SKEW).0),
        number: Set(0),
        open: Set(false),
        trigger: Set(Trigger::Schedule.code()),
        actor: Set(None),
    };
    let waiting: Vec<_> = deliveries
        .iter()
        .filter(|new| new.skip.is_none())
        .map(job)
        .collect();
    if !deliveries.is_empty() {
        delivery::Entity::insert_many(deliveries.iter().map(row))
            .exec_without_returning(transaction)
            .await?;
    }
    if !waiting.is_empty() {
        job::Entity::insert_many(waiting)
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}

impl From<installation::Model> for Installation {
    fn from(row: installation::Model) -> Self {
        Self {
            id: InstallationId::from_uuid(row.id),
            merchant_id: MerchantId::from_uuid(row.merchant_id),
            app_id: AppId::from_uuid(row.app_id),
            installed_at: Micros(row.installed_us),
        }
    }
}

//! The audit log: written in the transaction of the change it tells of, read in pages, verified along its chain.
//!
//! Who acts is carried by the task, as a span is, and not by an argument of every call: a write that nobody claims
//! is Hookyard's own, so that no change can go unnoted because somebody forgot to say whose it is.

mod views;

use std::future::Future;
use std::sync::{Arc, OnceLock};

use domain::audit::{Actor, Chain, Entry, difference};
use domain::clock::{Clock as _, Micros};
use domain::endpoint::Owner;
use domain::id::{AppId, AuditEntryId, Id, MerchantId};
use domain::tenancy::{PlatformScope, Reach};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Set,
};
use serde_json::Value;

pub(crate) use self::views::View;
use crate::config_clock::Write;
use crate::entity::{audit_end, audit_entry};
use crate::{Error, Page, PageRequest, Storage, rng};

/// Entries read at once when the chain is walked or exported.
const CHUNK: u64 = 1_000;

tokio::task_local! {
    static ORIGIN: Arc<Origin>;
}

/// Where what happens now comes from.
#[derive(Debug, Default)]
pub struct Origin {
    /// The operation, as the API's document names it; a change that runs under none names itself.
    action: Option<&'static str>,
    /// The client's address.
    ip: Option<String>,
    /// The request, as answers and logs name it.
    request_id: Option<String>,
    actor: OnceLock<Actor>,
}

impl Origin {
    /// An operation whose actor is known.
    pub fn of(action: &'static str, actor: Actor) -> Self {
        Self {
            action: Some(action),
            actor: OnceLock::from(actor),
            ..Self::default()
        }
    }

    /// A request whose caller is still to be proven.
    pub fn request(action: Option<&'static str>, ip: Option<String>, request_id: String) -> Self {
        Self {
            action,
            ip,
            request_id: Some(request_id),
            actor: OnceLock::new(),
        }
    }

    /// The origin of the running task, if it has one: for work that goes on in a task of its own.
    pub fn current() -> Option<Arc<Self>> {
        ORIGIN.try_with(Arc::clone).ok()
    }

    /// Notes who the caller is, once that has been proven.
    pub fn proven(&self, actor: impl FnOnce() -> Actor) {
        self.actor.get_or_init(actor);
    }

    /// Runs `work` so that what it changes is noted as coming from here.
    pub fn run<F: Future>(self: Arc<Self>, work: F) -> impl Future<Output = F::Output> {
        ORIGIN.scope(self, work)
    }
}

/// What happened to what.
pub(crate) struct Change {
    /// The operation's name where no caller's operation is running.
    pub(crate) action: &'static str,
    /// The id of what it was done to.
    pub(crate) target: String,
    /// Whose it is; `None` for what belongs to the platform.
    pub(crate) owner: Option<Owner>,
    /// Its state before.
    pub(crate) before: Option<Value>,
    /// Its state afterwards.
    pub(crate) after: Option<Value>,
}

impl Change {
    /// A change that shows no states.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "ids are as good by value, and shorter to say"
    )]
    pub(crate) fn of(action: &'static str, target: impl ToString, owner: Option<Owner>) -> Self {
        Self {
            action,
            target: target.to_string(),
            owner,
            before: None,
            after: None,
        }
    }

    /// From one state to another.
    pub(crate) fn states<V: View>(self, before: Option<&V>, after: Option<&V>) -> Self {
        Self {
            before: before.map(View::view),
            after: after.map(View::view),
            ..self
        }
    }
}

/// Which entries a list shows. What is left out filters nothing.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// By this actor.
    pub actor_id: Option<String>,
    /// Of these operations; of any when empty.
    pub actions: Vec<String>,
    /// Done to this.
    pub target: Option<String>,
    /// In this merchant: for who reaches all of them.
    pub merchant_id: Option<MerchantId>,
    /// At or after.
    pub from: Option<Micros>,
    /// Before.
    pub to: Option<Micros>,
}

impl Write {
    /// Adds an entry to the log, as part of this transaction. Writers wait for each other here, so it is the last
    /// thing before the commit. Both states may look the same: what is masked may have changed.
    pub(crate) async fn note(&self, change: Change, now: Micros) -> Result<(), Error> {
        let end = end(&self.transaction, true).await?;
        let entry = entry(change, end.length + 1, now);
        let head = entry.hash(end.head);
        row(entry, head).insert(&self.transaction).await?;
        let moved = audit_end::ActiveModel {
            one: Set(1),
            length: Set(end.length + 1),
            hash: Set(head.to_vec()),
        };
        moved.update(&self.transaction).await?;
        Ok(())
    }
}

/// Says who acts, where the work itself finds out: by a token that it looks up. Who is proven already stays.
pub(crate) fn acts(id: &impl ToString, name: impl Into<String>) {
    if let Some(origin) = Origin::current() {
        origin.proven(|| Actor {
            id: id.to_string(),
            name: name.into(),
        });
    }
}

impl Storage {
    /// Adds the entry that a transaction is about, and commits it.
    pub(crate) async fn note(&self, write: Write, change: Change) -> Result<(), Error> {
        write.note(change, self.clock().now()).await?;
        write.commit().await
    }

    /// Notes what changes nothing that is stored, such as the reveal of a secret.
    ///
    /// Errors: the database cannot be reached; then it must not happen.
    pub async fn note_use(
        &self,
        action: &'static str,
        target: impl ToString + Send,
        owner: Option<Owner>,
    ) -> Result<(), Error> {
        let write = self.begin_write().await?;
        self.note(write, Change::of(action, target, owner)).await
    }

    /// Entries, newest first.
    ///
    /// Errors: the database cannot be reached.
    pub async fn audit_log(
        &self,
        of: impl Into<Reach>,
        filter: &AuditFilter,
        page: PageRequest,
    ) -> Result<Page<Entry>, Error> {
        let mut query = filtered(of.into(), filter)
            .order_by_desc(audit_entry::Column::Id)
            .limit(page.limit + 1);
        if let Some(before) = page.before {
            query = query.filter(audit_entry::Column::Id.lt(before));
        }
        let rows = query.all(&self.reads).await?;
        Ok(page.cut(rows, |row| row.id).map(Entry::from))
    }

    /// Walks the whole chain.
    ///
    /// Errors: the database cannot be reached. The inner result says where the chain is broken, or how long it is
    /// and how it ends: keep that elsewhere to prove later that nothing was written anew.
    pub async fn verify_audit_log(
        &self,
        _: PlatformScope,
    ) -> Result<Result<Chain, domain::audit::Broken>, Error> {
        let mut chain = Chain::new();
        // The end as it is now: entries that come meanwhile are not walked.
        let noted = end(&self.reads, false).await?;
        loop {
            let rows = audit_entry::Entity::find()
                .filter(audit_entry::Column::Number.gt(chain.length))
                .filter(audit_entry::Column::Number.lte(noted.length))
                .order_by_asc(audit_entry::Column::Number)
                .limit(CHUNK)
                .all(&self.reads)
                .await?;
            if rows.is_empty() {
                return Ok(chain.finish(&noted).map(|()| chain));
            }
            for row in rows {
                let stored = hash_of(&row.hash)?;
                if let Err(broken) = chain.take(&Entry::from(row), stored) {
                    return Ok(Err(broken));
                }
            }
        }
    }
}

/// Waits for whoever is writing the log, and keeps others out until the end of the transaction.
pub(crate) async fn wait_for_turn(write: &Write) -> Result<(), Error> {
    end(&write.transaction, true).await.map(drop)
}

/// The end of the chain as it is noted.
async fn end(connection: &impl sea_orm::ConnectionTrait, lock: bool) -> Result<Chain, Error> {
    let mut query = audit_end::Entity::find_by_id(1_i16);
    if lock {
        query = query.lock_exclusive();
    }
    let row = query.one(connection).await?;
    let row = row.ok_or(Error::Corrupt { what: "audit_end" })?;
    Ok(Chain {
        length: row.length,
        head: hash_of(&row.hash)?,
    })
}

fn hash_of(bytes: &[u8]) -> Result<[u8; 32], Error> {
    <[u8; 32]>::try_from(bytes).map_err(|_| Error::Corrupt {
        what: "audit_log.hash",
    })
}

fn entry(change: Change, number: i64, now: Micros) -> Entry {
    let origin = Origin::current().unwrap_or_default();
    let (before, after) = difference(change.before, change.after);
    let (merchant_id, app_id) = match change.owner {
        Some(Owner::Merchant(id)) => (Some(id), None),
        Some(Owner::App(id)) => (None, Some(id)),
        None => (None, None),
    };
    Entry {
        number,
        id: AuditEntryId::new(now, &mut rng()),
        at: now,
        actor: origin.actor.get().cloned().unwrap_or_else(Actor::system),
        action: origin.action.unwrap_or(change.action).to_owned(),
        target: change.target,
        merchant_id,
        app_id,
        ip: origin.ip.clone(),
        request_id: origin.request_id.clone(),
        before: before.map(|state| state.to_string()),
        after: after.map(|state| state.to_string()),
    }
}

fn row(entry: Entry, hash: [u8; 32]) -> audit_entry::ActiveModel {
    audit_entry::ActiveModel {
        number: Set(entry.number),
        id: Set(entry.id.uuid()),
        at_us: Set(entry.at.0),
        actor_id: Set(entry.actor.id),
        actor_name: Set(entry.actor.name),
        action: Set(entry.action),
        target: Set(entry.target),
        merchant_id: Set(entry.merchant_id.map(Id::uuid)),
        app_id: Set(entry.app_id.map(Id::uuid)),
        ip: Set(entry.ip),
        request_id: Set(entry.request_id),
        before: Set(entry.before),
        after: Set(entry.after),
        hash: Set(hash.to_vec()),
    }
}

impl From<audit_entry::Model> for Entry {
    fn from(row: audit_entry::Model) -> Self {
        Self {
            number: row.number,
            id: AuditEntryId::from_uuid(row.id),
            at: Micros(row.at_us),
            actor: Actor {
                id: row.actor_id,
                name: row.actor_name,
            },
            action: row.action,
            target: row.target,
            merchant_id: row.merchant_id.map(MerchantId::from_uuid),
            app_id: row.app_id.map(AppId::from_uuid),
            ip: row.ip,
            request_id: row.request_id,
            before: row.before,
            after: row.after,
        }
    }
}

fn filtered(of: Reach, filter: &AuditFilter) -> sea_orm::Select<audit_entry::Entity> {
    use audit_entry::Column;
    let mut query = audit_entry::Entity::find();
    for id in [of.merchant_id(), filter.merchant_id].into_iter().flatten() {
        query = query.filter(Column::MerchantId.eq(id.uuid()));
    }
    if let Some(actor) = &filter.actor_id {
        query = query.filter(Column::ActorId.eq(actor));
    }
    if !filter.actions.is_empty() {
        query = query.filter(Column::Action.is_in(filter.actions.clone()));
    }
    if let Some(target) = &filter.target {
        query = query.filter(Column::Target.eq(target));
    }
    if let Some(from) = filter.from {
        query = query.filter(Column::Id.gte(AuditEntryId::floor(from).uuid()));
    }
    if let Some(to) = filter.to {
        query = query.filter(Column::Id.lt(AuditEntryId::floor(to).uuid()));
    }
    query
}

//! Decisions of triggers: one transaction loads the rows that matter, lets the caller decide, and saves what
//! changed with the events that fired. A merchant's decisions are made one after another, in whichever process:
//! so a completion and a firing never cross.

mod postgres;
mod put_off;
mod rows;
mod sqlite;

use std::collections::{BTreeSet, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use domain::clock::Micros;
use domain::id::{ActivityId, EventId, MerchantId};
use domain::shard::ShardSet;
use domain::trigger::Key;
use domain::trigger::checkout::CheckoutKind;
use domain::trigger::timer::{TimerId, TimerKind};
use domain::trigger::world::World;
use futures::FutureExt as _;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::events::Publication;
use crate::{ConfigVersion, Error, Hot, Storage};

/// Activities of a subject that payloads and timelines are made of at most: the newest.
pub const HISTORY: i64 = 1_000;

/// Bytes of them at most. One has 64 KiB at most, so that the newest always fit.
const HISTORY_BYTES: i64 = 256 * 1024;
/// Open checkouts of a device or shopper that a new one may supersede, and recent ones, at most: the newest.
const RIVALS: i64 = 200;

/// The id that a platform gave an activity: a repeat of it within 31 days is not taken again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActivityKey {
    /// Whose.
    pub merchant_id: MerchantId,
    /// Hash of the platform's id.
    pub hash: [u8; 32],
    /// Ours.
    pub activity_id: ActivityId,
}

/// Hash of a platform's id of an activity.
pub fn activity_key(client_id: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update("activity_id")
        .chain_update([0])
        .chain_update(client_id)
        .finalize()
        .into()
}

/// What a decision must know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Devices.
    pub devices: BTreeSet<(MerchantId, Key)>,
    /// Sessions by the platform's own ids.
    pub sessions: BTreeSet<(MerchantId, Key)>,
    /// Checkouts by the platform's own ids.
    pub checkouts: BTreeSet<(MerchantId, CheckoutKind, Key)>,
    /// Email addresses and phone numbers.
    pub people: BTreeSet<(MerchantId, Key)>,
    /// Customers and orders that may be no news.
    pub told_once: BTreeSet<(MerchantId, Key)>,
    /// The subjects of timers.
    pub timers: BTreeSet<TimerId>,
    /// The other checkouts of the devices and people: open ones, and any opened after this.
    pub checkouts_since: Option<Micros>,
}

/// A decision to be made.
#[derive(Debug, Clone)]
pub struct Case {
    /// The configuration it is made on.
    pub version: ConfigVersion,
    /// Whose rows.
    pub merchants: BTreeSet<MerchantId>,
    /// Activity ids to claim.
    pub keys: Vec<ActivityKey>,
    /// What it must know.
    pub wanted: Wanted,
    /// The present moment.
    pub now: Micros,
}

/// What was decided.
#[derive(Debug, Clone, Default)]
pub struct Decision {
    /// The rows as they are to be. While it misses histories they are loaded and the decision is made again.
    pub world: World,
    /// The events that fired, with their deliveries.
    pub publications: Vec<Publication>,
    /// Which subject and activity each event came from.
    pub causes: Vec<Cause>,
}

/// Where an event came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cause {
    /// The session or checkout.
    pub subject: Uuid,
    /// The event.
    pub event_id: EventId,
    /// The activity; none when a timer fired.
    pub activity_id: Option<ActivityId>,
}

/// What a decision leaves out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Activities that are repeats.
    pub repeated: HashSet<ActivityId>,
    /// Merchants whom another process decides on at this moment: their rows may change, their keys are not claimed.
    pub busy: BTreeSet<MerchantId>,
}

/// A function that decides: gets the rows as loaded, and what to leave out.
pub type Rule = dyn Fn(&World, &LeftOut) -> Decision + Send + Sync;
/// One that the writer of a file may keep.
pub type Decide = Arc<Rule>;

/// What became of a case.
#[derive(Debug)]
pub enum Outcome {
    /// The configuration has changed since the version given: nothing was done.
    Stale,
    /// The decision is saved.
    Decided {
        /// What was decided.
        decision: Box<Decision>,
        /// What was left out: on SQLite never a merchant.
        left_out: LeftOut,
    },
}

/// A timer whose time has come, as a poll finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueTimer {
    /// Which.
    pub id: TimerId,
    /// Whose.
    pub merchant_id: MerchantId,
    /// When it fell due.
    pub due: Micros,
}

impl Case {
    /// The case as far as it is not about these merchants.
    fn without(&self, busy: &BTreeSet<MerchantId>) -> Self {
        let mut case = self.clone();
        let wanted = &mut case.wanted;
        case.merchants.retain(|id| !busy.contains(id));
        case.keys.retain(|key| !busy.contains(&key.merchant_id));
        wanted.devices.retain(|(id, _)| !busy.contains(id));
        wanted.sessions.retain(|(id, _)| !busy.contains(id));
        wanted.checkouts.retain(|(id, _, _)| !busy.contains(id));
        wanted.people.retain(|(id, _)| !busy.contains(id));
        wanted.told_once.retain(|(id, _)| !busy.contains(id));
        case
    }
}

/// Decides; a panic of the rules costs this decision and nothing else.
fn shielded(decide: &Rule, world: &World, left_out: &LeftOut) -> Result<Decision, Error> {
    catch_unwind(AssertUnwindSafe(|| decide(world, left_out)))
        .map_err(|_| Error::Database("the rules of triggers panicked".to_owned()))
}

impl Storage {
    /// Makes a decision in one transaction, alone among those of its merchants: a merchant whom another process
    /// decides on is left out of it.
    ///
    /// Errors: the database cannot be reached, is full or refuses, or the rules panicked; then nothing has changed.
    pub async fn decide(&self, case: Case, decide: Decide) -> Result<Outcome, Error> {
        match &self.hot {
            Hot::Postgres(pool) => self.in_time(postgres::decide(pool, &case, &*decide)).await,
            Hot::Sqlite(writer) => {
                writer
                    .run(move |connection| {
                        async move { sqlite::decide(connection, &case, &*decide).await }.boxed()
                    })
                    .await
            }
        }
    }

    /// Timers of these shards that are due at `now`, but for those of `others`: of each shard at most `limit`, the
    /// earliest first.
    ///
    /// Errors: the database cannot be reached.
    pub async fn due_timers(
        &self,
        shards: ShardSet,
        others: &[MerchantId],
        now: Micros,
        limit: i64,
    ) -> Result<Vec<DueTimer>, Error> {
        match &self.hot {
            Hot::Postgres(pool) => {
                self.in_time(postgres::due(pool, shards, others, now, limit))
                    .await
            }
            Hot::Sqlite(_) => self.due_in_file(shards, others, now, limit).await,
        }
    }

    async fn due_in_file(
        &self,
        shards: ShardSet,
        others: &[MerchantId],
        now: Micros,
        limit: i64,
    ) -> Result<Vec<DueTimer>, Error> {
        use sea_orm::{ConnectionTrait as _, Statement, Value};
        // Shard by shard: each is a walk along the index that ends at the limit.
        let marks = vec!["?"; others.len()].join(", ");
        let parts: Vec<String> = shards
            .iter()
            .map(|shard| {
                format!(
                    "select * from (select subject_id, kind, merchant_id, due_us from timers
                     where shard = {} and due_us <= {} and merchant_id not in ({marks})
                     order by due_us limit {limit})",
                    shard.number(),
                    now.0
                )
            })
            .collect();
        if parts.is_empty() {
            return Ok(Vec::new());
        }
        let values: Vec<Value> = parts
            .iter()
            .flat_map(|_| others.iter().map(|id| id.uuid().into()))
            .collect();
        let backend = self.reads.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, parts.join(" union all "), values);
        let rows = self.reads.query_all_raw(statement).await?;
        rows.iter()
            .map(|row| {
                due_timer(
                    row.try_get_by_index(0)?,
                    row.try_get_by_index(1)?,
                    row.try_get_by_index(2)?,
                    row.try_get_by_index(3)?,
                )
            })
            .collect()
    }
}

fn due_timer(subject: Uuid, kind: i16, merchant: Uuid, due: i64) -> Result<DueTimer, Error> {
    let kind = TimerKind::from_code(kind).ok_or(Error::Corrupt { what: "timers" })?;
    Ok(DueTimer {
        id: TimerId { subject, kind },
        merchant_id: MerchantId::from_uuid(merchant),
        due: Micros(due),
    })
}

/// Everything an activity's decision may touch besides what it names: found in a first look.
#[derive(Debug, Default)]
struct Second {
    sessions: BTreeSet<Uuid>,
    shoppers: BTreeSet<Uuid>,
    devices: BTreeSet<(MerchantId, Key)>,
}

impl Second {
    /// What the loaded rows point at and is not loaded.
    fn of(world: &World) -> Self {
        let mut second = Self::default();
        for visitor in world.visitors.all() {
            second.session(world, visitor.session_id);
            second.shopper(world, visitor.shopper_id);
        }
        for id in world.shopper_keys.all() {
            second.shopper(world, Some(*id));
        }
        for session in world.sessions.all() {
            second.shopper(world, session.shopper_id);
            second.device(world, session.merchant_id, session.device);
        }
        for checkout in world.checkouts.all() {
            second.session(world, checkout.session_id);
            second.shopper(world, checkout.shopper_id);
            second.device(world, checkout.merchant_id, checkout.device);
        }
        second
    }

    fn session(&mut self, world: &World, id: Option<domain::id::SessionId>) {
        if let Some(id) = id.filter(|id| world.sessions.get(*id).is_none()) {
            self.sessions.insert(id.uuid());
        }
    }

    fn shopper(&mut self, world: &World, id: Option<domain::id::ShopperId>) {
        if let Some(id) = id.filter(|id| world.shoppers.get(*id).is_none()) {
            self.shoppers.insert(id.uuid());
        }
    }

    fn device(&mut self, world: &World, merchant: MerchantId, device: Key) {
        if world.visitors.get((merchant, device)).is_none() {
            self.devices.insert((merchant, device));
        }
    }

    fn is_empty(&self) -> bool {
        self.sessions.is_empty() && self.shoppers.is_empty() && self.devices.is_empty()
    }
}

/// Rows to a statement: a database binds some 30,000 values, a row has at most 20.
const ROWS: usize = 1_000;
/// Looks for what rows point at: a checkout's session's shopper is three away.
const LOOKS: usize = 4;

/// The lock of a merchant's decisions: 63 bits of its id, the random ones.
fn merchant_lock(id: MerchantId) -> i64 {
    let (_, low) = id.uuid().as_u64_pair();
    i64::from_be_bytes(low.to_be_bytes()) >> 1
}

//! Logins: of people, and of whoever came through a portal link; with the refresh tokens that keep them going.

use std::time::Duration;

use domain::clock::{Clock as _, Micros};
use domain::endpoint::Owner;
use domain::id::{LoginId, MerchantId, UserId};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Set, sea_query::Expr,
};
use serde_json::json;
use uuid::Uuid;

use crate::audit::{Change, acts};
use crate::config_clock::Write;
use crate::entity::{login, refresh_token, user};
use crate::users::MerchantRole;
use crate::{Error, Page, PageRequest, Storage};

/// Logins of one user at once: one more ends the oldest.
const LOGINS_MAX: u64 = 100;

/// One login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Its id.
    pub id: LoginId,
    /// Who is logged in.
    pub of: LoginOf,
    /// From which address it was last seen.
    pub ip: Option<String>,
    /// What the client called itself.
    pub user_agent: Option<String>,
    /// When it began.
    pub created_at: Micros,
    /// When it last got an access token.
    pub seen_at: Micros,
    /// When it ends unless it is seen again; through a portal link: whatever happens.
    pub expires_at: Micros,
}

/// Who is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginOf {
    /// A user.
    User(UserId),
    /// Whom the platform let in to a merchant.
    Portal(Portal),
}

/// What a portal link lets in to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Portal {
    /// The merchant.
    pub merchant_id: MerchantId,
    /// What they may do there.
    pub role: MerchantRole,
    /// What the platform calls them.
    pub label: Option<String>,
}

/// A user whose password was shown, and the hash that it matched.
#[derive(Clone, PartialEq, Eq)]
pub struct Proven {
    /// Who.
    pub user_id: UserId,
    /// The hash of their password at that time.
    pub password_hash: String,
}

/// What came of showing a refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// It was good and is replaced by the new one.
    Rotated(Login),
    /// It had been used before: its login is ended.
    Reused,
    /// It is unknown, revoked or expired.
    Invalid,
}

impl Portal {
    /// What the audit log calls whoever came through the link.
    pub fn name(&self) -> &str {
        self.label.as_deref().unwrap_or("portal")
    }
}

impl Login {
    /// Whose it is, for the audit log.
    const fn owner(&self) -> Option<Owner> {
        match &self.of {
            LoginOf::User(_) => None,
            LoginOf::Portal(portal) => Some(Owner::Merchant(portal.merchant_id)),
        }
    }

    /// Which user's it is.
    pub const fn user_id(&self) -> Option<UserId> {
        match &self.of {
            LoginOf::User(id) => Some(*id),
            LoginOf::Portal(_) => None,
        }
    }
}

impl TryFrom<login::Model> for Login {
    type Error = Error;

    fn try_from(row: login::Model) -> Result<Self, Error> {
        let corrupt = || Error::Corrupt {
            what: "logins.role",
        };
        let of = match (row.user_id, row.merchant_id) {
            (Some(id), _) => LoginOf::User(UserId::from_uuid(id)),
            (None, Some(id)) => LoginOf::Portal(Portal {
                merchant_id: MerchantId::from_uuid(id),
                role: row
                    .role
                    .and_then(MerchantRole::from_code)
                    .ok_or_else(corrupt)?,
                label: row.label,
            }),
            (None, None) => return Err(corrupt()),
        };
        Ok(Self {
            id: LoginId::from_uuid(row.id),
            of,
            ip: row.ip,
            user_agent: row.user_agent,
            created_at: Micros(row.created_us),
            seen_at: Micros(row.seen_us),
            expires_at: Micros(row.expires_us),
        })
    }
}

impl Storage {
    /// Stores a user's login with the hash of its first refresh token, and forgets those that have expired. `false`
    /// when the password that was proven is not theirs any more.
    ///
    /// Errors: the database cannot be reached.
    pub async fn create_login(
        &self,
        new: &Login,
        proven: &Proven,
        token_hash: [u8; 32],
    ) -> Result<bool, Error> {
        let write = self.begin_write().await?;
        if !holds(&write, proven).await? {
            return Ok(false);
        }
        insert(&write, new, token_hash).await?;
        self.note(write, Change::of("createToken", new.id, new.owner()))
            .await?;
        Ok(true)
    }

    /// A login that goes on.
    ///
    /// Errors: the database cannot be reached.
    pub async fn login(&self, id: LoginId) -> Result<Option<Login>, Error> {
        let now = self.clock().now().0;
        let row = login::Entity::find_by_id(id.uuid())
            .filter(login::Column::ExpiresUs.gt(now))
            .one(&self.reads)
            .await?;
        row.map(Login::try_from).transpose()
    }

    /// A user's logins that go on, newest first.
    ///
    /// Errors: the database cannot be reached.
    pub async fn logins(&self, user_id: UserId, page: PageRequest) -> Result<Page<Login>, Error> {
        let mut query = login::Entity::find()
            .filter(login::Column::UserId.eq(user_id.uuid()))
            .filter(login::Column::ExpiresUs.gt(self.clock().now().0))
            .order_by_desc(login::Column::Id)
            .limit(page.limit + 1);
        if let Some(before) = page.before {
            query = query.filter(login::Column::Id.lt(before));
        }
        let rows = query.all(&self.reads).await?;
        page.cut(rows, |row| row.id).try_map(Login::try_from)
    }

    /// Trades a refresh token for a new one, seen from this address; a person's login then goes on for `life`. Showing
    /// one twice means that somebody else has it too: the login is ended.
    ///
    /// Errors: the database cannot be reached.
    pub async fn rotate_refresh_token(
        &self,
        shown: [u8; 32],
        fresh: [u8; 32],
        life: Duration,
        ip: Option<String>,
    ) -> Result<Rotation, Error> {
        let now = self.clock().now();
        let Some(login_id) = self.login_of_token(shown).await? else {
            return Ok(Rotation::Invalid);
        };
        let write = self.begin_write().await?;
        let Some((token, mut login)) = find_token(&write, login_id, shown).await? else {
            return Ok(Rotation::Invalid);
        };
        self.acts_by(&write, &login).await?;
        if token.used_us.is_some() {
            delete(&write.transaction, login.id).await?;
            let mut note = Change::of("refreshToken", login.id, login.owner());
            note.after = Some(json!({ "ended": "a refresh token was used twice" }));
            self.note(write, note).await?;
            return Ok(Rotation::Reused);
        }
        if token.expires_us <= now.0 {
            return Ok(Rotation::Invalid);
        }
        refresh_token::Entity::update_many()
            .col_expr(refresh_token::Column::UsedUs, Expr::value(Some(now.0)))
            .filter(refresh_token::Column::TokenHash.eq(shown.to_vec()))
            .exec(&write.transaction)
            .await?;
        login.seen_at = now;
        login.ip = ip.or(login.ip);
        if login.user_id().is_some() {
            login.expires_at = now + life;
        }
        login::Entity::update(seen(&login))
            .exec(&write.transaction)
            .await?;
        refresh_token::Entity::delete_many()
            .filter(refresh_token::Column::LoginId.eq(login.id.uuid()))
            .filter(refresh_token::Column::ExpiresUs.lt(now.0))
            .exec(&write.transaction)
            .await?;
        insert_token(&write, &login, fresh).await?;
        write.commit().await?;
        Ok(Rotation::Rotated(login))
    }

    /// Ends the login that a refresh token belongs to; whether there was one.
    ///
    /// Errors: the database cannot be reached.
    pub async fn end_login_of(&self, shown: [u8; 32]) -> Result<bool, Error> {
        let Some(login_id) = self.login_of_token(shown).await? else {
            return Ok(false);
        };
        let write = self.begin_write().await?;
        let Some((_, login)) = find_token(&write, login_id, shown).await? else {
            return Ok(false);
        };
        self.acts_by(&write, &login).await?;
        delete(&write.transaction, login.id).await?;
        self.note(write, Change::of("revokeToken", login.id, login.owner()))
            .await?;
        Ok(true)
    }

    /// Which login a refresh token belongs to: asked before anything is written, so that guesses cost a read.
    async fn login_of_token(&self, shown: [u8; 32]) -> Result<Option<LoginId>, Error> {
        let found = refresh_token::Entity::find_by_id(shown.to_vec())
            .one(&self.reads)
            .await?;
        Ok(found.map(|row| LoginId::from_uuid(row.login_id)))
    }

    /// Says in the audit log that whoever is logged in acts.
    async fn acts_by(&self, write: &Write, login: &Login) -> Result<(), Error> {
        match &login.of {
            LoginOf::User(id) => {
                let row = user::Entity::find_by_id(id.uuid());
                if let Some(row) = row.one(&write.transaction).await? {
                    acts(id, row.email);
                }
            }
            LoginOf::Portal(portal) => acts(&login.id, portal.name()),
        }
        Ok(())
    }

    /// Ends one of a user's logins; whether there was such a one.
    ///
    /// Errors: the database cannot be reached.
    pub async fn end_login(&self, user_id: UserId, id: LoginId) -> Result<bool, Error> {
        let write = self.begin_write().await?;
        let ended = login::Entity::delete_many()
            .filter(login::Column::Id.eq(id.uuid()))
            .filter(login::Column::UserId.eq(user_id.uuid()))
            .exec(&write.transaction)
            .await?;
        if ended.rows_affected == 0 {
            return Ok(false);
        }
        self.note(write, Change::of("revokeLogin", id, None))
            .await?;
        Ok(true)
    }
}

fn seen(login: &Login) -> login::ActiveModel {
    login::ActiveModel {
        id: Set(login.id.uuid()),
        ip: Set(login.ip.clone()),
        seen_us: Set(login.seen_at.0),
        expires_us: Set(login.expires_at.0),
        ..Default::default()
    }
}

/// Adds a login with its first refresh token, and forgets those that have expired.
pub(crate) async fn insert(write: &Write, new: &Login, token_hash: [u8; 32]) -> Result<(), Error> {
    login::Entity::delete_many()
        .filter(login::Column::ExpiresUs.lt(new.created_at.0))
        .exec(&write.transaction)
        .await?;
    let portal = match &new.of {
        LoginOf::User(_) => None,
        LoginOf::Portal(portal) => Some(portal),
    };
    let row = login::ActiveModel {
        user_id: Set(new.user_id().map(UserId::uuid)),
        merchant_id: Set(portal.map(|portal| portal.merchant_id.uuid())),
        role: Set(portal.map(|portal| portal.role as i16)),
        label: Set(portal.and_then(|portal| portal.label.clone())),
        user_agent: Set(new.user_agent.clone()),
        created_us: Set(new.created_at.0),
        ..seen(new)
    };
    if let Some(user_id) = new.user_id() {
        make_room(write, user_id).await?;
    }
    login::Entity::insert(row)
        .exec_without_returning(&write.transaction)
        .await?;
    insert_token(write, new, token_hash).await
}

/// Ends the oldest logins of a user who has [`LOGINS_MAX`].
async fn make_room(write: &Write, user_id: UserId) -> Result<(), Error> {
    let oldest: Vec<Uuid> = login::Entity::find()
        .select_only()
        .column(login::Column::Id)
        .filter(login::Column::UserId.eq(user_id.uuid()))
        .order_by_desc(login::Column::Id)
        .offset(LOGINS_MAX - 1)
        .limit(LOGINS_MAX)
        .into_tuple()
        .all(&write.transaction)
        .await?;
    if !oldest.is_empty() {
        login::Entity::delete_many()
            .filter(login::Column::Id.is_in(oldest))
            .exec(&write.transaction)
            .await?;
    }
    Ok(())
}

async fn insert_token(write: &Write, login: &Login, token_hash: [u8; 32]) -> Result<(), Error> {
    let row = refresh_token::ActiveModel {
        token_hash: Set(token_hash.to_vec()),
        login_id: Set(login.id.uuid()),
        expires_us: Set(login.expires_at.0),
        used_us: Set(None),
    };
    refresh_token::Entity::insert(row)
        .exec_without_returning(&write.transaction)
        .await?;
    Ok(())
}

/// A refresh token of this login, and the login. Both are locked, the login first: whoever ends logins locks them in
/// that order too.
async fn find_token(
    write: &Write,
    login_id: LoginId,
    shown: [u8; 32],
) -> Result<Option<(refresh_token::Model, Login)>, Error> {
    let login = login::Entity::find_by_id(login_id.uuid())
        .lock_exclusive()
        .one(&write.transaction)
        .await?;
    let Some(login) = login.map(Login::try_from).transpose()? else {
        return Ok(None);
    };
    let token = refresh_token::Entity::find_by_id(shown.to_vec())
        .lock_exclusive()
        .one(&write.transaction)
        .await?;
    Ok(token.map(|token| (token, login)))
}

/// Whether a password that was proven is still the user's, whose row is locked from here on.
pub(crate) async fn holds(write: &Write, proven: &Proven) -> Result<bool, Error> {
    let row = user::Entity::find_by_id(proven.user_id.uuid())
        .lock_exclusive()
        .one(&write.transaction)
        .await?;
    Ok(row.is_some_and(|row| row.password_hash == proven.password_hash))
}

/// Its refresh tokens go with it.
async fn delete(connection: &impl ConnectionTrait, id: LoginId) -> Result<(), Error> {
    login::Entity::delete_by_id(id.uuid())
        .exec(connection)
        .await?;
    Ok(())
}

/// Ends all logins of a user, but for the one that is kept.
pub(crate) async fn end_all(
    write: &Write,
    user_id: UserId,
    kept: Option<LoginId>,
) -> Result<(), Error> {
    let mut ended = login::Entity::delete_many().filter(login::Column::UserId.eq(user_id.uuid()));
    if let Some(kept) = kept {
        ended = ended.filter(login::Column::Id.ne(kept.uuid()));
    }
    ended.exec(&write.transaction).await?;
    Ok(())
}

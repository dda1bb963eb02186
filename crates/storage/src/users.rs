//! People: who may log in, what they are to the platform and to merchants, and their refresh tokens.

use domain::clock::{Clock as _, Micros};
use domain::id::{MerchantId, UserId};
use domain::tenancy::PlatformScope;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Set, sea_query::Expr,
};
use uuid::Uuid;

use crate::audit::Change;
use crate::entity::{membership, merchant, refresh_token, user};
use crate::{Error, Page, PageRequest, Storage};

/// What a user may do on the platform. Each role may do what the one before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
pub enum PlatformRole {
    /// Sees everything.
    Viewer = 0,
    /// Also helps merchants: changes their endpoints, retries deliveries.
    Operator = 1,
    /// Also manages people, keys and merchants.
    Admin = 2,
}

/// What a user may do in a merchant. Each role may do what the one before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
pub enum MerchantRole {
    /// Sees the merchant's data.
    Viewer = 0,
    /// Also changes endpoints, publishes and retries.
    Developer = 1,
    /// Also manages the merchant itself and its API keys.
    Owner = 2,
}

impl PlatformRole {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// How the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|role| *role as i16 == code)
    }
}

impl MerchantRole {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Developer, Self::Owner];

    /// How the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Developer => "developer",
            Self::Owner => "owner",
        }
    }

    fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|role| *role as i16 == code)
    }
}

/// A person who may log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// In lower case; unique.
    pub email: String,
    /// Their role on the platform, if any.
    pub platform_role: Option<PlatformRole>,
    /// Their roles in merchants that exist, in order of the merchants' ids.
    pub memberships: Vec<(MerchantId, MerchantRole)>,
    /// When they were added.
    pub created_at: Micros,
}

/// What came of showing a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// It was good and is replaced by the new one.
    Rotated(UserId),
    /// It had been used before: its whole family is revoked.
    Reused,
    /// It is unknown, revoked or expired.
    Invalid,
}

impl Storage {
    /// Stores a new user with the hash of their password.
    ///
    /// Errors: `Duplicate` when the email is taken; the database cannot be reached.
    pub async fn create_user(&self, new: &User, password_hash: &str) -> Result<(), Error> {
        let row = user::ActiveModel {
            id: Set(new.id.uuid()),
            email: Set(new.email.clone()),
            password_hash: Set(password_hash.to_owned()),
            platform_role: Set(new.platform_role.map(|role| role as i16)),
            created_us: Set(new.created_at.0),
        };
        let write = self.begin_write().await?;
        user::Entity::insert(row)
            .exec_without_returning(&write.transaction)
            .await?;
        let rows = new
            .memberships
            .iter()
            .map(|(merchant_id, role)| membership::ActiveModel {
                user_id: Set(new.id.uuid()),
                merchant_id: Set(merchant_id.uuid()),
                role: Set(*role as i16),
            });
        if !new.memberships.is_empty() {
            membership::Entity::insert_many(rows)
                .exec_without_returning(&write.transaction)
                .await?;
        }
        let note = Change::of("createUser", new.id, None).states(None, Some(new));
        write.note(note, self.clock().now()).await?;
        write.commit().await?;
        Ok(())
    }

    /// The user of this id, if there is one.
    ///
    /// Errors: the database cannot be reached.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, Error> {
        let Some(row) = user::Entity::find_by_id(id.uuid()).one(&self.reads).await? else {
            return Ok(None);
        };
        Ok(with_memberships(&self.reads, vec![row]).await?.pop())
    }

    /// The user of this email, in lower case, with the hash of their password.
    ///
    /// Errors: the database cannot be reached.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<(UserId, String)>, Error> {
        let found = user::Entity::find()
            .filter(user::Column::Email.eq(email))
            .one(&self.reads)
            .await?;
        Ok(found.map(|row| (UserId::from_uuid(row.id), row.password_hash)))
    }

    /// All users, newest first.
    ///
    /// Errors: the database cannot be reached.
    pub async fn users(&self, _: PlatformScope, page: PageRequest) -> Result<Page<User>, Error> {
        let mut query = user::Entity::find()
            .order_by_desc(user::Column::Id)
            .limit(page.limit + 1);
        if let Some(before) = page.before {
            query = query.filter(user::Column::Id.lt(before));
        }
        let Page { rows, next } = page.cut(query.all(&self.reads).await?, |row| row.id);
        Ok(Page {
            rows: with_memberships(&self.reads, rows).await?,
            next,
        })
    }

    /// Whether the platform has an admin.
    ///
    /// Errors: the database cannot be reached.
    pub async fn any_admin_exists(&self) -> Result<bool, Error> {
        let admins = user::Entity::find()
            .filter(user::Column::PlatformRole.eq(PlatformRole::Admin as i16))
            .count(&self.reads)
            .await?;
        Ok(admins > 0)
    }

    /// Stores the first refresh token of a login under its hash, and forgets the user's expired ones.
    ///
    /// Errors: the database cannot be reached.
    pub async fn create_refresh_token(
        &self,
        user_id: UserId,
        family: Uuid,
        token_hash: [u8; 32],
        expires_at: Micros,
    ) -> Result<(), Error> {
        let write = self.begin_write().await?;
        refresh_token::Entity::delete_many()
            .filter(refresh_token::Column::UserId.eq(user_id.uuid()))
            .filter(refresh_token::Column::ExpiresUs.lt(self.clock().now().0))
            .exec(&write.transaction)
            .await?;
        insert_token(
            &write.transaction,
            user_id.uuid(),
            family,
            token_hash,
            expires_at,
        )
        .await?;
        write.commit().await?;
        Ok(())
    }

    /// Trades a refresh token for a new one. Showing one twice means that somebody else has it too: all
    /// tokens of that login are revoked.
    ///
    /// Errors: the database cannot be reached.
    pub async fn rotate_refresh_token(
        &self,
        shown: [u8; 32],
        fresh: [u8; 32],
        expires_at: Micros,
    ) -> Result<Rotation, Error> {
        let now = self.clock().now().0;
        let write = self.begin_write().await?;
        let found = refresh_token::Entity::find_by_id(shown.to_vec())
            .lock_exclusive()
            .one(&write.transaction)
            .await?;
        let Some(row) = found else {
            return Ok(Rotation::Invalid);
        };
        if row.used_us.is_some() {
            delete_family(&write.transaction, row.family).await?;
            write.commit().await?;
            return Ok(Rotation::Reused);
        }
        if row.expires_us <= now {
            return Ok(Rotation::Invalid);
        }
        refresh_token::Entity::update_many()
            .col_expr(refresh_token::Column::UsedUs, Expr::value(Some(now)))
            .filter(refresh_token::Column::TokenHash.eq(shown.to_vec()))
            .exec(&write.transaction)
            .await?;
        insert_token(
            &write.transaction,
            row.user_id,
            row.family,
            fresh,
            expires_at,
        )
        .await?;
        write.commit().await?;
        Ok(Rotation::Rotated(UserId::from_uuid(row.user_id)))
    }

    /// Revokes every refresh token of the login this one belongs to. An unknown one is no error.
    ///
    /// Errors: the database cannot be reached.
    pub async fn revoke_refresh_token(&self, shown: [u8; 32]) -> Result<(), Error> {
        let write = self.begin_write().await?;
        let found = refresh_token::Entity::find_by_id(shown.to_vec())
            .one(&write.transaction)
            .await?;
        if let Some(row) = found {
            delete_family(&write.transaction, row.family).await?;
        }
        write.commit().await?;
        Ok(())
    }
}

async fn insert_token(
    connection: &impl ConnectionTrait,
    user_id: Uuid,
    family: Uuid,
    token_hash: [u8; 32],
    expires_at: Micros,
) -> Result<(), Error> {
    let row = refresh_token::ActiveModel {
        token_hash: Set(token_hash.to_vec()),
        family: Set(family),
        user_id: Set(user_id),
        expires_us: Set(expires_at.0),
        used_us: Set(None),
    };
    refresh_token::Entity::insert(row)
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

async fn delete_family(connection: &impl ConnectionTrait, family: Uuid) -> Result<(), Error> {
    refresh_token::Entity::delete_many()
        .filter(refresh_token::Column::Family.eq(family))
        .exec(connection)
        .await?;
    Ok(())
}

/// Adds the memberships in merchants that have not been deleted.
async fn with_memberships(
    connection: &impl ConnectionTrait,
    rows: Vec<user::Model>,
) -> Result<Vec<User>, Error> {
    let memberships = membership::Entity::find()
        .filter(membership::Column::UserId.is_in(rows.iter().map(|row| row.id)))
        .order_by_asc(membership::Column::MerchantId)
        .all(connection)
        .await?;
    let alive: Vec<Uuid> = merchant::Entity::find()
        .select_only()
        .column(merchant::Column::Id)
        .filter(merchant::Column::Id.is_in(memberships.iter().map(|row| row.merchant_id)))
        .filter(merchant::Column::DeletedUs.is_null())
        .into_tuple()
        .all(connection)
        .await?;
    rows.into_iter()
        .map(|row| {
            let memberships = memberships
                .iter()
                .filter(|held| held.user_id == row.id && alive.contains(&held.merchant_id))
                .map(|held| Some((held.merchant_id, MerchantRole::from_code(held.role)?)))
                .collect::<Option<Vec<_>>>()
                .ok_or(Error::Corrupt {
                    what: "memberships.role",
                })?;
            let platform_role = row
                .platform_role
                .map(|code| {
                    PlatformRole::from_code(code).ok_or(Error::Corrupt {
                        what: "users.platform_role",
                    })
                })
                .transpose()?;
            Ok(User {
                id: UserId::from_uuid(row.id),
                email: row.email,
                platform_role,
                memberships: memberships
                    .into_iter()
                    .map(|(id, role)| (MerchantId::from_uuid(id), role))
                    .collect(),
                created_at: Micros(row.created_us),
            })
        })
        .collect()
}

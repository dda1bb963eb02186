//! People: who may log in, and what they are to the platform, to merchants and to apps.

use std::collections::HashMap;

use domain::clock::Micros;
use domain::id::{AppId, MerchantId, UserId};
use domain::tenancy::PlatformScope;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Set, sea_query::Expr,
};
use uuid::Uuid;

use crate::audit::Change;
use crate::config_clock::Write;
use crate::entity::{app, app_developer, invitation, membership, merchant, user};
use crate::logins::Proven;
use crate::search::Search;
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

    pub(crate) fn from_code(code: i16) -> Option<Self> {
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

    pub(crate) fn from_code(code: i16) -> Option<Self> {
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
    /// The apps they develop, in order of the apps' ids.
    pub apps: Vec<AppId>,
    /// When they were added.
    pub created_at: Micros,
}

/// What shall be different about a user; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct UserPatch {
    /// The role on the platform, or none any more.
    pub platform_role: Option<Option<PlatformRole>>,
    /// All roles in merchants.
    pub memberships: Option<Vec<(MerchantId, MerchantRole)>>,
    /// All apps they develop.
    pub apps: Option<Vec<AppId>>,
}

/// What came of a change to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PersonChanged<T> {
    /// It is done.
    Done(T),
    /// There is no such person.
    NotFound,
    /// They are the last admin, or the last owner: somebody must stay.
    LastOne,
}

impl Storage {
    /// Stores a new user with the hash of their password.
    ///
    /// Errors: `Duplicate` when the email is taken; the database cannot be reached.
    pub async fn create_user(&self, new: &User, password_hash: &str) -> Result<(), Error> {
        let write = self.begin_write().await?;
        insert(&write, new, password_hash).await?;
        let note = Change::of("createUser", new.id, None).states(None, Some(new));
        self.note(write, note).await
    }

    /// The user of this id, if there is one.
    ///
    /// Errors: the database cannot be reached.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, Error> {
        let Some(row) = user::Entity::find_by_id(id.uuid()).one(&self.reads).await? else {
            return Ok(None);
        };
        Ok(with_roles(&self.reads, vec![row]).await?.pop())
    }

    /// The user of this email, in lower case, with the hash of their password.
    ///
    /// Errors: the database cannot be reached.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<Proven>, Error> {
        let found = user::Entity::find()
            .filter(user::Column::Email.eq(email))
            .one(&self.reads)
            .await?;
        Ok(found.map(|row| Proven {
            user_id: UserId::from_uuid(row.id),
            password_hash: row.password_hash,
        }))
    }

    /// All users, or those with this in their email, newest first.
    ///
    /// Errors: the database cannot be reached.
    pub async fn users(
        &self,
        _: PlatformScope,
        search: Option<&Search>,
        page: PageRequest,
    ) -> Result<Page<User>, Error> {
        let mut query = user::Entity::find()
            .order_by_desc(user::Column::Id)
            .limit(page.limit + 1);
        if let Some(search) = search {
            query = query.filter(search.within([user::Column::Email]));
        }
        if let Some(before) = page.before {
            query = query.filter(user::Column::Id.lt(before));
        }
        let Page { rows, next } = page.cut(query.all(&self.reads).await?, |row| row.id);
        Ok(Page {
            rows: with_roles(&self.reads, rows).await?,
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

    /// Changes a user. The platform keeps an admin.
    ///
    /// Errors: the database cannot be reached.
    pub async fn update_user(
        &self,
        _: PlatformScope,
        id: UserId,
        patch: UserPatch,
    ) -> Result<PersonChanged<User>, Error> {
        let write = self.begin_write().await?;
        let admins = lock_admins(&write).await?;
        let Some(before) = locked(&write, id).await? else {
            return Ok(PersonChanged::NotFound);
        };
        let mut after = before.clone();
        if let Some(role) = patch.platform_role {
            after.platform_role = role;
        }
        if after.platform_role != Some(PlatformRole::Admin) && admins == [id.uuid()] {
            return Ok(PersonChanged::LastOne);
        }
        let unchanged = after == before
            && patch
                .memberships
                .as_ref()
                .is_none_or(|new| *new == before.memberships)
            && patch.apps.as_ref().is_none_or(|new| *new == before.apps);
        if unchanged {
            return Ok(PersonChanged::Done(before));
        }
        user::Entity::update_many()
            .col_expr(
                user::Column::PlatformRole,
                Expr::value(after.platform_role.map(|role| role as i16)),
            )
            .filter(user::Column::Id.eq(id.uuid()))
            .exec(&write.transaction)
            .await?;
        if let Some(memberships) = patch.memberships {
            membership::Entity::delete_many()
                .filter(membership::Column::UserId.eq(id.uuid()))
                .exec(&write.transaction)
                .await?;
            after.memberships = memberships;
            insert_memberships(&write.transaction, &after).await?;
        }
        if let Some(apps) = patch.apps {
            app_developer::Entity::delete_many()
                .filter(app_developer::Column::UserId.eq(id.uuid()))
                .exec(&write.transaction)
                .await?;
            after.apps = apps;
            insert_apps(&write.transaction, &after).await?;
        }
        let note = Change::of("updateUser", id, None).states(Some(&before), Some(&after));
        self.note(write, note).await?;
        Ok(PersonChanged::Done(after))
    }

    /// Deletes a user with their logins. The platform keeps an admin.
    ///
    /// Errors: the database cannot be reached.
    pub async fn delete_user(
        &self,
        _: PlatformScope,
        id: UserId,
    ) -> Result<PersonChanged<()>, Error> {
        let write = self.begin_write().await?;
        let admins = lock_admins(&write).await?;
        let Some(before) = locked(&write, id).await? else {
            return Ok(PersonChanged::NotFound);
        };
        if admins == [id.uuid()] {
            return Ok(PersonChanged::LastOne);
        }
        membership::Entity::delete_many()
            .filter(membership::Column::UserId.eq(id.uuid()))
            .exec(&write.transaction)
            .await?;
        // An open invitation would let them in again.
        invitation::Entity::delete_many()
            .filter(invitation::Column::Email.eq(&before.email))
            .exec(&write.transaction)
            .await?;
        // Logins, links and apps go with the user.
        user::Entity::delete_by_id(id.uuid())
            .exec(&write.transaction)
            .await?;
        let note = Change::of("deleteUser", id, None).states(Some(&before), None);
        self.note(write, note).await?;
        Ok(PersonChanged::Done(()))
    }
}

/// The admins, locked, always in the same order: of two changes at once the second sees what the first left.
pub(crate) async fn lock_admins(write: &Write) -> Result<Vec<Uuid>, Error> {
    let admins = user::Entity::find()
        .filter(user::Column::PlatformRole.eq(PlatformRole::Admin as i16))
        .order_by_asc(user::Column::Id)
        .lock_exclusive()
        .all(&write.transaction)
        .await?;
    Ok(admins.into_iter().map(|row| row.id).collect())
}

/// A user with their roles, all of it locked.
pub(crate) async fn locked(write: &Write, id: UserId) -> Result<Option<User>, Error> {
    let row = user::Entity::find_by_id(id.uuid())
        .lock_exclusive()
        .one(&write.transaction)
        .await?;
    membership::Entity::find()
        .filter(membership::Column::UserId.eq(id.uuid()))
        .order_by_asc(membership::Column::MerchantId)
        .lock_exclusive()
        .all(&write.transaction)
        .await?;
    let rows = row.into_iter().collect();
    Ok(with_roles(&write.transaction, rows).await?.pop())
}

/// Adds the row of a user with everything they may do.
pub(crate) async fn insert(write: &Write, new: &User, password_hash: &str) -> Result<(), Error> {
    let row = user::ActiveModel {
        id: Set(new.id.uuid()),
        email: Set(new.email.clone()),
        password_hash: Set(password_hash.to_owned()),
        platform_role: Set(new.platform_role.map(|role| role as i16)),
        created_us: Set(new.created_at.0),
    };
    user::Entity::insert(row)
        .exec_without_returning(&write.transaction)
        .await?;
    insert_memberships(&write.transaction, new).await?;
    insert_apps(&write.transaction, new).await
}

async fn insert_memberships(connection: &impl ConnectionTrait, of: &User) -> Result<(), Error> {
    let rows = of
        .memberships
        .iter()
        .map(|(merchant_id, role)| membership::ActiveModel {
            user_id: Set(of.id.uuid()),
            merchant_id: Set(merchant_id.uuid()),
            role: Set(*role as i16),
        });
    if !of.memberships.is_empty() {
        membership::Entity::insert_many(rows)
            .exec_without_returning(connection)
            .await?;
    }
    Ok(())
}

async fn insert_apps(connection: &impl ConnectionTrait, of: &User) -> Result<(), Error> {
    let rows = of.apps.iter().map(|app_id| app_developer::ActiveModel {
        user_id: Set(of.id.uuid()),
        app_id: Set(app_id.uuid()),
    });
    if !of.apps.is_empty() {
        app_developer::Entity::insert_many(rows)
            .exec_without_returning(connection)
            .await?;
    }
    Ok(())
}

/// Adds the memberships in merchants, and the apps, that have not been deleted.
pub(crate) async fn with_roles(
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
    let mut apps = apps_of(connection, &rows).await?;
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
                apps: apps.remove(&row.id).unwrap_or_default(),
                created_at: Micros(row.created_us),
            })
        })
        .collect()
}

/// The apps that these users develop, by user, in order of their ids.
async fn apps_of(
    connection: &impl ConnectionTrait,
    rows: &[user::Model],
) -> Result<HashMap<Uuid, Vec<AppId>>, Error> {
    let developed = app_developer::Entity::find()
        .filter(app_developer::Column::UserId.is_in(rows.iter().map(|row| row.id)))
        .order_by_asc(app_developer::Column::AppId)
        .all(connection)
        .await?;
    let alive: Vec<Uuid> = app::Entity::find()
        .select_only()
        .column(app::Column::Id)
        .filter(app::Column::Id.is_in(developed.iter().map(|row| row.app_id)))
        .filter(app::Column::DeletedUs.is_null())
        .into_tuple()
        .all(connection)
        .await?;
    let mut apps: HashMap<Uuid, Vec<AppId>> = HashMap::new();
    for row in developed {
        if alive.contains(&row.app_id) {
            let app_id = AppId::from_uuid(row.app_id);
            apps.entry(row.user_id).or_default().push(app_id);
        }
    }
    Ok(apps)
}

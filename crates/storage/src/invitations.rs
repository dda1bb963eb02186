//! Invitations: an email, what it lets in to, and the hash of the link's token. Accepting one makes the account, or adds
//! to the one that is there.

use domain::clock::{Clock as _, Micros};
use domain::endpoint::Owner;
use domain::id::{AppId, InvitationId, MerchantId, UserId};
use domain::tenancy::Holder;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Set,
    sea_query::{Expr, OnConflict},
};
use serde_json::{Value, json};

use crate::audit::{Change, View, acts};
use crate::entity::{app_developer, invitation, membership, user};
use crate::logins::{Proven, holds};
use crate::users::{MerchantRole, PlatformRole, User, insert, lock_admins, locked};
use crate::{Error, Page, PageRequest, Storage, apps, merchants};

/// What a person is let in to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// The platform, with this role.
    Platform(PlatformRole),
    /// A merchant, with this role.
    Merchant(MerchantId, MerchantRole),
    /// An app, as one of its developers.
    App(AppId),
}

/// An invitation that nobody has accepted yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// Who is invited, in lower case.
    pub email: String,
    /// To what.
    pub grant: Grant,
    /// Who invited them, as the audit log names them.
    pub invited_by: String,
    /// When.
    pub created_at: Micros,
    /// When it ends.
    pub expires_at: Micros,
}

/// What came of accepting an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvitationAccepted {
    /// They are in.
    Done,
    /// The link is unknown, used or old.
    Unknown,
    /// The email has another account, or another password, than when it was looked at.
    Changed,
    /// They belong to as many merchants, or develop as many apps, as one may.
    TooMany,
}

/// Who accepts an invitation.
pub enum Accepting<'a> {
    /// The account that the email has, by its password.
    Account(&'a Proven),
    /// Nobody yet: an account of this id is made, with this hash of its password.
    New(UserId, &'a str),
}

impl Grant {
    /// Whose affair it is.
    pub const fn owner(&self) -> Option<Owner> {
        match self {
            Self::Platform(_) => None,
            Self::Merchant(id, _) => Some(Owner::Merchant(*id)),
            Self::App(id) => Some(Owner::App(*id)),
        }
    }
}

impl View for Invitation {
    fn view(&self) -> Value {
        let to = match self.grant {
            Grant::Platform(role) => json!({ "platform_role": role.as_str() }),
            Grant::Merchant(_, role) => json!({ "role": role.as_str() }),
            Grant::App(id) => json!({ "app_id": id.to_string() }),
        };
        json!({ "email": self.email, "to": to })
    }
}

impl TryFrom<invitation::Model> for Invitation {
    type Error = Error;

    fn try_from(row: invitation::Model) -> Result<Self, Error> {
        let merchant_role = row.merchant_role.and_then(MerchantRole::from_code);
        let grant = match (
            row.platform_role.and_then(PlatformRole::from_code),
            row.merchant_id.zip(merchant_role),
            row.app_id,
        ) {
            (Some(role), None, None) => Grant::Platform(role),
            (None, Some((id, role)), None) => Grant::Merchant(MerchantId::from_uuid(id), role),
            (None, None, Some(id)) => Grant::App(AppId::from_uuid(id)),
            _ => {
                return Err(Error::Corrupt {
                    what: "invitations.role",
                });
            }
        };
        Ok(Self {
            id: InvitationId::from_uuid(row.id),
            email: row.email,
            grant,
            invited_by: row.invited_by,
            created_at: Micros(row.created_us),
            expires_at: Micros(row.expires_us),
        })
    }
}

impl Storage {
    /// Stores an invitation in place of an older one of the same person to the same, and forgets those that have
    /// expired. `false` when there are `most` already.
    ///
    /// Errors: the database cannot be reached.
    pub async fn create_invitation(
        &self,
        new: &Invitation,
        token_hash: [u8; 32],
        most: u64,
    ) -> Result<bool, Error> {
        let write = self.begin_write().await?;
        // One at a time, so that the limit holds and the older one is seen.
        match new.grant.owner() {
            Some(Owner::Merchant(id)) => {
                merchants::find(&write.transaction, id.uuid(), true).await?;
            }
            Some(Owner::App(id)) => {
                apps::find(&write.transaction, id.uuid(), true).await?;
            }
            None => {
                lock_admins(&write).await?;
            }
        }
        let same = of(new.grant.owner()).add(invitation::Column::Email.eq(&new.email));
        let ended = Condition::any()
            .add(invitation::Column::ExpiresUs.lt(new.created_at.0))
            .add(same);
        invitation::Entity::delete_many()
            .filter(ended)
            .exec(&write.transaction)
            .await?;
        let open = invitation::Entity::find()
            .filter(of(new.grant.owner()))
            .count(&write.transaction)
            .await?;
        if open >= most {
            return Ok(false);
        }
        invitation::Entity::insert(row(new, token_hash))
            .exec_without_returning(&write.transaction)
            .await?;
        let note = Change::of("createInvitation", new.id, new.grant.owner());
        self.note(write, note.states(None, Some(new))).await?;
        Ok(true)
    }

    /// Open invitations, newest first: a merchant's, an app's, or the platform's own.
    ///
    /// Errors: the database cannot be reached.
    pub async fn invitations(
        &self,
        of_whom: impl Into<Holder>,
        page: PageRequest,
    ) -> Result<Page<Invitation>, Error> {
        let mut query = invitation::Entity::find()
            .filter(of(of_whom.into().owner()))
            .filter(invitation::Column::ExpiresUs.gt(self.clock().now().0))
            .order_by_desc(invitation::Column::Id)
            .limit(page.limit + 1);
        if let Some(before) = page.before {
            query = query.filter(invitation::Column::Id.lt(before));
        }
        let rows = query.all(&self.reads).await?;
        page.cut(rows, |row| row.id).try_map(Invitation::try_from)
    }

    /// Withdraws an invitation; whether there was such a one.
    ///
    /// Errors: the database cannot be reached.
    pub async fn delete_invitation(
        &self,
        of_whom: impl Into<Holder>,
        id: InvitationId,
    ) -> Result<bool, Error> {
        let owner = of_whom.into().owner();
        let write = self.begin_write().await?;
        let found = invitation::Entity::find_by_id(id.uuid())
            .filter(of(owner))
            .lock_exclusive()
            .one(&write.transaction)
            .await?;
        let Some(found) = found.map(Invitation::try_from).transpose()? else {
            return Ok(false);
        };
        invitation::Entity::delete_by_id(id.uuid())
            .exec(&write.transaction)
            .await?;
        let note = Change::of("deleteInvitation", id, owner);
        self.note(write, note.states(Some(&found), None)).await?;
        Ok(true)
    }

    /// The invitation of a link.
    ///
    /// Errors: the database cannot be reached.
    pub async fn invitation_of(&self, token_hash: [u8; 32]) -> Result<Option<Invitation>, Error> {
        find(&self.reads, token_hash, self.clock().now(), false).await
    }

    /// Accepts an invitation; `most` is how many merchants, or apps, one may have.
    ///
    /// Errors: `Duplicate` when the account is made by somebody else just now; the database cannot be reached.
    pub async fn accept_invitation(
        &self,
        token_hash: [u8; 32],
        by: Accepting<'_>,
        most: usize,
    ) -> Result<InvitationAccepted, Error> {
        let now = self.clock().now();
        let write = self.begin_write().await?;
        let Some(invited) = find(&write.transaction, token_hash, now, true).await? else {
            return Ok(InvitationAccepted::Unknown);
        };
        let mut user = match by {
            Accepting::Account(proven) if !holds(&write, proven).await? => {
                return Ok(InvitationAccepted::Changed);
            }
            Accepting::Account(proven) => {
                let Some(user) = locked(&write, proven.user_id).await? else {
                    return Ok(InvitationAccepted::Changed);
                };
                user
            }
            Accepting::New(id, password_hash) => {
                let new = User {
                    id,
                    email: invited.email.clone(),
                    platform_role: None,
                    memberships: Vec::new(),
                    apps: Vec::new(),
                    created_at: now,
                };
                insert(&write, &new, password_hash).await?;
                new
            }
        };
        if user.email != invited.email {
            return Ok(InvitationAccepted::Changed);
        }
        grant(&write.transaction, &mut user, invited.grant).await?;
        if user.memberships.len() > most || user.apps.len() > most {
            return Ok(InvitationAccepted::TooMany);
        }
        invitation::Entity::delete_by_id(invited.id.uuid())
            .exec(&write.transaction)
            .await?;
        acts(&user.id, &user.email);
        // What else they are is no affair of whose invitation it was.
        let mut note = Change::of("acceptInvitation", user.id, invited.grant.owner());
        note.after = Some(invited.view());
        self.note(write, note).await?;
        Ok(InvitationAccepted::Done)
    }
}

/// Gives a user what they are invited to; a higher role that they have stays.
async fn grant(connection: &impl ConnectionTrait, to: &mut User, what: Grant) -> Result<(), Error> {
    match what {
        Grant::Platform(role) => {
            to.platform_role = to.platform_role.max(Some(role));
            user::Entity::update_many()
                .col_expr(
                    user::Column::PlatformRole,
                    Expr::value(to.platform_role.map(|role| role as i16)),
                )
                .filter(user::Column::Id.eq(to.id.uuid()))
                .exec(connection)
                .await?;
        }
        Grant::Merchant(id, role) => {
            let held = to.memberships.iter().find(|(known, _)| *known == id);
            let role = held.map_or(role, |(_, held)| role.max(*held));
            to.memberships.retain(|(known, _)| *known != id);
            to.memberships.push((id, role));
            to.memberships.sort_unstable_by_key(|(known, _)| *known);
            let row = membership::ActiveModel {
                user_id: Set(to.id.uuid()),
                merchant_id: Set(id.uuid()),
                role: Set(role as i16),
            };
            let both = [membership::Column::UserId, membership::Column::MerchantId];
            let conflict = OnConflict::columns(both)
                .update_column(membership::Column::Role)
                .to_owned();
            membership::Entity::insert(row)
                .on_conflict(conflict)
                .exec_without_returning(connection)
                .await?;
        }
        Grant::App(id) if to.apps.contains(&id) => {}
        Grant::App(id) => {
            to.apps.push(id);
            to.apps.sort_unstable();
            let row = app_developer::ActiveModel {
                user_id: Set(to.id.uuid()),
                app_id: Set(id.uuid()),
            };
            app_developer::Entity::insert(row)
                .exec_without_returning(connection)
                .await?;
        }
    }
    Ok(())
}

async fn find(
    connection: &impl ConnectionTrait,
    token_hash: [u8; 32],
    now: Micros,
    lock: bool,
) -> Result<Option<Invitation>, Error> {
    let mut query = invitation::Entity::find()
        .filter(invitation::Column::TokenHash.eq(token_hash.to_vec()))
        .filter(invitation::Column::ExpiresUs.gt(now.0));
    if lock {
        query = query.lock_exclusive();
    }
    let row = query.one(connection).await?;
    row.map(Invitation::try_from).transpose()
}

/// Those of a merchant, of an app, or of neither.
fn of(owner: Option<Owner>) -> Condition {
    use invitation::Column;
    match owner {
        Some(Owner::Merchant(id)) => Condition::all().add(Column::MerchantId.eq(id.uuid())),
        Some(Owner::App(id)) => Condition::all().add(Column::AppId.eq(id.uuid())),
        None => Condition::all()
            .add(Column::MerchantId.is_null())
            .add(Column::AppId.is_null()),
    }
}

fn row(new: &Invitation, token_hash: [u8; 32]) -> invitation::ActiveModel {
    let (platform_role, merchant, app_id) = match new.grant {
        Grant::Platform(role) => (Some(role as i16), None, None),
        Grant::Merchant(id, role) => (None, Some((id.uuid(), role as i16)), None),
        Grant::App(id) => (None, None, Some(id.uuid())),
    };
    let (merchant_id, merchant_role) = merchant.unzip();
    invitation::ActiveModel {
        id: Set(new.id.uuid()),
        token_hash: Set(token_hash.to_vec()),
        email: Set(new.email.clone()),
        platform_role: Set(platform_role),
        merchant_id: Set(merchant_id),
        merchant_role: Set(merchant_role),
        app_id: Set(app_id),
        invited_by: Set(new.invited_by.clone()),
        created_us: Set(new.created_at.0),
        expires_us: Set(new.expires_at.0),
    }
}

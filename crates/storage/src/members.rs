//! The people of a merchant, as the merchant sees them.

use domain::clock::Micros;
use domain::endpoint::Owner;
use domain::id::{MerchantId, UserId};
use domain::tenancy::TenantScope;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::Expr,
};
use serde_json::json;
use uuid::Uuid;

use crate::audit::Change;
use crate::config_clock::Write;
use crate::entity::{invitation, membership, user};
use crate::users::{MerchantRole, PersonChanged};
use crate::{Error, Page, PageRequest, Storage};

/// A person of a merchant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user_id: UserId,
    /// Their email.
    pub email: String,
    /// Their role there.
    pub role: MerchantRole,
    /// When they were added as a user.
    pub created_at: Micros,
}

impl Storage {
    /// The people of a merchant, the newest users first.
    ///
    /// Errors: the database cannot be reached.
    pub async fn members(
        &self,
        scope: TenantScope,
        page: PageRequest,
    ) -> Result<Page<Member>, Error> {
        let mut query = membership::Entity::find()
            .filter(membership::Column::MerchantId.eq(scope.merchant_id().uuid()))
            .order_by_desc(membership::Column::UserId)
            .limit(page.limit + 1);
        if let Some(before) = page.before {
            query = query.filter(membership::Column::UserId.lt(before));
        }
        let held = page.cut(query.all(&self.reads).await?, |row| row.user_id);
        let users = user::Entity::find()
            .filter(user::Column::Id.is_in(held.rows.iter().map(|row| row.user_id)))
            .all(&self.reads)
            .await?;
        // Somebody deleted in between is no member any more.
        let rows = held.rows.into_iter().filter_map(|held| {
            let user = users.iter().find(|user| user.id == held.user_id)?;
            Some(member(&held, user))
        });
        Ok(Page {
            rows: rows.collect::<Result<_, _>>()?,
            next: held.next,
        })
    }

    /// Gives a member another role. A merchant keeps an owner, unless the platform says otherwise (`forced`).
    ///
    /// Errors: the database cannot be reached.
    pub async fn update_member(
        &self,
        scope: TenantScope,
        user_id: UserId,
        role: MerchantRole,
        forced: bool,
    ) -> Result<PersonChanged<Member>, Error> {
        let write = self.begin_write().await?;
        let owners = lock_owners(&write, scope.merchant_id()).await?;
        let Some(mut member) = find(&write, scope.merchant_id(), user_id).await? else {
            return Ok(PersonChanged::NotFound);
        };
        if role == member.role {
            return Ok(PersonChanged::Done(member));
        }
        if role != MerchantRole::Owner && !forced && owners == [user_id.uuid()] {
            return Ok(PersonChanged::LastOne);
        }
        membership::Entity::update_many()
            .col_expr(membership::Column::Role, Expr::value(role as i16))
            .filter(membership::Column::MerchantId.eq(scope.merchant_id().uuid()))
            .filter(membership::Column::UserId.eq(user_id.uuid()))
            .exec(&write.transaction)
            .await?;
        withdraw_invitations(&write, scope.merchant_id(), &member.email).await?;
        let mut note = noted("updateMember", scope.merchant_id(), user_id);
        note.before = Some(json!({ "role": member.role.as_str() }));
        note.after = Some(json!({ "role": role.as_str() }));
        self.note(write, note).await?;
        member.role = role;
        Ok(PersonChanged::Done(member))
    }

    /// Takes a member out of a merchant, which keeps an owner, unless the platform says otherwise (`forced`).
    ///
    /// Errors: the database cannot be reached.
    pub async fn remove_member(
        &self,
        scope: TenantScope,
        user_id: UserId,
        forced: bool,
    ) -> Result<PersonChanged<()>, Error> {
        let write = self.begin_write().await?;
        let owners = lock_owners(&write, scope.merchant_id()).await?;
        let Some(member) = find(&write, scope.merchant_id(), user_id).await? else {
            return Ok(PersonChanged::NotFound);
        };
        if !forced && owners == [user_id.uuid()] {
            return Ok(PersonChanged::LastOne);
        }
        membership::Entity::delete_by_id((user_id.uuid(), scope.merchant_id().uuid()))
            .exec(&write.transaction)
            .await?;
        withdraw_invitations(&write, scope.merchant_id(), &member.email).await?;
        let mut note = noted("removeMember", scope.merchant_id(), user_id);
        note.before = Some(json!({ "role": member.role.as_str() }));
        self.note(write, note).await?;
        Ok(PersonChanged::Done(()))
    }
}

/// An open invitation would undo the change.
async fn withdraw_invitations(
    write: &Write,
    merchant_id: MerchantId,
    email: &str,
) -> Result<(), Error> {
    invitation::Entity::delete_many()
        .filter(invitation::Column::MerchantId.eq(merchant_id.uuid()))
        .filter(invitation::Column::Email.eq(email))
        .exec(&write.transaction)
        .await?;
    Ok(())
}

fn noted(action: &'static str, merchant_id: MerchantId, user_id: UserId) -> Change {
    Change::of(action, user_id, Some(Owner::Merchant(merchant_id)))
}

fn member(held: &membership::Model, user: &user::Model) -> Result<Member, Error> {
    Ok(Member {
        user_id: UserId::from_uuid(user.id),
        email: user.email.clone(),
        role: MerchantRole::from_code(held.role).ok_or(Error::Corrupt {
            what: "memberships.role",
        })?,
        created_at: Micros(user.created_us),
    })
}

/// The owners of a merchant, locked, always in the same order: of two changes at once the second sees what the first
/// left.
async fn lock_owners(write: &Write, merchant_id: MerchantId) -> Result<Vec<Uuid>, Error> {
    let owners = membership::Entity::find()
        .filter(membership::Column::MerchantId.eq(merchant_id.uuid()))
        .filter(membership::Column::Role.eq(MerchantRole::Owner as i16))
        .order_by_asc(membership::Column::UserId)
        .lock_exclusive()
        .all(&write.transaction)
        .await?;
    Ok(owners.into_iter().map(|row| row.user_id).collect())
}

async fn find(
    write: &Write,
    merchant_id: MerchantId,
    user_id: UserId,
) -> Result<Option<Member>, Error> {
    let held = membership::Entity::find_by_id((user_id.uuid(), merchant_id.uuid()))
        .lock_exclusive()
        .one(&write.transaction)
        .await?;
    let user = user::Entity::find_by_id(user_id.uuid())
        .one(&write.transaction)
        .await?;
    let both = held.zip(user);
    both.map(|(held, user)| member(&held, &user)).transpose()
}

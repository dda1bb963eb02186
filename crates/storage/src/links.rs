//! Links that are good once: to a new password, and into a merchant's portal. Stored is the hash of what they carry.

use std::time::Duration;

use domain::clock::{Clock as _, Micros};
use domain::endpoint::Owner;
use domain::id::{LoginId, MerchantId, UserId};
use domain::tenancy::TenantScope;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _, Set, sea_query::Expr,
};
use serde_json::json;

use crate::audit::{Change, acts};
use crate::config_clock::Write;
use crate::entity::{login, one_time_link, user};
use crate::logins::{Login, Portal, Proven, end_all, holds, insert};
use crate::users::MerchantRole;
use crate::{Error, Storage};

/// What a link that was shown lets in to, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedPortal {
    /// Where to.
    pub portal: Portal,
    /// For how long.
    pub lasts: Duration,
}

impl Storage {
    /// Stores a link to a new password of a user.
    ///
    /// Errors: the database cannot be reached.
    pub async fn create_password_reset(
        &self,
        user_id: UserId,
        token_hash: [u8; 32],
        expires_at: Micros,
    ) -> Result<(), Error> {
        let write = self.begin_write().await?;
        let row = one_time_link::ActiveModel {
            user_id: Set(Some(user_id.uuid())),
            ..link(token_hash, expires_at)
        };
        self.add(&write, row).await?;
        self.note(write, Change::of("createPasswordReset", user_id, None))
            .await
    }

    /// Sets the password of the user whose link this is, which is used up with all others of theirs, and ends their
    /// logins. `false` when the link is unknown, used or old.
    ///
    /// Errors: the database cannot be reached.
    pub async fn reset_password(
        &self,
        token_hash: [u8; 32],
        password_hash: &str,
    ) -> Result<bool, Error> {
        let Some(user_id) = self.password_reset_of(token_hash).await? else {
            return Ok(false);
        };
        let write = self.begin_write().await?;
        // The user first, then their links: whoever deletes users locks in that order too.
        let user = user::Entity::find_by_id(user_id.uuid())
            .lock_exclusive()
            .one(&write.transaction)
            .await?;
        let Some(user) = user else { return Ok(false) };
        if self.take(&write, token_hash).await?.is_none() {
            return Ok(false);
        }
        acts(&user_id, user.email);
        set_password(&write, user_id, password_hash).await?;
        end_all(&write, user_id, None).await?;
        self.note(write, Change::of("resetPassword", user_id, None))
            .await?;
        Ok(true)
    }

    /// Whose password a link that is still good is about.
    ///
    /// Errors: the database cannot be reached.
    pub async fn password_reset_of(&self, token_hash: [u8; 32]) -> Result<Option<UserId>, Error> {
        let found = one_time_link::Entity::find_by_id(token_hash.to_vec())
            .filter(one_time_link::Column::ExpiresUs.gt(self.clock().now().0))
            .one(&self.reads)
            .await?;
        Ok(found.and_then(|row| row.user_id).map(UserId::from_uuid))
    }

    /// Stores a link into a merchant's portal, good until `expires_at`; whoever opens it stays for `lasts`.
    ///
    /// Errors: the database cannot be reached.
    pub async fn create_portal_link(
        &self,
        scope: TenantScope,
        to: &OpenedPortal,
        token_hash: [u8; 32],
        expires_at: Micros,
    ) -> Result<(), Error> {
        let merchant_id = scope.merchant_id();
        let write = self.begin_write().await?;
        let row = one_time_link::ActiveModel {
            merchant_id: Set(Some(merchant_id.uuid())),
            role: Set(Some(to.portal.role as i16)),
            label: Set(to.portal.label.clone()),
            lasts_s: Set(i64::try_from(to.lasts.as_secs()).ok()),
            ..link(token_hash, expires_at)
        };
        self.add(&write, row).await?;
        let owner = Owner::Merchant(merchant_id);
        let mut note = Change::of("createPortalLink", merchant_id, Some(owner));
        note.after = Some(json!({ "role": to.portal.role.as_str(), "label": to.portal.label }));
        self.note(write, note).await
    }

    /// Uses up a portal link: `begin` says what login it becomes. `None` when it is unknown, used or old.
    ///
    /// Errors: the database cannot be reached.
    pub async fn open_portal(
        &self,
        token_hash: [u8; 32],
        refresh_hash: [u8; 32],
        begin: impl FnOnce(OpenedPortal) -> Login + Send,
    ) -> Result<Option<Login>, Error> {
        let known = one_time_link::Entity::find_by_id(token_hash.to_vec())
            .one(&self.reads)
            .await?;
        // Guesses cost a read.
        if known.is_none() {
            return Ok(None);
        }
        let write = self.begin_write().await?;
        let Some(opened) = self.take(&write, token_hash).await?.and_then(opened) else {
            return Ok(None);
        };
        let owner = Owner::Merchant(opened.portal.merchant_id);
        let name = opened.portal.name().to_owned();
        let login = begin(opened);
        acts(&login.id, name);
        insert(&write, &login, refresh_hash).await?;
        self.note(write, Change::of("openPortal", login.id, Some(owner)))
            .await?;
        Ok(Some(login))
    }

    /// Ends all logins through a merchant's portal links, and the links that nobody has opened.
    ///
    /// Errors: the database cannot be reached.
    pub async fn revoke_portal_links(&self, scope: TenantScope) -> Result<(), Error> {
        let merchant_id = scope.merchant_id();
        let write = self.begin_write().await?;
        end_portals(&write, merchant_id).await?;
        let owner = Owner::Merchant(merchant_id);
        self.note(
            write,
            Change::of("revokePortalLinks", merchant_id, Some(owner)),
        )
        .await
    }

    /// Changes a user's password, and ends their logins but for the one at hand. `false` when the password that was
    /// proven is not theirs any more.
    ///
    /// Errors: the database cannot be reached.
    pub async fn change_password(
        &self,
        proven: &Proven,
        kept: LoginId,
        password_hash: &str,
    ) -> Result<bool, Error> {
        let user_id = proven.user_id;
        let write = self.begin_write().await?;
        if !holds(&write, proven).await? {
            return Ok(false);
        }
        set_password(&write, user_id, password_hash).await?;
        end_all(&write, user_id, Some(kept)).await?;
        self.note(write, Change::of("changePassword", user_id, None))
            .await?;
        Ok(true)
    }

    /// Adds a link, and forgets those that have expired.
    async fn add(&self, write: &Write, row: one_time_link::ActiveModel) -> Result<(), Error> {
        one_time_link::Entity::delete_many()
            .filter(one_time_link::Column::ExpiresUs.lt(self.clock().now().0))
            .exec(&write.transaction)
            .await?;
        one_time_link::Entity::insert(row)
            .exec_without_returning(&write.transaction)
            .await?;
        Ok(())
    }

    /// Uses up a link that is still good. Of two at once one gets it.
    async fn take(
        &self,
        write: &Write,
        token_hash: [u8; 32],
    ) -> Result<Option<one_time_link::Model>, Error> {
        let found = one_time_link::Entity::find_by_id(token_hash.to_vec())
            .filter(one_time_link::Column::ExpiresUs.gt(self.clock().now().0))
            .lock_exclusive()
            .one(&write.transaction)
            .await?;
        one_time_link::Entity::delete_by_id(token_hash.to_vec())
            .exec(&write.transaction)
            .await?;
        Ok(found)
    }
}

fn link(token_hash: [u8; 32], expires_at: Micros) -> one_time_link::ActiveModel {
    one_time_link::ActiveModel {
        token_hash: Set(token_hash.to_vec()),
        expires_us: Set(expires_at.0),
        ..Default::default()
    }
}

fn opened(row: one_time_link::Model) -> Option<OpenedPortal> {
    Some(OpenedPortal {
        portal: Portal {
            merchant_id: MerchantId::from_uuid(row.merchant_id?),
            role: MerchantRole::from_code(row.role?)?,
            label: row.label,
        },
        lasts: Duration::from_secs(row.lasts_s?.unsigned_abs()),
    })
}

/// Ends the logins of a merchant's portal, and its links.
pub(crate) async fn end_portals(write: &Write, merchant_id: MerchantId) -> Result<(), Error> {
    one_time_link::Entity::delete_many()
        .filter(one_time_link::Column::MerchantId.eq(merchant_id.uuid()))
        .exec(&write.transaction)
        .await?;
    login::Entity::delete_many()
        .filter(login::Column::MerchantId.eq(merchant_id.uuid()))
        .exec(&write.transaction)
        .await?;
    Ok(())
}

/// Sets a user's password; links to another one are no good any more.
async fn set_password(write: &Write, user_id: UserId, password_hash: &str) -> Result<(), Error> {
    one_time_link::Entity::delete_many()
        .filter(one_time_link::Column::UserId.eq(user_id.uuid()))
        .exec(&write.transaction)
        .await?;
    user::Entity::update_many()
        .col_expr(user::Column::PasswordHash, Expr::value(password_hash))
        .filter(user::Column::Id.eq(user_id.uuid()))
        .exec(&write.transaction)
        .await?;
    Ok(())
}

//! The people of a merchant, and links into its portal.

use std::sync::Arc;
use std::time::Duration;

use domain::clock::{Clock as _, Micros};
use domain::error::FieldError;
use domain::id::{MerchantId, UserId};
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};
use storage::links::OpenedPortal;
use storage::logins::Portal;
use storage::members::Member;
use storage::users::MerchantRole;

use super::Tag;
use crate::answers::{Json, NoContent};
use crate::app::App;
use crate::auth::Bearer;
use crate::auth::token::{self, Kind};
use crate::body::Body;
use crate::page::{List, ListOf};
use crate::people::outcome;
use crate::problem::ApiError;
use crate::text::{Text, plain_fault};

/// How long a portal link may be opened.
const OPENABLE: Duration = Duration::from_mins(10);
/// How long its login lasts when the platform does not say, and at most.
const LASTS: Duration = Duration::from_hours(1);
const LASTS_MIN: Duration = Duration::from_mins(1);
const LASTS_MAX: Duration = Duration::from_hours(24);
/// Longest label, in characters.
const LABEL_MAX: usize = 120;
/// The dashboard's page for it.
const PAGE: &str = "portal";

pub(crate) struct MembersApi;

/// A person of a merchant.
#[derive(Serialize, Object)]
#[oai(rename = "Member")]
struct MemberOut {
    /// Who.
    user_id: Text<UserId>,
    /// Their email.
    email: String,
    /// Their role in the merchant.
    role: Text<MerchantRole>,
    /// When they were added as a user.
    created_at: Text<Micros>,
}

/// Another role.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct UpdateMember {
    /// The role in the merchant.
    role: Text<MerchantRole>,
}

/// A link for somebody of the merchant, whom the platform knows.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct CreatePortalLink {
    /// `viewer` or `developer`: owners have accounts.
    role: Text<MerchantRole>,
    /// How long they stay logged in, 1m to 24h; 1h when left out.
    expires_in: Option<Text<Duration>>,
    /// What the audit log calls them, 120 characters at most.
    #[oai(validator(max_length = 120))]
    label: Option<String>,
}

/// A link into a merchant's portal.
#[derive(Serialize, Object)]
struct PortalLink {
    /// Send the person's browser there: it is good once, for ten minutes.
    url: String,
    /// What it carries, for a page of the platform's own that calls `POST /v1/auth/portal`.
    token: String,
    /// Until when it can be opened.
    expires_at: Text<Micros>,
}

impl From<Member> for MemberOut {
    fn from(member: Member) -> Self {
        Self {
            user_id: Text(member.user_id),
            email: member.email,
            role: Text(member.role),
            created_at: Text(member.created_at),
        }
    }
}

impl CreatePortalLink {
    /// Checks a link.
    ///
    /// Errors: everything that is wrong with it.
    fn check(&self) -> Result<(), ApiError> {
        let mut faults = Vec::new();
        if self.role.0 == MerchantRole::Owner {
            let detail = "must be viewer or developer: owners have accounts";
            faults.push(FieldError::new("/role", "range", detail));
        }
        if !(LASTS_MIN..=LASTS_MAX).contains(&self.lasts()) {
            faults.push(FieldError::new("/expires_in", "range", "must be 1m to 24h"));
        }
        let label = self.label.as_deref().unwrap_or_default();
        if label.chars().count() > LABEL_MAX {
            let detail = format!("must have {LABEL_MAX} characters at most");
            faults.push(FieldError::new("/label", "length", detail));
        }
        faults.extend(plain_fault("/label", label));
        ApiError::of_fields(faults)
    }

    fn lasts(&self) -> Duration {
        self.expires_in.map_or(LASTS, |text| text.0)
    }
}

const LAST_OWNER: &str =
    "The merchant's last owner must stay one: make somebody else an owner first.";

#[OpenApi(tag = "Tag::Members")]
impl MembersApi {
    /// List a merchant's people
    #[oai(
        path = "/merchants/:merchant_id/members",
        method = "get",
        operation_id = "listMembers"
    )]
    async fn list(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        list: ListOf,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows of the page, 1 to 250.
        limit: Query<Option<u64>>,
    ) -> Result<Json<List<MemberOut>>, ApiError> {
        let scope = app.scope(&caller, merchant_id.0.0).await?;
        let page = list.page(cursor.0.as_deref(), limit.0)?;
        let found = app.storage.members(scope, page).await?;
        Ok(Json(list.answer(found, MemberOut::from)))
    }

    /// Change a member's role
    ///
    /// Within five seconds they may do what the new role says. The last owner stays one, unless the platform changes
    /// that.
    #[oai(
        path = "/merchants/:merchant_id/members/:user_id",
        method = "put",
        operation_id = "updateMember"
    )]
    async fn update(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// The member.
        user_id: Path<Text<UserId>>,
        body: Body<UpdateMember>,
    ) -> Result<Json<MemberOut>, ApiError> {
        let scope = caller.merchant(merchant_id.0.0)?;
        let forced = caller.platform().is_ok();
        let changed = app
            .storage
            .update_member(scope, user_id.0.0, body.value.role.0, forced)
            .await?;
        app.auth.forget_people();
        Ok(Json(outcome(changed, LAST_OWNER)?.into()))
    }

    /// Take a member out of a merchant
    ///
    /// They keep their account. The last owner stays, unless the platform takes them out.
    #[oai(
        path = "/merchants/:merchant_id/members/:user_id",
        method = "delete",
        operation_id = "removeMember"
    )]
    async fn remove(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// The member.
        user_id: Path<Text<UserId>>,
    ) -> Result<NoContent, ApiError> {
        let scope = caller.merchant(merchant_id.0.0)?;
        let forced = caller.platform().is_ok();
        let changed = app
            .storage
            .remove_member(scope, user_id.0.0, forced)
            .await?;
        app.auth.forget_people();
        outcome(changed, LAST_OWNER).map(|()| NoContent)
    }

    /// Make a link into a merchant's portal
    ///
    /// Drops somebody whom the platform has logged in itself into the dashboard of this one merchant, without an
    /// account. The login ends after `expires_in` and cannot be prolonged.
    #[oai(
        path = "/merchants/:merchant_id/portal-links",
        method = "post",
        operation_id = "createPortalLink"
    )]
    async fn portal_link(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        body: Body<CreatePortalLink>,
    ) -> Result<Json<PortalLink>, ApiError> {
        let scope = app.scope(&caller, merchant_id.0.0).await?;
        body.value.check()?;
        let to = OpenedPortal {
            lasts: body.value.lasts(),
            portal: Portal {
                merchant_id: scope.merchant_id(),
                role: body.value.role.0,
                label: body.value.label,
            },
        };
        let expires_at = app.storage.clock().now() + OPENABLE;
        let token = Kind::Portal.generate(&mut app.auth.fork_rng());
        app.storage
            .create_portal_link(scope, &to, token::hash(&token), expires_at)
            .await?;
        Ok(Json(PortalLink {
            url: app.mail.link(PAGE, &token),
            token,
            expires_at: Text(expires_at),
        }))
    }

    /// End a merchant's portal logins
    ///
    /// All of them, within five seconds, and the links that nobody has opened yet.
    #[oai(
        path = "/merchants/:merchant_id/portal-links",
        method = "delete",
        operation_id = "revokePortalLinks"
    )]
    async fn end_portals(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
    ) -> Result<NoContent, ApiError> {
        let scope = app.scope(&caller, merchant_id.0.0).await?;
        app.storage.revoke_portal_links(scope).await?;
        app.auth.forget_people();
        Ok(NoContent)
    }
}

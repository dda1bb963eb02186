//! Invitations: to the platform, to a merchant, or to develop an app.

use std::sync::Arc;
use std::time::Duration;

use domain::clock::{Clock as _, Micros};
use domain::error::FieldError;
use domain::id::{AppId, InvitationId, MerchantId, UserId};
use domain::tenancy::Holder;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};
use storage::PageRequest;
use storage::invitations::{Accepting, Grant, Invitation, InvitationAccepted};
use storage::users::{MerchantRole, PlatformRole};

use super::Tag;
use super::api_keys::check_app;
use super::auth::counted;
use crate::answers::{Accepted, Json, NoContent};
use crate::app::App;
use crate::auth::Bearer;
use crate::auth::token::{self, Kind};
use crate::body::Body;
use crate::limits::address::Client;
use crate::mail::Letter;
use crate::page::{List, ListOf};
use crate::people::{MEMBERSHIPS_MAX, email_fault, email_of, password_fault};
use crate::problem::{ApiError, Slug};
use crate::text::Text;

/// How long an invitation is good.
const LIFE: Duration = Duration::from_hours(7 * 24);
/// Open invitations of one merchant, of one app, or of the platform.
const INVITATIONS_MAX: u64 = 100;
/// The dashboard's page for it.
const PAGE: &str = "accept-invitation";

pub(crate) struct InvitationsApi;

/// Who is invited to a merchant.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct InviteMember {
    /// Any case.
    #[oai(validator(min_length = 3, max_length = 254))]
    email: String,
    /// What they may do there.
    role: Text<MerchantRole>,
}

/// Who is invited to the platform.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct InviteOperator {
    /// Any case.
    #[oai(validator(min_length = 3, max_length = 254))]
    email: String,
    /// What they may do on the platform.
    platform_role: Text<PlatformRole>,
}

/// Who is invited to develop an app.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct InviteDeveloper {
    /// Any case.
    #[oai(validator(min_length = 3, max_length = 254))]
    email: String,
}

/// An invitation is accepted.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct AcceptInvitation {
    /// The link's token: what stands after `#token=`.
    token: String,
    /// The password of the account that the invited email has; where it has none, of the new account, 12 to 256
    /// characters.
    #[oai(validator(min_length = 12, max_length = 256))]
    password: String,
}

/// An invitation that nobody has accepted yet.
#[derive(Serialize, Object)]
#[oai(rename = "Invitation")]
struct InvitationOut {
    /// Its id.
    id: Text<InvitationId>,
    /// Who is invited, in lower case.
    email: String,
    /// The role on the platform.
    platform_role: Option<Text<PlatformRole>>,
    /// The merchant.
    merchant_id: Option<Text<MerchantId>>,
    /// The role in the merchant.
    role: Option<Text<MerchantRole>>,
    /// The app.
    app_id: Option<Text<AppId>>,
    /// Who invited them.
    invited_by: String,
    /// When.
    created_at: Text<Micros>,
    /// When it ends.
    expires_at: Text<Micros>,
    /// The link, shown this once, where no mail is sent or a caller of the platform asks: give it to the person it is
    /// for, and to nobody else.
    url: Option<String>,
}

impl From<Invitation> for InvitationOut {
    fn from(invitation: Invitation) -> Self {
        let mut shown = Self {
            id: Text(invitation.id),
            email: invitation.email,
            platform_role: None,
            merchant_id: None,
            role: None,
            app_id: None,
            invited_by: invitation.invited_by,
            created_at: Text(invitation.created_at),
            expires_at: Text(invitation.expires_at),
            url: None,
        };
        match invitation.grant {
            Grant::Platform(role) => shown.platform_role = Some(Text(role)),
            Grant::Merchant(id, role) => {
                shown.merchant_id = Some(Text(id));
                shown.role = Some(Text(role));
            }
            Grant::App(id) => shown.app_id = Some(Text(id)),
        }
        shown
    }
}

/// Invites somebody. Neither the answer nor its time tells whether the email has an account, or is in already.
async fn invite(
    app: &App,
    caller: &Bearer,
    email: &str,
    grant: Grant,
    to: &str,
) -> Result<Accepted<InvitationOut>, ApiError> {
    ApiError::of_fields(Vec::from_iter(email_fault(email)))?;
    app.mail
        .admit_invitation(grant.owner(), &email_of(email))
        .await?;
    let now = app.storage.clock().now();
    let mut rng = app.auth.fork_rng();
    let token = Kind::Invitation.generate(&mut rng);
    let new = Invitation {
        id: InvitationId::new(now, &mut rng),
        email: email_of(email),
        grant,
        invited_by: caller.name.clone(),
        created_at: now,
        expires_at: now + LIFE,
    };
    let stored = app
        .storage
        .create_invitation(&new, token::hash(&token), INVITATIONS_MAX)
        .await?;
    if !stored {
        let detail =
            format!("There are {INVITATIONS_MAX} open invitations: withdraw one, or wait.");
        return Err(ApiError::new(Slug::LimitReached, detail));
    }
    let url = app.mail.link(PAGE, &token);
    let text = format!(
        "{} invites you to {to} on Hookyard.\n\nAccept within seven days:\n{url}\n\n\
         If you do not know them, do nothing.\n",
        new.invited_by
    );
    let letter = Letter {
        to: new.email.clone(),
        subject: format!("Invitation to {to}"),
        text,
    };
    app.mail.send(letter)?;
    let mut shown = InvitationOut::from(new);
    if caller.platform().is_ok() || !app.mail.is_on() {
        shown.url = Some(url);
    }
    Ok(Accepted(shown))
}

async fn list(
    app: &App,
    holder: impl Into<Holder>,
    list_of: ListOf,
    page: PageRequest,
) -> Result<Json<List<InvitationOut>>, ApiError> {
    let found = app.storage.invitations(holder, page).await?;
    Ok(Json(list_of.answer(found, InvitationOut::from)))
}

async fn delete(
    app: &App,
    holder: impl Into<Holder>,
    id: InvitationId,
) -> Result<NoContent, ApiError> {
    let deleted = app.storage.delete_invitation(holder, id).await?;
    let missing = || ApiError::of(Slug::NotFound);
    deleted.then_some(NoContent).ok_or_else(missing)
}

#[OpenApi(tag = "Tag::Invitations")]
impl InvitationsApi {
    /// List a merchant's open invitations
    #[oai(
        path = "/merchants/:merchant_id/invitations",
        method = "get",
        operation_id = "listInvitations"
    )]
    async fn list(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        list_of: ListOf,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows of the page, 1 to 250.
        limit: Query<Option<u64>>,
    ) -> Result<Json<List<InvitationOut>>, ApiError> {
        let scope = app.scope(&caller, merchant_id.0.0).await?;
        let page = list_of.page(cursor.0.as_deref(), limit.0)?;
        list(&app, scope, list_of, page).await
    }

    /// Invite somebody to a merchant
    ///
    /// They are mailed a link that is good for seven days, once; where no mail server is set the answer shows it. The
    /// answer does not tell whether the email has an account. An open invitation of the same person is replaced.
    #[oai(
        path = "/merchants/:merchant_id/invitations",
        method = "post",
        operation_id = "createInvitation"
    )]
    async fn create(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        body: Body<InviteMember>,
    ) -> Result<Accepted<InvitationOut>, ApiError> {
        let scope = app.scope(&caller, merchant_id.0.0).await?;
        let merchant = app.storage.merchant(scope).await?;
        let name = merchant.map_or_else(String::new, |merchant| merchant.name);
        let InviteMember { email, role } = body.value;
        let grant = Grant::Merchant(scope.merchant_id(), role.0);
        invite(&app, &caller, &email, grant, &name).await
    }

    /// Withdraw an invitation to a merchant
    #[oai(
        path = "/merchants/:merchant_id/invitations/:invitation_id",
        method = "delete",
        operation_id = "deleteInvitation"
    )]
    async fn delete(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// The invitation.
        invitation_id: Path<Text<InvitationId>>,
    ) -> Result<NoContent, ApiError> {
        let scope = caller.merchant(merchant_id.0.0)?;
        delete(&app, scope, invitation_id.0.0).await
    }

    /// List an app's open invitations
    #[oai(
        path = "/apps/:app_id/invitations",
        method = "get",
        operation_id = "listAppInvitations"
    )]
    async fn app_list(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        list_of: ListOf,
        /// The app.
        app_id: Path<Text<AppId>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows of the page, 1 to 250.
        limit: Query<Option<u64>>,
    ) -> Result<Json<List<InvitationOut>>, ApiError> {
        let scope = caller.app(app_id.0.0)?;
        check_app(&app, app_id.0.0).await?;
        let page = list_of.page(cursor.0.as_deref(), limit.0)?;
        list(&app, scope, list_of, page).await
    }

    /// Invite somebody to develop an app
    ///
    /// They reach the app's own endpoints and deliveries only. The link is as that of a merchant's invitation.
    #[oai(
        path = "/apps/:app_id/invitations",
        method = "post",
        operation_id = "createAppInvitation"
    )]
    async fn app_create(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The app.
        app_id: Path<Text<AppId>>,
        body: Body<InviteDeveloper>,
    ) -> Result<Accepted<InvitationOut>, ApiError> {
        caller.app(app_id.0.0)?;
        let found = app.storage.app(app_id.0.0).await?;
        let found = found.ok_or_else(|| ApiError::of(Slug::NotFound))?;
        let grant = Grant::App(found.id);
        invite(&app, &caller, &body.value.email, grant, &found.name).await
    }

    /// Withdraw an invitation to an app
    #[oai(
        path = "/apps/:app_id/invitations/:invitation_id",
        method = "delete",
        operation_id = "deleteAppInvitation"
    )]
    async fn app_delete(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The app.
        app_id: Path<Text<AppId>>,
        /// The invitation.
        invitation_id: Path<Text<InvitationId>>,
    ) -> Result<NoContent, ApiError> {
        let scope = caller.app(app_id.0.0)?;
        delete(&app, scope, invitation_id.0.0).await
    }

    /// List the platform's open invitations
    #[oai(
        path = "/invitations",
        method = "get",
        operation_id = "listPlatformInvitations"
    )]
    async fn platform_list(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        list_of: ListOf,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows of the page, 1 to 250.
        limit: Query<Option<u64>>,
    ) -> Result<Json<List<InvitationOut>>, ApiError> {
        let scope = caller.platform()?;
        let page = list_of.page(cursor.0.as_deref(), limit.0)?;
        list(&app, scope, list_of, page).await
    }

    /// Invite somebody to the platform
    ///
    /// The link is as that of a merchant's invitation.
    #[oai(
        path = "/invitations",
        method = "post",
        operation_id = "createPlatformInvitation"
    )]
    async fn platform_create(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        body: Body<InviteOperator>,
    ) -> Result<Accepted<InvitationOut>, ApiError> {
        caller.platform()?;
        let grant = Grant::Platform(body.value.platform_role.0);
        invite(&app, &caller, &body.value.email, grant, "the platform").await
    }

    /// Withdraw an invitation to the platform
    #[oai(
        path = "/invitations/:invitation_id",
        method = "delete",
        operation_id = "deletePlatformInvitation"
    )]
    async fn platform_delete(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The invitation.
        invitation_id: Path<Text<InvitationId>>,
    ) -> Result<NoContent, ApiError> {
        let scope = caller.platform()?;
        delete(&app, scope, invitation_id.0.0).await
    }

    /// Accept an invitation
    ///
    /// Makes the account, or adds the role to the one that the email has, which is proven by its password: whoever
    /// was given the link need not be who has the account. A higher role there stays. The invitation is used up by it.
    /// Log in afterwards.
    #[oai(
        path = "/auth/invitations/accept",
        method = "post",
        operation_id = "acceptInvitation"
    )]
    async fn accept(
        &self,
        app: Data<&Arc<App>>,
        from: Client,
        body: Body<AcceptInvitation>,
    ) -> Result<NoContent, ApiError> {
        let AcceptInvitation { token, password } = body.value;
        let hash = token::hash(&token);
        let Some(invited) = app.storage.invitation_of(hash).await? else {
            return counted(&app, from.address, Err(refused())).await;
        };
        ApiError::of_fields(Vec::from_iter(password_fault("/password", &password)))?;
        let account = app.storage.user_by_email(&invited.email).await?;
        let accepted = if account.is_some() {
            let proven = app
                .auth
                .prove_throttled(&invited.email, password, &from)
                .await?;
            let proven = proven.ok_or_else(wrong_password)?;
            let by = Accepting::Account(&proven);
            app.storage
                .accept_invitation(hash, by, MEMBERSHIPS_MAX)
                .await?
        } else {
            let password_hash = app.auth.hash_password(password).await?;
            let id = UserId::new(app.storage.clock().now(), &mut app.auth.fork_rng());
            let by = Accepting::New(id, &password_hash);
            app.storage
                .accept_invitation(hash, by, MEMBERSHIPS_MAX)
                .await?
        };
        app.auth.forget_people();
        match accepted {
            InvitationAccepted::Done => Ok(NoContent),
            InvitationAccepted::Unknown => Err(refused()),
            InvitationAccepted::Changed => Err(wrong_password()),
            InvitationAccepted::TooMany => Err(ApiError::new(
                Slug::LimitReached,
                format!("An account belongs to {MEMBERSHIPS_MAX} merchants, or apps, at most."),
            )),
        }
    }
}

fn refused() -> ApiError {
    let detail = "The invitation is used, withdrawn, old or wrong.";
    ApiError::new(Slug::Unauthenticated, detail)
}

fn wrong_password() -> ApiError {
    let detail = "is not the password of the account that the invited email has";
    let fault = FieldError::new("/password", "wrong", detail);
    ApiError::fields(Slug::ValidationFailed, vec![fault])
}

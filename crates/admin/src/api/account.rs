//! A person's own account: passwords and logins.

use std::sync::Arc;

use domain::clock::Micros;
use domain::error::FieldError;
use domain::id::{LoginId, UserId};
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};
use storage::audit::Origin;
use storage::logins::Login;

use super::Tag;
use super::auth::counted;
use crate::answers::{Accepted, Json, NoContent};
use crate::app::App;
use crate::auth::Bearer;
use crate::auth::token;
use crate::body::Body;
use crate::limits::address::{Client, ClientAddress};
use crate::mail::{Letter, password_reset_link};
use crate::page::{List, ListOf};
use crate::people::{email_of, password_fault};
use crate::problem::{ApiError, Slug};
use crate::text::Text;

pub(crate) struct AccountApi;

/// A password in place of the one there is.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct ChangePassword {
    /// The password so far.
    current_password: String,
    /// 12 to 256 characters.
    #[oai(validator(min_length = 12, max_length = 256))]
    new_password: String,
}

/// Who has forgotten their password.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct RequestPasswordReset {
    /// Any case.
    email: String,
}

/// A new password, by a link.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct ResetPassword {
    /// The link's token: what stands after `#token=`.
    token: String,
    /// 12 to 256 characters.
    #[oai(validator(min_length = 12, max_length = 256))]
    password: String,
}

/// What is said whether or not there is such an account.
#[derive(Serialize, Object)]
struct Requested {
    /// For people.
    detail: String,
}

/// A link that is good once.
#[derive(Serialize, Object)]
struct OneTimeLink {
    /// Give it to the person it is for, and to nobody else. It is not shown again.
    url: String,
    /// When it ends.
    expires_at: Text<Micros>,
}

/// A login: one browser, say.
#[derive(Serialize, Object)]
#[oai(rename = "ActiveLogin")]
struct LoginOut {
    /// Its id.
    id: Text<LoginId>,
    /// Whether it is the one that asks.
    current: bool,
    /// The address it was last seen from.
    ip: Option<String>,
    /// What the client called itself when it logged in.
    user_agent: Option<String>,
    /// When it began.
    created_at: Text<Micros>,
    /// When it last got an access token.
    last_seen_at: Text<Micros>,
    /// When it ends unless it is seen again.
    expires_at: Text<Micros>,
}

impl LoginOut {
    fn new(login: Login, current: LoginId) -> Self {
        Self {
            id: Text(login.id),
            current: login.id == current,
            ip: login.ip,
            user_agent: login.user_agent,
            created_at: Text(login.created_at),
            last_seen_at: Text(login.seen_at),
            expires_at: Text(login.expires_at),
        }
    }
}

/// Makes a link to a new password.
async fn reset_link(app: &App, user_id: UserId) -> Result<OneTimeLink, ApiError> {
    let mut rng = app.auth.fork_rng();
    let (url, expires_at) =
        password_reset_link(&app.storage, app.mail.public_url(), user_id, &mut rng).await?;
    Ok(OneTimeLink {
        url,
        expires_at: Text(expires_at),
    })
}

/// Mails a link to whose email this is, if it is anybody's.
async fn mail_reset(app: &App, email: &str) -> Result<(), ApiError> {
    // Counted whether or not there is an account: a later refusal must not tell.
    app.mail.admit_reset_to(email).await?;
    let Some(found) = app.storage.user_by_email(email).await? else {
        return Ok(());
    };
    let link = reset_link(app, found.user_id).await?;
    let text = format!(
        "Somebody, likely you, asked for a new password of your Hookyard account.\n\n\
         Set it here within an hour:\n{}\n\nIf it was not you, do nothing: your password stays as it is.\n",
        link.url
    );
    let letter = Letter {
        to: email.to_owned(),
        subject: "Set a new password".to_owned(),
        text,
    };
    app.mail.send(letter)
}

#[OpenApi(tag = "Tag::Account")]
impl AccountApi {
    /// Change one's password
    ///
    /// All other logins of the user end within five seconds. A wrong current password counts as a failed login.
    #[oai(
        path = "/auth/password",
        method = "post",
        operation_id = "changePassword"
    )]
    async fn change_password(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        from: Client,
        body: Body<ChangePassword>,
    ) -> Result<NoContent, ApiError> {
        let (user_id, login_id) = caller.user_login()?;
        let ChangePassword {
            current_password,
            new_password,
        } = body.value;
        ApiError::of_fields(Vec::from_iter(password_fault(
            "/new_password",
            &new_password,
        )))?;
        let proven = app
            .auth
            .prove_throttled(&caller.name, current_password, &from)
            .await?;
        let wrong = || {
            let fault = FieldError::new("/current_password", "wrong", "is not your password");
            ApiError::fields(Slug::ValidationFailed, vec![fault])
        };
        let proven = proven.filter(|proven| proven.user_id == user_id);
        let proven = proven.ok_or_else(wrong)?;
        let hash = app.auth.hash_password(new_password).await?;
        let changed = app
            .storage
            .change_password(&proven, login_id, &hash)
            .await?;
        app.auth.forget_people();
        changed.then_some(NoContent).ok_or_else(wrong)
    }

    /// Ask for a new password
    ///
    /// Whoever has the account is mailed a link that is good for an hour, once. The answer is the same for an email
    /// that nobody has. Without a mail server nothing is sent: ask an admin for a link.
    #[oai(
        path = "/auth/password-reset",
        method = "post",
        operation_id = "requestPasswordReset"
    )]
    async fn request_reset(
        &self,
        app: Data<&Arc<App>>,
        from: ClientAddress,
        body: Body<RequestPasswordReset>,
    ) -> Result<Accepted<Requested>, ApiError> {
        app.mail.admit_reset(from).await?;
        let email = email_of(&body.value.email);
        if app.mail.is_on() && !email.contains(char::is_control) {
            let app = Arc::clone(&app);
            // Beside the request: how long it takes would tell whether there is such an account.
            let origin = Origin::current().unwrap_or_default();
            tokio::spawn(origin.run(async move {
                if let Err(error) = mail_reset(&app, &email).await {
                    tracing::warn!(slug = error.slug.row().0, "password_reset.not_mailed");
                }
            }));
        }
        Ok(Accepted(Requested {
            detail: "If this email has an account, a link to set a new password is on its way."
                .to_owned(),
        }))
    }

    /// Set a new password by a link
    ///
    /// The link is used up by it, and all logins of the user end within five seconds.
    #[oai(
        path = "/auth/password-reset/confirm",
        method = "post",
        operation_id = "resetPassword"
    )]
    async fn reset(
        &self,
        app: Data<&Arc<App>>,
        from: ClientAddress,
        body: Body<ResetPassword>,
    ) -> Result<NoContent, ApiError> {
        let ResetPassword { token, password } = body.value;
        ApiError::of_fields(Vec::from_iter(password_fault("/password", &password)))?;
        let refused = || ApiError::new(Slug::Unauthenticated, "The link is used, old or wrong.");
        let hash = token::hash(&token);
        if app.storage.password_reset_of(hash).await?.is_none() {
            return counted(&app, from, Err(refused())).await;
        }
        let password_hash = app.auth.hash_password(password).await?;
        let done = app.storage.reset_password(hash, &password_hash).await?;
        app.auth.forget_people();
        done.then_some(NoContent).ok_or_else(refused)
    }

    /// Make a link to a new password
    ///
    /// For a user who cannot get mail: give them the link. It is good for an hour, once.
    #[oai(
        path = "/users/:user_id/password-reset",
        method = "post",
        operation_id = "createPasswordReset"
    )]
    async fn create_reset(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The user.
        user_id: Path<Text<UserId>>,
    ) -> Result<Json<OneTimeLink>, ApiError> {
        caller.platform()?;
        let user = app.storage.user(user_id.0.0).await?;
        let user = user.ok_or_else(|| ApiError::of(Slug::NotFound))?;
        Ok(Json(reset_link(&app, user.id).await?))
    }

    /// List one's logins
    ///
    /// Where one is logged in, newest first.
    #[oai(path = "/me/logins", method = "get", operation_id = "listLogins")]
    async fn logins(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        list: ListOf,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows of the page, 1 to 250.
        limit: Query<Option<u64>>,
    ) -> Result<Json<List<LoginOut>>, ApiError> {
        let (user_id, current) = caller.user_login()?;
        let page = list.page(cursor.0.as_deref(), limit.0)?;
        let found = app.storage.logins(user_id, page).await?;
        let show = |login| LoginOut::new(login, current);
        Ok(Json(list.answer(found, show)))
    }

    /// End one of one's logins
    ///
    /// Its tokens stop working within five seconds.
    #[oai(
        path = "/me/logins/:login_id",
        method = "delete",
        operation_id = "revokeLogin"
    )]
    async fn end_login(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The login.
        login_id: Path<Text<LoginId>>,
    ) -> Result<NoContent, ApiError> {
        let (user_id, _) = caller.user_login()?;
        let ended = app.storage.end_login(user_id, login_id.0.0).await?;
        app.auth.forget_people();
        let missing = || ApiError::of(Slug::NotFound);
        ended.then_some(NoContent).ok_or_else(missing)
    }
}

//! Logging in, staying logged in, logging out, and who one is.

use std::sync::Arc;

use domain::id::{AppId, LoginId, MerchantId};
use poem::web::Data;
use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};
use storage::users::{MerchantRole, PlatformRole};

use super::Tag;
use crate::answers::{Json, NoContentWithCookie, WithCookie};
use crate::app::App;
use crate::auth::Bearer;
use crate::auth::login::Tokens;
use crate::auth::scope::Scope;
use crate::body::Body;
use crate::cookie::{self, BrowserCookie};
use crate::limits::address::{Client, ClientAddress};
use crate::problem::{ApiError, Slug};
use crate::text::Text;

pub(crate) struct AuthApi;

/// A person's credentials.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct Login {
    /// Any case.
    email: String,
    /// The password.
    password: String,
    /// For browsers: keep the refresh token in a cookie that no script can read, instead of showing it.
    cookie: Option<bool>,
}

/// A refresh token.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
struct RefreshToken {
    /// The newest refresh token of this login. Left out by browsers that keep it in a cookie.
    refresh_token: Option<String>,
}

/// What a link carries.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct LinkToken {
    /// The link's token: what stands after `#token=`.
    token: String,
    /// For browsers: keep the refresh token in a cookie that no script can read, instead of showing it.
    cookie: Option<bool>,
}

/// What proves a person from now on.
#[derive(Serialize, Object)]
struct TokenPair {
    /// For `Authorization: Bearer`.
    access_token: String,
    /// Always `Bearer`.
    token_type: String,
    /// Life of the access token, in seconds.
    expires_in: u64,
    /// Good for one use: trade it for new tokens before the access token ends. Null where a cookie holds it.
    refresh_token: Option<String>,
}

/// A role in a merchant.
#[derive(Serialize, Object)]
#[oai(rename = "MerchantMembership")]
struct MembershipOut {
    /// The merchant.
    merchant_id: Text<MerchantId>,
    /// The role there.
    role: Text<MerchantRole>,
}

/// Who is calling.
#[derive(Serialize, Object)]
struct Me {
    /// A user's or an API key's id; the login's where somebody came through a portal link.
    id: String,
    /// A user's email, an API key's name, or what the portal link calls them.
    name: String,
    /// The role on the platform.
    platform_role: Option<Text<PlatformRole>>,
    /// The roles in merchants.
    memberships: Vec<MembershipOut>,
    /// The apps they develop.
    app_ids: Vec<Text<AppId>>,
    /// The login, where there is one.
    login_id: Option<Text<LoginId>>,
    /// What an API key is limited to; null for people.
    scopes: Option<Vec<Text<Scope>>>,
    /// How long this server keeps events, deliveries and attempts, in seconds.
    log_kept_seconds: u64,
}

/// Tokens as they are answered: the refresh token in the body, or in a browser's cookie.
fn answer(app: &App, tokens: Tokens, cookie: bool) -> Result<WithCookie<TokenPair>, ApiError> {
    let kept = cookie.then(|| {
        let (token, life) = (&tokens.refresh, tokens.refresh_in);
        cookie::keep(token, life, app.mail.public_url())
    });
    Ok(WithCookie {
        body: TokenPair {
            access_token: tokens.access,
            token_type: "Bearer".to_owned(),
            expires_in: tokens.expires_in.as_secs(),
            refresh_token: (!cookie).then_some(tokens.refresh),
        },
        cookie: kept.transpose()?,
    })
}

/// Counts a refused token by the address that showed it.
///
/// Errors: those of the work; 429 after too many.
pub(super) async fn counted<T>(
    app: &App,
    from: ClientAddress,
    work: Result<T, ApiError>,
) -> Result<T, ApiError> {
    match work {
        Err(error) if error.slug == Slug::Unauthenticated => {
            Err(app.limits.refuse(from, error).await)
        }
        other => other,
    }
}

#[OpenApi(tag = "Tag::Auth")]
impl AuthApi {
    /// Log in
    ///
    /// After 100 wrong passwords within 10 minutes an account waits, the right password included; after 1,000 an
    /// address does.
    #[oai(path = "/auth/token", method = "post", operation_id = "createToken")]
    async fn token(
        &self,
        app: Data<&Arc<App>>,
        from: Client,
        body: Body<Login>,
    ) -> Result<WithCookie<TokenPair>, ApiError> {
        let Login {
            email,
            password,
            cookie,
        } = body.value;
        let tokens = app.auth.log_in(&email, password, from).await?;
        answer(&app, tokens, cookie == Some(true))
    }

    /// Trade a refresh token for new tokens
    ///
    /// Each refresh token is good once. Showing one twice ends the login: somebody else has it too.
    #[oai(path = "/auth/refresh", method = "post", operation_id = "refreshToken")]
    async fn refresh(
        &self,
        app: Data<&Arc<App>>,
        from: Client,
        browser: BrowserCookie,
        body: Body<RefreshToken>,
    ) -> Result<WithCookie<TokenPair>, ApiError> {
        let (shown, is_cookie) = browser.or(body.value.refresh_token)?;
        let address = from.address;
        let traded = app.auth.refresh(&shown, from).await;
        let tokens = counted(&app, address, traded).await?;
        answer(&app, tokens, is_cookie)
    }

    /// Open a portal
    ///
    /// What the page of a portal link asks first: it trades the link's token for a login that reaches the one merchant
    /// and ends when the link says. The link is used up by it.
    #[oai(path = "/auth/portal", method = "post", operation_id = "openPortal")]
    async fn open_portal(
        &self,
        app: Data<&Arc<App>>,
        from: Client,
        body: Body<LinkToken>,
    ) -> Result<WithCookie<TokenPair>, ApiError> {
        let address = from.address;
        let opened = app.auth.open_portal(&body.value.token, from).await;
        let tokens = counted(&app, address, opened).await?;
        answer(&app, tokens, body.value.cookie == Some(true))
    }

    /// Log out
    ///
    /// Ends the login that the refresh token belongs to. An unknown one is no error.
    #[oai(path = "/auth/logout", method = "post", operation_id = "revokeToken")]
    async fn logout(
        &self,
        app: Data<&Arc<App>>,
        browser: BrowserCookie,
        body: Body<RefreshToken>,
    ) -> Result<NoContentWithCookie, ApiError> {
        let (shown, is_cookie) = browser.or(body.value.refresh_token)?;
        app.auth.log_out(&shown).await?;
        let forgotten = is_cookie.then(|| cookie::forget(app.mail.public_url()));
        Ok(NoContentWithCookie(forgotten.transpose()?))
    }

    /// Who am I?
    ///
    /// The user or API key that the credential belongs to, with its roles and scopes.
    #[oai(path = "/me", method = "get", operation_id = "getMe")]
    #[expect(clippy::unused_async, reason = "handlers are asynchronous")]
    async fn me(&self, app: Data<&Arc<App>>, caller: Bearer) -> Result<Json<Me>, ApiError> {
        Ok(Json(Me {
            id: caller.actor.clone(),
            name: caller.name.clone(),
            platform_role: caller.platform.map(Text),
            memberships: caller
                .merchants
                .iter()
                .map(|(merchant_id, role)| MembershipOut {
                    merchant_id: Text(*merchant_id),
                    role: Text(*role),
                })
                .collect(),
            app_ids: caller.apps.iter().copied().map(Text).collect(),
            login_id: caller.login.map(|login| Text(login.id)),
            scopes: caller
                .scopes
                .as_ref()
                .map(|scopes| scopes.iter().copied().map(Text).collect()),
            log_kept_seconds: app.log_kept.as_secs(),
        }))
    }
}

//! Users and what they may do.

use std::collections::HashSet;
use std::sync::Arc;

use domain::clock::{Clock as _, Micros};
use domain::error::FieldError;
use domain::id::{AppId, MerchantId, UserId};
use domain::tenancy::TenantScope;
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::types::MaybeUndefined;
use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};
use storage::search::Search;
use storage::users::{MerchantRole, PlatformRole, User, UserPatch};

use super::Tag;
use crate::answers::{Created, Json, NoContent};
use crate::app::App;
use crate::auth::Bearer;
use crate::body::{Body, Patch};
use crate::idempotency::Once;
use crate::page::{List, ListOf};
use crate::people::{MEMBERSHIPS_MAX, email_fault, email_of, outcome, password_fault};
use crate::problem::{ApiError, Slug};
use crate::text::Text;

pub(crate) struct UsersApi;

/// A role in a merchant.
#[derive(Clone, Serialize, Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct Membership {
    /// The merchant.
    merchant_id: Text<MerchantId>,
    /// The role there.
    role: Text<MerchantRole>,
}

/// A new user: with a role on the platform, or in merchants, or with apps to develop.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct CreateUser {
    /// Unique, whatever its case.
    #[oai(validator(min_length = 3, max_length = 254))]
    email: String,
    /// 12 to 256 characters.
    #[oai(validator(min_length = 12, max_length = 256))]
    password: String,
    /// The role on the platform.
    platform_role: Option<Text<PlatformRole>>,
    /// The roles in merchants, 100 at most.
    #[oai(validator(max_items = 100))]
    memberships: Option<Vec<Membership>>,
    /// The apps they develop, 100 at most.
    #[oai(validator(max_items = 100))]
    app_ids: Option<Vec<Text<AppId>>>,
}

/// Changes to a user; what is left out stays.
#[derive(Default, Deserialize, Object)]
#[serde(default, deny_unknown_fields)]
struct UpdateUser {
    /// The role on the platform; null takes it away.
    platform_role: MaybeUndefined<Text<PlatformRole>>,
    /// All roles in merchants, 100 at most; null takes them away.
    #[oai(validator(max_items = 100))]
    memberships: MaybeUndefined<Vec<Membership>>,
    /// All apps they develop, 100 at most; null takes them away.
    #[oai(validator(max_items = 100))]
    app_ids: MaybeUndefined<Vec<Text<AppId>>>,
}

/// A person who may log in.
#[derive(Serialize, Object)]
#[oai(rename = "User")]
struct UserOut {
    /// Their id.
    id: Text<UserId>,
    /// In lower case.
    email: String,
    /// The role on the platform.
    platform_role: Option<Text<PlatformRole>>,
    /// The roles in merchants.
    memberships: Vec<Membership>,
    /// The apps they develop.
    app_ids: Vec<Text<AppId>>,
    /// When they were added.
    created_at: Text<Micros>,
}

impl From<User> for UserOut {
    fn from(user: User) -> Self {
        let memberships = user
            .memberships
            .into_iter()
            .map(|(merchant_id, role)| Membership {
                merchant_id: Text(merchant_id),
                role: Text(role),
            });
        Self {
            id: Text(user.id),
            email: user.email,
            platform_role: user.platform_role.map(Text),
            memberships: memberships.collect(),
            app_ids: user.apps.into_iter().map(Text).collect(),
            created_at: Text(user.created_at),
        }
    }
}

impl CreateUser {
    /// What is wrong with it, but for what it refers to.
    fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::from_iter(email_fault(&self.email));
        faults.extend(password_fault("/password", &self.password));
        let has_none = self.memberships.as_ref().is_none_or(Vec::is_empty)
            && self.app_ids.as_ref().is_none_or(Vec::is_empty);
        if self.platform_role.is_none() && has_none {
            faults.push(FieldError::new(
                "/memberships",
                "required",
                "a user needs a role on the platform or in a merchant, or an app",
            ));
        }
        faults
    }
}

/// What is wrong with the merchants and apps of a user.
///
/// Errors: the database cannot be reached.
async fn reference_faults(
    app: &App,
    memberships: Option<&[Membership]>,
    app_ids: Option<&[Text<AppId>]>,
) -> Result<Vec<FieldError>, ApiError> {
    let mut faults = Vec::new();
    let (memberships, app_ids) = (memberships.unwrap_or_default(), app_ids.unwrap_or_default());
    for (field, length) in [
        ("/memberships", memberships.len()),
        ("/app_ids", app_ids.len()),
    ] {
        if length > MEMBERSHIPS_MAX {
            let detail = format!("must have {MEMBERSHIPS_MAX} entries at most");
            faults.push(FieldError::new(field, "count", detail));
        }
    }
    let mut seen = HashSet::new();
    for (index, held) in memberships.iter().take(MEMBERSHIPS_MAX).enumerate() {
        let at = format!("/memberships/{index}/merchant_id");
        let id = held.merchant_id.0;
        if !seen.insert(id.uuid()) {
            faults.push(FieldError::new(at, "repeated", "stands twice"));
        } else if app.storage.merchant(TenantScope::of(id)).await?.is_none() {
            let detail = "there is no such merchant";
            faults.push(FieldError::new(at, "unknown_merchant", detail));
        }
    }
    for (index, id) in app_ids.iter().take(MEMBERSHIPS_MAX).enumerate() {
        let at = format!("/app_ids/{index}");
        if !seen.insert(id.0.uuid()) {
            faults.push(FieldError::new(at, "repeated", "stands twice"));
        } else if app.storage.app(id.0).await?.is_none() {
            faults.push(FieldError::new(at, "unknown_app", "there is no such app"));
        }
    }
    Ok(faults)
}

/// What a patch says of a list: null empties it.
fn emptied<T>(list: MaybeUndefined<Vec<T>>) -> Option<Vec<T>> {
    let list: Option<Option<Vec<T>>> = list.into();
    list.map(Option::unwrap_or_default)
}

fn sorted(memberships: Vec<Membership>) -> Vec<(MerchantId, MerchantRole)> {
    let mut held: Vec<_> = memberships
        .into_iter()
        .map(|held| (held.merchant_id.0, held.role.0))
        .collect();
    held.sort_unstable_by_key(|(merchant_id, _)| *merchant_id);
    held
}

fn sorted_apps(app_ids: Vec<Text<AppId>>) -> Vec<AppId> {
    let mut ids: Vec<_> = app_ids.into_iter().map(|id| id.0).collect();
    ids.sort_unstable();
    ids
}

const LAST_ADMIN: &str =
    "The platform's last admin must stay one: make somebody else an admin first.";

#[OpenApi(tag = "Tag::Users")]
impl UsersApi {
    /// List users
    ///
    /// Newest first, with their roles.
    #[oai(path = "/users", method = "get", operation_id = "listUsers")]
    async fn list(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        list: ListOf,
        /// Those with this in their email, in whatever case.
        search: Query<Option<Text<Search>>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows of the page, 1 to 250.
        limit: Query<Option<u64>>,
    ) -> Result<Json<List<UserOut>>, ApiError> {
        let scope = caller.platform()?;
        let page = list.page(cursor.0.as_deref(), limit.0)?;
        let search = search.0.as_ref().map(|search| &search.0);
        Ok(Json(list.answer(
            app.storage.users(scope, search, page).await?,
            UserOut::from,
        )))
    }

    /// Create a user
    ///
    /// With a role on the platform, roles in merchants, or apps to develop. To let people choose their own password,
    /// invite them.
    #[oai(path = "/users", method = "post", operation_id = "createUser")]
    async fn create(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// Makes a repeat of this request harmless.
        #[oai(name = "Idempotency-Key")]
        key: Header<Option<String>>,
        body: Body<CreateUser>,
    ) -> Result<Created<UserOut>, ApiError> {
        let mut faults = body.value.faults();
        let (memberships, app_ids) = (&body.value.memberships, &body.value.app_ids);
        faults.extend(reference_faults(&app, memberships.as_deref(), app_ids.as_deref()).await?);
        ApiError::of_fields(faults)?;
        let once = Once {
            scope_id: caller.id,
            operation: "createUser",
            key: key.0,
            body_hash: body.hash,
        };
        let app = Arc::clone(&app);
        once.create(
            &Arc::clone(&app),
            async move { create(&app, body.value).await },
        )
        .await
    }

    /// Read a user
    #[oai(path = "/users/:user_id", method = "get", operation_id = "getUser")]
    async fn get(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The user.
        user_id: Path<Text<UserId>>,
    ) -> Result<Json<UserOut>, ApiError> {
        caller.platform()?;
        let found = app.storage.user(user_id.0.0).await?;
        let found = found.ok_or_else(|| ApiError::of(Slug::NotFound))?;
        Ok(Json(found.into()))
    }

    /// Change what a user may do
    ///
    /// It holds within five seconds, without a new login. The last admin stays one.
    #[oai(
        path = "/users/:user_id",
        method = "patch",
        operation_id = "updateUser"
    )]
    async fn update(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The user.
        user_id: Path<Text<UserId>>,
        body: Body<UpdateUser, Patch>,
    ) -> Result<Json<UserOut>, ApiError> {
        let scope = caller.platform()?;
        let UpdateUser {
            platform_role,
            memberships,
            app_ids,
        } = body.value;
        let (memberships, app_ids) = (emptied(memberships), emptied(app_ids));
        let faults = reference_faults(&app, memberships.as_deref(), app_ids.as_deref()).await?;
        ApiError::of_fields(faults)?;
        let platform_role: Option<Option<Text<PlatformRole>>> = platform_role.into();
        let patch = UserPatch {
            platform_role: platform_role.map(|role| role.map(|text| text.0)),
            memberships: memberships.map(sorted),
            apps: app_ids.map(sorted_apps),
        };
        let changed = app.storage.update_user(scope, user_id.0.0, patch).await?;
        app.auth.forget_people();
        Ok(Json(outcome(changed, LAST_ADMIN)?.into()))
    }

    /// Delete a user
    ///
    /// Their logins end within five seconds; the audit log keeps what they did. The last admin stays.
    #[oai(
        path = "/users/:user_id",
        method = "delete",
        operation_id = "deleteUser"
    )]
    async fn delete(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The user.
        user_id: Path<Text<UserId>>,
    ) -> Result<NoContent, ApiError> {
        let scope = caller.platform()?;
        let changed = app.storage.delete_user(scope, user_id.0.0).await?;
        app.auth.forget_people();
        outcome(changed, LAST_ADMIN).map(|()| NoContent)
    }
}

async fn create(app: &App, new: CreateUser) -> Result<(String, UserOut), ApiError> {
    let hash = app.auth.hash_password(new.password).await?;
    let now = app.storage.clock().now();
    let user = User {
        id: UserId::new(now, &mut app.auth.fork_rng()),
        email: email_of(&new.email),
        platform_role: new.platform_role.map(|role| role.0),
        memberships: sorted(new.memberships.unwrap_or_default()),
        apps: sorted_apps(new.app_ids.unwrap_or_default()),
        created_at: now,
    };
    match app.storage.create_user(&user, &hash).await {
        Err(storage::Error::Duplicate) => Err(ApiError::new(
            Slug::Conflict,
            "A user with this email exists already.",
        )),
        Err(error) => Err(error.into()),
        Ok(()) => Ok((format!("/v1/users/{}", user.id), user.into())),
    }
}

//! People and their roles.

use std::sync::Arc;

use domain::clock::{Clock as _, Micros};
use domain::error::FieldError;
use domain::id::{MerchantId, UserId};
use domain::tenancy::TenantScope;
use poem::web::Data;
use poem_openapi::param::{Header, Query};
use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};
use storage::users::{MerchantRole, PlatformRole, User};

use super::Tag;
use crate::answers::{Created, Json};
use crate::app::App;
use crate::auth::Bearer;
use crate::body::Body;
use crate::idempotency::Once;
use crate::page::{List, ListOf};
use crate::problem::{ApiError, Slug};
use crate::text::Text;

/// Least and most characters of a password.
const PASSWORD: std::ops::RangeInclusive<usize> = 12..=256;
/// Merchants a user may belong to: what `/me` and the list of their merchants show in one page.
const MEMBERSHIPS_MAX: usize = 100;
/// Longest email, in bytes. Source: RFC 5321.
const EMAIL_MAX: usize = 254;

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

/// A new user: with a role on the platform, or in merchants, or both.
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
            created_at: Text(user.created_at),
        }
    }
}

impl CreateUser {
    /// What is wrong with it, but for merchants that do not exist.
    fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let email = self.email.trim();
        let shaped = email
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
        if !shaped
            || email.len() > EMAIL_MAX
            || email.chars().any(|c| c.is_whitespace() || c.is_control())
        {
            faults.push(FieldError::new(
                "/email",
                "email",
                "must be an email address",
            ));
        }
        if !PASSWORD.contains(&self.password.chars().count()) {
            let detail = format!(
                "must have {} to {} characters",
                PASSWORD.start(),
                PASSWORD.end()
            );
            faults.push(FieldError::new("/password", "length", detail));
        }
        let memberships = self.memberships.as_deref().unwrap_or_default();
        if self.platform_role.is_none() && memberships.is_empty() {
            faults.push(FieldError::new(
                "/memberships",
                "required",
                "a user needs a role on the platform or in a merchant",
            ));
        }
        if memberships.len() > MEMBERSHIPS_MAX {
            let detail = format!("must have {MEMBERSHIPS_MAX} entries at most");
            faults.push(FieldError::new("/memberships", "count", detail));
            return faults;
        }
        let mut seen = Vec::new();
        for (index, held) in memberships.iter().enumerate() {
            if seen.contains(&held.merchant_id.0) {
                faults.push(FieldError::new(at(index), "repeated", "stands twice"));
            }
            seen.push(held.merchant_id.0);
        }
        faults
    }
}

/// The merchant of a membership in the body.
fn at(index: usize) -> String {
    format!("/memberships/{index}/merchant_id")
}

/// Checks a new user.
///
/// Errors: everything that is wrong with it.
async fn check(app: &App, new: &CreateUser) -> Result<(), ApiError> {
    let mut faults = new.faults();
    let memberships = new.memberships.iter().flatten().take(MEMBERSHIPS_MAX);
    for (index, held) in memberships.enumerate() {
        let merchant = TenantScope::of(held.merchant_id.0);
        if app.storage.merchant(merchant).await?.is_none() {
            let detail = "there is no such merchant";
            faults.push(FieldError::new(at(index), "unknown_merchant", detail));
        }
    }
    ApiError::of_fields(faults)
}

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
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows of the page, 1 to 250.
        limit: Query<Option<u64>>,
    ) -> Result<Json<List<UserOut>>, ApiError> {
        let scope = caller.platform()?;
        let page = list.page(cursor.0.as_deref(), limit.0)?;
        Ok(Json(list.answer(
            app.storage.users(scope, page).await?,
            UserOut::from,
        )))
    }

    /// Create a user
    ///
    /// With a role on the platform, or roles in merchants.
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
        check(&app, &body.value).await?;
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
}

async fn create(app: &App, new: CreateUser) -> Result<(String, UserOut), ApiError> {
    let hash = app.auth.hash_password(new.password).await?;
    let now = app.storage.clock().now();
    let mut memberships: Vec<_> = new
        .memberships
        .unwrap_or_default()
        .into_iter()
        .map(|held| (held.merchant_id.0, held.role.0))
        .collect();
    memberships.sort_unstable_by_key(|(merchant_id, _)| *merchant_id);
    let user = User {
        id: UserId::new(now, &mut app.auth.fork_rng()),
        email: new.email.trim().to_lowercase(),
        platform_role: new.platform_role.map(|role| role.0),
        memberships,
        created_at: now,
    };
    match app.storage.create_user(&user, &hash).await {
        Err(storage::Error::Duplicate) => Err(ApiError::new(
            Slug::Conflict,
            "A user with this email exists already.",
        )),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(("/v1/users".to_owned(), user.into())),
    }
}

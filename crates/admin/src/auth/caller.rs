//! A proven caller, and what may be done in its name.

use std::sync::Arc;

use domain::audit::Actor;
use domain::clock::Micros;
use domain::id::{AppId, LoginId, MerchantId, UserId};
use domain::tenancy::{AppScope, PlatformScope, TenantScope};
use storage::logins::Portal;
use storage::users::{MerchantRole, PlatformRole, User};
use uuid::Uuid;

use super::scope::Scope;
use super::table::{Key, Row};
use crate::problem::{ApiError, Slug};

/// Who is calling and how far they reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// `usr_…`, `key_…`, or `lgn_…` of a portal, as logs name them.
    pub(crate) actor: String,
    /// The same as bare bytes.
    pub(crate) id: Uuid,
    /// A user's email, a key's name, a portal's label.
    pub(crate) name: String,
    /// Their role on the platform.
    pub(crate) platform: Option<PlatformRole>,
    /// Their roles in merchants.
    pub(crate) merchants: Vec<(MerchantId, MerchantRole)>,
    /// The apps they develop.
    pub(crate) apps: Vec<AppId>,
    /// What an API key is limited to; people are limited by their roles only.
    pub(crate) scopes: Option<Vec<Scope>>,
    /// The login they came with; none where it is a key.
    pub(crate) login: Option<LoggedIn>,
}

/// A login, as far as its caller may ask about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LoggedIn {
    pub(crate) id: LoginId,
    /// The user; none who came through a portal link.
    pub(crate) user_id: Option<UserId>,
}

/// A caller that was found, and until when it may be believed.
pub(crate) struct Known {
    caller: Arc<Caller>,
    ends: Option<Micros>,
}

impl Known {
    pub(crate) fn new(caller: Caller, ends: Option<Micros>) -> Self {
        Self {
            caller: Arc::new(caller),
            ends,
        }
    }

    /// The caller, unless that has ended.
    pub(crate) fn at(&self, now: Micros) -> Option<Arc<Caller>> {
        self.ends
            .is_none_or(|end| now < end)
            .then(|| Arc::clone(&self.caller))
    }
}

impl Caller {
    /// How the audit log names them.
    pub(crate) fn as_actor(&self) -> Actor {
        Actor {
            id: self.actor.clone(),
            name: self.name.clone(),
        }
    }

    /// The scope of a merchant, for the operation of this row.
    ///
    /// Errors: 404 for a merchant that is not theirs, whether it exists or not; 403 for a wrong role or scope.
    pub(crate) fn merchant(&self, id: MerchantId, row: &Row) -> Result<TenantScope, ApiError> {
        let held = self.merchants.iter().find(|(known, _)| *known == id);
        if self.platform.is_none() && held.is_none() {
            return Err(ApiError::of(Slug::NotFound));
        }
        let by_merchant =
            held.is_some_and(|(_, role)| row.merchant.is_some_and(|least| *role >= least));
        self.granted(self.by_platform(row) || by_merchant, row)?;
        Ok(TenantScope::of(id))
    }

    /// The scope of an app, for the operation of this row.
    ///
    /// Errors: 404 for an app that is not theirs to see, 403 for a wrong role or scope.
    pub(crate) fn app(&self, id: AppId, row: &Row) -> Result<AppScope, ApiError> {
        let develops = self.apps.contains(&id);
        // Merchants see which apps there are, so an app is no secret to them.
        if !develops && !self.sees_all_apps() {
            return Err(ApiError::of(Slug::NotFound));
        }
        let by_merchant = row
            .merchant
            .is_some_and(|least| self.merchants.iter().any(|(_, role)| *role >= least));
        self.granted(
            self.by_platform(row) || by_merchant || (row.app && develops),
            row,
        )?;
        Ok(AppScope::of(id))
    }

    /// Whether every app is theirs to see: developers of apps see their own only.
    pub(crate) fn sees_all_apps(&self) -> bool {
        self.platform.is_some() || !self.merchants.is_empty()
    }

    /// Whether they may do this across the platform.
    ///
    /// Errors: 403.
    pub(crate) fn platform(&self, row: &Row) -> Result<PlatformScope, ApiError> {
        self.granted(self.by_platform(row), row)?;
        Ok(PlatformScope::proven())
    }

    /// Whether they may do this anywhere at all: for what is the same for everybody, and for what is limited to
    /// the caller's own by other means.
    ///
    /// Errors: 403.
    pub(crate) fn anywhere(&self, row: &Row) -> Result<(), ApiError> {
        let by_merchant = row
            .merchant
            .is_some_and(|least| self.merchants.iter().any(|(_, role)| *role >= least));
        let by_app = row.app && !self.apps.is_empty();
        // Who has lost their last role still has an account.
        let by_account = self.login.is_some() && row.is_for_everybody();
        let has_role = self.by_platform(row) || by_merchant || by_app || by_account;
        self.granted(has_role, row)
    }

    fn by_platform(&self, row: &Row) -> bool {
        row.platform
            .is_some_and(|least| self.platform.is_some_and(|role| role >= least))
    }

    /// Lets through who has the role, and the scope where it is a key.
    fn granted(&self, has_role: bool, row: &Row) -> Result<(), ApiError> {
        let in_scope = match (&self.scopes, row.key) {
            (None, _) | (Some(_), Key::Any) => true,
            (Some(_), Key::Never) => false,
            (Some(held), Key::Scope(wanted)) => held.iter().any(|scope| scope.includes(wanted)),
        };
        if has_role && in_scope {
            return Ok(());
        }
        Err(ApiError::of(Slug::Forbidden))
    }
}

impl Caller {
    /// A user who is logged in.
    pub(crate) fn user(user: User, login_id: LoginId) -> Self {
        Self {
            actor: user.id.to_string(),
            id: user.id.uuid(),
            name: user.email,
            platform: user.platform_role,
            merchants: user.memberships,
            apps: user.apps,
            scopes: None,
            login: Some(LoggedIn {
                id: login_id,
                user_id: Some(user.id),
            }),
        }
    }

    /// Somebody who came through a portal link.
    pub(crate) fn portal(portal: &Portal, login_id: LoginId) -> Self {
        Self {
            actor: login_id.to_string(),
            id: login_id.uuid(),
            name: portal.name().to_owned(),
            platform: None,
            merchants: vec![(portal.merchant_id, portal.role)],
            apps: Vec::new(),
            scopes: None,
            login: Some(LoggedIn {
                id: login_id,
                user_id: None,
            }),
        }
    }

    /// The user and their login.
    ///
    /// Errors: 403 where the caller is no user: an API key, or somebody of a portal.
    pub(crate) fn user_login(&self) -> Result<(UserId, LoginId), ApiError> {
        let found = self
            .login
            .and_then(|login| Some((login.user_id?, login.id)));
        found.ok_or_else(|| ApiError::new(Slug::Forbidden, "Only users who logged in may."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::table::{SUSPEND, TABLE, find};

    fn merchant(number: u128) -> MerchantId {
        MerchantId::from_uuid(Uuid::from_u128(number))
    }

    fn app(number: u128) -> AppId {
        AppId::from_uuid(Uuid::from_u128(number))
    }

    fn caller(
        platform: Option<PlatformRole>,
        merchants: &[(u128, MerchantRole)],
        scopes: Option<&[&str]>,
    ) -> Caller {
        Caller {
            actor: "usr_x".to_owned(),
            id: Uuid::nil(),
            name: String::new(),
            platform,
            merchants: merchants
                .iter()
                .map(|(id, role)| (merchant(*id), *role))
                .collect(),
            apps: Vec::new(),
            scopes: scopes.map(|list| {
                list.iter()
                    .filter_map(|name| Scope::from_name(name))
                    .collect()
            }),
            login: None,
        }
    }

    fn refused(caller: &Caller, id: u128, operation: &str) -> Option<Slug> {
        let row = find(operation).expect("a row");
        caller
            .merchant(merchant(id), row)
            .err()
            .map(|error| error.slug)
    }

    #[test]
    fn a_foreign_merchant_is_not_there_whatever_is_asked() {
        let owner = caller(None, &[(1, MerchantRole::Owner)], None);
        for row in TABLE {
            assert_eq!(
                refused(&owner, 2, row.operation),
                Some(Slug::NotFound),
                "{row:?}"
            );
        }
    }

    #[test]
    fn a_role_reaches_what_its_row_of_the_table_says() {
        let viewer = caller(None, &[(1, MerchantRole::Viewer)], None);
        assert_eq!(refused(&viewer, 1, "listDeliveries"), None);
        assert_eq!(refused(&viewer, 1, "retryDelivery"), Some(Slug::Forbidden));
        let developer = caller(None, &[(1, MerchantRole::Developer)], None);
        assert_eq!(refused(&developer, 1, "publishEvent"), None);
        assert_eq!(
            refused(&developer, 1, "createApiKey"),
            Some(Slug::Forbidden)
        );
        let owner = caller(None, &[(1, MerchantRole::Owner)], None);
        assert_eq!(refused(&owner, 1, "createApiKey"), None);
        assert_eq!(refused(&owner, 1, SUSPEND), Some(Slug::Forbidden));
        let operator = caller(Some(PlatformRole::Operator), &[], None);
        assert_eq!(refused(&operator, 1, SUSPEND), None);
        assert_eq!(
            refused(&operator, 1, "deleteMerchant"),
            Some(Slug::Forbidden)
        );
    }

    #[test]
    fn a_platform_viewer_who_owns_a_merchant_may_change_that_one() {
        let both = caller(
            Some(PlatformRole::Viewer),
            &[(1, MerchantRole::Owner)],
            None,
        );
        assert_eq!(refused(&both, 1, "updateEndpoint"), None);
        assert_eq!(refused(&both, 2, "updateEndpoint"), Some(Slug::Forbidden));
    }

    #[test]
    fn an_api_key_is_limited_to_its_scopes_and_write_includes_read() {
        let key = caller(
            None,
            &[(1, MerchantRole::Owner)],
            Some(&["events:write", "deliveries:read"]),
        );
        assert_eq!(refused(&key, 1, "publishEvent"), None);
        assert_eq!(refused(&key, 1, "listEvents"), None);
        assert_eq!(refused(&key, 1, "listDeliveries"), None);
        for forbidden in ["retryDelivery", "listEndpoints", "createApiKey"] {
            assert_eq!(
                refused(&key, 1, forbidden),
                Some(Slug::Forbidden),
                "{forbidden}"
            );
        }
    }

    #[test]
    fn merchants_do_not_reach_the_platform() {
        let owner = caller(None, &[(1, MerchantRole::Owner)], None);
        for row in TABLE {
            assert!(owner.platform(row).is_err(), "{row:?}");
        }
    }

    #[test]
    fn a_developer_of_an_app_reaches_that_app_only() {
        let developer = Caller {
            apps: vec![app(1)],
            ..caller(None, &[], None)
        };
        let refused = |id, operation| {
            let row = find(operation).expect("a row");
            developer.app(app(id), row).err().map(|error| error.slug)
        };
        assert_eq!(refused(1, "createAppEndpoint"), None);
        assert_eq!(refused(1, "updateApp"), Some(Slug::Forbidden));
        assert_eq!(refused(2, "createAppEndpoint"), Some(Slug::NotFound));
        let owner = caller(None, &[(1, MerchantRole::Owner)], None);
        let row = find("createAppEndpoint").expect("a row");
        assert_eq!(owner.app(app(1), row).unwrap_err().slug, Slug::Forbidden);
    }
}

//! A proven caller, and what may be done in its name.

use domain::id::MerchantId;
use domain::tenancy::TenantScope;
use storage::users::{MerchantRole, PlatformRole, User};
use uuid::Uuid;

use super::permissions::{Access, Permission, Scope};
use crate::problem::{ApiError, Slug};

/// Who is calling and how far they reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// `usr_…` or `key_…`, as logs name them.
    pub(crate) actor: String,
    /// The same as bare bytes.
    pub(crate) id: Uuid,
    /// A user's email, a key's name.
    pub(crate) name: String,
    /// Their role on the platform.
    pub(crate) platform: Option<PlatformRole>,
    /// Their roles in merchants.
    pub(crate) merchants: Vec<(MerchantId, MerchantRole)>,
    /// What an API key is limited to; people are limited by their roles only.
    pub(crate) scopes: Option<Vec<Scope>>,
}

impl Caller {
    /// The scope of a merchant, for this use of it.
    ///
    /// Errors: 404 for a merchant that is not theirs, whether it exists or not; 403 for a wrong role or scope.
    pub(crate) fn scope(
        &self,
        merchant_id: MerchantId,
        permission: Permission,
    ) -> Result<TenantScope, ApiError> {
        let held = self
            .merchants
            .iter()
            .find(|(id, _)| *id == merchant_id)
            .map(|(_, role)| *role);
        if self.platform.is_none() && held.is_none() {
            return Err(ApiError::of(Slug::NotFound));
        }
        let rule = permission.rule();
        let by_platform = self.platform.is_some_and(|role| role >= rule.platform);
        let by_merchant = rule
            .merchant
            .is_some_and(|least| held.is_some_and(|role| role >= least));
        if (by_platform || by_merchant) && self.in_scope(rule.access) {
            return Ok(TenantScope::of(merchant_id));
        }
        Err(ApiError::of(Slug::Forbidden))
    }

    /// Whether they may do this across the platform.
    ///
    /// Errors: 403.
    pub(crate) fn platform(&self, permission: Permission) -> Result<(), ApiError> {
        let rule = permission.rule();
        if self.platform.is_some_and(|role| role >= rule.platform) && self.in_scope(rule.access) {
            return Ok(());
        }
        Err(ApiError::of(Slug::Forbidden))
    }

    /// Whether they may do this anywhere at all: for what is the same for every merchant.
    ///
    /// Errors: 403.
    pub(crate) fn anywhere(&self, permission: Permission) -> Result<(), ApiError> {
        let rule = permission.rule();
        let by_platform = self.platform.is_some_and(|role| role >= rule.platform);
        let by_merchant = rule
            .merchant
            .is_some_and(|least| self.merchants.iter().any(|(_, role)| *role >= least));
        if (by_platform || by_merchant) && self.in_scope(rule.access) {
            return Ok(());
        }
        Err(ApiError::of(Slug::Forbidden))
    }

    fn in_scope(&self, access: Access) -> bool {
        match (&self.scopes, access) {
            (None, _) | (Some(_), Access::Everyone) => true,
            (Some(_), Access::PeopleOnly) => false,
            (Some(held), Access::Scope(wanted)) => held.iter().any(|scope| scope.includes(wanted)),
        }
    }
}

impl From<User> for Caller {
    fn from(user: User) -> Self {
        Self {
            actor: user.id.to_string(),
            id: user.id.uuid(),
            name: user.email,
            platform: user.platform_role,
            merchants: user.memberships,
            scopes: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merchant(number: u128) -> MerchantId {
        MerchantId::from_uuid(Uuid::from_u128(number))
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
            scopes: scopes.map(|list| {
                list.iter()
                    .filter_map(|name| Scope::from_name(name))
                    .collect()
            }),
        }
    }

    fn refused(caller: &Caller, id: u128, permission: Permission) -> Option<Slug> {
        caller
            .scope(merchant(id), permission)
            .err()
            .map(|error| error.slug)
    }

    #[test]
    fn a_foreign_merchant_is_not_there_whatever_is_asked() {
        let owner = caller(None, &[(1, MerchantRole::Owner)], None);
        for permission in Permission::ALL {
            assert_eq!(
                refused(&owner, 2, permission),
                Some(Slug::NotFound),
                "{permission:?}"
            );
        }
    }

    #[test]
    fn a_role_reaches_what_its_row_of_the_table_says() {
        let viewer = caller(None, &[(1, MerchantRole::Viewer)], None);
        assert_eq!(refused(&viewer, 1, Permission::ReadDeliveries), None);
        assert_eq!(
            refused(&viewer, 1, Permission::RetryDeliveries),
            Some(Slug::Forbidden)
        );
        let developer = caller(None, &[(1, MerchantRole::Developer)], None);
        assert_eq!(refused(&developer, 1, Permission::Publish), None);
        assert_eq!(
            refused(&developer, 1, Permission::ChangeApiKeys),
            Some(Slug::Forbidden)
        );
        let owner = caller(None, &[(1, MerchantRole::Owner)], None);
        assert_eq!(refused(&owner, 1, Permission::ChangeApiKeys), None);
        assert_eq!(
            refused(&owner, 1, Permission::SuspendMerchant),
            Some(Slug::Forbidden)
        );
        let operator = caller(Some(PlatformRole::Operator), &[], None);
        assert_eq!(refused(&operator, 1, Permission::SuspendMerchant), None);
        assert_eq!(
            refused(&operator, 1, Permission::DeleteMerchant),
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
        assert_eq!(refused(&both, 1, Permission::ChangeEndpoints), None);
        assert_eq!(
            refused(&both, 2, Permission::ChangeEndpoints),
            Some(Slug::Forbidden)
        );
    }

    #[test]
    fn an_api_key_is_limited_to_its_scopes_and_write_includes_read() {
        let key = caller(
            None,
            &[(1, MerchantRole::Owner)],
            Some(&["events:write", "deliveries:read"]),
        );
        assert_eq!(refused(&key, 1, Permission::Publish), None);
        assert_eq!(refused(&key, 1, Permission::ReadEvents), None);
        assert_eq!(refused(&key, 1, Permission::ReadDeliveries), None);
        assert_eq!(
            refused(&key, 1, Permission::RetryDeliveries),
            Some(Slug::Forbidden)
        );
        assert_eq!(
            refused(&key, 1, Permission::ReadEndpoints),
            Some(Slug::Forbidden)
        );
        assert_eq!(
            refused(&key, 1, Permission::ChangeApiKeys),
            Some(Slug::Forbidden)
        );
    }

    #[test]
    fn merchants_do_not_reach_the_platform() {
        let owner = caller(None, &[(1, MerchantRole::Owner)], None);
        for permission in Permission::ALL {
            assert!(owner.platform(permission).is_err(), "{permission:?}");
        }
    }
}

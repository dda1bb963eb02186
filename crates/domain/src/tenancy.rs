//! Whose data a call may touch. Every storage call on a tenant's rows asks for a [`TenantScope`]; on
//! endpoints, which apps own too, for an [`OwnerScope`]; across tenants for a [`PlatformScope`].

use crate::endpoint::Owner;
use crate::id::{AppId, MerchantId};

/// Permission to touch one merchant's rows. Made by authentication, or by a claimed delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TenantScope(MerchantId);

impl TenantScope {
    /// The scope of a merchant whose caller has been proven, or whose delivery has been claimed.
    pub const fn of(merchant_id: MerchantId) -> Self {
        Self(merchant_id)
    }

    /// The merchant in whose name the call is made.
    pub const fn merchant_id(self) -> MerchantId {
        self.0
    }
}

/// Permission to touch the endpoints of one merchant or app. A merchant's comes with its [`TenantScope`]; an
/// app's is made by authentication of the platform, or from the owner of an endpoint that was found already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnerScope(Owner);

impl OwnerScope {
    /// The scope of an owner whose caller has been proven, or whose endpoint has been found.
    pub const fn of(owner: Owner) -> Self {
        Self(owner)
    }

    /// The owner in whose name the call is made.
    pub const fn owner(self) -> Owner {
        self.0
    }
}

/// Permission to see what is sent to the endpoints of one app. Made by authentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppScope(AppId);

impl AppScope {
    /// The scope of an app whose caller has been proven.
    pub const fn of(app_id: AppId) -> Self {
        Self(app_id)
    }

    /// The app in whose name the call is made.
    pub const fn app_id(self) -> AppId {
        self.0
    }
}

impl From<AppScope> for OwnerScope {
    fn from(scope: AppScope) -> Self {
        Self(Owner::App(scope.app_id()))
    }
}

impl From<AppScope> for Holder {
    fn from(scope: AppScope) -> Self {
        Self::Owner(scope.into())
    }
}

/// Permission to touch the rows of every merchant and app. Made by authentication of the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlatformScope(());

impl PlatformScope {
    /// The scope of a caller whose role on the platform has been proven, or of an operator at the command line.
    pub const fn proven() -> Self {
        Self(())
    }
}

/// Whose rows a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// One merchant's.
    Merchant(TenantScope),
    /// Everybody's.
    Platform(PlatformScope),
}

impl Reach {
    /// The one merchant; `None` for everybody.
    pub const fn merchant_id(self) -> Option<MerchantId> {
        match self {
            Self::Merchant(scope) => Some(scope.merchant_id()),
            Self::Platform(_) => None,
        }
    }
}

impl From<TenantScope> for Reach {
    fn from(scope: TenantScope) -> Self {
        Self::Merchant(scope)
    }
}

impl From<PlatformScope> for Reach {
    fn from(scope: PlatformScope) -> Self {
        Self::Platform(scope)
    }
}

/// Whose API keys are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A merchant's or an app's.
    Owner(OwnerScope),
    /// The platform's own.
    Platform(PlatformScope),
}

impl Holder {
    /// The merchant or app; `None` for the platform.
    pub const fn owner(self) -> Option<Owner> {
        match self {
            Self::Owner(scope) => Some(scope.owner()),
            Self::Platform(_) => None,
        }
    }
}

impl From<TenantScope> for Holder {
    fn from(scope: TenantScope) -> Self {
        Self::Owner(scope.into())
    }
}

impl From<OwnerScope> for Holder {
    fn from(scope: OwnerScope) -> Self {
        Self::Owner(scope)
    }
}

impl From<PlatformScope> for Holder {
    fn from(scope: PlatformScope) -> Self {
        Self::Platform(scope)
    }
}

impl From<TenantScope> for OwnerScope {
    fn from(scope: TenantScope) -> Self {
        Self(Owner::Merchant(scope.merchant_id()))
    }
}

//! Whose data a call may touch. Every storage call on a tenant's rows asks for a [`TenantScope`].

use crate::id::MerchantId;

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

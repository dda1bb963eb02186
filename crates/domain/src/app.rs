//! Apps: third parties that merchants install. An app's endpoints receive the events of every merchant that
//! has it installed, and of a merchant that removes it one last event.

use crate::clock::Micros;
use crate::id::{AppId, InstallationId, MerchantId};

/// The event that tells an app that a merchant has removed it. Source: CartHook, "Webhook topics".
pub const UNINSTALLED: &str = "app/uninstalled";

/// A third party that merchants install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// Its id.
    pub id: AppId,
    /// What people call it.
    pub name: String,
    /// What it does.
    pub description: String,
    /// When it was made.
    pub created_at: Micros,
    /// When it was last changed.
    pub updated_at: Micros,
}

/// A merchant has an app. There is one for each pair; installed again it is the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Installation {
    /// Its id.
    pub id: InstallationId,
    /// Who installed it.
    pub merchant_id: MerchantId,
    /// What is installed.
    pub app_id: AppId,
    /// When it was installed last.
    pub installed_at: Micros,
}

/// Whether an app that a merchant has removed is still told of such an event: of its removal, last of all, and
/// of nothing else.
pub fn told_after_removal(event_type: &str) -> bool {
    event_type == UNINSTALLED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contract_142_a_removed_app_is_told_of_its_removal_only() {
        assert!(told_after_removal(UNINSTALLED));
        for other in ["checkouts/created", "checkouts/completed", "PRODUCT_VIEWED"] {
            assert!(!told_after_removal(other), "{other}");
        }
    }
}

//! The tenant: a merchant with exactly one store.

use serde::{Deserialize, Serialize};

use crate::clock::Micros;
use crate::id::MerchantId;

/// The store of a merchant, as envelopes show it. `id` is opaque: the platform's own spelling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Store {
    /// The platform's id of the store.
    pub id: String,
    /// Its display name.
    pub name: String,
    /// `my-store.myshopify.com`, when it is a Shopify store.
    pub shopify_domain: Option<String>,
    /// The domain shoppers see.
    pub main_domain: Option<String>,
    /// ISO 4217, such as `USD`.
    pub currency: Option<String>,
    /// Its zone by the IANA's name, such as `Asia/Kolkata`: for people who look at times.
    pub time_zone: Option<String>,
}

/// In whose name tests of an app's endpoint are sent and logged when no merchant is named. It has no row.
pub const SAMPLE_MERCHANT: MerchantId = MerchantId::from_uuid(uuid::Uuid::nil());

impl Store {
    /// The store of the sample merchant.
    pub fn sample() -> Self {
        Self {
            id: "sample-store".to_owned(),
            name: "Sample Store".to_owned(),
            shopify_domain: Some("sample-store.myshopify.com".to_owned()),
            main_domain: Some("sample-store.example".to_owned()),
            currency: Some("USD".to_owned()),
            time_zone: None,
        }
    }

    /// The `store` object of an envelope: `id`, `name`, `shopify_domain`, `main_domain`, in this order.
    /// Source: FlexyPe, "Abandoned Session", Body.
    pub fn envelope_json(&self) -> String {
        serde_json::json!({
            "id": self.id,
            "name": self.name,
            "shopify_domain": self.shopify_domain,
            "main_domain": self.main_domain,
        })
        .to_string()
    }
}

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merchant {
    /// Its id.
    pub id: MerchantId,
    /// What people call it.
    pub name: String,
    /// Its one store.
    pub store: Store,
    /// The account number that Flashy's payloads carry.
    pub flashy_account_id: Option<i64>,
    /// Its switches.
    pub settings: MerchantSettings,
    /// A suspended merchant's events are refused and its deliveries wait.
    pub suspended: bool,
    /// When it was made.
    pub created_at: Micros,
    /// When it was last changed.
    pub updated_at: Micros,
}

/// Which clock an abandoned checkout runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum AcrClock {
    /// From the opening of the checkout.
    #[default]
    Open,
    /// From its last activity.
    Activity,
}

/// What happens to a published payload that does not match its type's schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum SchemaMode {
    /// It is refused.
    #[default]
    Strict,
    /// It is accepted with a warning.
    Warn,
}

/// A merchant's switches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct MerchantSettings {
    /// The clock of abandoned checkouts.
    pub acr_clock: AcrClock,
    /// How strictly published payloads are checked.
    pub schema_mode: SchemaMode,
}

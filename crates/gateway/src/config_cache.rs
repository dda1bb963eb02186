//! The configuration as this process knows it, exact by the configuration clock: whoever uses it carries
//! its version to the database, which refuses work done on an older one. Then the cache catches up.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use domain::app::told_after_removal;
use domain::catalog::EventType;
use domain::endpoint::{Destination, Endpoint};
use domain::id::{EndpointId, MerchantId};
use domain::merchant::Merchant;
use domain::pause::Pause;
use storage::catalog::EVERY_MERCHANT;
use storage::{ConfigVersion, Error, Storage};
use tokio::sync::Mutex;

/// Merchants kept in memory at most. Beyond, the cache starts anew.
const MERCHANTS: usize = 50_000;

/// A merchant with everything ingest and delivery need.
#[derive(Debug)]
pub struct MerchantConfig {
    /// The merchant.
    pub merchant: Merchant,
    /// Its endpoints and those of the apps it has installed.
    pub destinations: Vec<Arc<Destination>>,
    /// The endpoints of apps it has removed: they are told of that and of nothing else.
    pub departing: Vec<Arc<Destination>>,
    /// Its store as envelopes carry it.
    pub store: Arc<str>,
}

impl MerchantConfig {
    /// An endpoint that its deliveries go to, or went to before the merchant removed the app it belongs to.
    pub fn destination(&self, id: EndpointId) -> Option<&Arc<Destination>> {
        let mut all = self.destinations.iter().chain(&self.departing);
        all.find(|destination| destination.endpoint.id == id)
    }

    /// Whether events of this type are not sent to this endpoint any more: the merchant has removed its app.
    pub fn has_removed(&self, id: EndpointId, event_type: &str) -> bool {
        !told_after_removal(event_type) && self.is_departing(id)
    }

    /// Whether this endpoint belongs to an app that the merchant has removed.
    pub fn is_departing(&self, id: EndpointId) -> bool {
        let mut departing = self.departing.iter();
        departing.any(|destination| destination.endpoint.id == id)
    }
}

#[derive(Default)]
struct Known {
    version: ConfigVersion,
    merchants: HashMap<MerchantId, Option<Arc<MerchantConfig>>>,
    types: Option<Arc<HashMap<String, EventType>>>,
    pauses: Arc<[Pause]>,
}

/// The cache.
pub struct ConfigCache {
    storage: Arc<Storage>,
    known: RwLock<Known>,
    /// Loads and catch-ups take turns, so that a load can never overwrite what is newer.
    turn: Mutex<()>,
}

impl std::fmt::Debug for ConfigCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ConfigCache")
    }
}

impl ConfigCache {
    /// An empty cache at the database's present version.
    ///
    /// Errors: the database cannot be reached.
    pub async fn open(storage: Arc<Storage>) -> Result<Arc<Self>, Error> {
        let version = storage.config_version().await?;
        let pauses = storage.pauses().await?.into();
        let known = RwLock::new(Known {
            version,
            pauses,
            ..Known::default()
        });
        Ok(Arc::new(Self {
            storage,
            known,
            turn: Mutex::new(()),
        }))
    }

    /// The version everything that is read after this call holds for at least. Take it before reading.
    pub fn version(&self) -> ConfigVersion {
        self.read().version
    }

    /// A merchant, loaded if need be; `None` when there is none.
    ///
    /// Errors: the database cannot be reached; no master key opens its secrets.
    pub async fn merchant(&self, id: MerchantId) -> Result<Option<Arc<MerchantConfig>>, Error> {
        if let Some(found) = self.known_merchant(id) {
            return Ok(found);
        }
        let _turn = self.turn.lock().await;
        if let Some(found) = self.known_merchant(id) {
            return Ok(found);
        }
        let loaded = self.storage.merchant_config(id).await?.map(|config| {
            Arc::new(MerchantConfig {
                store: config.merchant.store.envelope_json().into(),
                merchant: config.merchant,
                destinations: config.destinations.into_iter().map(Arc::new).collect(),
                departing: config.departing.into_iter().map(Arc::new).collect(),
            })
        });
        let mut known = self.write();
        if known.merchants.len() >= MERCHANTS {
            known.merchants.clear();
        }
        known.merchants.insert(id, loaded.clone());
        Ok(loaded)
    }

    /// A merchant if it is in memory: outer `None` means it must be loaded.
    pub fn known_merchant(&self, id: MerchantId) -> Option<Option<Arc<MerchantConfig>>> {
        self.read().merchants.get(&id).cloned()
    }

    /// What is held back now.
    pub fn pauses(&self) -> Arc<[Pause]> {
        Arc::clone(&self.read().pauses)
    }

    /// The pause that holds back what goes to this endpoint, of an event of this merchant.
    pub fn pause_of(&self, merchant_id: MerchantId, endpoint: &Endpoint) -> Option<Pause> {
        let known = self.read();
        let mut pauses = known.pauses.iter();
        pauses
            .find(|pause| pause.holds(merchant_id, endpoint.id, endpoint.host()))
            .cloned()
    }

    /// The event types by name.
    ///
    /// Errors: the database cannot be reached.
    pub async fn event_types(&self) -> Result<Arc<HashMap<String, EventType>>, Error> {
        if let Some(types) = &self.read().types {
            return Ok(Arc::clone(types));
        }
        let _turn = self.turn.lock().await;
        let list = self.storage.event_types().await?;
        let types: HashMap<_, _> = list
            .into_iter()
            .map(|entry| (entry.name.clone(), entry))
            .collect();
        let types = Arc::new(types);
        self.write().types = Some(Arc::clone(&types));
        Ok(types)
    }

    /// Learns what has changed since the version known. Called when the database refused work as stale,
    /// and every half second.
    ///
    /// Errors: the database cannot be reached.
    pub async fn catch_up(&self) -> Result<(), Error> {
        let _turn = self.turn.lock().await;
        let since = self.version();
        if self.storage.config_version().await? == since {
            return Ok(());
        }
        let (version, merchants) = self.storage.config_changes(since).await?;
        let pauses = if merchants.contains(&EVERY_MERCHANT) {
            Some(self.storage.pauses().await?.into())
        } else {
            None
        };
        let mut known = self.write();
        if let Some(pauses) = pauses {
            known.pauses = pauses;
        }
        for merchant in merchants {
            known.merchants.remove(&merchant);
            if merchant == EVERY_MERCHANT {
                known.types = None;
            }
        }
        known.version = version;
        Ok(())
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}

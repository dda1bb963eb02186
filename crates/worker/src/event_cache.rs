//! Events of claimed deliveries. They never change, so one read serves all deliveries and retries that come
//! soon after.

use std::collections::HashMap;
use std::sync::Arc;

use domain::event::Event;
use domain::id::EventId;
use moka::sync::Cache;
use storage::{Error, Storage};

/// Bytes of events kept.
const BYTES: u64 = 16 * 1024 * 1024;

pub(crate) struct EventCache(Cache<EventId, Arc<Event>>);

impl Default for EventCache {
    fn default() -> Self {
        let weight = |_: &EventId, event: &Arc<Event>| {
            u32::try_from(event.payload.len() + 512).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().max_capacity(BYTES).weigher(weight).build())
    }
}

impl EventCache {
    /// The events with these ids that exist.
    ///
    /// Errors: the database cannot be reached.
    pub(crate) async fn get(
        &self,
        storage: &Storage,
        ids: impl Iterator<Item = EventId>,
    ) -> Result<HashMap<EventId, Arc<Event>>, Error> {
        let mut found = HashMap::new();
        let mut missing = Vec::new();
        for id in ids {
            match self.0.get(&id) {
                Some(event) => {
                    found.insert(id, event);
                }
                None => missing.push(id),
            }
        }
        if !missing.is_empty() {
            for event in storage.events_by_id(&missing).await? {
                let event = Arc::new(event);
                self.0.insert(event.id, Arc::clone(&event));
                found.insert(event.id, event);
            }
        }
        Ok(found)
    }
}

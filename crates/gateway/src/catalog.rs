//! The catalogue: which event types may be published and subscribed to.

use std::collections::HashMap;
use std::sync::Arc;

use domain::catalog::{EventType, PLAIN_EXAMPLE};
use domain::dialect::Dialect;
use domain::event::{check_type_name, make_canonical};

use crate::schemas::rules::check_custom;
use crate::{Error, Gateway};

/// Custom event types: the catalogue is held in memory, and shown in one page.
const CUSTOM_MAX: usize = 500;

/// A custom event type to be added.
#[derive(Debug, Clone)]
pub struct NewEventType {
    /// Its name on the wire.
    pub name: String,
    /// Its dialect.
    pub dialect: Dialect,
    /// What it means.
    pub description: String,
    /// JSON Schema of its payload.
    pub schema: Option<String>,
    /// An example payload.
    pub example: Option<String>,
}

impl Gateway {
    /// Adds a custom event type.
    ///
    /// Errors: its name is wrong or taken; its schema is none or may not be used; its example does not match it;
    /// storage fails.
    pub async fn create_event_type(&self, mut new: NewEventType) -> Result<EventType, Error> {
        make_canonical(&mut new.name);
        check_type_name("/name", &new.name).map_err(|error| Error::Invalid(vec![error]))?;
        if let Some(schema) = &new.schema {
            check_custom(schema, new.example.as_deref())?;
        }
        let present = self.storage.event_types().await?;
        if present.iter().any(|entry| entry.name == new.name) {
            return Err(taken(&new.name));
        }
        // Two calls at once may both find room for the last one: the limit bounds memory and needs no lock.
        if present.iter().filter(|entry| !entry.built_in).count() >= CUSTOM_MAX {
            return Err(Error::LimitReached {
                detail: format!("There may be {CUSTOM_MAX} event types besides the built-in ones."),
            });
        }
        let entry = EventType {
            name: new.name,
            dialect: new.dialect,
            description: new.description,
            fires_when: "when the platform publishes it".to_owned(),
            schema: new.schema,
            example: new.example.unwrap_or_else(|| PLAIN_EXAMPLE.to_owned()),
            built_in: false,
        };
        match self.storage.create_event_type(&entry).await {
            Err(storage::Error::Duplicate) => Err(taken(&entry.name)),
            done => Ok(done.map(|()| entry)?),
        }
    }

    /// The event types by name, caught up with the newest configuration.
    pub(crate) async fn config_types(&self) -> Result<Arc<HashMap<String, EventType>>, Error> {
        self.config.catch_up().await?;
        Ok(self.config.event_types().await?)
    }
}

fn taken(name: &str) -> Error {
    Error::Conflict {
        detail: format!("The event type `{name}` exists already."),
    }
}

//! What is looked at before a publish call is stored: ids, times, types, and payloads against their schemas.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use domain::catalog::EventType;
use domain::dialect::check_wire_id;
use domain::error::FieldError;
use domain::event::check_event_id;
use domain::merchant::SchemaMode;
use domain::tenancy::TenantScope;

use super::{Publish, PublishEvent};
use crate::schemas::{Mismatches, OF_CALL, log_warnings};
use crate::{Error, Gateway};

/// How far in the future an event may say it happened.
const FUTURE: Duration = Duration::from_mins(5);

impl Gateway {
    /// Checks a call, and answers what is to be warned of.
    ///
    /// Errors: a field is wrong; a payload does not match its type's schema and the merchant is strict about it;
    /// there is no such merchant; storage fails.
    pub(super) async fn check_call(
        &self,
        scope: TenantScope,
        call: &Publish,
    ) -> Result<Mismatches, Error> {
        let types = self.types_for(&call.events).await?;
        let mut errors = self.check_fields(&call.events, &types);
        let mut found = self.mismatches(&call.events, &types).await;
        if !found.is_empty() {
            let mode = self.schema_mode(scope).await?;
            match mode.ok_or(Error::NotFound)? {
                SchemaMode::Strict => {
                    let refused = std::mem::take(&mut found);
                    errors.extend(in_order(refused, call.events.len()).take(OF_CALL));
                }
                SchemaMode::Warn => log_warnings(scope, &call.events, &found),
            }
        }
        if errors.is_empty() {
            Ok(found)
        } else {
            Err(Error::Invalid(errors))
        }
    }

    fn check_fields(
        &self,
        events: &[PublishEvent],
        types: &HashMap<String, EventType>,
    ) -> Vec<FieldError> {
        let latest = self.now() + FUTURE;
        let mut errors = Vec::new();
        let mut seen = HashSet::new();
        for (index, event) in events.iter().enumerate() {
            let at = |field: &str| format!("{}/{field}", base(index, events.len()));
            if let Some(id) = &event.event_id {
                errors.extend(check_event_id(&at("event_id"), id).err());
                if !seen.insert(id) {
                    errors.push(FieldError::new(
                        at("event_id"),
                        "repeated",
                        "stands twice in this batch",
                    ));
                }
            }
            if event
                .occurred_at
                .is_some_and(|occurred| occurred > latest || occurred.0 < 0)
            {
                errors.push(FieldError::new(
                    at("occurred_at"),
                    "range",
                    "must lie between 1970 and 5 minutes from now",
                ));
            }
            match (types.get(&event.event_type), &event.event_id) {
                (None, _) => errors.push(FieldError::new(
                    at("event_type"),
                    "unknown_event_type",
                    "is not in the catalogue: see GET /v1/event-types",
                )),
                (Some(entry), Some(id)) => {
                    errors.extend(check_wire_id(entry.dialect, &at("event_id"), id).err());
                }
                (Some(_), None) => {}
            }
        }
        errors
    }

    /// The catalogue as this process knows it, or, if that lacks a type, as it is.
    async fn types_for(
        &self,
        events: &[PublishEvent],
    ) -> Result<Arc<HashMap<String, EventType>>, Error> {
        let known = self.config.event_types().await?;
        if events
            .iter()
            .all(|event| known.contains_key(&event.event_type))
        {
            return Ok(known);
        }
        self.config_types().await
    }
}

/// Where an event stands in its call.
fn base(place: usize, events: usize) -> String {
    if events == 1 {
        String::new()
    } else {
        format!("/events/{place}")
    }
}

/// Mismatches in the order of their events, in pointers from the root of the call.
fn in_order(found: Mismatches, events: usize) -> impl Iterator<Item = FieldError> {
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_unstable_by_key(|(place, _)| *place);
    found.into_iter().flat_map(move |(place, errors)| {
        errors.into_iter().map(move |mut error| {
            error.pointer.insert_str(0, &base(place, events));
            error
        })
    })
}

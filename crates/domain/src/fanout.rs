//! Who gets an event: pure, from the event's type and the merchant's endpoints.

use crate::delivery::SkipReason;
use crate::endpoint::Endpoint;
use crate::id::EndpointId;

/// What an endpoint gets of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The subscribed endpoint.
    pub endpoint_id: EndpointId,
    /// Why nothing is sent, if nothing is.
    pub skip: Option<SkipReason>,
}

/// The endpoints that an event of this type concerns: every subscribed one, a disabled one as skipped.
/// An endpoint that is not subscribed gets nothing, not even a row.
pub fn fan_out<'a>(
    event_type: &str,
    endpoints: impl IntoIterator<Item = &'a Endpoint>,
) -> Vec<Target> {
    endpoints
        .into_iter()
        .filter(|endpoint| {
            endpoint
                .event_types
                .binary_search_by(|name| name.as_str().cmp(event_type))
                .is_ok()
        })
        .map(|endpoint| Target {
            endpoint_id: endpoint.id,
            skip: (!endpoint.enabled()).then_some(SkipReason::EndpointDisabled),
        })
        .collect()
}

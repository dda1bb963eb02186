//! What API keys may do: read or write one kind of resource.

/// What API keys are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resource {
    Events,
    Activities,
    Endpoints,
    Deliveries,
    Merchants,
    Apps,
    Users,
}

/// What an API key may do with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(super) resource: Resource,
    pub(super) write: bool,
}

impl Scope {
    /// All of them.
    pub(crate) fn all() -> Vec<Self> {
        [
            Resource::Events,
            Resource::Activities,
            Resource::Endpoints,
            Resource::Deliveries,
            Resource::Merchants,
            Resource::Apps,
            Resource::Users,
        ]
        .into_iter()
        .flat_map(|resource| [false, true].map(|write| Self { resource, write }))
        .collect()
    }

    /// Whether a key with this scope has the other one too: writing includes reading.
    pub(crate) fn includes(self, wanted: Self) -> bool {
        self.resource == wanted.resource && (self.write || !wanted.write)
    }

    /// How the API spells it.
    pub(crate) const fn as_str(self) -> &'static str {
        match (self.resource, self.write) {
            (Resource::Events, false) => "events:read",
            (Resource::Events, true) => "events:write",
            (Resource::Activities, false) => "activities:read",
            (Resource::Activities, true) => "activities:write",
            (Resource::Endpoints, false) => "endpoints:read",
            (Resource::Endpoints, true) => "endpoints:write",
            (Resource::Deliveries, false) => "deliveries:read",
            (Resource::Deliveries, true) => "deliveries:write",
            (Resource::Merchants, false) => "merchants:read",
            (Resource::Merchants, true) => "merchants:write",
            (Resource::Apps, false) => "apps:read",
            (Resource::Apps, true) => "apps:write",
            (Resource::Users, false) => "users:read",
            (Resource::Users, true) => "users:write",
        }
    }

    /// The scope of this name, if there is one.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|scope| scope.as_str() == name)
    }
}

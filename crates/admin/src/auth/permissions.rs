//! The one table of who may do what. What is not in it, nobody may do.

use storage::users::{MerchantRole, PlatformRole};

/// A use of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permission {
    ReadMerchants,
    ChangeMerchant,
    CreateMerchant,
    SuspendMerchant,
    DeleteMerchant,
    ReadEndpoints,
    ChangeEndpoints,
    RevealSecrets,
    TestEndpoints,
    Publish,
    ReadEvents,
    ReadDeliveries,
    RetryDeliveries,
    ReadEventTypes,
    ChangeEventTypes,
    ReadApiKeys,
    ChangeApiKeys,
    ReadUsers,
    ChangeUsers,
    ReadApps,
    ChangeApps,
    DeleteApp,
    ReadInstallations,
    ChangeInstallations,
    RecordActivities,
    ReadActivities,
}

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
    resource: Resource,
    write: bool,
}

/// What of an API key a use of the API asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// A scope.
    Scope(Scope),
    /// Any key will do.
    Everyone,
    /// No key will do: it would let a key make itself mightier.
    PeopleOnly,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    /// The least role on the platform.
    pub(crate) platform: PlatformRole,
    /// The least role in the merchant; `None` where only the platform may.
    pub(crate) merchant: Option<MerchantRole>,
    /// What an API key must have.
    pub(crate) access: Access,
}

impl Permission {
    /// All of them.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 26] = [
        Self::ReadMerchants,
        Self::ChangeMerchant,
        Self::CreateMerchant,
        Self::SuspendMerchant,
        Self::DeleteMerchant,
        Self::ReadEndpoints,
        Self::ChangeEndpoints,
        Self::RevealSecrets,
        Self::TestEndpoints,
        Self::Publish,
        Self::ReadEvents,
        Self::ReadDeliveries,
        Self::RetryDeliveries,
        Self::ReadEventTypes,
        Self::ChangeEventTypes,
        Self::ReadApiKeys,
        Self::ChangeApiKeys,
        Self::ReadUsers,
        Self::ChangeUsers,
        Self::ReadApps,
        Self::ChangeApps,
        Self::DeleteApp,
        Self::ReadInstallations,
        Self::ChangeInstallations,
        Self::RecordActivities,
        Self::ReadActivities,
    ];

    /// Its row.
    pub(crate) const fn rule(self) -> Rule {
        use Access::{Everyone, PeopleOnly};
        use MerchantRole::{Developer, Owner};
        use PlatformRole::{Admin, Operator};
        use Resource::{Activities, Apps, Deliveries, Endpoints, Events, Merchants, Users};

        let (platform, merchant, access) = match self {
            Self::ReadMerchants => (
                PlatformRole::Viewer,
                Some(MerchantRole::Viewer),
                read(Merchants),
            ),
            Self::ChangeMerchant => (Operator, Some(Owner), write(Merchants)),
            Self::CreateMerchant | Self::SuspendMerchant => (Operator, None, write(Merchants)),
            Self::DeleteMerchant => (Admin, None, write(Merchants)),
            Self::ReadEndpoints => (
                PlatformRole::Viewer,
                Some(MerchantRole::Viewer),
                read(Endpoints),
            ),
            Self::ChangeEndpoints | Self::RevealSecrets | Self::TestEndpoints => {
                (Operator, Some(Developer), write(Endpoints))
            }
            Self::Publish => (Operator, Some(Developer), write(Events)),
            Self::ReadEvents => (
                PlatformRole::Viewer,
                Some(MerchantRole::Viewer),
                read(Events),
            ),
            Self::ReadDeliveries => (
                PlatformRole::Viewer,
                Some(MerchantRole::Viewer),
                read(Deliveries),
            ),
            Self::RetryDeliveries => (Operator, Some(Developer), write(Deliveries)),
            Self::ReadEventTypes => (PlatformRole::Viewer, Some(MerchantRole::Viewer), Everyone),
            Self::ChangeEventTypes => (Operator, None, write(Events)),
            Self::ReadApiKeys => (PlatformRole::Viewer, Some(Developer), PeopleOnly),
            Self::ChangeApiKeys => (Admin, Some(Owner), PeopleOnly),
            Self::ReadUsers => (Admin, None, read(Users)),
            Self::ChangeUsers => (Admin, None, PeopleOnly),
            Self::ReadApps | Self::ReadInstallations => {
                (PlatformRole::Viewer, Some(MerchantRole::Viewer), read(Apps))
            }
            Self::ChangeApps => (Operator, None, write(Apps)),
            Self::DeleteApp => (Admin, None, write(Apps)),
            Self::ChangeInstallations => (Operator, Some(Owner), write(Apps)),
            Self::RecordActivities => (Operator, Some(Developer), write(Activities)),
            Self::ReadActivities => (
                PlatformRole::Viewer,
                Some(MerchantRole::Viewer),
                read(Activities),
            ),
        };
        Rule {
            platform,
            merchant,
            access,
        }
    }
}

const fn read(resource: Resource) -> Access {
    Access::Scope(Scope {
        resource,
        write: false,
    })
}

const fn write(resource: Resource) -> Access {
    Access::Scope(Scope {
        resource,
        write: true,
    })
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

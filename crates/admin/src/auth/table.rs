//! The one table of who may do what. What is not in it, nobody may do.
//!
//! The checks ([`super::Bearer`]), the document's security entries and `docs/roles.md` are all made from
//! it. To add an operation: a row with its `operationId`. A row with a `#` limits a part of an operation further.

use std::fmt::Write as _;

use storage::users::{MerchantRole, PlatformRole};

use super::scope::{Resource, Scope};

/// What of an API key an operation asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// This scope.
    Scope(Scope),
    /// Any key will do.
    Any,
    /// No key will do: it would let a key make itself mightier.
    Never,
}

/// One row of the table. A caller may do the operation with any one of the roles; who calls with an API key needs
/// what `key` says too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row {
    /// The operation's id in the document.
    pub(crate) operation: &'static str,
    /// The least role on the platform; `None` where the platform has no business.
    pub(crate) platform: Option<PlatformRole>,
    /// The least role in the merchant whose data it is; `None` where merchants have no business.
    pub(crate) merchant: Option<MerchantRole>,
    /// Whether developers of the app whose data it is may.
    pub(crate) app: bool,
    /// What an API key must have.
    pub(crate) key: Key,
}

/// The operations that ask for no credential: each proves its caller by what is in its body.
pub(crate) const OPEN: &[&str] = &[
    "createToken",
    "refreshToken",
    "revokeToken",
    "openPortal",
    "requestPasswordReset",
    "resetPassword",
    "acceptInvitation",
];

type Platform = Option<PlatformRole>;
type Merchant = Option<MerchantRole>;

/// Everybody on the platform, or in the merchant.
const P_VIEWER: Platform = Some(PlatformRole::Viewer);
const OPERATOR: Platform = Some(PlatformRole::Operator);
const ADMIN: Platform = Some(PlatformRole::Admin);
const M_VIEWER: Merchant = Some(MerchantRole::Viewer);
const DEVELOPER: Merchant = Some(MerchantRole::Developer);
const OWNER: Merchant = Some(MerchantRole::Owner);
const APP: bool = true;
/// Nobody of this column.
const NO_ONE: Merchant = None;
const NO_APP: bool = false;

use Resource::{Activities, Apps, Deliveries, Endpoints, Events, Merchants, Users};

/// The table.
#[rustfmt::skip]
pub(crate) const TABLE: &[Row] = &[
    //  operation               platform  merchant   app     API key
    row("getMe",                P_VIEWER, M_VIEWER,  APP,    Key::Any),
    row("changePassword",       P_VIEWER, M_VIEWER,  APP,    Key::Never),
    row("listLogins",           P_VIEWER, M_VIEWER,  APP,    Key::Never),
    row("revokeLogin",          P_VIEWER, M_VIEWER,  APP,    Key::Never),

    row("listMerchants",        P_VIEWER, M_VIEWER,  NO_APP, read(Merchants)),
    row("createMerchant",       OPERATOR, NO_ONE,    NO_APP, write(Merchants)),
    row("getMerchant",          P_VIEWER, M_VIEWER,  NO_APP, read(Merchants)),
    row("updateMerchant",       OPERATOR, OWNER,     NO_APP, write(Merchants)),
    row(SUSPEND,                OPERATOR, NO_ONE,    NO_APP, write(Merchants)),
    row("deleteMerchant",       ADMIN,    NO_ONE,    NO_APP, write(Merchants)),

    row("listEndpoints",        P_VIEWER, M_VIEWER,  NO_APP, read(Endpoints)),
    row("listAllEndpoints",     P_VIEWER, NO_ONE,    NO_APP, read(Endpoints)),
    row(SEE_QUERIES,            OPERATOR, DEVELOPER, APP,    read(Endpoints)),
    row("createEndpoint",       OPERATOR, DEVELOPER, NO_APP, write(Endpoints)),
    row("getEndpoint",          P_VIEWER, M_VIEWER,  NO_APP, read(Endpoints)),
    row("updateEndpoint",       OPERATOR, DEVELOPER, NO_APP, write(Endpoints)),
    row("deleteEndpoint",       OPERATOR, DEVELOPER, NO_APP, write(Endpoints)),
    row("revealSecret",         OPERATOR, DEVELOPER, NO_APP, write(Endpoints)),
    row("rotateSecret",         OPERATOR, DEVELOPER, NO_APP, write(Endpoints)),
    row("revokePreviousSecret", OPERATOR, DEVELOPER, NO_APP, write(Endpoints)),
    row("getSubscriptions",     P_VIEWER, M_VIEWER,  NO_APP, read(Endpoints)),
    row("putSubscriptions",     OPERATOR, DEVELOPER, NO_APP, write(Endpoints)),
    row("testEndpoint",         OPERATOR, DEVELOPER, NO_APP, write(Endpoints)),
    row("checkEndpoint",        OPERATOR, DEVELOPER, NO_APP, write(Endpoints)),
    row("enableEndpoint",       OPERATOR, DEVELOPER, NO_APP, write(Endpoints)),
    row("disableEndpoint",      OPERATOR, DEVELOPER, NO_APP, write(Endpoints)),

    row("listApps",             P_VIEWER, M_VIEWER,  APP,    read(Apps)),
    row("createApp",            OPERATOR, NO_ONE,    NO_APP, write(Apps)),
    row("getApp",               P_VIEWER, M_VIEWER,  APP,    read(Apps)),
    row("updateApp",            OPERATOR, NO_ONE,    NO_APP, write(Apps)),
    row("deleteApp",            ADMIN,    NO_ONE,    NO_APP, write(Apps)),
    row("listAppEndpoints",     P_VIEWER, NO_ONE,    APP,    read(Endpoints)),
    row("createAppEndpoint",    OPERATOR, NO_ONE,    APP,    write(Endpoints)),
    row("getAppEndpoint",       P_VIEWER, NO_ONE,    APP,    read(Endpoints)),
    row("updateAppEndpoint",    OPERATOR, NO_ONE,    APP,    write(Endpoints)),
    row("deleteAppEndpoint",    OPERATOR, NO_ONE,    APP,    write(Endpoints)),
    row("revealAppSecret",      OPERATOR, NO_ONE,    APP,    write(Endpoints)),
    row("rotateAppSecret",      OPERATOR, NO_ONE,    APP,    write(Endpoints)),
    row("revokePreviousAppSecret", OPERATOR, NO_ONE, APP,    write(Endpoints)),
    row("getAppSubscriptions",  P_VIEWER, NO_ONE,    APP,    read(Endpoints)),
    row("putAppSubscriptions",  OPERATOR, NO_ONE,    APP,    write(Endpoints)),
    row("testAppEndpoint",      OPERATOR, NO_ONE,    APP,    write(Endpoints)),
    row(TEST_AS_MERCHANT,       OPERATOR, NO_ONE,    NO_APP, write(Endpoints)),
    row("enableAppEndpoint",    OPERATOR, NO_ONE,    APP,    write(Endpoints)),
    row("disableAppEndpoint",   OPERATOR, NO_ONE,    APP,    write(Endpoints)),

    row("listInstallations",    P_VIEWER, M_VIEWER,  NO_APP, read(Apps)),
    row("getInstallation",      P_VIEWER, M_VIEWER,  NO_APP, read(Apps)),
    row("installApp",           OPERATOR, OWNER,     NO_APP, write(Apps)),
    row("uninstallApp",         OPERATOR, OWNER,     NO_APP, write(Apps)),

    row("publishEvent",         OPERATOR, DEVELOPER, NO_APP, write(Events)),
    row("publishEvents",        OPERATOR, DEVELOPER, NO_APP, write(Events)),
    row("listEvents",           P_VIEWER, M_VIEWER,  NO_APP, read(Events)),
    row("getEvent",             P_VIEWER, M_VIEWER,  NO_APP, read(Events)),

    row("recordActivities",     OPERATOR, DEVELOPER, NO_APP, write(Activities)),
    row("listSessions",         P_VIEWER, M_VIEWER,  NO_APP, read(Activities)),
    row("getSession",           P_VIEWER, M_VIEWER,  NO_APP, read(Activities)),
    row("listCheckouts",        P_VIEWER, M_VIEWER,  NO_APP, read(Activities)),
    row("getCheckout",          P_VIEWER, M_VIEWER,  NO_APP, read(Activities)),
    row("simulate",             P_VIEWER, M_VIEWER,  APP,    Key::Any),

    row("listDeliveries",       P_VIEWER, M_VIEWER,  NO_APP, read(Deliveries)),
    row("streamDeliveries",     P_VIEWER, M_VIEWER,  NO_APP, read(Deliveries)),
    row("getAnyDelivery",       P_VIEWER, NO_ONE,    NO_APP, read(Deliveries)),
    row("streamAllDeliveries",  P_VIEWER, NO_ONE,    NO_APP, read(Deliveries)),
    row("listAllDeliveries",    P_VIEWER, NO_ONE,    NO_APP, read(Deliveries)),
    row("getDelivery",          P_VIEWER, M_VIEWER,  NO_APP, read(Deliveries)),
    row("listAttempts",         P_VIEWER, M_VIEWER,  NO_APP, read(Deliveries)),
    row(SEE_APP_URLS,           P_VIEWER, NO_ONE,    NO_APP, read(Deliveries)),
    row("retryDelivery",        OPERATOR, DEVELOPER, NO_APP, write(Deliveries)),
    row("cancelDelivery",       OPERATOR, DEVELOPER, NO_APP, write(Deliveries)),

    row("listAppDeliveries",    P_VIEWER, NO_ONE,    APP,    read(Deliveries)),
    row("getAppDelivery",       P_VIEWER, NO_ONE,    APP,    read(Deliveries)),
    row("listAppAttempts",      P_VIEWER, NO_ONE,    APP,    read(Deliveries)),
    row("retryAppDelivery",     OPERATOR, NO_ONE,    APP,    write(Deliveries)),

    row("listRetryJobs",        P_VIEWER, M_VIEWER,  NO_APP, read(Deliveries)),
    row("createRetryJob",       OPERATOR, DEVELOPER, NO_APP, write(Deliveries)),
    row("getRetryJob",          P_VIEWER, M_VIEWER,  NO_APP, read(Deliveries)),
    row("cancelRetryJob",       OPERATOR, DEVELOPER, NO_APP, write(Deliveries)),
    row("listAllRetryJobs",     P_VIEWER, NO_ONE,    NO_APP, read(Deliveries)),
    row("createPlatformRetryJob", OPERATOR, NO_ONE,  NO_APP, write(Deliveries)),
    row("getAnyRetryJob",       P_VIEWER, NO_ONE,    NO_APP, read(Deliveries)),
    row("cancelAnyRetryJob",    OPERATOR, NO_ONE,    NO_APP, write(Deliveries)),

    row("getEndpointStats",     P_VIEWER, M_VIEWER,  NO_APP, read(Deliveries)),
    row("getAppEndpointStats",  P_VIEWER, NO_ONE,    APP,    read(Deliveries)),
    row("listEndpointStats",    P_VIEWER, M_VIEWER,  NO_APP, read(Deliveries)),
    row("getStats",             P_VIEWER, NO_ONE,    NO_APP, read(Deliveries)),

    row("acknowledgeFailure",   OPERATOR, NO_ONE,    NO_APP, write(Deliveries)),
    row("withdrawAcknowledgement", OPERATOR, NO_ONE, NO_APP, write(Deliveries)),
    row("listPauses",           P_VIEWER, NO_ONE,    NO_APP, read(Deliveries)),
    row("createPause",          OPERATOR, NO_ONE,    NO_APP, write(Deliveries)),
    row("deletePause",          OPERATOR, NO_ONE,    NO_APP, write(Deliveries)),
    row("getSystem",            P_VIEWER, NO_ONE,    NO_APP, Key::Never),

    row("listEventTypes",       P_VIEWER, M_VIEWER,  APP,    Key::Any),
    row("createEventType",      OPERATOR, NO_ONE,    NO_APP, write(Events)),
    row("getEventType",         P_VIEWER, M_VIEWER,  APP,    Key::Any),

    row("listApiKeys",          P_VIEWER, DEVELOPER, NO_APP, Key::Never),
    row("createApiKey",         ADMIN,    OWNER,     NO_APP, Key::Never),
    row("deleteApiKey",         ADMIN,    OWNER,     NO_APP, Key::Never),
    row("listAppApiKeys",       P_VIEWER, NO_ONE,    NO_APP, Key::Never),
    row("createAppApiKey",      ADMIN,    NO_ONE,    NO_APP, Key::Never),
    row("deleteAppApiKey",      ADMIN,    NO_ONE,    NO_APP, Key::Never),
    row("listPlatformApiKeys",  P_VIEWER, NO_ONE,    NO_APP, Key::Never),
    row("createPlatformApiKey", ADMIN,    NO_ONE,    NO_APP, Key::Never),
    row("deletePlatformApiKey", ADMIN,    NO_ONE,    NO_APP, Key::Never),

    row("listUsers",            ADMIN,    NO_ONE,    NO_APP, read(Users)),
    row("createUser",           ADMIN,    NO_ONE,    NO_APP, Key::Never),
    row("getUser",              ADMIN,    NO_ONE,    NO_APP, read(Users)),
    row("updateUser",           ADMIN,    NO_ONE,    NO_APP, Key::Never),
    row("deleteUser",           ADMIN,    NO_ONE,    NO_APP, Key::Never),
    row("createPasswordReset",  ADMIN,    NO_ONE,    NO_APP, Key::Never),

    row("listMembers",          P_VIEWER, M_VIEWER,  NO_APP, read(Users)),
    row("updateMember",         ADMIN,    OWNER,     NO_APP, Key::Never),
    row("removeMember",         ADMIN,    OWNER,     NO_APP, Key::Never),
    // Lets in to more than the key's other scopes: for the platform's own backend.
    row("createPortalLink",     OPERATOR, NO_ONE,    NO_APP, write(Users)),
    row("revokePortalLinks",    OPERATOR, OWNER,     NO_APP, write(Users)),

    row("listInvitations",      ADMIN,    OWNER,     NO_APP, Key::Never),
    row("createInvitation",     ADMIN,    OWNER,     NO_APP, Key::Never),
    row("deleteInvitation",     ADMIN,    OWNER,     NO_APP, Key::Never),
    row("listAppInvitations",   ADMIN,    NO_ONE,    NO_APP, Key::Never),
    row("createAppInvitation",  ADMIN,    NO_ONE,    NO_APP, Key::Never),
    row("deleteAppInvitation",  ADMIN,    NO_ONE,    NO_APP, Key::Never),
    row("listPlatformInvitations", ADMIN, NO_ONE,    NO_APP, Key::Never),
    row("createPlatformInvitation", ADMIN, NO_ONE,   NO_APP, Key::Never),
    row("deletePlatformInvitation", ADMIN, NO_ONE,   NO_APP, Key::Never),

    row("listAuditLog",         P_VIEWER, NO_ONE,    NO_APP, Key::Never),
    row("exportAuditLog",       P_VIEWER, NO_ONE,    NO_APP, Key::Never),
    row("listMerchantAuditLog", P_VIEWER, OWNER,     NO_APP, Key::Never),
];

/// Suspending a merchant, or lifting that.
pub(crate) const SUSPEND: &str = "updateMerchant#suspended";
/// A test of an app's endpoint in the name of a merchant.
pub(crate) const TEST_AS_MERCHANT: &str = "testAppEndpoint#merchant_id";
/// The queries of endpoints' URLs, which may hold tokens.
pub(crate) const SEE_QUERIES: &str = "getEndpoint#query";
/// The whole URL of an app's endpoint in a merchant's log.
pub(crate) const SEE_APP_URLS: &str = "listAttempts#url";

const fn row(
    operation: &'static str,
    platform: Platform,
    merchant: Merchant,
    app: bool,
    key: Key,
) -> Row {
    Row {
        operation,
        platform,
        merchant,
        app,
        key,
    }
}

const fn read(resource: Resource) -> Key {
    Key::Scope(Scope {
        resource,
        write: false,
    })
}

const fn write(resource: Resource) -> Key {
    Key::Scope(Scope {
        resource,
        write: true,
    })
}

/// The row of an operation, if it has one.
pub(crate) fn find(operation: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.operation == operation)
}

impl Row {
    /// Whether any role at all will do.
    pub(crate) fn is_for_everybody(&self) -> bool {
        (self.platform, self.merchant, self.app) == (P_VIEWER, M_VIEWER, APP)
    }

    /// Who may, in words: for the document and its page.
    pub(crate) fn words(&self) -> String {
        let mut who = Vec::new();
        if let Some(least) = self.platform {
            who.push(format!(
                "platform {}",
                at_least(&PlatformRole::ALL.map(PlatformRole::as_str), least.as_str())
            ));
        }
        if let Some(least) = self.merchant {
            who.push(format!(
                "merchant {}",
                at_least(&MerchantRole::ALL.map(MerchantRole::as_str), least.as_str())
            ));
        }
        if self.app {
            who.push("developer of the app".to_owned());
        }
        let key = match self.key {
            Key::Scope(scope) => format!("API key with `{}`", scope.as_str()),
            Key::Any => "any API key".to_owned(),
            Key::Never => "no API key".to_owned(),
        };
        format!("{}; {key}", who.join(", "))
    }
}

/// The roles from `least` on.
fn at_least(all: &[&str], least: &str) -> String {
    let from = all.iter().position(|role| *role == least).unwrap_or(0);
    all[from..].join("/")
}

/// The table as a page of Markdown: `docs/roles.md`.
#[must_use]
pub fn page() -> String {
    let mut text = String::from(
        "# Who may do what\n\nMade from `crates/admin/src/auth/table.rs` by `make gen`; the checks and the OpenAPI document are made from the \
         same table.\nA person may do an operation with any one of the roles of its row, a program with an API key only what the last column says too.\n\
         `-` means nobody. What is in no row, nobody may do. Somebody else's merchant or app is answered 404, a role or scope that does not reach 403.\n\
         A row with `#` limits a part of an operation.\n\n\
         | operation | platform | merchant | app | API key |\n|---|---|---|---|---|\n",
    );
    for name in OPEN {
        // Writing to a string cannot fail.
        let _ignored = writeln!(
            text,
            "| `{name}` | everybody | everybody | everybody | not needed |"
        );
    }
    for row in TABLE {
        let platform = row.platform.map_or("-", PlatformRole::as_str);
        let merchant = row.merchant.map_or("-", MerchantRole::as_str);
        let app = if row.app { "developer" } else { "-" };
        let key = match row.key {
            Key::Scope(scope) => format!("`{}`", scope.as_str()),
            Key::Any => "any".to_owned(),
            Key::Never => "-".to_owned(),
        };
        let _ignored = writeln!(
            text,
            "| `{}` | {platform} | {merchant} | {app} | {key} |",
            row.operation
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_operation_has_two_rows() {
        let mut names: Vec<_> = TABLE
            .iter()
            .map(|row| row.operation)
            .chain(OPEN.iter().copied())
            .collect();
        let rows = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), rows);
    }

    #[test]
    fn the_table_and_the_document_have_the_same_operations() {
        let document: serde_json::Value =
            serde_json::from_str(&crate::spec(crate::Version::V3_1)).unwrap();
        let paths = document["paths"].as_object().unwrap().values();
        let methods = paths.flat_map(|methods| methods.as_object().unwrap().values());
        let mut offered: Vec<_> = methods
            .map(|operation| operation["operationId"].as_str().unwrap())
            .collect();
        let rows = TABLE.iter().map(|row| row.operation);
        let mut ruled: Vec<_> = rows
            .filter(|name| !name.contains('#'))
            .chain(OPEN.iter().copied())
            .collect();
        offered.sort_unstable();
        ruled.sort_unstable();
        assert_eq!(offered, ruled);
    }

    #[test]
    fn an_operation_without_a_row_is_nobodys() {
        assert_eq!(find("launchRockets"), None);
        assert_eq!(find("createToken"), None);
    }

    #[test]
    fn a_row_says_who_in_words() {
        let words = |name| find(name).map(Row::words).unwrap_or_default();
        assert_eq!(
            words("createEndpoint"),
            "platform operator/admin, merchant developer/owner; API key with `endpoints:write`"
        );
        assert_eq!(words("createUser"), "platform admin; no API key");
    }
}

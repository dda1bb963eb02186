//! The REST API: one file for each resource, with its requests, its responses and its handlers.
//!
//! To add a resource: a file in `api/`, its unit struct in [`Apis`], a tag, its rows in
//! `auth/table.rs`, and an example of each of its bodies in `api/examples.json`.

mod account;
mod activities;
mod api_keys;
mod apps;
mod audit_log;
mod auth;
mod checkouts;
mod deliveries;
mod endpoint_checks;
mod endpoints;
mod event_types;
mod events;
mod failures;
mod installations;
mod invitations;
mod members;
mod merchants;
mod pauses;
mod retry_jobs;
mod sessions;
pub(crate) mod simulate;
mod stats;
mod system;
mod timelines;
mod users;

use std::sync::Arc;

use poem::{EndpointExt as _, Route};
use poem_openapi::{LicenseObject, OpenApiService, ServerObject, Tags};
use rand::Rng as _;

use crate::app::App;
use crate::edge::Edge;
use crate::operations::{Operations, PREFIX};
use crate::server::Service;
use crate::{docs, probes, web};

/// All resources, in the groups of the document.
pub(crate) type Apis = (
    (auth::AuthApi, account::AccountApi, merchants::MerchantsApi),
    (
        (endpoints::EndpointsApi, endpoint_checks::EndpointChecksApi),
        apps::AppsApi,
        endpoints::AppEndpointsApi,
        installations::InstallationsApi,
    ),
    (
        events::EventsApi,
        activities::ActivitiesApi,
        sessions::SessionsApi,
        checkouts::CheckoutsApi,
        simulate::SimulateApi,
    ),
    (
        (deliveries::DeliveriesApi, deliveries::TailsApi),
        deliveries::AppDeliveriesApi,
        retry_jobs::RetryJobsApi,
        event_types::EventTypesApi,
    ),
    (
        api_keys::ApiKeysApi,
        users::UsersApi,
        members::MembersApi,
        invitations::InvitationsApi,
        audit_log::AuditLogApi,
        (
            stats::StatsApi,
            failures::FailuresApi,
            pauses::PausesApi,
            system::SystemApi,
        ),
    ),
);

/// One tag for each resource.
#[derive(Tags)]
pub(crate) enum Tag {
    /// Log in, stay logged in, log out, and who you are.
    Auth,
    /// One's own passwords and logins.
    Account,
    /// Merchants with their one store.
    Merchants,
    /// URLs that receive events, with their secrets and subscriptions.
    Endpoints,
    /// Third parties that merchants install.
    Apps,
    /// Which merchants have which apps.
    Installations,
    /// What happened: publish it, look it up.
    Events,
    /// What shoppers do, as platforms report it: triggers make events of it.
    Activities,
    /// Browsing visits, each with a timeline that says why an event fired or did not.
    Sessions,
    /// Checkouts of stores and funnels, each with a timeline that says why an event fired or did not.
    Checkouts,
    /// Play activities in virtual time and see what would fire.
    Simulation,
    /// The delivery log: events on their way to endpoints, attempt by attempt.
    Deliveries,
    /// Many deliveries sent again at once, behind live events.
    #[oai(rename = "Bulk retries")]
    RetryJobs,
    /// The catalogue of what may be published and subscribed to.
    #[oai(rename = "Event types")]
    EventTypes,
    /// Keys for programs.
    #[oai(rename = "API keys")]
    ApiKeys,
    /// People and their roles.
    Users,
    /// The people of a merchant, and links into its portal.
    Members,
    /// People who are asked in.
    Invitations,
    /// Who did what to what.
    #[oai(rename = "Audit log")]
    AuditLog,
    /// Figures over time, and what waits.
    Stats,
    /// Deliveries held back by ops.
    Pauses,
    /// What this installation is made of.
    System,
}

/// The API as poem-openapi describes and serves it.
pub(crate) fn service() -> OpenApiService<Apis, ()> {
    let apis: Apis = (
        (auth::AuthApi, account::AccountApi, merchants::MerchantsApi),
        (
            (endpoints::EndpointsApi, endpoint_checks::EndpointChecksApi),
            apps::AppsApi,
            endpoints::AppEndpointsApi,
            installations::InstallationsApi,
        ),
        (
            events::EventsApi,
            activities::ActivitiesApi,
            sessions::SessionsApi,
            checkouts::CheckoutsApi,
            simulate::SimulateApi,
        ),
        (
            (deliveries::DeliveriesApi, deliveries::TailsApi),
            deliveries::AppDeliveriesApi,
            retry_jobs::RetryJobsApi,
            event_types::EventTypesApi,
        ),
        (
            api_keys::ApiKeysApi,
            users::UsersApi,
            members::MembersApi,
            invitations::InvitationsApi,
            audit_log::AuditLogApi,
            (
                stats::StatsApi,
                failures::FailuresApi,
                pauses::PausesApi,
                system::SystemApi,
            ),
        ),
    );
    OpenApiService::new(apis, "Hookyard", env!("CARGO_PKG_VERSION"))
        .description(include_str!("api/description.md"))
        .license(LicenseObject::new(env!("CARGO_PKG_LICENSE")))
        .server(ServerObject::new("/").description("The gateway that serves this document."))
        .url_prefix(PREFIX)
}

/// Everything this process serves over HTTP.
pub fn routes(app: Arc<App>) -> Service {
    let limits = Arc::clone(&app.limits);
    let process = format!("{:08x}", app.auth.fork_rng().next_u32());
    let routes = Route::new()
        .nest(PREFIX, service())
        .nest("/", web::routes(docs::routes()))
        .at("/livez", poem::get(probes::livez))
        .at("/readyz", poem::get(probes::readyz))
        .at("/metrics", poem::get(probes::metrics))
        .data(app);
    Arc::new(poem::endpoint::ToDynEndpoint(Edge::new(
        routes,
        Operations::of::<Apis>(),
        process,
        limits,
    )))
}

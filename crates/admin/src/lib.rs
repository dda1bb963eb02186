//! Everything a person or program reaches over HTTP: the REST API, its documents, the probes and the
//! accept loop. Changes go through `gateway`; plain reads go straight to `storage`.

mod answers;
mod api;
mod app;
mod body;
mod cookie;
mod docs;
mod edge;
mod idempotency;
mod lengths;
mod limits;
mod mail;
mod many;
mod openapi;
mod operations;
mod page;
mod people;
mod probes;
mod problem;
mod raw_json;
mod stall;
mod text;
mod web;

pub mod auth;
pub mod notices;
pub mod server;
pub mod settings;

pub use api::routes;
pub use api::simulate::simulate;
pub use app::{App, Probes, ReadinessCheck, ShownSetting};
pub use auth::Auth;
pub use auth::table::page as roles_page;
pub use limits::{Limits, SharedCounts};
pub use mail::{Mail, Mailer, password_reset_link};
pub use openapi::{Version, spec};
pub use settings::Settings;

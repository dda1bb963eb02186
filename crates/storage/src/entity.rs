//! The rows as sea-orm sees them. Private: every file turns its rows into domain types.

#![expect(
    unreachable_pub,
    reason = "the derive wants its types public; the module is not"
)]

pub(crate) mod acknowledgement;
pub(crate) mod activity;
pub(crate) mod api_key;
pub(crate) mod app;
pub(crate) mod app_developer;
pub(crate) mod attempt;
pub(crate) mod audit_end;
pub(crate) mod audit_entry;
pub(crate) mod checkout;
pub(crate) mod config_change;
pub(crate) mod config_clock;
pub(crate) mod delivery;
pub(crate) mod endpoint;
pub(crate) mod endpoint_secret;
pub(crate) mod event;
pub(crate) mod event_type;
pub(crate) mod failed_delivery;
pub(crate) mod fired_event;
pub(crate) mod idempotent_answer;
pub(crate) mod installation;
pub(crate) mod invitation;
pub(crate) mod job;
pub(crate) mod login;
pub(crate) mod membership;
pub(crate) mod merchant;
pub(crate) mod notice;
pub(crate) mod one_time_link;
pub(crate) mod pause;
pub(crate) mod refresh_token;
pub(crate) mod retry_job;
pub(crate) mod retry_job_item;
pub(crate) mod server_key;
pub(crate) mod session;
pub(crate) mod shopper;
pub(crate) mod shopper_key;
pub(crate) mod stat;
pub(crate) mod subscription;
pub(crate) mod user;

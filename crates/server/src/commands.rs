//! One file per command.

mod beside;
pub(crate) mod config;
pub(crate) mod create_admin;
pub(crate) mod demo;
pub(crate) mod keys;
pub(crate) mod migrate;
pub(crate) mod openapi;
pub(crate) mod reset_password;
pub(crate) mod roles;
pub(crate) mod serve;
pub(crate) mod simulate;
pub(crate) mod verify_audit_log;

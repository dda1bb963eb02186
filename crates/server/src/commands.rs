//! One file per command.

pub(crate) mod config;
pub(crate) mod create_admin;
pub(crate) mod demo;
pub(crate) mod migrate;
pub(crate) mod openapi;
pub(crate) mod serve;
pub(crate) mod simulate;

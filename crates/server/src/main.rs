//! The one binary: reads the settings, wires the crates together, starts roles.

mod commands;
mod compose;
mod config;
mod embedded;
mod exit;
mod first_admin;
mod front;
mod output;
mod telemetry;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use commands::{
    config as config_command, create_admin, demo, keys, migrate, openapi, reset_password, roles,
    serve, simulate, verify_audit_log,
};
use config::Flags;

/// Self-hosted webhook gateway for commerce platforms.
#[derive(Debug, Parser)]
#[command(name = "hookyard", version, propagate_version = false)]
struct Cli {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway: API, dashboard and worker, or one of them
    Serve(serve::Arguments),
    /// Bring the database's schema up to date
    Migrate,
    /// Add a platform admin
    CreateAdmin(create_admin::Arguments),
    /// Print a link to a new password of a user
    ResetPassword(reset_password::Arguments),
    /// Print the settings in force and where each came from
    Config(config_command::Arguments),
    /// Print the OpenAPI document
    Openapi(openapi::Arguments),
    /// Prove that nobody has changed the audit log
    VerifyAuditLog,
    /// Replace the key that signs access tokens; nobody is logged out
    RotateTokenKey,
    /// Encrypt everything anew under the first master key
    Reencrypt,
    /// Print who may do what: each operation with the roles and scopes it takes
    Roles(roles::Arguments),
    /// Play activities in virtual time and print which events would fire
    Simulate(simulate::Arguments),
    /// Show deliveries and retries with a merchant and receivers made for it
    Demo(demo::Arguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let Cli { flags, command } = Cli::parse();
    exit::code(match command {
        Command::Serve(arguments) => serve::run(&flags, &arguments).await,
        Command::Migrate => migrate::run(&flags).await,
        Command::CreateAdmin(arguments) => create_admin::run(&flags, arguments).await,
        Command::ResetPassword(arguments) => reset_password::run(&flags, arguments).await,
        Command::Config(arguments) => config_command::run(&flags, &arguments),
        Command::Openapi(arguments) => openapi::run(&arguments),
        Command::VerifyAuditLog => verify_audit_log::run(&flags).await,
        Command::RotateTokenKey => keys::rotate_token_key(&flags).await,
        Command::Reencrypt => keys::reencrypt(&flags).await,
        Command::Roles(arguments) => roles::run(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Demo(arguments) => demo::run(&flags, arguments).await,
    })
}

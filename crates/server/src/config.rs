//! The settings of the process: read from flags, environment, a TOML file and defaults, in that order.
//!
//! To add a setting: a line in `config/keys.rs`, a field here, and `make gen` for its two documents.

mod document;
mod keys;
mod layers;
mod secret;
mod value;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use domain::address_policy::AddressPolicy;
use domain::dialect::{DialectRules, DialectSettings};
use domain::trigger::TriggerSettings;
use gateway::GatewaySettings;
use storage::DatabaseSettings;
use worker::outbound::OutboundSettings;

pub(crate) use document::{default_toml, effective_toml, reference};
pub(crate) use layers::{Flags, Values};
pub(crate) use secret::Secret;
pub(crate) use value::{
    email as parse_email, master_keys as parse_master_keys, password as parse_password,
};

/// What is wrong with the settings, one line for each fault. Ends the process with status 78.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub(crate) struct ConfigError(pub(crate) Vec<String>);

impl ConfigError {
    /// One fault.
    pub(crate) fn of(fault: impl Into<String>) -> Self {
        Self(vec![fault.into()])
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// The first admin, where there is none yet.
#[derive(Debug, Clone)]
pub(crate) struct FirstAdmin {
    pub(crate) email: String,
    pub(crate) password: Secret,
}

/// Every setting, parsed. What each means is said in `config/keys.rs`.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) listen: SocketAddr,
    pub(crate) metrics_listen: Option<SocketAddr>,
    pub(crate) data_dir: PathBuf,
    pub(crate) database_url: Option<Secret>,
    pub(crate) hot_connections: u32,
    pub(crate) api_connections: u32,
    pub(crate) redis_url: Option<Secret>,
    pub(crate) master_keys: Vec<MasterKey>,
    pub(crate) public_url: Option<String>,
    pub(crate) migrate: bool,
    pub(crate) log: String,
    pub(crate) log_format: LogFormat,
    pub(crate) first_admin: Option<FirstAdmin>,
    pub(crate) outbound: OutboundSettings,
    pub(crate) gateway: GatewaySettings,
    pub(crate) worker: worker::WorkerSettings,
    pub(crate) admin: admin::Settings,
    pub(crate) mailer: Option<admin::Mailer>,
    /// All of them as operators see them.
    pub(crate) shown: Vec<admin::ShownSetting>,
}

/// Fewest slots of a worker: each kind of work needs one.
const SLOTS_MIN: usize = 4;

/// A key that secrets at rest are encrypted with.
pub(crate) type MasterKey = zeroize::Zeroizing<[u8; 32]>;

impl Settings {
    /// Reads everything.
    ///
    /// Errors: an unknown key, naming the nearest; a bad value, naming what is right; a file that cannot be read.
    pub(crate) fn load(flags: &Flags) -> Result<Self, ConfigError> {
        Self::from_values(&Values::load(flags)?)
    }

    /// Parses the values.
    ///
    /// Errors: the first value that is not what its key takes.
    pub(crate) fn from_values(values: &Values) -> Result<Self, ConfigError> {
        let outbound = outbound(values)?;
        let gateway = gateway(values, outbound.address_policy())?;
        Ok(Self {
            listen: values.get("listen")?,
            metrics_listen: values.optional("metrics_listen")?,
            data_dir: values.get("data_dir")?,
            database_url: values.parsed("database_url", value::database_url)?,
            hot_connections: values.get("database.hot_connections")?,
            api_connections: values.get("database.api_connections")?,
            redis_url: values.parsed("redis_url", value::redis_url)?,
            master_keys: values.parsed("master_key", value::master_keys)?,
            public_url: values.parsed("public_url", value::public_url)?,
            migrate: values.get("migrate")?,
            log: values.parsed("log", value::log_filter)?,
            log_format: values.parsed("log_format", value::log_format)?,
            first_admin: first_admin(values)?,
            worker: worker(values, gateway.dialects.clone())?,
            admin: admin(values)?,
            mailer: mailer(values)?,
            shown: document::shown(values),
            gateway,
            outbound,
        })
    }

    /// The database: the one that was named, or a SQLite file in the data directory.
    pub(crate) fn database(&self) -> DatabaseSettings {
        let url = self.database_url.as_ref().map_or_else(
            || format!("sqlite:{}", self.data_dir.join("hookyard.db").display()),
            |url| url.reveal().to_owned(),
        );
        DatabaseSettings {
            hot_connections: self.hot_connections,
            api_connections: self.api_connections,
            ..DatabaseSettings::new(url)
        }
    }

    /// Where browsers find the dashboard: as set, or where it listens.
    pub(crate) fn public_url(&self) -> String {
        self.public_url
            .clone()
            .unwrap_or_else(|| format!("http://{}", self.listen))
    }

    /// The file of the database, when it is one: then this process is alone.
    pub(crate) fn database_file(&self) -> Option<PathBuf> {
        let database = self.database();
        if database.is_postgres() {
            return None;
        }
        let path = database.url.trim_start_matches("sqlite:");
        let path = path.strip_prefix("//").unwrap_or(path);
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        Some(Path::new(path).to_owned())
    }
}

fn first_admin(values: &Values) -> Result<Option<FirstAdmin>, ConfigError> {
    let email: Option<String> = values.parsed("admin.email", value::email)?;
    let password: Option<Secret> = values.parsed("admin.password", value::password)?;
    match (email, password) {
        (None, None) => Ok(None),
        (Some(email), Some(password)) => Ok(Some(FirstAdmin { email, password })),
        _ => Err(ConfigError::of(
            "HOOKYARD_ADMIN__EMAIL and HOOKYARD_ADMIN__PASSWORD are given together or not at all",
        )),
    }
}

fn mailer(values: &Values) -> Result<Option<admin::Mailer>, ConfigError> {
    let url: Option<Secret> = values.parsed("smtp.url", value::secret)?;
    let from: Option<String> = values.optional("smtp.from")?;
    match (url, from) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) if values.optional::<String>("public_url")?.is_none() => {
            Err(ConfigError::of(
                "HOOKYARD_SMTP__URL needs HOOKYARD_PUBLIC_URL: mails hold links that begin with it",
            ))
        }
        (Some(url), Some(from)) => {
            admin::Mailer::new(url.reveal(), &from)
                .map(Some)
                .map_err(|right| {
                    ConfigError::of(format!(
                        "HOOKYARD_SMTP__URL and HOOKYARD_SMTP__FROM: {right}"
                    ))
                })
        }
        _ => Err(ConfigError::of(
            "HOOKYARD_SMTP__URL and HOOKYARD_SMTP__FROM are given together or not at all",
        )),
    }
}

fn outbound(values: &Values) -> Result<OutboundSettings, ConfigError> {
    let public_url: Option<String> = values.parsed("public_url", value::public_url)?;
    let mut self_hosts: Vec<String> = values.list("self_hosts")?;
    self_hosts.extend(public_url.as_deref().and_then(value::host_of));
    Ok(OutboundSettings {
        allow_http: values.get("outbound.allow_http")?,
        allowed_networks: values.parsed("outbound.allowed_networks", value::networks)?,
        self_hosts,
        ca_file: values.optional("outbound.ca_file")?,
        dns_servers: values.parsed("outbound.dns_servers", value::dns_servers)?,
        connect_timeout: values.duration("outbound.connect_timeout")?,
        dns_timeout: values.duration("outbound.dns_timeout")?,
        idle_timeout: values.duration("outbound.idle_timeout")?,
    })
}

fn gateway(values: &Values, address_policy: AddressPolicy) -> Result<GatewaySettings, ConfigError> {
    let rules = |name: &str| {
        Ok::<_, ConfigError>(DialectRules {
            timeout: values.parsed(&format!("dialects.{name}.timeout"), value::timeout)?,
            schedule: values.parsed(&format!("dialects.{name}.schedule"), value::durations)?,
        })
    };
    Ok(GatewaySettings {
        address_policy,
        redact_queries: values.get("log_redaction.queries")?,
        triggers: TriggerSettings {
            session_inactivity: values.duration("triggers.session_inactivity")?,
            checkout_abandonment: values.duration("triggers.checkout_abandonment")?,
            upsell_inactivity: values.duration("triggers.upsell_inactivity")?,
        },
        dialects: DialectSettings {
            carthook: rules("carthook")?,
            flashy: rules("flashy")?,
            flexype: rules("flexype")?,
            standard: rules("standard")?,
        },
        endpoints_per_merchant: values.get("limits.endpoints_per_merchant")?,
        retry_jobs: values.get("limits.retry_jobs")?,
        retry_rate: values.at_least("limits.retry_rate", 1)?,
        retry_rate_max: values.at_least("limits.retry_rate_max", 1)?,
        tests_per_minute: values.get("limits.test_sends")?,
        ingest_pace: values.duration("ingest.pace")?,
        ingest_waiting: values.get("ingest.waiting")?,
        ingest_bytes: values.get("ingest.bytes")?,
        disabled_wait: values.duration("worker.disabled_wait")?,
        ..GatewaySettings::default()
    })
}

fn worker(
    values: &Values,
    dialects: DialectSettings,
) -> Result<worker::WorkerSettings, ConfigError> {
    Ok(worker::WorkerSettings {
        slots: values.at_least("worker.slots", SLOTS_MIN)?,
        per_endpoint: values.at_least("worker.in_flight_per_endpoint", 1)?,
        per_host: values.at_least("worker.per_host", 1)?,
        claim_pace: values.duration("worker.claim_pace")?,
        settle_pace: values.duration("worker.settle_pace")?,
        disable_after: values.duration("worker.disable_after")?,
        slow_slots: values.get("worker.slow_slots")?,
        disabled_wait: values.duration("worker.disabled_wait")?,
        log_kept: values.duration("retention.log")?,
        dialects,
    })
}

fn admin(values: &Values) -> Result<admin::Settings, ConfigError> {
    Ok(admin::Settings {
        requests_per_key: values.parsed("limits.requests_per_key", value::rate)?,
        requests_per_merchant: values.parsed("limits.requests_per_merchant", value::rate)?,
        logins: values.get("limits.logins")?,
        logins_per_address: values.get("limits.logins_per_address")?,
        refused_credentials: values.get("limits.refused_credentials")?,
        trusted_proxies: values.parsed("trusted_proxies", value::networks)?,
        login_window: values.duration("limits.login_window")?,
        connections: values.get("limits.connections")?,
        connections_per_address: values.at_least("limits.connections_per_address", 1)?,
        header_timeout: values.duration("limits.header_timeout")?,
        body_timeout: values.duration("limits.body_timeout")?,
        write_timeout: values.duration("limits.write_timeout")?,
        access_token: values.duration("auth.access_token")?,
        refresh_token: values.duration("auth.refresh_token")?,
    })
}

#[cfg(test)]
mod tests;

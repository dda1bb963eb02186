//! Names to addresses: one lookup of A and AAAA, asked anew for every connection.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::system_conf::read_system_conf;
use tokio::time::timeout;

use super::outcome::Failure;
use super::{OutboundError, OutboundSettings};

/// Addresses one name may have. More than this is an attack or a mistake, and is not dialled.
const MAX_ADDRESSES: usize = 32;
/// Lookups in flight per name server: as many as a worker has slots, so that none is turned away.
const MAX_LOOKUPS: usize = 512;

/// Asks the name servers. Keeps no answers: what was checked is what the name says now.
#[derive(Debug)]
pub(super) struct Resolver {
    hickory: TokioResolver,
    timeout: Duration,
}

impl Resolver {
    /// With the name servers of the settings, or of the system.
    pub(super) fn new(settings: &OutboundSettings) -> Result<Self, OutboundError> {
        let (config, mut options) = name_servers(&settings.dns_servers);
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        options.timeout = settings.dns_timeout / 2;
        options.attempts = 1;
        options.cache_size = 0;
        options.max_active_requests = MAX_LOOKUPS;
        let hickory = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            .with_options(options)
            .build()
            .map_err(|error| OutboundError::Dns(error.to_string()))?;
        Ok(Self {
            hickory,
            timeout: settings.dns_timeout,
        })
    }

    /// All addresses of `name`, at least one.
    pub(super) async fn lookup(&self, name: &str) -> Result<Vec<IpAddr>, Failure> {
        // The dot at the end keeps the search domains of the system out of it.
        let absolute = format!("{name}.");
        let answer = match timeout(self.timeout, self.hickory.lookup_ip(absolute)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(failure(name, &error)),
            Err(_) => return Err(unanswered(name)),
        };
        let addresses: Vec<IpAddr> = answer.iter().take(MAX_ADDRESSES + 1).collect();
        match addresses.len() {
            0 => Err(Failure::dns(format!("The name {name} has no address."))),
            1..=MAX_ADDRESSES => Ok(addresses),
            _ => Err(Failure::dns(format!(
                "The name {name} has more than {MAX_ADDRESSES} addresses."
            ))),
        }
    }
}

fn failure(name: &str, error: &NetError) -> Failure {
    tracing::debug!(%error, host = name, "name lookup failed");
    if error.is_nx_domain() {
        Failure::dns(format!("The name {name} does not exist."))
    } else if error.is_no_records_found() {
        Failure::dns(format!("The name {name} has no address."))
    } else if matches!(error, NetError::Timeout) {
        unanswered(name)
    } else {
        Failure::dns(format!(
            "The name {name} could not be looked up: its name servers answer with an error."
        ))
    }
}

fn unanswered(name: &str) -> Failure {
    Failure::dns(format!(
        "The name {name} could not be looked up: the name servers did not answer in time."
    ))
}

fn name_servers(servers: &[SocketAddr]) -> (ResolverConfig, ResolverOpts) {
    if !servers.is_empty() {
        let servers = servers.iter().map(|server| name_server(*server)).collect();
        return (
            ResolverConfig::from_name_servers(servers),
            ResolverOpts::default(),
        );
    }
    read_system_conf().unwrap_or_else(|error| {
        // What the C library does where /etc/resolv.conf is missing.
        tracing::warn!(%error, "cannot read the name servers of the system; asking 127.0.0.1");
        let local = name_server(SocketAddr::from((Ipv4Addr::LOCALHOST, 53)));
        (
            ResolverConfig::from_name_servers(vec![local]),
            ResolverOpts::default(),
        )
    })
}

/// UDP first, TCP for answers too long for it.
fn name_server(address: SocketAddr) -> NameServerConfig {
    let on_its_port = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    let connections = vec![
        on_its_port(ConnectionConfig::udp()),
        on_its_port(ConnectionConfig::tcp()),
    ];
    NameServerConfig::new(address.ip(), true, connections)
}

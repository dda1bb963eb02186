//! Which URLs may become an endpoint, and which addresses may be dialled for it.
//!
//! A URL is checked twice. When it is saved, [`AddressPolicy::check_url`] reads its text: no DNS,
//! so the answer is the same every time. When it is called, [`AddressPolicy::check_address`] sees
//! every address the name resolved to, because a name may point anywhere by then.
//!
//! The rule for addresses is positive: IPv4 outside the special blocks, IPv6 inside `2000::/3` and
//! outside the special blocks. So every way of wrapping an inner address in IPv6 (mapped,
//! compatible, NAT64, 6to4, Teredo) is refused without a list of tricks.
//! [`AddressPolicy::allowed_networks`] wins over every address and port rule.

mod blocks;
mod ports;
mod url_rules;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Bytes a URL may have, as given and as stored.
pub const MAX_URL_LEN: usize = 2048;

/// What this installation lets its endpoints be.
#[derive(Debug, Clone, Default)]
pub struct AddressPolicy {
    /// Also accept `http://` (and port 80). For development.
    pub allow_http: bool,
    /// Networks that may be called although the rules forbid them, on any port.
    pub allowed_networks: Vec<IpNet>,
    /// Our own host names: an endpoint there would make us call ourselves.
    pub self_hosts: Vec<String>,
}

impl AddressPolicy {
    /// The normalised URL of `text`, if an endpoint may have it. Looks nothing up.
    ///
    /// # Errors
    /// The first rule the URL breaks, with words for the merchant.
    pub fn check_url(&self, text: &str) -> Result<EndpointUrl, UrlProblem> {
        url_rules::check(self, text)
    }

    /// Whether `ip` may be dialled on `port`.
    ///
    /// # Errors
    /// What forbids it.
    pub fn check_address(&self, ip: IpAddr, port: u16) -> Result<(), Blocked> {
        if self.is_allowed_network(ip) {
            return Ok(());
        }
        if !blocks::is_global(ip) {
            return Err(Blocked::Address);
        }
        if !self.port_may_be_called(port) {
            return Err(Blocked::Port);
        }
        Ok(())
    }

    /// The loopback addresses `localhost` stands for here: those the allowed networks hold. Empty
    /// when it may not be called at all.
    pub fn localhost_addresses(&self) -> Vec<IpAddr> {
        let loopback = [
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(Ipv6Addr::LOCALHOST),
        ];
        loopback
            .into_iter()
            .filter(|ip| self.is_allowed_network(*ip))
            .collect()
    }

    /// Whether `ip` lies in one of the allowed networks.
    pub fn is_allowed_network(&self, ip: IpAddr) -> bool {
        self.allowed_networks
            .iter()
            .any(|network| network.contains(&ip))
    }

    fn port_may_be_called(&self, port: u16) -> bool {
        ports::may_be_called(port) || (self.allow_http && port == 80)
    }
}

/// Why an address may not be dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Blocked {
    /// The address is private, reserved or otherwise not a public one.
    #[error("this address may not be called")]
    Address,
    /// The port belongs to another service.
    #[error("this port may not be called")]
    Port,
}

impl Blocked {
    /// How the metrics spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Port => "port",
        }
    }
}

/// Which rule a URL breaks. The spelling is part of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UrlProblemCode {
    /// Not `https://`.
    Scheme,
    /// A space, a control character or a backslash.
    ControlCharacter,
    /// A user name or password before the host.
    Userinfo,
    /// A host that different programs read as different addresses.
    AmbiguousAddress,
    /// An address that is not a public one.
    ForbiddenAddress,
    /// A name that is not of the public internet.
    SpecialName,
    /// A name without a dot.
    SingleLabel,
    /// A port that belongs to another service.
    Port,
    /// A `#fragment`, which is never sent.
    Fragment,
    /// More than [`MAX_URL_LEN`] bytes.
    TooLong,
    /// Our own host.
    SelfUrl,
    /// No URL at all, or a host that cannot exist.
    Syntax,
}

impl UrlProblemCode {
    /// How the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheme => "scheme",
            Self::ControlCharacter => "control_character",
            Self::Userinfo => "userinfo",
            Self::AmbiguousAddress => "ambiguous_address",
            Self::ForbiddenAddress => "forbidden_address",
            Self::SpecialName => "special_name",
            Self::SingleLabel => "single_label",
            Self::Port => "port",
            Self::Fragment => "fragment",
            Self::TooLong => "too_long",
            Self::SelfUrl => "self",
            Self::Syntax => "syntax",
        }
    }
}

/// Why a URL may not become an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct UrlProblem {
    /// The rule.
    pub code: UrlProblemCode,
    /// What would be right, in words for the merchant.
    pub detail: String,
}

/// A URL that passed the policy when it was saved, in its normalised spelling.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EndpointUrl(String);

impl EndpointUrl {
    /// What storage gives back. Trusts that it came from [`AddressPolicy::check_url`].
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The whole URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The whole URL, owned.
    pub fn into_string(self) -> String {
        self.0
    }

    /// The host, lower case; an IPv6 address keeps its brackets.
    pub fn host(&self) -> &str {
        self.split_authority().0
    }

    /// The port, also where the URL leaves it to the scheme.
    pub fn port(&self) -> u16 {
        let given = self.split_authority().1.and_then(|port| port.parse().ok());
        given.unwrap_or(if self.0.starts_with("http:") { 80 } else { 443 })
    }

    fn split_authority(&self) -> (&str, Option<&str>) {
        let rest = self
            .0
            .split_once("://")
            .map_or(self.0.as_str(), |(_, rest)| rest);
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        }
    }
}

impl fmt::Display for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;

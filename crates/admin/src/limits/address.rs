//! Where requests come from: the peer of the connection, or whom trusted proxies say they speak for.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;
use poem::http::header::USER_AGENT;
use poem::web::RemoteAddr;
use poem::{Addr, FromRequest, Request, RequestBody};

use crate::app::App;
use crate::problem::ApiError;

/// Header that proxies add the address to of whoever called them.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

impl ClientAddress {
    /// Whose counts it falls under: an IPv4 address, or an IPv6 network of 64 bits, which is one customer's.
    pub(crate) fn subject(self) -> u128 {
        subject(self.0)
    }
}

/// See [`ClientAddress::subject`].
pub(crate) fn subject(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits() >> 64 << 64,
    }
}

impl<'a> FromRequest<'a> for ClientAddress {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let app: &Arc<App> = request
            .data()
            .ok_or_else(|| ApiError::internal("no App in the request"))?;
        Ok(app.limits.address(request))
    }
}

/// Most of a `User-Agent` that is kept, in characters.
const USER_AGENT_MAX: usize = 200;

/// Where a login comes from, as people tell theirs apart.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) address: ClientAddress,
    /// What the client calls itself, without what is no text.
    pub(crate) user_agent: Option<String>,
}

impl<'a> FromRequest<'a> for Client {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        let user_agent = request.header(USER_AGENT).map(|text| {
            let plain = text.chars().filter(|letter| !letter.is_control());
            plain.take(USER_AGENT_MAX).collect()
        });
        Ok(Self {
            address: ClientAddress::from_request(request, body).await?,
            user_agent,
        })
    }
}

/// Proxies whose word about addresses is taken.
#[derive(Debug)]
pub(crate) struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    pub(crate) const fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Whether this is one of them.
    pub(crate) fn have(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Where a request comes from.
    pub(crate) fn client_of(&self, request: &Request) -> ClientAddress {
        let RemoteAddr(Addr::SocketAddr(peer)) = request.remote_addr() else {
            return ClientAddress(Ipv4Addr::UNSPECIFIED.into());
        };
        let said = request.headers().get_all(FORWARDED_FOR);
        let said: Vec<&str> = said
            .iter()
            .map(|value| value.to_str().unwrap_or(""))
            .collect();
        ClientAddress(self.client(peer.ip(), &said))
    }

    /// The last address on the way that is no trusted proxy's: what stands before it, anybody may have written.
    fn client(&self, peer: IpAddr, said: &[&str]) -> IpAddr {
        let mut client = peer.to_canonical();
        let before = said.iter().rev().flat_map(|line| line.rsplit(','));
        for entry in before {
            if !self.have(client) {
                break;
            }
            match address_of(entry.trim()) {
                Some(address) => client = address.to_canonical(),
                // A proxy of ours does not know: it itself is the last one known.
                None => break,
            }
        }
        client
    }
}

/// An address with or without a port, an IPv6 one with or without brackets.
fn address_of(entry: &str) -> Option<IpAddr> {
    let bare = entry
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    bare.unwrap_or(entry)
        .parse()
        .or_else(|_| entry.parse().map(|address: SocketAddr| address.ip()))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_about_whom_it_saw() {
        let networks = ["10.0.0.0/8", "fd00::/8"].map(|text| text.parse().unwrap());
        let proxies = TrustedProxies::new(networks.to_vec());
        #[rustfmt::skip]
        let table: &[(&str, &[&str], &str)] = &[
            ("203.0.113.5", &[], "203.0.113.5"),
            ("203.0.113.5", &["198.51.100.1"], "203.0.113.5"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1, 198.51.100.1 , 10.0.0.2"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1", "198.51.100.1,10.9.9.9"], "198.51.100.1"),
            ("::ffff:10.0.0.1", &["198.51.100.1:4711"], "198.51.100.1"),
            ("fd00::1", &["[2001:db8::7]:443"], "2001:db8::7"),
            ("fd00::1", &["2001:db8::7"], "2001:db8::7"),
            ("10.0.0.1", &["1.1.1.1, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ];
        for (peer, said, client) in table {
            let found = proxies.client(peer.parse().unwrap(), said);
            assert_eq!(found, client.parse::<IpAddr>().unwrap(), "{peer} {said:?}");
        }
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_subject_and_a_mapped_one_is_its_ipv4_self() {
        let of = |text: &str| subject(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}

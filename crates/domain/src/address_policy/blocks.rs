//! The special-purpose blocks of IPv4 and IPv6: what is not a public address.
//! Source: the IANA special-purpose address registries, read with every block refused, the
//! globally reachable anycast ones (AS112, AMT) included: no merchant's receiver lives there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(a: u16, b: u16, c: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), prefix)
}

const IPV4_SPECIAL: [Ipv4Net; 19] = [
    v4(0, 0, 0, 0, 8),        // "this network"; Linux dials 0.0.0.0 as loopback
    v4(10, 0, 0, 0, 8),       // private
    v4(100, 64, 0, 0, 10),    // shared (carrier-grade NAT)
    v4(127, 0, 0, 0, 8),      // loopback
    v4(168, 63, 129, 16, 32), // Azure's host agent: public by number, internal by use
    v4(169, 254, 0, 0, 16),   // link-local, cloud metadata
    v4(172, 16, 0, 0, 12),    // private
    v4(192, 0, 0, 0, 24),     // IETF protocol assignments
    v4(192, 0, 2, 0, 24),     // documentation
    v4(192, 31, 196, 0, 24),  // AS112
    v4(192, 52, 193, 0, 24),  // AMT
    v4(192, 88, 99, 0, 24),   // 6to4 relay
    v4(192, 168, 0, 0, 16),   // private
    v4(192, 175, 48, 0, 24),  // AS112
    v4(198, 18, 0, 0, 15),    // benchmarking
    v4(198, 51, 100, 0, 24),  // documentation
    v4(203, 0, 113, 0, 24),   // documentation
    v4(224, 0, 0, 0, 4),      // multicast
    v4(240, 0, 0, 0, 4),      // reserved, broadcast
];

const IPV6_GLOBAL: Ipv6Net = v6(0x2000, 0, 0, 3);

const IPV6_SPECIAL: [Ipv6Net; 5] = [
    v6(0x2001, 0, 0, 23), // IETF protocol assignments, Teredo and ORCHID among them
    v6(0x2001, 0xdb8, 0, 32), // documentation
    v6(0x2002, 0, 0, 16), // 6to4: carries any IPv4 address
    v6(0x2620, 0x4f, 0x8000, 48), // AS112
    v6(0x3fff, 0, 0, 20), // documentation
];

/// Whether `ip` is an address of the public internet.
pub(super) fn is_global(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !IPV4_SPECIAL.iter().any(|block| block.contains(&ip)),
        IpAddr::V6(ip) => {
            IPV6_GLOBAL.contains(&ip) && !IPV6_SPECIAL.iter().any(|block| block.contains(&ip))
        }
    }
}

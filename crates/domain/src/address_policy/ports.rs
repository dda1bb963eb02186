//! Which ports an endpoint may have: 443, and from 1024 up all that no other protocol owns.

/// Ports from 1024 up on which a POST could be read as commands of another protocol, sorted.
/// Source: the "bad ports" of the Fetch standard, and the well-known ports of databases, queues
/// and cluster managers.
const SERVICE_PORTS: [u16; 43] = [
    1433, 1521, 1719, 1720, 1723, 2049, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 3659, 4045, 4190,
    5060, 5061, 5432, 5672, 5900, 5984, 6000, 6379, 6443, 6566, 6665, 6666, 6667, 6668, 6669, 6679,
    6697, 8500, 9042, 9092, 9200, 9300, 10080, 10250, 11211, 26379, 27017,
];

/// Whether the rules let `port` be called.
pub(super) fn may_be_called(port: u16) -> bool {
    port == 443 || (port >= 1024 && SERVICE_PORTS.binary_search(&port).is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_ports_are_sorted_so_that_the_search_finds_them() {
        assert!(SERVICE_PORTS.is_sorted());
        assert!(SERVICE_PORTS.iter().all(|port| !may_be_called(*port)));
    }

    #[test]
    fn of_the_low_ports_only_443_may_be_called() {
        assert_eq!(
            (0..1024)
                .filter(|port| may_be_called(*port))
                .collect::<Vec<_>>(),
            [443]
        );
        assert!(may_be_called(8443));
        assert!(may_be_called(u16::MAX));
    }
}

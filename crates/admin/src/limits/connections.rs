//! How many connections one address holds.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::address::{TrustedProxies, subject};

/// Counts open connections by address. Those of trusted proxies, which are many people's, are not counted.
#[derive(Debug)]
pub(crate) struct Connections {
    limit: usize,
    proxies: TrustedProxies,
    open: Mutex<HashMap<u128, usize>>,
}

/// An open connection, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place(Option<(Arc<Connections>, u128)>);

impl Connections {
    /// At most `limit` of one address.
    pub(crate) fn new(limit: usize, proxies: TrustedProxies) -> Arc<Self> {
        Arc::new(Self {
            limit,
            proxies,
            open: Mutex::default(),
        })
    }

    /// A place for one more; `None` when the address has as many as it may.
    pub(crate) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        if self.proxies.have(address) {
            return Some(Place(None));
        }
        let subject = subject(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(subject).or_default();
        if *count >= self.limit {
            return None;
        }
        *count += 1;
        Some(Place(Some((Arc::clone(self), subject))))
    }

    fn give_back(&self, subject: u128) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut count) = open.entry(subject) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((connections, subject)) = self.0.take() {
            connections.give_back(subject);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_limit_and_a_trusted_proxy_has_none() {
        let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
        let connections = Connections::new(2, proxies);
        let take = |address: &str| connections.take(address.parse().unwrap());
        let first = take("192.0.2.1");
        let second = take("::ffff:192.0.2.1");
        assert!(first.is_some() && second.is_some());
        assert!(take("192.0.2.1").is_none());
        let others: Vec<_> = (0..5).map(|_| take("10.0.0.1")).collect();
        assert!(others.iter().all(Option::is_some) && take("192.0.2.2").is_some());
        drop(first);
        assert!(take("192.0.2.1").is_some());
        drop((second, others));
        assert!(connections.open.lock().unwrap().is_empty());
    }
}

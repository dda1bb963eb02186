//! Shoppers who browse: what a platform posts of them, made up as it is sent.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::request::message;

/// Devices of a merchant that are in use at the same time.
const AT_ONCE: u64 = 1_000;
/// What spreads activities over these devices: it shares no divisor with their number.
const SPREAD: u64 = 7_919;
/// Of a hundred devices, those whose shopper is known.
const KNOWN_PERCENT: u64 = 15;

/// The shoppers of one merchant.
#[derive(Debug)]
pub(super) struct Shoppers {
    address: SocketAddr,
    path: String,
    headers: String,
    /// Activities of each device.
    each: u64,
    next: AtomicU64,
}

impl Shoppers {
    /// Of a merchant, each doing `each` things.
    pub(super) fn new(address: SocketAddr, merchant_id: &str, api_key: &str, each: u64) -> Self {
        Self {
            address,
            path: format!("/v1/merchants/{merchant_id}/activities"),
            headers: format!("authorization: Bearer {api_key}\r\n"),
            each,
            next: AtomicU64::new(0),
        }
    }

    /// Where they post to.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// A call with the next `count` activities. Those that follow each other are of different devices.
    pub(super) fn call(&self, count: u64) -> Vec<u8> {
        let first = self.next.fetch_add(count, Relaxed);
        let mut body = String::with_capacity(600 * usize::try_from(count).unwrap_or(1));
        body.push_str(r#"{"activities":["#);
        for number in first..first + count {
            if number > first {
                body.push(',');
            }
            self.write(&mut body, number)
                .expect("a string takes everything");
        }
        body.push_str("]}");
        message("POST", self.address, &self.path, &self.headers, &body)
    }

    /// One activity: of ten, five views of pages, four of products, and a cart. Every second device names its session.
    fn write(&self, body: &mut String, number: u64) -> std::fmt::Result {
        let device = self.device(number);
        let visit = number / AT_ONCE;
        write!(
            body,
            r#"{{"id":"act-{number:012}","visitor":{{"device_id":"device-{device:012}""#
        )?;
        if device.is_multiple_of(2) {
            write!(body, r#","session_id":"session-{device:012}""#)?;
        }
        body.push('}');
        if device % 100 < KNOWN_PERCENT {
            write!(
                body,
                r#","identity":{{"email":"shopper-{device}@example.com","first_name":"Jane","last_name":"Doe"}}"#
            )?;
        }
        body.push_str(
            r#","client":{"ip":"203.0.113.7","referer":"https://www.example.com/","user_agent":"Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36"}"#,
        );
        let product = 9_945_414_435_000 + (device + visit) % 1_000;
        match (device * 31 + visit) % 10 {
            0..=4 => write!(
                body,
                r#","type":"page_viewed","data":{{"url":"https://store.example.com/pages/{product}","title":"Cool things for every day","referrer":"https://www.example.com/","timezone":"Asia/Kolkata","utm":{{"source":"newsletter","medium":"email"}}}}}}"#
            ),
            5..=8 => write!(
                body,
                r#","type":"product_viewed","data":{{"url":"https://store.example.com/products/{product}","product_id":{product},"variant_id":50597437931810,"title":"Cool T-Shirt","handle":"cool-t-shirt","image":"https://cdn.example.com/products/item.jpg"}}}}"#
            ),
            _ => write!(
                body,
                r#","type":"cart_updated","data":{{"items":[{{"product_id":{product},"variant_id":50597437931810,"quantity":2,"price":"499.00","title":"Cool T-Shirt"}}],"currency":"INR"}}}}"#
            ),
        }
    }

    /// A window of devices that moves on when each has done its share.
    const fn device(&self, number: u64) -> u64 {
        let window = number / (AT_ONCE * self.each);
        window * AT_ONCE + (number % AT_ONCE) * SPREAD % AT_ONCE
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::Value;

    use super::*;

    fn activities(shoppers: &Shoppers, count: u64) -> Vec<Value> {
        let call = String::from_utf8(shoppers.call(count)).unwrap();
        let (_, body) = call.split_once("\r\n\r\n").unwrap();
        let body: Value = serde_json::from_str(body).unwrap();
        body["activities"].as_array().unwrap().clone()
    }

    #[test]
    fn each_device_does_its_share_and_fifteen_in_a_hundred_are_known() {
        let shoppers = Shoppers::new(([127, 0, 0, 1], 80).into(), "mrc_1", "key", 3);
        let all = activities(&shoppers, 2 * 3 * AT_ONCE);
        let mut shares: HashMap<&str, u64> = HashMap::new();
        for activity in &all {
            let device = activity["visitor"]["device_id"].as_str().unwrap();
            *shares.entry(device).or_default() += 1;
        }
        assert_eq!(shares.len() as u64, 2 * AT_ONCE);
        assert!(shares.values().all(|share| *share == 3));
        let known = all
            .iter()
            .filter(|activity| activity["identity"].is_object());
        assert_eq!(known.count() as u64, 2 * 3 * AT_ONCE * KNOWN_PERCENT / 100);
    }

    #[test]
    fn no_id_comes_twice() {
        let shoppers = Shoppers::new(([127, 0, 0, 1], 80).into(), "mrc_1", "key", 20);
        let mut ids: Vec<Value> = (0..40)
            .flat_map(|_| activities(&shoppers, 50))
            .map(|activity| activity["id"].clone())
            .collect();
        ids.sort_by_key(ToString::to_string);
        ids.dedup();
        assert_eq!(ids.len(), 2_000);
    }
}

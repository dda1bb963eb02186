// Verifies requests to {{url}}
// Give it the body as it came, before any JSON parser: axum::body::Bytes, for one.
// Cargo.toml: base64 = "0.22", hmac = "0.13", http = "1", sha2 = "0.11", subtle = "2"
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use subtle::ConstantTimeEq as _;

const TOLERANCE: u64 = 5 * 60; // seconds

/// Whether a request is genuine. `signing_secret`: whsec_...
pub fn verify(headers: &http::HeaderMap, body: &[u8], signing_secret: &str, secret: &str) -> bool {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
    let now = std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
    if !timestamp.parse::<u64>().is_ok_and(|sent| now.abs_diff(sent) <= TOLERANCE) {
        return false;
    }
    // plain:begin
    if !same(header("{{plain_header}}"), secret) {
        return false;
    }
    // plain:end
    let encoded = signing_secret.strip_prefix("whsec_").unwrap_or(signing_secret);
    let Ok(key) = STANDARD.decode(encoded) else { return false };
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).expect("HMAC takes keys of every length");
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    header("webhook-signature").split(' ').any(|given| same(given, &expected))
}

fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

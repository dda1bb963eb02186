//! Standard Webhooks signatures: bytes in, header values out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The `webhook-signature` header: a `v1,` signature for each key, separated by spaces. Signed is
/// `id.timestamp.body`. Source: Standard Webhooks, "Signature scheme".
pub fn signature_header(
    keys: impl Iterator<Item = Vec<u8>>,
    id: &str,
    timestamp: i64,
    body: &[u8],
) -> String {
    let mut header = String::with_capacity(48);
    for key in keys {
        if !header.is_empty() {
            header.push(' ');
        }
        header.push_str("v1,");
        STANDARD.encode_string(sign(&key, id, timestamp, body), &mut header);
    }
    header
}

fn sign(key: &[u8], id: &str, timestamp: i64, body: &[u8]) -> [u8; 32] {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        unreachable!("HMAC takes keys of every length")
    };
    mac.update(id.as_bytes());
    mac.update(b".");
    mac.update(timestamp.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_signature_is_over_every_byte(
            key in prop::collection::vec(any::<u8>(), 24..64), id in "[a-z0-9_-]{1,64}", time: i64,
            body in prop::collection::vec(any::<u8>(), 1..300), at: prop::sample::Index, bit in 0_u8..8,
        ) {
            let made = |key: &[u8], body: &[u8]| signature_header(std::iter::once(key.to_vec()), &id, time, body);
            let genuine = made(&key, &body);
            let mut other = body.clone();
            other[at.index(body.len())] ^= 1 << bit;
            prop_assert_ne!(&made(&key, &other), &genuine);
            let mut other = key.clone();
            other[at.index(key.len())] ^= 1 << bit;
            prop_assert_ne!(&made(&other, &body), &genuine);
            prop_assert_ne!(signature_header(std::iter::once(key), &id, time ^ 1, &body), genuine);
        }
    }

    #[test]
    fn the_published_vector_is_signed_the_same() {
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let header = signature_header(
            std::iter::once(key),
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(header, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}

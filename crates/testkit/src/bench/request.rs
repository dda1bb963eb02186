//! The publish call as bytes, written once and stamped for each event.

use std::net::SocketAddr;

use domain::clock::Micros;

use super::head::find;

/// Bytes of each event's payload.
const PAYLOAD: usize = 1_000;

/// Before the time of the publish call in a payload, which so travels with the event to the receiver.
pub(super) const SENT: &[u8] = br#""sent_us":""#;

/// Digits of that time: enough for microseconds since 1970.
pub(super) const SENT_DIGITS: usize = 16;

/// Before the number that makes each payload the only one of its kind.
const NUMBER: &[u8] = br#""number":""#;

/// A request whose payload can be stamped.
#[derive(Debug, Clone)]
pub(super) struct Request {
    bytes: Vec<u8>,
    sent_at: usize,
    number_at: usize,
}

impl Request {
    /// A publish call of a `PRODUCT_VIEWED` event.
    pub(super) fn publish(address: SocketAddr, merchant_id: &str, api_key: &str) -> Self {
        let path = format!("/v1/merchants/{merchant_id}/events");
        let body = format!(
            r#"{{"event_type":"PRODUCT_VIEWED","payload":{}}}"#,
            payload()
        );
        Self::post(
            address,
            &path,
            &format!("authorization: Bearer {api_key}\r\n"),
            &body,
        )
    }

    /// The same payload sent straight to a receiver.
    pub(super) fn direct(address: SocketAddr, path: &str) -> Self {
        Self::post(address, path, "", &payload())
    }

    fn post(address: SocketAddr, path: &str, headers: &str, body: &str) -> Self {
        let bytes = message("POST", address, path, headers, body);
        let after = |mark| find(&bytes, mark).expect("a mark of the payload") + mark.len();
        Self {
            sent_at: after(SENT),
            number_at: after(NUMBER),
            bytes,
        }
    }

    /// The bytes of event `number`, published at `sent`.
    pub(super) fn stamped(&mut self, number: u64, sent: Micros) -> &[u8] {
        let sent = u64::try_from(sent.0).expect("a time after 1970");
        write_digits(&mut self.bytes[self.sent_at..][..SENT_DIGITS], sent);
        write_digits(&mut self.bytes[self.number_at..][..SENT_DIGITS], number);
        &self.bytes
    }
}

/// A whole request with a JSON body.
pub(super) fn message(
    method: &str,
    address: SocketAddr,
    path: &str,
    headers: &str,
    body: &str,
) -> Vec<u8> {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\n{headers}content-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// What a product view looks like, with the marks in front and filled up to [`PAYLOAD`] bytes.
fn payload() -> String {
    let zeros = "0".repeat(SENT_DIGITS);
    let with_filling = |filling: &str| {
        format!(
            r#"{{"sent_us":"{zeros}","number":"{zeros}","user":{{"email":"jane.doe@example.com","full_name":"Jane Doe","first_name":"Jane","last_name":"Doe","dial_code":"91","phone":"9876543210","phone_with_dial_code":"+919876543210"}},"product_viewed":{{"product_id":9945414435106,"variant_id":50597437931810,"title":"Cool T-Shirt","handle":"cool-t-shirt","image":"https://cdn.example.com/products/item.jpg","timestamp":"2026-05-07T09:55:00Z","description":"{filling}"}}}}"#
        )
    };
    let bare = with_filling("").len();
    with_filling(&"soft cotton ".repeat(PAYLOAD)[..PAYLOAD - bare])
}

/// Writes `number` over `place`, zeros in front.
fn write_digits(place: &mut [u8], mut number: u64) {
    for digit in place.iter_mut().rev() {
        *digit = b"0123456789"[usize::try_from(number % 10).unwrap_or(0)];
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_json_of_one_kilobyte() {
        assert_eq!(payload().len(), PAYLOAD);
        assert!(
            serde_json::from_str::<serde_json::Value>(&payload())
                .unwrap()
                .is_object()
        );
    }

    #[test]
    fn stamping_changes_the_marks_and_nothing_else() {
        let mut request = Request::direct(([127, 0, 0, 1], 80).into(), "/sink/0");
        let before = request.bytes.len();
        let bytes = request.stamped(42, Micros(1_778_148_000_500_000)).to_vec();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text.len(), before);
        assert!(text.contains(r#""sent_us":"1778148000500000","number":"0000000000000042""#));
    }
}

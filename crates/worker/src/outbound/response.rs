//! Keeps what is worth keeping of an answer, whatever its sender does.

use bytes::Buf;
use domain::attempt::{
    BodyState, RESPONSE_HEADERS_KEEP_CAP, RESPONSE_KEEP_CAP, RESPONSE_READ_CAP, Response,
};
use http::HeaderMap;
use http::response::Parts;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::{Instant, timeout_at};

use super::HEADER_COUNT_CAP;
use super::outcome::Failure;

/// Refuses what is no final answer: a status outside 200 to 599, or too many headers.
pub(super) fn check_head(head: &Parts) -> Result<(), Failure> {
    let status = head.status.as_u16();
    if !(200..=599).contains(&status) {
        return Err(Failure::invalid(format!(
            "The receiver answered with status {status}, which is no final HTTP status."
        )));
    }
    if head.headers.len() > HEADER_COUNT_CAP {
        return Err(Failure::invalid(format!(
            "The response has more than {HEADER_COUNT_CAP} headers."
        )));
    }
    Ok(())
}

/// Reads the body until it ends, breaks, reaches the cap or the deadline comes. What is left
/// unread is dropped with its connection.
pub(super) async fn read(head: Parts, body: Incoming, deadline: Instant) -> Response {
    let mut kept = Vec::new();
    let body_state = if body.is_end_stream() {
        BodyState::Complete
    } else {
        let read = timeout_at(deadline, read_body(body, &mut kept)).await;
        read.unwrap_or(BodyState::Incomplete)
    };
    Response {
        status: head.status.as_u16(),
        headers: kept_headers(&head.headers),
        body: kept,
        body_state,
    }
}

async fn read_body(mut body: Incoming, kept: &mut Vec<u8>) -> BodyState {
    let mut total = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return BodyState::Incomplete;
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        total += data.remaining();
        let room = RESPONSE_KEEP_CAP - kept.len();
        kept.extend_from_slice(&data[..data.len().min(room)]);
        if total >= RESPONSE_READ_CAP {
            return BodyState::Truncated;
        }
    }
    if total > RESPONSE_KEEP_CAP {
        BodyState::Truncated
    } else {
        BodyState::Complete
    }
}

fn kept_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut room = RESPONSE_HEADERS_KEEP_CAP;
    let mut kept = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        let Some(left) = room
            .checked_sub(name.as_str().len())
            .filter(|left| *left > 0)
        else {
            break;
        };
        let mut value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        value.truncate(value.floor_char_boundary(left));
        room = left - value.len();
        kept.push((name.as_str().to_owned(), value));
    }
    kept
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn headers_are_cut_at_the_cap_and_never_inside_a_character() {
        let mut headers = HeaderMap::new();
        headers.insert("a", HeaderValue::from_static("1"));
        let long = "\u{e4}".repeat(RESPONSE_HEADERS_KEEP_CAP);
        headers.insert("b", HeaderValue::from_bytes(long.as_bytes()).unwrap());
        headers.insert("c", HeaderValue::from_static("3"));
        let kept = kept_headers(&headers);
        let size: usize = kept
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        assert!(size <= RESPONSE_HEADERS_KEEP_CAP && size > RESPONSE_HEADERS_KEEP_CAP - 4);
        assert_eq!(kept[0], ("a".to_owned(), "1".to_owned()));
        assert!(kept[1].1.chars().all(|character| character == '\u{e4}'));
    }

    #[test]
    fn bytes_that_are_no_text_become_replacement_characters() {
        let mut headers = HeaderMap::new();
        headers.insert("a", HeaderValue::from_bytes(b"x\xff").unwrap());
        assert_eq!(
            kept_headers(&headers),
            [("a".to_owned(), "x\u{fffd}".to_owned())]
        );
    }
}

//! The little of HTTP/1.1 that the generator and its receiver speak: heads that end in an empty line, bodies of a length
//! told before.

/// Where the parts of one message end in a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// Bytes of the head with its empty line.
    pub(super) length: usize,
    /// Bytes of head and body.
    pub(super) message: usize,
}

impl Head {
    /// The head at the start of `bytes`; `None` while it is not complete. A message without a length has no body.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let length = find(bytes, b"\r\n\r\n")? + 4;
        let mut lines = bytes[..length].split(|byte| *byte == b'\n').skip(1);
        let body = lines.find_map(content_length).unwrap_or(0);
        Some(Self {
            length,
            message: length + body,
        })
    }
}

/// The value of a `Content-Length` line.
fn content_length(line: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"content-length:";
    let (name, value) = line.split_at_checked(NAME.len())?;
    let value = || std::str::from_utf8(value).ok()?.trim().parse().ok();
    name.eq_ignore_ascii_case(NAME).then(value).flatten()
}

/// The first place of `part` in `bytes`.
pub(super) fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    let first = *part.first()?;
    let mut from = 0;
    loop {
        from += bytes.get(from..)?.iter().position(|byte| *byte == first)?;
        if bytes[from..].starts_with(part) {
            return Some(from);
        }
        from += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_without_its_empty_line_is_not_complete() {
        assert_eq!(
            Head::parse(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n"),
            None
        );
    }

    #[test]
    fn a_length_is_found_in_any_spelling() {
        for name in [
            "content-length: 2",
            "Content-Length:2",
            "x: 1\r\nCONTENT-LENGTH:  2",
        ] {
            let message = format!("HTTP/1.1 200 OK\r\n{name}\r\n\r\n{{}}");
            let head = Head::parse(message.as_bytes()).unwrap();
            assert_eq!(head.message, message.len());
            assert_eq!(&message[head.length..], "{}");
        }
    }

    #[test]
    fn a_message_without_a_length_has_no_body() {
        let head = Head::parse(b"GET / HTTP/1.1\r\n\r\nnext").unwrap();
        assert_eq!(head.message, head.length);
    }
}

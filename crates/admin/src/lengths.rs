//! Tells the requests that say twice how long they are. hyper reads such a request by its `Transfer-Encoding` and drops
//! its `Content-Length`, so that nobody behind it learns that there was one; a proxy before us may have read it by the
//! other. The bytes are watched on their way in instead: no more is read of them than where heads begin and end.
//! Source: RFC 9112, sections 6.1 and 6.3; request smuggling.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Longest line of a head. hyper gives up no later.
const LINE_MAX: usize = 128 * 1024;

/// A request that says twice how long it is, as its extension.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TwoLengths;

/// Which request of a connection says twice how long it is. It is the last: hyper ends the connection after it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Doubtful(Arc<AtomicU64>);

impl Doubtful {
    /// Whether it is the request of this number, counted from 1.
    pub(crate) fn is(&self, number: u64) -> bool {
        self.0.load(Ordering::Acquire) == number
    }
}

/// A stream whose requests are watched as they are read.
#[derive(Debug)]
pub(crate) struct Watched<S> {
    stream: S,
    watch: Watch,
}

impl<S> Watched<S> {
    /// `stream`, and where to see what was found.
    pub(crate) fn new(stream: S) -> (Self, Doubtful) {
        let watch = Watch::default();
        let found = watch.found.clone();
        (Self { stream, watch }, found)
    }
}

/// What the next byte belongs to.
#[derive(Debug, Clone, Copy, Default)]
enum Place {
    /// A head.
    #[default]
    Head,
    /// A body of which so much is left.
    Body(u64),
    /// The line with a chunk's size.
    Size,
    /// A chunk, with the end of its line, of which so much is left.
    Chunk(u64),
    /// What follows the last chunk.
    Trailer,
    /// Nothing of ours: HTTP/2, or what hyper will refuse.
    Beyond,
}

/// Follows the requests of a connection from head to head.
#[derive(Debug, Default)]
struct Watch {
    place: Place,
    /// The part of a line that has come.
    line: Vec<u8>,
    /// Requests begun.
    number: u64,
    head: Head,
    found: Doubtful,
}

/// What a head has said so far.
#[derive(Debug, Default)]
struct Head {
    begun: bool,
    length: Option<Vec<u8>>,
    encoded: bool,
}

impl Watch {
    fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match &mut self.place {
                Place::Beyond => return,
                Place::Body(left) | Place::Chunk(left) => {
                    let take =
                        usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                    *left -= take as u64;
                    bytes = &bytes[take..];
                    match self.place {
                        Place::Body(0) => self.place = Place::Head,
                        Place::Chunk(0) => self.place = Place::Size,
                        _ => {}
                    }
                }
                Place::Head | Place::Size | Place::Trailer => bytes = self.feed_line(bytes),
            }
        }
    }

    /// Takes up to the end of a line, and returns what follows.
    fn feed_line<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
            self.line.extend_from_slice(bytes);
            if self.line.len() > LINE_MAX {
                self.place = Place::Beyond;
            }
            return &[];
        };
        let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
        if self.line.is_empty() {
            self.place = self.after(line);
        } else {
            let mut whole = std::mem::take(&mut self.line);
            whole.extend_from_slice(line);
            self.place = self.after(&whole);
            whole.clear();
            self.line = whole;
        }
        rest
    }

    /// What comes after this line.
    fn after(&mut self, line: &[u8]) -> Place {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match self.place {
            Place::Head if line.is_empty() && self.head.begun => self.end_of_head(),
            Place::Head => self.line_of_head(line),
            Place::Size => match size(line) {
                Some(0) => Place::Trailer,
                Some(size) => Place::Chunk(size.saturating_add(2)),
                None => Place::Beyond,
            },
            Place::Trailer if line.is_empty() => Place::Head,
            place => place,
        }
    }

    fn line_of_head(&mut self, line: &[u8]) -> Place {
        if !self.head.begun {
            // Empty lines before a request are none of its own. Source: RFC 9112, section 2.2.
            self.head.begun = !line.is_empty();
            self.number += u64::from(self.head.begun);
            let is_http_2 = line.starts_with(b"PRI * HTTP/2");
            return if is_http_2 {
                Place::Beyond
            } else {
                Place::Head
            };
        }
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let (name, value) = (parts.next().unwrap_or_default(), parts.next());
        if name.eq_ignore_ascii_case(b"content-length") {
            self.head.length = value.map(|value| value.trim_ascii().to_vec());
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.head.encoded = true;
        }
        Place::Head
    }

    fn end_of_head(&mut self) -> Place {
        let head = std::mem::take(&mut self.head);
        match (head.length, head.encoded) {
            (Some(_), true) => {
                self.found.0.store(self.number, Ordering::Release);
                Place::Beyond
            }
            (None, true) => Place::Size,
            (None, false) => Place::Head,
            (Some(length), false) => match std::str::from_utf8(&length).map(str::parse) {
                Ok(Ok(0)) => Place::Head,
                Ok(Ok(length)) => Place::Body(length),
                _ => Place::Beyond,
            },
        }
    }
}

/// The size that a chunk's first line says.
fn size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|byte| *byte == b';').next()?.trim_ascii();
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
        this.watch.feed(&buffer.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOTH: &str =
        "POST / HTTP/1.1\r\nHost: x\r\nContent-LENGTH: 4\r\nTransfer-Encoding: chunked\r\n\r\n";

    /// The number of the request that says it twice; 0 for none.
    fn found(pieces: &[&[u8]]) -> u64 {
        let mut watch = Watch::default();
        for piece in pieces {
            watch.feed(piece);
        }
        watch.found.0.load(Ordering::Acquire)
    }

    /// A request that says once how long it is, or not at all.
    fn plain() -> impl Strategy<Value = String> {
        let body = "[A-Za-z:\r\n]{0,40}";
        prop_oneof![
            Just("GET /a HTTP/1.1\r\nHost: x\r\n\r\n".to_owned()),
            Just("\r\nGET /a HTTP/1.1\nhost: x\n\n".to_owned()),
            body.prop_map(|body| format!("POST / HTTP/1.1\r\ncontent-length:  {} \r\n\r\n{body}", body.len())),
            prop::collection::vec("[A-Za-z:\r\n]{1,40}", 0..4).prop_map(|chunks| {
                let chunks: Vec<String> = chunks
                    .iter()
                    .map(|chunk| format!("{:x};a=b\r\n{chunk}\r\n", chunk.len()))
                    .collect();
                let chunks = chunks.concat();
                format!("POST / HTTP/1.1\r\nTRANSFER-ENCODING: chunked\r\n\r\n{chunks}0\r\nContent-Length: 3\r\n\r\n")
            }),
        ]
    }

    proptest! {
        #[test]
        fn the_one_request_that_says_it_twice_is_found_wherever_it_stands_and_however_it_is_cut(
            before in prop::collection::vec(plain(), 0..5), cut: prop::sample::Index, again: prop::sample::Index,
        ) {
            let good = before.concat();
            let all = format!("{good}{BOTH}4\r\nabcd\r\n0\r\n\r\n");
            let (first, rest) = all.as_bytes().split_at(cut.index(all.len()));
            let (second, third) = rest.split_at(again.index(rest.len()));
            prop_assert_eq!(found(&[first, second, third]), before.len() as u64 + 1);
            prop_assert_eq!(found(&[good.as_bytes()]), 0);
        }

        #[test]
        fn whatever_comes_is_watched_without_a_panic(bytes: Vec<u8>, text in "[A-Za-z0-9:;\r\n -]{0,200}") {
            found(&[&bytes, text.as_bytes()]);
            found(&[BOTH.as_bytes(), &bytes]);
        }
    }

    #[test]
    fn http_2_and_what_no_length_can_be_read_of_are_left_alone() {
        let preface = format!("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{BOTH}");
        let wrong = format!("POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n{BOTH}");
        let size = format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n{BOTH}");
        let endless = "x".repeat(LINE_MAX + 1);
        for text in [preface, wrong, size, endless] {
            assert_eq!(found(&[text.as_bytes()]), 0, "{text:.40}");
        }
    }
}

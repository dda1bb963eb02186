//! One connection to the API, spoken to byte by byte: for what no HTTP client would send.

use http::{HeaderMap, HeaderName, HeaderValue};
use testkit::leaks::evidence;
use testkit::rest::{Answer, Rest};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use crate::e2e::stage::SOON;

/// A connection.
pub(super) struct Wire {
    reads: OwnedReadHalf,
    writes: OwnedWriteHalf,
    /// Bytes that came and are of no answer yet.
    left: Vec<u8>,
}

impl Wire {
    /// Connects to the server of this client.
    pub(super) async fn connect(rest: &Rest) -> Self {
        let address = rest.base().strip_prefix("http://").expect("plain HTTP");
        let stream = TcpStream::connect(address).await.expect("a connection");
        let (reads, writes) = stream.into_split();
        Self {
            reads,
            writes,
            left: Vec::new(),
        }
    }

    /// Sends these bytes. That the server has closed meanwhile is no fault: it may have answered.
    pub(super) async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.writes.write_all(bytes.as_ref()).await.ok();
    }

    /// Sends a head, then a body piece by piece for as long as the server listens, and returns the answer.
    pub(super) async fn pour(mut self, head: &str, piece: &[u8], times: usize) -> Answer {
        self.say(head).await;
        let mut writes = self.writes;
        let pouring = async move {
            for _ in 0..times {
                if writes.write_all(piece).await.is_err() {
                    break;
                }
            }
            // Not closed before the answer is here.
            std::future::pending::<()>().await;
        };
        let (mut reads, mut left) = (self.reads, self.left);
        tokio::select! {
            answer = read(&mut reads, &mut left) => answer,
            () = pouring => unreachable!("pouring never ends"),
        }
    }

    /// The next answer.
    pub(super) async fn answer(&mut self) -> Answer {
        read(&mut self.reads, &mut self.left).await
    }

    /// Whether the server ends the connection, saying nothing more.
    pub(super) async fn closes(&mut self) -> bool {
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(SOON, self.reads.read_to_end(&mut rest)).await;
        // A reset ends it as well.
        ended.is_ok() && rest.is_empty() && self.left.is_empty()
    }
}

async fn read(reads: &mut OwnedReadHalf, left: &mut Vec<u8>) -> Answer {
    let reading = async {
        loop {
            if let Some((answer, length)) = parse(left) {
                left.drain(..length);
                return answer;
            }
            let count = reads.read_buf(left).await.unwrap_or(0);
            let said = String::from_utf8_lossy(left);
            assert_ne!(count, 0, "the connection ended without an answer: {said:?}");
        }
    };
    let answer = tokio::time::timeout(SOON, reading).await;
    answer.expect("an answer in time")
}

/// The first whole answer of `bytes`, and how many of them it takes.
fn parse(bytes: &[u8]) -> Option<(Answer, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).expect("a head of text");
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        let name: HeaderName = name.parse().expect("a header's name");
        headers.append(
            name,
            HeaderValue::from_str(value).expect("a header's value"),
        );
    }
    let length = headers
        .get("content-length")
        .map_or("0", |value| value.to_str().unwrap());
    let length: usize = length.parse().expect("a length");
    let body = bytes.get(end + 4..end + 4 + length)?;
    let answer = Answer {
        status,
        headers,
        body: body.to_vec().into(),
    };
    evidence::answer(answer.header("content-type"), &answer.body);
    Some((answer, end + 4 + length))
}

/// The head of a request of the client's own, without the empty line at its end.
pub(super) fn head(method: &str, path: &str, token: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: hookyard\r\nAuthorization: Bearer {token}\r\n")
}

/// GET, past every client.
pub(super) async fn get(rest: &Rest, path: &str) -> Answer {
    let mut wire = Wire::connect(rest).await;
    let request = head("GET", path, rest.token());
    wire.say(format!("{request}\r\n")).await;
    wire.answer().await
}

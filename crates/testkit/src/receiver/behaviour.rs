//! How a receiver can answer, well or badly.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::Recorded;

/// A function that answers: status and body.
pub type Answerer = Arc<dyn Fn(&Recorded) -> (u16, Vec<u8>) + Send + Sync>;

/// What a receiver does with a request it has read.
#[derive(Clone)]
pub enum Behaviour {
    /// This status, an empty body.
    Status(u16),
    /// This status, headers and body.
    Answer {
        /// 200 to 999; 101 and other 1xx need [`Behaviour::Wire`].
        status: u16,
        /// Name and value; a value may hold any byte that HTTP allows.
        headers: Vec<(String, String)>,
        /// The body, sent with its length.
        body: Bytes,
    },
    /// One behaviour per request; the last one stays.
    Script(Vec<Self>),
    /// Waits before the head, then goes on with the other.
    Delay(Duration, Box<Self>),
    /// Waits for a permit of the test before the head, takes it, then goes on with the other.
    Gate(Arc<Semaphore>, Box<Self>),
    /// Reads the request and never answers.
    Hang,
    /// A status line, then one byte of one header per interval, for ever. HTTP/1.1 only.
    SlowHead(Duration),
    /// A status line, then header after header, as fast as they are read, for ever. HTTP/1.1 only.
    EndlessHead,
    /// A good head, then one byte of the body per interval, for ever. HTTP/1.1 only.
    SlowBody(Duration),
    /// Status 200 and a body without end, as fast as it is read.
    EndlessBody,
    /// A TCP reset instead of an answer; on HTTP/2 it ends every request of the connection.
    Reset,
    /// These bytes instead of an answer, whatever they are, and what follows them. HTTP/1.1 only.
    Wire(Bytes, Then),
    /// What the function says.
    Custom(Answerer),
}

/// How a connection goes on after bytes that the test chose.
#[derive(Debug, Clone)]
pub enum Then {
    /// It closes.
    Close,
    /// It is reset.
    Reset,
    /// It stays open, silent.
    Silence,
    /// It sends these bytes again and again, one time per interval (zero: as fast as they are read).
    Repeat(Bytes, Duration),
}

impl Behaviour {
    /// A status with a body and no header of its own.
    pub fn body(status: u16, body: impl Into<Bytes>) -> Self {
        Self::Answer {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// A status with headers and an empty body.
    pub fn headers(status: u16, headers: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self::Answer {
            status,
            headers: headers.iter().map(owned).collect(),
            body: Bytes::new(),
        }
    }

    /// One status per request; the last one stays.
    pub fn statuses(statuses: &[u16]) -> Self {
        Self::Script(
            statuses
                .iter()
                .map(|status| Self::Status(*status))
                .collect(),
        )
    }

    /// This status after `milliseconds`.
    pub fn delayed(milliseconds: u64, status: u16) -> Self {
        Self::Delay(
            Duration::from_millis(milliseconds),
            Box::new(Self::Status(status)),
        )
    }

    /// What the function says: status and body.
    pub fn custom(answer: impl Fn(&Recorded) -> (u16, Vec<u8>) + Send + Sync + 'static) -> Self {
        Self::Custom(Arc::new(answer))
    }

    /// What is written past HTTP, for the behaviours that a server library would not produce.
    pub(super) fn wire(&self) -> Option<(Bytes, Then)> {
        const STARTED: Bytes = Bytes::from_static(b"HTTP/1.1 200 OK\r\nx-filler: ");
        const BODY: Bytes =
            Bytes::from_static(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n");
        const LINE: Bytes = Bytes::from_static(b"a\r\nx-filler: ");
        const BYTE: Bytes = Bytes::from_static(b"a");
        match self {
            Self::Reset => Some((Bytes::new(), Then::Reset)),
            Self::SlowHead(every) => Some((STARTED, Then::Repeat(BYTE, *every))),
            Self::EndlessHead => Some((STARTED, Then::Repeat(LINE, Duration::ZERO))),
            Self::SlowBody(every) => Some((BODY, Then::Repeat(BYTE, *every))),
            Self::Wire(bytes, then) => Some((bytes.clone(), then.clone())),
            _ => None,
        }
    }
}

impl fmt::Debug for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "Status({status})"),
            Self::Answer {
                status,
                headers,
                body,
            } => {
                write!(
                    f,
                    "Answer({status}, {} headers, {} bytes)",
                    headers.len(),
                    body.len()
                )
            }
            Self::Script(list) => f.debug_tuple("Script").field(list).finish(),
            Self::Delay(span, next) => f.debug_tuple("Delay").field(span).field(next).finish(),
            Self::Gate(_, next) => f.debug_tuple("Gate").field(next).finish(),
            Self::Hang => f.write_str("Hang"),
            Self::SlowHead(every) => write!(f, "SlowHead({every:?})"),
            Self::EndlessHead => f.write_str("EndlessHead"),
            Self::SlowBody(every) => write!(f, "SlowBody({every:?})"),
            Self::EndlessBody => f.write_str("EndlessBody"),
            Self::Reset => f.write_str("Reset"),
            Self::Wire(bytes, then) => write!(f, "Wire({} bytes, {then:?})", bytes.len()),
            Self::Custom(_) => f.write_str("Custom"),
        }
    }
}

/// What the coming requests meet, scripts laid out in a row.
#[derive(Debug, Default)]
pub(super) struct Plan(VecDeque<Behaviour>);

impl Plan {
    pub(super) fn new(behaviour: Behaviour) -> Self {
        let mut row = VecDeque::new();
        lay_out(behaviour, &mut row);
        Self(row)
    }

    /// The behaviour for the next request; 200 when there is none.
    pub(super) fn next(&mut self) -> Behaviour {
        let next = if self.0.len() > 1 {
            self.0.pop_front()
        } else {
            self.0.front().cloned()
        };
        next.unwrap_or(Behaviour::Status(200))
    }
}

fn lay_out(behaviour: Behaviour, row: &mut VecDeque<Behaviour>) {
    match behaviour {
        Behaviour::Script(list) => list.into_iter().for_each(|next| lay_out(next, row)),
        single => row.push_back(single),
    }
}

//! One keep-alive connection that sends prepared bytes and reads the answer, as cheaply as that can be done.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::head::Head;

/// Room for the answers to publish calls. Larger answers grow it.
const BUFFER: usize = 8 * 1024;

/// A connection with at most one request under way.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub(super) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(BUFFER),
        })
    }

    /// Sends a whole request, reads the whole answer, and returns its status and body.
    ///
    /// Errors: the connection ended, or what came is not an answer.
    pub(super) async fn exchange(&mut self, request: &[u8]) -> io::Result<(u16, &[u8])> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            match Head::parse(&self.buffer) {
                Some(head) if self.buffer.len() >= head.message => break head,
                _ => {}
            }
        };
        let status = self
            .buffer
            .get(9..12)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let status = status.and_then(|digits| digits.parse().ok());
        let status = status.ok_or(io::ErrorKind::InvalidData)?;
        Ok((status, &self.buffer[head.length..head.message]))
    }
}

//! A connection to a receiver, plain or TLS, and what is known about it.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use domain::attempt::Timings;
use hyper_util::client::legacy::connect::{Connected, Connection};
use rustls_pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// What is told about a connection to each request made on it.
#[derive(Debug, Clone)]
pub(super) struct ConnectionInfo(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    remote_ip: IpAddr,
    timings: Timings,
    told: AtomicBool,
}

impl ConnectionInfo {
    /// Of a connection to `remote_ip` that took `timings` to open.
    pub(super) fn new(remote_ip: IpAddr, timings: Timings) -> Self {
        Self(Arc::new(Inner {
            remote_ip,
            timings,
            told: AtomicBool::new(false),
        }))
    }

    /// The address at the other end.
    pub(super) fn remote_ip(&self) -> IpAddr {
        self.0.remote_ip
    }

    /// What opening it took: given once, to the first request; none to those that reuse it.
    pub(super) fn take_timings(&self) -> Timings {
        if self.0.told.swap(true, Ordering::Relaxed) {
            Timings::default()
        } else {
            self.0.timings
        }
    }
}

/// The bytes of a connection.
#[derive(Debug)]
pub(super) enum Transport {
    /// `http`.
    Plain(TcpStream),
    /// `https`.
    Tls(Box<TlsStream<TcpStream>>),
}

/// A connection as hyper uses it.
#[derive(Debug)]
pub(super) struct Stream {
    /// The bytes.
    pub(super) transport: Transport,
    /// What is known about it.
    pub(super) info: ConnectionInfo,
}

impl Stream {
    /// The certificate of the other end, where there is one.
    pub(super) fn certificate(&self) -> Option<&CertificateDer<'static>> {
        match &self.transport {
            Transport::Tls(tls) => tls.get_ref().1.peer_certificates()?.first(),
            Transport::Plain(_) => None,
        }
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        let connected = Connected::new().extra(self.info.clone());
        match &self.transport {
            Transport::Tls(tls) if tls.get_ref().1.alpn_protocol() == Some(b"h2") => {
                connected.negotiated_h2()
            }
            Transport::Tls(_) | Transport::Plain(_) => connected,
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.get_mut().transport {
            Transport::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Transport::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().transport {
            Transport::Plain(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Transport::Tls(tls) => Pin::new(tls).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().transport {
            Transport::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, bufs),
            Transport::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.transport {
            Transport::Plain(tcp) => tcp.is_write_vectored(),
            Transport::Tls(tls) => tls.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().transport {
            Transport::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Transport::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().transport {
            Transport::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Transport::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}

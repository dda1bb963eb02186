//! A receiver that fails until it recovers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// It answers 500, and 200 once it has recovered.
pub struct Receiver {
    /// Where it listens.
    pub url: String,
    well: Arc<AtomicBool>,
}

impl Receiver {
    /// Starts one on a free port of this machine.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/hook", listener.local_addr()?);
        let well = Arc::new(AtomicBool::new(false));
        let shared = well.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, shared.clone()));
            }
        });
        Ok(Self { url, well })
    }

    /// From now on it answers 200.
    pub fn recover(&self) {
        self.well.store(true, Ordering::SeqCst);
    }
}

/// Takes one request, whole, and answers it.
async fn answer(mut stream: TcpStream, well: Arc<AtomicBool>) -> Result<()> {
    let mut request = Vec::new();
    while !is_whole(&request) {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let status = if well.load(Ordering::SeqCst) {
        "200 OK"
    } else {
        "500 Internal Server Error"
    };
    let response = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(response.as_bytes()).await?;
    Ok(())
}

/// Whether the head and as much body as it announces are there.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    body.len()
        >= length
            .and_then(|length| length.trim().parse().ok())
            .unwrap_or(0)
}

//! The receiver, in a process of its own so that its CPU and its answers are not the generator's.
//!
//! `POST /sink/<n>` is answered 200 at once and remembered, `POST /hang/<n>` is read and never answered.
//! `GET /received/<n>` says how many came, `GET /summary/<n>/<from_us>/<to_us>` what they were like.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::rc::Rc;

use domain::clock::{Clock as _, SystemClock};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;

use super::head::Head;
use super::sink::Sink;
use crate::process::blocking;

/// The one answer to a delivery.
const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// Room for a few deliveries of 1 KB with their heads.
const BUFFER: usize = 16 * 1024;

/// One for each path that was delivered to. Shared by the connections, which all run on one thread.
type Sinks = Rc<RefCell<BTreeMap<u32, Sink>>>;

/// Serves on a free port of 127.0.0.1, which it prints, until its input ends.
pub(super) async fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free TCP port");
    let address = listener
        .local_addr()
        .expect("a bound socket has an address");
    writeln!(io::stdout(), "{address}").expect("a parent that reads");
    let connections = LocalSet::new();
    connections.spawn_local(accept(listener));
    connections.run_until(input_end()).await;
}

/// The parent's end is ours.
async fn input_end() {
    blocking(|| drop(io::copy(&mut io::stdin(), &mut io::sink()))).await;
}

async fn accept(listener: TcpListener) {
    let sinks = Sinks::default();
    while let Ok((stream, _)) = listener.accept().await {
        drop(stream.set_nodelay(true));
        let sinks = Rc::clone(&sinks);
        tokio::task::spawn_local(async move {
            // A connection that ends in the middle is its sender's business.
            drop(answer_all(stream, &sinks).await);
        });
    }
}

/// What a message gets.
enum Reply {
    Accepted,
    Text(String),
    Nothing,
}

async fn answer_all(mut stream: TcpStream, sinks: &Sinks) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(BUFFER);
    while stream.read_buf(&mut buffer).await? > 0 {
        let mut done = 0;
        while let Some(head) = Head::parse(&buffer[done..]) {
            let Some(message) = buffer.get(done..done + head.message) else {
                break;
            };
            done += head.message;
            match reply(message, head, sinks) {
                Reply::Accepted => stream.write_all(OK).await?,
                Reply::Nothing => {}
                Reply::Text(text) => {
                    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", text.len());
                    stream.write_all((head + &text).as_bytes()).await?;
                }
            }
        }
        buffer.drain(..done);
    }
    Ok(())
}

fn reply(message: &[u8], head: Head, sinks: &Sinks) -> Reply {
    let mut words = message.split(|byte| *byte == b' ').skip(1);
    let path = words
        .next()
        .and_then(|path| std::str::from_utf8(path).ok())
        .unwrap_or("/");
    let mut parts = path.split('/').skip(1);
    let action = parts.next().unwrap_or("");
    let mut numbers = parts.map_while(|part| part.parse::<i64>().ok());
    let number = numbers.next().and_then(|number| u32::try_from(number).ok());
    let mut sinks = sinks.borrow_mut();
    let sink = sinks.entry(number.unwrap_or(0)).or_default();
    match action {
        "hang" => Reply::Nothing,
        "received" => Reply::Text(sink.received().to_string()),
        "summary" => {
            let from_us = numbers.next().unwrap_or(0);
            let to_us = numbers.next().unwrap_or(i64::MAX);
            Reply::Text(sink.summary(from_us, to_us).to_string())
        }
        _ => {
            sink.take(&message[head.length..], SystemClock.now());
            Reply::Accepted
        }
    }
}

//! A mail server on loopback that takes every mail and keeps it, unless it is told to refuse some. Source: RFC 5321,
//! section 4.1.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// A mail that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// To whom, as the envelope says.
    pub to: String,
    /// Headers and text, the latter decoded.
    pub text: String,
}

impl Letter {
    /// What stands after `#token=`. Panics where there is no link.
    pub fn token(&self) -> &str {
        let (_, rest) = self.text.split_once("#token=").expect("a link");
        rest.split_whitespace().next().expect("a token")
    }
}

/// The server. It ends with the test.
#[derive(Debug)]
pub struct Mailbox {
    port: u16,
    letters: mpsc::UnboundedReceiver<Letter>,
    refusals: Refusals,
}

/// What the next recipients are answered.
type Refusals = Arc<Mutex<VecDeque<String>>>;

impl Mailbox {
    /// Starts one.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (keep, letters) = mpsc::unbounded_channel();
        let refusals = Refusals::default();
        let refuses = Arc::clone(&refusals);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(converse(connection, keep.clone(), Arc::clone(&refuses)));
            }
        });
        Self {
            port,
            letters,
            refusals,
        }
    }

    /// What a server is told of it.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Refuses one mail, after others that are to be refused, with this answer, such as `550 nobody here`.
    pub fn refuse(&self, answer: &str) {
        let mut refusals = self.refusals.lock().expect("no panic under the lock");
        refusals.push_back(format!("{answer}\r\n"));
    }

    /// The next mail that comes.
    pub async fn next(&mut self) -> Letter {
        self.letters.recv().await.expect("a running mail server")
    }

    /// Whether none has come that was not taken.
    pub fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }
}

/// A mail whose text is quoted-printable, read. Source: RFC 2045, section 6.7.
fn decoded(mail: &str) -> String {
    let (head, text) = mail.split_once("\n\n").unwrap_or((mail, ""));
    if !head.contains("quoted-printable") {
        return mail.to_owned();
    }
    let text = text.replace("=\n", "");
    let mut parts = text.split('=');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (escaped, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        bytes.extend(u8::from_str_radix(escaped, 16));
        bytes.extend_from_slice(rest.as_bytes());
    }
    format!("{head}\n\n{}", String::from_utf8_lossy(&bytes))
}

fn next_of(refusals: &Refusals) -> Option<String> {
    let mut refusals = refusals.lock().expect("no panic under the lock");
    refusals.pop_front()
}

async fn converse(
    connection: TcpStream,
    keep: mpsc::UnboundedSender<Letter>,
    refusals: Refusals,
) -> std::io::Result<()> {
    let (read, mut write) = connection.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 mailbox\r\n").await?;
    let mut to = String::new();
    while let Some(line) = lines.next_line().await? {
        let refusal;
        let answer: &[u8] = match line.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" | "HELO" | "MAIL" | "RSET" | "NOOP" => b"250 ok\r\n",
            "RCPT" => {
                to = line
                    .trim_start_matches("RCPT TO:<")
                    .trim_end_matches('>')
                    .to_owned();
                refusal = next_of(&refusals);
                match &refusal {
                    Some(refusal) => refusal.as_bytes(),
                    None => b"250 ok\r\n",
                }
            }
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                let mut text = String::new();
                while let Some(line) = lines.next_line().await? {
                    if line == "." {
                        break;
                    }
                    text.push_str(&line);
                    text.push('\n');
                }
                let letter = Letter {
                    to: std::mem::take(&mut to),
                    text: decoded(&text),
                };
                if keep.send(letter).is_err() {
                    return Ok(());
                }
                b"250 kept\r\n"
            }
            "QUIT" => b"221 bye\r\n",
            _ => b"500 what?\r\n",
        };
        write.write_all(answer).await?;
    }
    Ok(())
}

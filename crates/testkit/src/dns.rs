//! A name server on this machine whose answers a test chooses, to show what a lookup can be made to say.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use hickory_proto::op::{Message, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// Bytes of the largest question read. A question is far smaller; EDNS allows 4,096.
const MAX_QUESTION: usize = 4_096;

/// A UDP name server for A and AAAA questions. Ended on drop.
#[derive(Debug)]
pub struct DnsServer {
    addr: SocketAddr,
    zone: Arc<Mutex<Zone>>,
    task: JoinHandle<()>,
}

impl DnsServer {
    /// Serves `sets` on a free port of 127.0.0.1.
    ///
    /// A name has one set of addresses per turn: the n-th A question gets the IPv4 addresses of the n-th set, the n-th
    /// AAAA question its IPv6 addresses, and the last set stays. So one lookup that asks both sees one set.
    /// A set without an address of the asked kind is an empty answer, an unknown name is NXDOMAIN, and a name
    /// without any set is never answered. Answers may not be cached (TTL 0).
    pub async fn start(sets: HashMap<String, Vec<Vec<IpAddr>>>) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free UDP port");
        let addr = socket.local_addr().expect("a bound socket has an address");
        let zone = Arc::new(Mutex::new(Zone::new(sets)));
        let task = tokio::spawn(serve(socket, Arc::clone(&zone)));
        Self { addr, zone, task }
    }

    /// Where questions are taken.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Questions read so far, of every kind: one lookup of a name is often two, A and AAAA.
    pub fn queries(&self) -> usize {
        self.with_zone(|zone| zone.asked.values().sum())
    }

    /// Questions of one kind (A or AAAA) read so far for `name`.
    pub fn queries_for(&self, name: &str, kind: RecordType) -> usize {
        self.with_zone(|zone| zone.asked.get(&(key(name), kind)).copied().unwrap_or(0))
    }

    /// Replaces what is said about `name`, from its first turn on.
    pub fn set(&self, name: &str, sets: Vec<Vec<IpAddr>>) {
        self.with_zone(|zone| {
            zone.turns.retain(|(known, _), _| *known != key(name));
            zone.sets.insert(key(name), sets);
        });
    }

    fn with_zone<T>(&self, read: impl FnOnce(&mut Zone) -> T) -> T {
        read(&mut self.zone.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What is said, and how often it was asked.
#[derive(Debug)]
struct Zone {
    sets: HashMap<String, Vec<Vec<IpAddr>>>,
    asked: HashMap<(String, RecordType), usize>,
    turns: HashMap<(String, RecordType), usize>,
}

impl Zone {
    fn new(sets: HashMap<String, Vec<Vec<IpAddr>>>) -> Self {
        let sets = sets
            .into_iter()
            .map(|(name, sets)| (key(&name), sets))
            .collect();
        Self {
            sets,
            asked: HashMap::new(),
            turns: HashMap::new(),
        }
    }

    /// The answer to `query`; `None` when this name is never answered.
    fn answer(&mut self, query: &Query) -> Option<Result<Vec<Record>, ResponseCode>> {
        let name = key(&query.name().to_ascii());
        let turn = (name.clone(), query.query_type());
        *self.asked.entry(turn.clone()).or_default() += 1;
        let Some(sets) = self.sets.get(&name) else {
            return Some(Err(ResponseCode::NXDomain));
        };
        let last = sets.len().checked_sub(1)?;
        let number = self.turns.entry(turn).or_default();
        let set = &sets[(*number).min(last)];
        *number += 1;
        Some(Ok(records(query.name(), query.query_type(), set)))
    }
}

/// The addresses of `set` that a question for `kind` asks for.
fn records(name: &Name, kind: RecordType, set: &[IpAddr]) -> Vec<Record> {
    set.iter()
        .filter(|ip| match kind {
            RecordType::A => ip.is_ipv4(),
            RecordType::AAAA => ip.is_ipv6(),
            _ => false,
        })
        .map(|ip| Record::from_rdata(name.clone(), 0, RData::from(*ip)))
        .collect()
}

/// Names compare without case and without the final dot.
fn key(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

async fn serve(socket: UdpSocket, zone: Arc<Mutex<Zone>>) {
    let mut buffer = vec![0; MAX_QUESTION];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        let Ok(question) = Message::from_vec(&buffer[..length]) else {
            continue;
        };
        let reply = reply_to(
            &question,
            &mut zone.lock().unwrap_or_else(PoisonError::into_inner),
        );
        if let Some(bytes) = reply.and_then(|reply| reply.to_vec().ok()) {
            // A client that is gone needs no answer.
            drop(socket.send_to(&bytes, from).await);
        }
    }
}

fn reply_to(question: &Message, zone: &mut Zone) -> Option<Message> {
    let mut reply = Message::response(question.metadata.id, OpCode::Query);
    reply.metadata.recursion_desired = question.metadata.recursion_desired;
    reply.metadata.recursion_available = true;
    reply.metadata.authoritative = true;
    let Some(query) = question.queries.first() else {
        reply.metadata.response_code = ResponseCode::FormErr;
        return Some(reply);
    };
    reply.add_query(query.clone());
    match zone.answer(query)? {
        Ok(records) => {
            reply.add_answers(records);
        }
        Err(code) => reply.metadata.response_code = code,
    }
    Some(reply)
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    async fn ask(server: &DnsServer, name: &str, kind: RecordType) -> Message {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let mut question = Message::query();
        question.add_query(Query::query(Name::from_str(name).unwrap(), kind));
        socket
            .send_to(&question.to_vec().unwrap(), server.addr())
            .await
            .unwrap();
        let mut buffer = vec![0; MAX_QUESTION];
        let (length, _) = socket.recv_from(&mut buffer).await.unwrap();
        let reply = Message::from_vec(&buffer[..length]).unwrap();
        assert_eq!(reply.metadata.id, question.metadata.id);
        reply
    }

    fn addresses(reply: &Message) -> Vec<IpAddr> {
        reply
            .answers
            .iter()
            .filter_map(|record| record.data.ip_addr())
            .collect()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn sets_are_answered_in_turn_and_the_last_one_stays() {
        let sets = vec![
            vec![ip("192.0.2.1"), ip("2001:db8::1")],
            vec![ip("127.0.0.1")],
        ];
        let server = DnsServer::start(HashMap::from([("hooks.example".to_owned(), sets)])).await;
        for expected in [ip("192.0.2.1"), ip("127.0.0.1"), ip("127.0.0.1")] {
            let reply = ask(&server, "Hooks.example.", RecordType::A).await;
            assert_eq!(addresses(&reply), [expected]);
        }
        let reply = ask(&server, "hooks.example.", RecordType::AAAA).await;
        assert_eq!(
            addresses(&reply),
            [ip("2001:db8::1")],
            "AAAA has a turn of its own"
        );
        let reply = ask(&server, "hooks.example.", RecordType::AAAA).await;
        assert_eq!(reply.metadata.response_code, ResponseCode::NoError);
        assert!(addresses(&reply).is_empty());
        assert_eq!(server.queries(), 5);
        assert_eq!(server.queries_for("hooks.example", RecordType::A), 3);
    }

    #[tokio::test]
    async fn an_unknown_name_does_not_exist_until_it_is_set() {
        let server = DnsServer::start(HashMap::new()).await;
        let reply = ask(&server, "nowhere.example.", RecordType::A).await;
        assert_eq!(reply.metadata.response_code, ResponseCode::NXDomain);
        server.set("nowhere.example", vec![vec![ip("192.0.2.7")]]);
        let reply = ask(&server, "nowhere.example.", RecordType::A).await;
        assert_eq!(addresses(&reply), [ip("192.0.2.7")]);
    }
}

//! Probes, pages and the accept loop.

use std::sync::Arc;
use std::time::Duration;

use admin::Settings;
use admin::server::Service;
use poem::endpoint::ToDynEndpoint;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::running::Running;

#[tokio::test]
async fn the_probes_answer_and_draining_is_not_ready() {
    let running = Running::start().await;
    assert_eq!(running.get("/livez", "").await.status, 200);
    let ready = running.get("/readyz?verbose", "").await;
    assert_eq!(ready.status, 200, "{ready:?}");
    assert!(ready.text.contains("[+] database ok"), "{ready:?}");
    assert_eq!(running.get("/metrics", "").await.status, 200);
}

#[tokio::test]
async fn the_reference_and_the_document_are_served_from_here() {
    let running = Running::start().await;
    let document = running.get("/openapi.json", "").await;
    assert_eq!(document.json()["openapi"], "3.1.0");
    let page = running.get("/docs", "").await;
    assert!(
        page.header("content-security-policy")
            .unwrap()
            .contains("connect-src 'self'")
    );
    assert!(page.text.contains("api-reference"));
    assert_eq!(
        running.get("/docs/problems/not-found", "").await.status,
        200
    );
    // With or without the dashboard's pages in this build.
    for page in [
        "/",
        "/sign-in",
        "/platform",
        "/platform/users",
        "/m/mer_x/deliveries/dlv_x",
    ] {
        let page = running.get(page, "").await;
        assert!(page.text.contains("<title>Hookyard</title>"));
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("script-src 'self'") && !policy.contains("script-src 'unsafe"));
    }
    for missing in ["/assets/none-1.js", "/assets/../Cargo.toml", "/elsewhere"] {
        assert_eq!(running.get(missing, "").await.slug(), "not-found");
    }
}

#[tokio::test]
async fn a_silent_and_a_half_spoken_connection_are_closed() {
    let settings = Settings {
        header_timeout: Duration::from_millis(200),
        ..Settings::default()
    };
    let running = Running::start_with(settings).await;
    for said in ["", "P", "PRI * HTTP/2.0", "GET /livez HTTP/1.1\r\nHo"] {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let closed =
            tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut rest)).await;
        assert!(closed.is_ok(), "{said:?} is still open");
    }
}

#[tokio::test]
async fn a_full_server_lets_the_next_connection_wait_until_one_ends() {
    let running = Running::start_with(Settings {
        connections: 1,
        ..Settings::default()
    })
    .await;
    let ask = async |stream: &mut TcpStream| {
        stream
            .write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).await.unwrap();
        assert_eq!(&head, b"HTTP/1.1 200");
    };
    let mut first = TcpStream::connect(running.address).await.unwrap();
    ask(&mut first).await;
    let mut second = TcpStream::connect(running.address).await.unwrap();
    let waiting = tokio::time::timeout(Duration::from_millis(200), ask(&mut second)).await;
    assert!(waiting.is_err(), "there is room for one only");
    drop(first);
    let mut head = [0; 12];
    tokio::time::timeout(Duration::from_secs(5), second.read_exact(&mut head))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
}

#[tokio::test]
async fn a_request_is_worked_to_its_end_when_its_client_hangs_up_and_the_server_stops() {
    let (begun, release, done) = (
        Arc::new(Notify::new()),
        Arc::new(Notify::new()),
        Arc::new(Notify::new()),
    );
    let steps = (Arc::clone(&begun), Arc::clone(&release), Arc::clone(&done));
    let slow = poem::endpoint::make(move |_| {
        let (begun, release, done) = steps.clone();
        async move {
            begun.notify_one();
            release.notified().await;
            done.notify_one();
            poem::Response::default()
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let until = stop.clone();
    let server = tokio::spawn(async move {
        let service: Service = Arc::new(ToDynEndpoint(slow));
        let (settings, grace) = (Settings::default(), Duration::from_secs(5));
        admin::server::serve(listener, service, &settings, until, grace).await
    });
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        .await
        .unwrap();
    begun.notified().await;
    drop(stream);
    stop.cancel();
    release.notify_one();
    server.await.unwrap().unwrap();
    tokio::time::timeout(Duration::from_secs(5), done.notified())
        .await
        .unwrap();
}

#[tokio::test]
async fn stopping_ends_idle_connections_and_takes_no_new_ones() {
    let running = Running::start().await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream
        .write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    running.stop.cancel();
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(3), stream.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "an idle connection holds up the end");
    assert!(TcpStream::connect(running.address).await.is_err());
}

/// What a server says to these bytes until it closes.
async fn said_to(running: &Running, bytes: &str) -> String {
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer))
        .await
        .unwrap()
        .unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_slow_body_gets_408_and_its_connection_is_closed() {
    let running = Running::start_with(Settings {
        body_timeout: Duration::from_millis(300),
        ..Settings::default()
    })
    .await;
    let head = "POST /v1/auth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{";
    let answer = said_to(&running, head).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(
        answer.contains("/docs/problems/request-timeout"),
        "{answer}"
    );
    assert!(
        answer.to_lowercase().contains("connection: close"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_body_that_is_announced_too_large_is_refused_before_it_is_sent() {
    let running = Running::start().await;
    let admin = running.admin().await;
    let merchant = running.merchant(&admin).await;
    let head = format!(
        "POST /v1/merchants/{merchant}/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {admin}\r\n\
         Content-Type: application/json\r\nContent-Length: 10485760\r\nExpect: 100-continue\r\n\r\n"
    );
    let answer = said_to(&running, &head).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(
        answer.contains("/docs/problems/payload-too-large"),
        "{answer}"
    );
}

#[tokio::test]
async fn too_many_and_too_long_headers_get_431() {
    let running = Running::start().await;
    let many = "X-A: b\r\n".repeat(70);
    let long = format!("X-A: {}\r\n", "x".repeat(40_000));
    let token = format!("Authorization: Bearer {}\r\n", "x".repeat(64 * 1024));
    for headers in [many, long, token] {
        let head = format!("GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
        let answer = said_to(&running, &head).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
        assert!(
            answer.contains("/docs/problems/headers-too-large"),
            "{answer}"
        );
    }
    let absurd = "X-A: b\r\n".repeat(200);
    let head = format!("GET /livez HTTP/1.1\r\nHost: x\r\n{absurd}\r\n");
    assert!(said_to(&running, &head).await.starts_with("HTTP/1.1 431 "));
}

#[tokio::test]
async fn an_address_holds_no_more_connections_than_it_may() {
    let running = Running::start_with(Settings {
        connections_per_address: 2,
        ..Settings::default()
    })
    .await;
    let ask = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(ask).await.unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).await.unwrap();
        open.push(stream);
    }
    let mut third = TcpStream::connect(running.address).await.unwrap();
    third.write_all(ask).await.ok();
    let mut rest = Vec::new();
    let cut = tokio::time::timeout(Duration::from_secs(5), third.read_to_end(&mut rest)).await;
    assert!(
        cut.is_ok() && rest.is_empty(),
        "a third connection is answered"
    );
}

#[tokio::test]
async fn each_problem_has_its_page_and_all_are_on_one() {
    let running = Running::start().await;
    let index = running.get("/docs/problems", "").await;
    assert_eq!(index.status, 200);
    let document = running.get("/openapi.json", "").await.json();
    let kinds = &document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"];
    let kinds = kinds.as_array().unwrap();
    assert!(kinds.len() > 20);
    for kind in kinds {
        let kind = kind.as_str().unwrap();
        assert!(index.text.contains(&format!("href=\"{kind}\"")), "{kind}");
        let page = running.get(kind, "").await;
        assert_eq!(page.status, 200, "{kind}");
        assert!(
            page.text.contains(&format!("\"type\": \"{kind}\"")),
            "{kind}"
        );
        assert!(page.text.contains("What to do"), "{kind}");
    }
}

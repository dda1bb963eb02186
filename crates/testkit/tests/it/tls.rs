use bytes::Bytes;
use http::{Request, Version};
use http_body_util::{BodyExt, Full};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use rustls::ClientConfig;
use testkit::receiver::{Behaviour, Receiver, TLS_NAMES};
use testkit::tls::TestCa;

/// Posts to `url`: the version spoken and the body, or what went wrong.
async fn post(url: String, config: ClientConfig) -> Result<(Version, Bytes), String> {
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_only()
        .enable_all_versions();
    let client = Client::builder(TokioExecutor::new()).build(connector.build());
    let request = Request::post(url)
        .body(Full::new(Bytes::from_static(b"hello")))
        .unwrap();
    let response = client
        .request(request)
        .await
        .map_err(|error| format!("{error:?}"))?;
    let version = response.version();
    Ok((
        version,
        response.into_body().collect().await.unwrap().to_bytes(),
    ))
}

#[tokio::test]
async fn a_receiver_with_a_good_certificate_speaks_http_2() {
    let ca = TestCa::new();
    assert!(ca.ca_pem().starts_with("-----BEGIN CERTIFICATE-----"));
    let receiver = Receiver::start_tls(&ca).await;
    receiver.answer(Behaviour::body(200, "thanks"));
    let answer = post(receiver.url(), ca.client_config()).await.unwrap();
    assert_eq!(answer, (Version::HTTP_2, Bytes::from_static(b"thanks")));
    assert_eq!(receiver.requests()[0].body, "hello");
}

#[tokio::test]
async fn without_h2_in_alpn_the_receiver_speaks_http_1() {
    let ca = TestCa::new();
    let receiver = Receiver::start_with(ca.server_config(&TLS_NAMES, false)).await;
    let (version, _) = post(receiver.url(), ca.client_config()).await.unwrap();
    assert_eq!(version, Version::HTTP_11);
}

#[tokio::test]
async fn bad_certificates_are_refused_for_their_own_reason() {
    let ca = TestCa::new();
    for (config, reason) in [
        (ca.expired_config(&TLS_NAMES), "Expired"),
        (ca.wrong_name_config(), "NotValidForName"),
        (TestCa::self_signed_config(&TLS_NAMES), "UnknownIssuer"),
    ] {
        let receiver = Receiver::start_with(config).await;
        let error = post(receiver.url(), ca.client_config()).await.unwrap_err();
        assert!(error.contains(reason), "{reason} is not in {error}");
    }
}

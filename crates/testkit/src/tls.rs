//! Throwaway certificate authorities, and the certificates a client must refuse.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

/// What [`TestCa::wrong_name_config`] is issued for.
pub const WRONG_NAME: &str = "someone-else.example";

/// A certificate authority that exists for one test.
pub struct TestCa {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Default for TestCa {
    fn default() -> Self {
        Self::new()
    }
}

impl TestCa {
    /// Makes a new key and root certificate.
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "Throwaway test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, new_key()).expect("a root certificate");
        Self { issuer }
    }

    /// The root certificate in PEM: what a client must trust.
    pub fn ca_pem(&self) -> String {
        self.issuer.pem()
    }

    /// A client that trusts this authority and nothing else. Offers no ALPN protocol.
    pub fn client_config(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots
            .add(self.issuer.der().clone())
            .expect("a root certificate");
        ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the default TLS versions")
            .with_root_certificates(roots)
            .with_no_client_auth()
    }

    /// A good certificate for `names` (DNS names, wildcards or IP addresses). `alpn_h2` offers HTTP/2 before HTTP/1.1.
    pub fn server_config(&self, names: &[&str], alpn_h2: bool) -> ServerConfig {
        self.signed(&leaf(names), alpn_h2)
    }

    /// A certificate for `names` whose time ended in 2020.
    pub fn expired_config(&self, names: &[&str]) -> ServerConfig {
        let mut params = leaf(names);
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
        self.signed(&params, false)
    }

    /// A certificate that is good, but for [`WRONG_NAME`] only.
    pub fn wrong_name_config(&self) -> ServerConfig {
        self.signed(&leaf(&[WRONG_NAME]), false)
    }

    /// A certificate for `names` that its own key signed: no authority knows it.
    pub fn self_signed_config(names: &[&str]) -> ServerConfig {
        let key = new_key();
        let certificate = leaf(names)
            .self_signed(&key)
            .expect("a self-signed certificate");
        config(vec![certificate.der().clone()], &key, false)
    }

    fn signed(&self, params: &CertificateParams, alpn_h2: bool) -> ServerConfig {
        let key = new_key();
        let certificate = params
            .signed_by(&key, &self.issuer)
            .expect("a signed certificate");
        config(
            vec![certificate.der().clone(), self.issuer.der().clone()],
            &key,
            alpn_h2,
        )
    }
}

impl std::fmt::Debug for TestCa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestCa").finish_non_exhaustive()
    }
}

fn new_key() -> KeyPair {
    KeyPair::generate().expect("a new P-256 key")
}

fn leaf(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("names a certificate can carry");
    params
        .distinguished_name
        .push(DnType::CommonName, "Throwaway test server");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params
}

fn config(chain: Vec<CertificateDer<'static>>, key: &KeyPair, alpn_h2: bool) -> ServerConfig {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the default TLS versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a certificate that fits its key");
    if alpn_h2 {
        config.alpn_protocols.push(b"h2".to_vec());
    }
    config.alpn_protocols.push(b"http/1.1".to_vec());
    config
}

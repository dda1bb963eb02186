//! How receivers are trusted: by the system's certificate authorities and those of a file.

use std::path::Path;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::OutboundError;

/// TLS sessions remembered: resuming one saves the receiver and us most of a handshake.
const SESSIONS: usize = 4096;

/// The one TLS configuration of all connections: TLS 1.2 and 1.3, HTTP/2 offered before HTTP/1.1.
pub(super) fn client_config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, OutboundError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots(ca_file)?)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    Ok(Arc::new(config))
}

fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, OutboundError> {
    let native = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, ignored) = roots.add_parsable_certificates(native.certs);
    tracing::debug!(
        added,
        ignored,
        "loaded the certificate authorities of the system"
    );
    if let Some(path) = ca_file {
        let refuse = |detail: String| OutboundError::CaFile {
            path: path.to_owned(),
            detail,
        };
        for certificate in
            CertificateDer::pem_file_iter(path).map_err(|error| refuse(error.to_string()))?
        {
            let certificate = certificate.map_err(|error| refuse(error.to_string()))?;
            roots
                .add(certificate)
                .map_err(|error| refuse(error.to_string()))?;
        }
    }
    if roots.is_empty() {
        tracing::warn!("no certificate authority is trusted: every https endpoint will fail");
    }
    Ok(roots)
}

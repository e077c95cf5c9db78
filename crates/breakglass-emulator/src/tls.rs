//! TLS with a certificate authority of our own, and the certificate that a client may sign in with.

use crate::files;
use crate::keys::new_rsa;
use crate::state::hidden::Certificate;
use aws_lc_rs::digest;
use aws_lc_rs::signature::{KeyPair as _, RsaKeyPair};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, date_time_ymd,
};
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The certificate authority of a state directory.
pub(crate) struct Authority {
    /// The CA's certificate (PEM): what clients are told to trust. Its private key lies beside it, so it belongs into no trust
    /// store of a machine.
    pub(crate) bundle: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// The authority of a state directory, made when there is none.
    ///
    /// # Errors
    /// When its files cannot be read or written.
    pub(crate) fn load(directory: &Path) -> Result<Self, String> {
        let make = || {
            KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)
                .map(|k| k.serialize_pem().into_bytes())
                .map_err(words)
        };
        let pem = files::read_or_make(&directory.join("ca-key.pem"), make)?;
        let key = KeyPair::from_pem(&String::from_utf8_lossy(&pem)).map_err(words)?;
        let params = authority_params();
        let bundle = directory.join("ca.pem");
        files::read_or_make(&bundle, || {
            params.self_signed(&key).map(|c| c.pem().into_bytes()).map_err(words)
        })?;
        Ok(Self { bundle, issuer: Issuer::new(params, key) })
    }

    /// A server for `localhost` and the loopback addresses, with a certificate of this authority.
    ///
    /// # Errors
    /// When the certificate cannot be made.
    pub(crate) fn server(&self) -> Result<Arc<ServerConfig>, String> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(words)?;
        let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let mut params = CertificateParams::new(names).map_err(words)?;
        params.distinguished_name = name("localhost");
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        years(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).map_err(words)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(|e| e.to_string())?
                .with_no_client_auth()
                .with_single_cert(vec![certificate.der().clone()], key)
                .map_err(|e| e.to_string())?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

/// The certificate and key (RSA, as Entra asks for) that the automation application signs in with: one PEM file in the state
/// directory, and its public half.
pub(crate) fn client_certificate(directory: &Path) -> Result<(PathBuf, Certificate), String> {
    let file = directory.join("client.pem");
    let pem = files::read_or_make(&file, || {
        let der = PrivatePkcs8KeyDer::from(new_rsa()?);
        let key = KeyPair::from_pkcs8_der_and_sign_algo(&der, &PKCS_RSA_SHA256).map_err(words)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = name("breakglass automation");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        years(&mut params);
        let certificate = params.self_signed(&key).map_err(words)?;
        Ok(format!("{}{}", key.serialize_pem(), certificate.pem()).into_bytes())
    })?;
    let wrong = |what: &str| format!("{}: {what}; delete it to have a new one made", file.display());
    let certificate =
        CertificateDer::from_pem_slice(&pem).map_err(|_| wrong("there is no certificate in it"))?;
    let key = PrivatePkcs8KeyDer::from_pem_slice(&pem).map_err(|_| wrong("there is no private key in it"))?;
    let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).map_err(|_| wrong("its key is not RSA"))?;
    let hash = |algorithm| digest::digest(algorithm, &certificate).as_ref().to_vec();
    let certificate = Certificate {
        sha1: hash(&digest::SHA1_FOR_LEGACY_USE_ONLY),
        sha256: hash(&digest::SHA256),
        public_key: key.public_key().as_ref().to_vec(),
    };
    Ok((file, certificate))
}

fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name("breakglass emulator CA (not Microsoft Entra)");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    years(&mut params);
    params
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}

fn years(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2046, 1, 1);
}

fn words(error: rcgen::Error) -> String {
    format!("a certificate could not be made: {error}")
}

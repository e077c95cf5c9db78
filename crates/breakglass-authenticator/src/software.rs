//! A FIDO2 authenticator in software (WebAuthn Level 2, ES256, discoverable credentials, user verification always on).

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use breakglass_ops::port::{PasskeyAssertion, PasskeyCreation, SecurityKey, SecurityKeyError};
use ciborium::Value as Cbor;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroize;

/// The model that software keys report where the design names none: a GUID of our own, registered nowhere.
pub const SOFTWARE_AAGUID: &str = "6f1d9a52-3c0b-4e57-9d0e-b7c41a68f2d3";

const FORMAT: &str = "breakglass-software-key/1";
/// User present and user verified.
const PRESENT_AND_VERIFIED: u8 = 0x01 | 0x04;
/// Attested credential data follows.
const ATTESTED: u8 = 0x40;

/// One software key: a file that only its owner can read. Whoever reads it can sign in as the account.
pub struct SoftwareKey {
    path: PathBuf,
    held: Mutex<Held>,
}

#[derive(Serialize, Deserialize)]
struct Held {
    format: String,
    name: String,
    aaguid: String,
    credentials: Vec<Passkey>,
}

#[derive(Serialize, Deserialize)]
struct Passkey {
    rp_id: String,
    credential_id: String,
    user_handle: String,
    /// PKCS#8, base64.
    private_key: String,
    counter: u32,
}

impl Drop for Passkey {
    fn drop(&mut self) {
        self.private_key.zeroize();
    }
}

impl std::fmt::Debug for SoftwareKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SoftwareKey").field("path", &self.path).finish_non_exhaustive()
    }
}

impl SoftwareKey {
    /// Opens the key in a file, or makes an empty one of that name and model.
    ///
    /// # Errors
    /// When the file cannot be read or written, or is not a software key of this name.
    pub fn danger_open(path: &Path, name: &str, aaguid: &str) -> Result<Self, SecurityKeyError> {
        let failed = |detail: String| SecurityKeyError::Device { key: name.into(), detail };
        let held = match std::fs::read(path) {
            Ok(bytes) => {
                let held: Held = serde_json::from_slice(&bytes).map_err(|e| {
                    failed(format!("`{}` is not a software key (line {}, column {})", path.display(), e.line(), e.column()))
                })?;
                if held.format != FORMAT || held.name != name {
                    return Err(failed(format!("`{}` is another key: `{}` ({})", path.display(), held.name, held.format)));
                }
                held
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Held {
                format: FORMAT.into(),
                name: name.into(),
                aaguid: aaguid.to_ascii_lowercase(),
                credentials: Vec::new(),
            },
            Err(error) => return Err(failed(format!("`{}` cannot be read: {error}", path.display()))),
        };
        Ok(Self { path: path.to_owned(), held: Mutex::new(held) })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Held) -> Result<T, SecurityKeyError>) -> Result<T, SecurityKeyError> {
        act(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Durable before anything that depends on it leaves the key.
    fn save(&self, held: &Held) -> Result<(), SecurityKeyError> {
        let failed = |detail: String| SecurityKeyError::Device { key: held.name.clone(), detail };
        let bytes = zeroize::Zeroizing::new(serde_json::to_vec_pretty(held).map_err(|e| failed(e.to_string()))?);
        let part = self.path.with_extension("part");
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let written = options.open(&part).and_then(|mut file| {
            file.write_all(&bytes)?;
            file.sync_all()?;
            std::fs::rename(&part, &self.path)
        });
        written.map_err(|e| failed(format!("`{}` cannot be written: {e}", self.path.display())))
    }
}

#[async_trait]
impl SecurityKey for SoftwareKey {
    fn name(&self) -> String {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).name.clone()
    }

    fn aaguid(&self) -> String {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).aaguid.clone()
    }

    async fn create(&self, options: &Value, origin: &str) -> Result<PasskeyCreation, SecurityKeyError> {
        let asked = Asked::read(options)?;
        self.with(|held| {
            let device = |detail: &str| SecurityKeyError::Device { key: held.name.clone(), detail: detail.into() };
            if held.credentials.iter().any(|c| c.rp_id == asked.rp_id && asked.exclude.contains(&c.credential_id)) {
                return Err(device("it holds a passkey of this account already (excludeCredentials)"));
            }
            let random = SystemRandom::new();
            let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random)
                .map_err(|_| device("no key pair could be made"))?;
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref())
                .map_err(|_| device("the new key pair cannot be used"))?;
            let mut id = [0u8; 32];
            getrandom::fill(&mut id).map_err(|_| device("the operating system gives no randomness"))?;
            let client_data = client_data("webauthn.create", &asked.challenge, origin);
            let mut data = authenticator_data(&asked.rp_id, PRESENT_AND_VERIFIED | ATTESTED, 0);
            data.extend(guid_bytes(&held.aaguid).ok_or_else(|| device("its model is not a GUID"))?);
            data.extend(32u16.to_be_bytes());
            data.extend(id);
            data.extend(cose_key(pair.public_key().as_ref()).ok_or_else(|| device("its public key has another form"))?);
            let mut signed = data.clone();
            signed.extend(Sha256::digest(&client_data));
            let signature = pair.sign(&random, &signed).map_err(|_| device("it cannot sign"))?;
            let attestation = attestation_object(data, signature.as_ref()).ok_or_else(|| device("no attestation"))?;
            held.credentials.push(Passkey {
                rp_id: asked.rp_id.clone(),
                credential_id: URL_SAFE_NO_PAD.encode(id),
                user_handle: asked.user_handle.clone(),
                private_key: STANDARD.encode(pkcs8.as_ref()),
                counter: 0,
            });
            self.save(held)?;
            Ok(PasskeyCreation {
                display_name: held.name.clone(),
                credential_id: URL_SAFE_NO_PAD.encode(id),
                client_data_json: URL_SAFE_NO_PAD.encode(client_data),
                attestation_object: URL_SAFE_NO_PAD.encode(attestation),
            })
        })
    }

    async fn assert(&self, rp_id: &str, challenge: &[u8], origin: &str) -> Result<PasskeyAssertion, SecurityKeyError> {
        self.with(|held| {
            let name = held.name.clone();
            let device = |detail: &str| SecurityKeyError::Device { key: name.clone(), detail: detail.into() };
            let none = || SecurityKeyError::NoCredential { key: name.clone(), rp_id: rp_id.into() };
            let passkey = held.credentials.iter_mut().rfind(|c| c.rp_id == rp_id).ok_or_else(none)?;
            passkey.counter = passkey.counter.checked_add(1).ok_or_else(|| device("its counter is at its end"))?;
            let pkcs8 = zeroize::Zeroizing::new(
                STANDARD.decode(&passkey.private_key).map_err(|_| device("its file is damaged"))?,
            );
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &pkcs8)
                .map_err(|_| device("its file is damaged"))?;
            let client_data = client_data("webauthn.get", &URL_SAFE_NO_PAD.encode(challenge), origin);
            let data = authenticator_data(rp_id, PRESENT_AND_VERIFIED, passkey.counter);
            let mut signed = data.clone();
            signed.extend(Sha256::digest(&client_data));
            let signature = pair.sign(&SystemRandom::new(), &signed).map_err(|_| device("it cannot sign"))?;
            let assertion = PasskeyAssertion {
                credential_id: passkey.credential_id.clone(),
                client_data_json: URL_SAFE_NO_PAD.encode(client_data),
                authenticator_data: URL_SAFE_NO_PAD.encode(data),
                signature: URL_SAFE_NO_PAD.encode(signature.as_ref()),
                user_handle: passkey.user_handle.clone(),
            };
            self.save(held)?;
            Ok(assertion)
        })
    }
}

/// What creation options ask for.
struct Asked {
    rp_id: String,
    challenge: String,
    user_handle: String,
    exclude: Vec<String>,
}

impl Asked {
    fn read(options: &Value) -> Result<Self, SecurityKeyError> {
        let text = |path: &str| {
            let found = options.pointer(path).and_then(Value::as_str).filter(|t| !t.is_empty());
            found.map(str::to_owned).ok_or_else(|| SecurityKeyError::Options(format!("`{path}` is missing")))
        };
        let algorithms = options.get("pubKeyCredParams").and_then(Value::as_array);
        let es256 = |list: &Vec<Value>| list.iter().any(|p| p.get("alg").and_then(Value::as_i64) == Some(-7));
        if algorithms.is_some_and(|list| !list.is_empty() && !es256(list)) {
            return Err(SecurityKeyError::Options("ES256 (-7) is not among `pubKeyCredParams`".into()));
        }
        let exclude = options.get("excludeCredentials").and_then(Value::as_array).into_iter().flatten();
        Ok(Self {
            rp_id: text("/rp/id")?,
            challenge: text("/challenge")?.trim_end_matches('=').to_owned(),
            user_handle: text("/user/id")?.trim_end_matches('=').to_owned(),
            exclude: exclude.filter_map(|c| c.get("id")?.as_str()).map(str::to_owned).collect(),
        })
    }
}

fn client_data(kind: &str, challenge: &str, origin: &str) -> Vec<u8> {
    json!({ "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false }).to_string().into_bytes()
}

/// Hash of the relying party, flags, counter (WebAuthn section 6.1).
fn authenticator_data(rp_id: &str, flags: u8, counter: u32) -> Vec<u8> {
    let mut data = Sha256::digest(rp_id).to_vec();
    data.push(flags);
    data.extend(counter.to_be_bytes());
    data
}

fn guid_bytes(guid: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = guid.bytes().filter(|b| *b != b'-').collect();
    let pair = |p: &[u8]| u8::from_str_radix(std::str::from_utf8(p).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(pair).collect();
    bytes.filter(|b| b.len() == 16)
}

/// An uncompressed P-256 point as a COSE key: EC2, ES256, P-256.
fn cose_key(point: &[u8]) -> Option<Vec<u8>> {
    let (&4, coordinates) = point.split_first()? else { return None };
    let (x, y) = coordinates.split_at_checked(32)?;
    let int = |n: i64| Cbor::Integer(n.into());
    let map = vec![
        (int(1), int(2)),
        (int(3), int(-7)),
        (int(-1), int(1)),
        (int(-2), Cbor::Bytes(x.to_vec())),
        (int(-3), Cbor::Bytes(y.to_vec())),
    ];
    cbor(&Cbor::Map(map))
}

/// Packed self-attestation (WebAuthn section 8.2): the key itself vouches, since nobody else can.
fn attestation_object(data: Vec<u8>, signature: &[u8]) -> Option<Vec<u8>> {
    let text = |t: &str| Cbor::Text(t.into());
    let statement = vec![(text("alg"), Cbor::Integer((-7).into())), (text("sig"), Cbor::Bytes(signature.to_vec()))];
    cbor(&Cbor::Map(vec![
        (text("fmt"), text("packed")),
        (text("attStmt"), Cbor::Map(statement)),
        (text("authData"), Cbor::Bytes(data)),
    ]))
}

fn cbor(value: &Cbor) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    ciborium::into_writer(value, &mut out).ok()?;
    Some(out)
}

//! A security key in a file.

use crate::files;
use crate::options::CreationOptions;
use crate::origin::relying_party;
use crate::webauthn::{
    Attested, Ceremony, USER_PRESENT, USER_VERIFIED, attestation_none, authenticator_data, base64url,
    client_data, from_base64url, guid, signed_bytes,
};
use async_trait::async_trait;
use aws_lc_rs::rand::{self, SystemRandom};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use breakglass_ops::port::{PasskeyAssertion, PasskeyCreation, SecurityKey, SecurityKeyError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};
use zeroize::{Zeroize as _, Zeroizing};

const FORMAT: &str = "breakglass-software-key/1";
const WARNING: &str =
    "SECRET: whoever has this file has the security key, and no touch or PIN is asked. For rehearsals only.";

/// A FIDO2 security key whose passkeys lie in a file (0600): ES256, discoverable, one for each relying party and user.
///
/// **Danger.** A hardware key never lets its private keys out and wants a touch; this one does neither. Whoever reads
/// the file signs in as the account, together with the password where one is asked (`docs/threat-model.md`, "software
/// keys"). It says of itself that the user was present and verified, since nobody else could say so.
///
/// The signature counter is on the disk before an assertion leaves: a copy of the file that is used in another place
/// shows at the login.
pub struct SoftwareKey {
    file: PathBuf,
    name: String,
    aaguid: String,
}

/// What the file holds.
#[derive(Serialize, Deserialize)]
struct Stored {
    format: String,
    warning: String,
    key: String,
    aaguid: String,
    credentials: Vec<StoredCredential>,
}

#[derive(Serialize, Deserialize)]
struct StoredCredential {
    /// base64url.
    id: String,
    rp_id: String,
    /// base64url.
    user_handle: String,
    user_name: String,
    /// PKCS#8, base64url.
    private_key: String,
    counter: u32,
}

impl Drop for StoredCredential {
    fn drop(&mut self) {
        self.private_key.zeroize();
    }
}

impl std::fmt::Debug for SoftwareKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SoftwareKey({}, {})", self.name, self.file.display())
    }
}

impl SoftwareKey {
    /// The key in a file, which is made with the first passkey. See the type for what is dangerous about it.
    ///
    /// # Errors
    /// When the model is no GUID, or when the file is there and cannot be read, belongs to another key, or can be read by
    /// others than its owner.
    pub fn danger_open(file: &Path, name: &str, aaguid: &str) -> Result<Self, SecurityKeyError> {
        let key = Self { file: file.to_owned(), name: name.into(), aaguid: aaguid.to_ascii_lowercase() };
        if guid(&key.aaguid).is_none() {
            return Err(key.failed(format!("its model `{aaguid}` is no GUID")));
        }
        key.load()?;
        Ok(key)
    }

    /// The file that the key lies in.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    fn failed(&self, detail: impl std::fmt::Display) -> SecurityKeyError {
        SecurityKeyError::Device { key: self.name.clone(), detail: detail.to_string() }
    }

    fn load(&self) -> Result<Stored, SecurityKeyError> {
        let shown = self.file.display();
        let text = match std::fs::read_to_string(&self.file) {
            Ok(text) => Zeroizing::new(text),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Stored {
                    format: FORMAT.into(),
                    warning: WARNING.into(),
                    key: self.name.clone(),
                    aaguid: self.aaguid.clone(),
                    credentials: Vec::new(),
                });
            }
            Err(e) => return Err(self.failed(format!("reading `{shown}`: {e}"))),
        };
        if files::open_to_others(&self.file).map_err(|e| self.failed(format!("looking at `{shown}`: {e}")))? {
            return Err(
                self.failed(format!("`{shown}` can be read by others than its owner; run `chmod 600` on it"))
            );
        }
        // What the reader says may show a part of the text: the place alone is repeated.
        let stored: Stored = serde_json::from_str(&text).map_err(|e| {
            self.failed(format!("`{shown}` cannot be read: line {}, column {}", e.line(), e.column()))
        })?;
        if stored.format != FORMAT {
            return Err(self.failed(format!("`{shown}` has format `{}`, expected `{FORMAT}`", stored.format)));
        }
        if (stored.key.as_str(), stored.aaguid.as_str()) != (self.name.as_str(), self.aaguid.as_str()) {
            return Err(self.failed(format!(
                "`{shown}` is key `{}` of model `{}`, expected was key `{}` of model `{}`; remove the file to begin a new software key",
                stored.key, stored.aaguid, self.name, self.aaguid
            )));
        }
        Ok(stored)
    }

    fn save(&self, stored: &Stored) -> Result<(), SecurityKeyError> {
        let text = serde_json::to_string_pretty(stored).map_err(|e| self.failed(e))?;
        let text = Zeroizing::new(text + "\n");
        files::replace(&self.file, text.as_bytes())
            .map_err(|e| self.failed(format!("writing `{}`: {e}", self.file.display())))
    }

    fn lock(&self) -> Result<std::fs::File, SecurityKeyError> {
        let path = self.file.with_extension("lock");
        files::lock(&path).map_err(|e| self.failed(format!("locking `{}`: {e}", path.display())))
    }

    fn make(&self, options: &Value, origin: &str) -> Result<PasskeyCreation, SecurityKeyError> {
        let options = CreationOptions::parse(options).map_err(SecurityKeyError::Options)?;
        let rp_id = relying_party(origin, options.rp_id.as_deref()).map_err(SecurityKeyError::Options)?;
        let _lock = self.lock()?;
        let mut stored = self.load()?;
        let held = |id: &[u8]| stored.credentials.iter().any(|c| c.rp_id == rp_id && c.id == base64url(id));
        if options.exclude.iter().any(|id| held(id)) {
            return Err(SecurityKeyError::Options(format!(
                "key `{}` holds a registered passkey of this account already; use another key, or delete that method first",
                self.name
            )));
        }
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(|e| self.failed(e))?;
        let private_key = base64url(pair.to_pkcs8v1().map_err(|e| self.failed(e))?);
        let mut id = [0; 32];
        rand::fill(&mut id).map_err(|e| self.failed(e))?;
        let attested = Attested {
            aaguid: guid(&self.aaguid).ok_or_else(|| self.failed("its model is no GUID"))?,
            credential_id: &id,
            public_key: pair.public_key().as_ref(),
        };
        let protection: Vec<_> = options.protection.map(|level| ("credProtect", level)).into_iter().collect();
        let flags = USER_PRESENT | USER_VERIFIED;
        let attestation = authenticator_data(&rp_id, flags, 0, Some(&attested), &protection)
            .and_then(attestation_none)
            .map_err(|e| self.failed(e))?;
        let user_handle = base64url(&options.user_handle);
        // As CTAP2 has it: a second passkey for the same user takes the place of the first.
        stored.credentials.retain(|c| c.rp_id != rp_id || c.user_handle != user_handle);
        stored.credentials.push(StoredCredential {
            id: base64url(id),
            rp_id,
            user_handle,
            user_name: options.user_name,
            private_key,
            counter: 0,
        });
        self.save(&stored)?;
        Ok(PasskeyCreation {
            display_name: self.name.clone(),
            credential_id: base64url(id),
            client_data_json: base64url(client_data(Ceremony::Create, &options.challenge, origin)),
            attestation_object: base64url(attestation),
        })
    }

    fn sign(
        &self,
        rp_id: &str,
        challenge: &[u8],
        origin: &str,
    ) -> Result<PasskeyAssertion, SecurityKeyError> {
        let rp_id = relying_party(origin, Some(rp_id)).map_err(|e| self.failed(e))?;
        let _lock = self.lock()?;
        let mut stored = self.load()?;
        // The latest one, as a key offers it first.
        let Some(credential) = stored.credentials.iter_mut().rfind(|c| c.rp_id == rp_id) else {
            return Err(SecurityKeyError::NoCredential { key: self.name.clone(), rp_id });
        };
        credential.counter = credential
            .counter
            .checked_add(1)
            .ok_or_else(|| self.failed("its signature counter is used up"))?;
        let pkcs8 = from_base64url(&credential.private_key).map(Zeroizing::new);
        let pair = pkcs8.and_then(|p| EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &p).ok());
        let pair =
            pair.ok_or_else(|| self.failed(format!("`{}` holds no usable key", self.file.display())))?;
        let (id, user_handle, counter) =
            (credential.id.clone(), credential.user_handle.clone(), credential.counter);
        self.save(&stored)?;
        let data = authenticator_data(&rp_id, USER_PRESENT | USER_VERIFIED, counter, None, &[])
            .map_err(|e| self.failed(e))?;
        let client = client_data(Ceremony::Get, challenge, origin);
        let signature = pair
            .sign(&SystemRandom::new(), &signed_bytes(&data, client.as_bytes()))
            .map_err(|e| self.failed(e))?;
        Ok(PasskeyAssertion {
            credential_id: id,
            client_data_json: base64url(client),
            authenticator_data: base64url(data),
            signature: base64url(signature),
            user_handle,
        })
    }

    /// Runs what waits for the disk where it holds nobody up.
    async fn at_the_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, SecurityKeyError> + Send + 'static,
    ) -> Result<T, SecurityKeyError> {
        let own = Self { file: self.file.clone(), name: self.name.clone(), aaguid: self.aaguid.clone() };
        tokio::task::spawn_blocking(move || work(&own)).await.map_err(|e| self.failed(e))?
    }
}

#[async_trait]
impl SecurityKey for SoftwareKey {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn aaguid(&self) -> String {
        self.aaguid.clone()
    }

    async fn create(&self, options: &Value, origin: &str) -> Result<PasskeyCreation, SecurityKeyError> {
        let (options, origin) = (options.clone(), origin.to_owned());
        self.at_the_disk(move |key| key.make(&options, &origin)).await
    }

    async fn assert(
        &self,
        rp_id: &str,
        challenge: &[u8],
        origin: &str,
    ) -> Result<PasskeyAssertion, SecurityKeyError> {
        let (rp_id, challenge, origin) = (rp_id.to_owned(), challenge.to_owned(), origin.to_owned());
        self.at_the_disk(move |key| key.sign(&rp_id, &challenge, &origin)).await
    }
}

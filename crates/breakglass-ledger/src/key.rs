//! The ledger's keys, in the text forms of C2SP signed notes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// The algorithm byte of Ed25519 in signed notes.
const ED25519: u8 = 1;

/// What the private key's text begins with.
const PRIVATE: &str = "PRIVATE+KEY+";

/// Why a text is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A name must be there, without blanks and without `+`.
    #[error("`{0}` cannot be the name of a key: it must not be empty and must have no blank and no `+`")]
    Name(String),
    /// Not `name+hash+key`.
    #[error("this is no verifier key: {0}; it reads `name+hash+key`, in one line")]
    Verifier(&'static str),
    /// Not `PRIVATE+KEY+name+hash+key`. What stands there is not repeated.
    #[error("this is no signing key: {0}")]
    Signing(&'static str),
}

/// The public half: checks what the ledger signed. Written `name+hash+key`, and shown so.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key: VerifyingKey,
}

impl VerifierKey {
    /// Reads `name+hash+key`: hash is 8 hexadecimal digits, key is base64 of the algorithm and 32 bytes.
    ///
    /// # Errors
    /// [`KeyError`] when it is not exactly that, or when the key is one under which signatures prove nothing.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(hash), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::Verifier("it has fewer than three parts"));
        };
        check_name(name)?;
        let bytes = decode(key).ok_or(KeyError::Verifier("the last part is no Ed25519 key in base64"))?;
        let key = VerifyingKey::from_bytes(&bytes)
            .ok()
            .filter(|k| !k.is_weak())
            .ok_or(KeyError::Verifier("the last part is no usable Ed25519 key"))?;
        let found = Self { name: name.into(), key };
        if hash != hex::encode(found.id()) {
            return Err(KeyError::Verifier(
                "its hash does not belong to its name and key: it was copied wrongly",
            ));
        }
        Ok(found)
    }

    /// The name that stands in front of each signature; of a ledger, also the first line of its checkpoints.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Four bytes that a signature carries, to find its key.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        let hash = Sha256::new()
            .chain_update(self.name.as_bytes())
            .chain_update([b'\n', ED25519])
            .chain_update(self.key.as_bytes())
            .finalize();
        let mut id = [0; 4];
        id.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        id
    }

    /// Whether this key made the signature. Strict: one message and key has one signature.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

impl std::fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}+{}+{}", self.name, hex::encode(self.id()), encode(self.key.as_bytes()))
    }
}

impl std::fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// The private half: signs checkpoints and packs. Whoever has it can sign a false history (`docs/threat-model.md`, row
/// "ledger key"). `Debug` shows the name alone; the key is wiped on drop.
pub struct LogKey {
    key: SigningKey,
    verifier: VerifierKey,
}

impl LogKey {
    /// From a name and 32 random bytes.
    ///
    /// # Errors
    /// [`KeyError::Name`] when the name cannot stand in a note.
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        check_name(name)?;
        let key = SigningKey::from_bytes(seed);
        let verifier = VerifierKey { name: name.into(), key: key.verifying_key() };
        Ok(Self { key, verifier })
    }

    /// Reads `PRIVATE+KEY+name+hash+key`, the form of Go's `sumdb/note`.
    ///
    /// # Errors
    /// [`KeyError`]; the text is never part of it.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let rest =
            text.strip_prefix(PRIVATE).ok_or(KeyError::Signing("it does not begin with `PRIVATE+KEY+`"))?;
        let mut parts = rest.splitn(3, '+');
        let (Some(name), Some(hash), Some(seed)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::Signing("it has too few parts"));
        };
        let seed = decode(seed)
            .map(Zeroizing::new)
            .ok_or(KeyError::Signing("its last part is no Ed25519 key in base64"))?;
        let key = Self::new(name, &seed).map_err(|_| KeyError::Signing("its name is not one of a key"))?;
        if hash != hex::encode(key.verifier.id()) {
            return Err(KeyError::Signing(
                "its hash does not belong to its name and key: the file was changed",
            ));
        }
        Ok(key)
    }

    /// The text form, for the one file that keeps it.
    #[must_use]
    pub fn danger_reveal(&self) -> Zeroizing<String> {
        let seed = Zeroizing::new(encode(self.key.as_bytes()));
        let verifier = &self.verifier;
        Zeroizing::new(format!("{PRIVATE}{}+{}+{}", verifier.name, hex::encode(verifier.id()), *seed))
    }

    /// The public half.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }
}

impl std::fmt::Debug for LogKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LogKey({})", self.verifier.name)
    }
}

fn check_name(name: &str) -> Result<(), KeyError> {
    let plain = !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+');
    if plain { Ok(()) } else { Err(KeyError::Name(name.into())) }
}

fn encode(key: &[u8; 32]) -> String {
    let mut bytes = Zeroizing::new([ED25519; 33]);
    bytes.iter_mut().skip(1).zip(key).for_each(|(to, from)| *to = *from);
    STANDARD.encode(bytes.as_slice())
}

fn decode(text: &str) -> Option<[u8; 32]> {
    let bytes = Zeroizing::new(STANDARD.decode(text).ok()?);
    match bytes.split_first() {
        Some((&ED25519, key)) => key.try_into().ok(),
        _ => None,
    }
}

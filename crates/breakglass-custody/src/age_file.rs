//! age files, through the age crate: our words for its errors, armor outside, secrets wiped.

use age::DecryptError;
use age::secrecy::SecretString;
use breakglass_model::Secret;
use zeroize::Zeroizing;

/// Highest scrypt work factor that is accepted when opening, as stock `age` does; 2^22 needs 4 GiB.
const HIGHEST_WORK_FACTOR: u8 = 22;

/// Why an age file could not be made or opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgeError {
    /// Not an age file at all.
    #[error("it is not an age file: {0}")]
    NotAge(&'static str),
    /// An age file, cut or altered.
    #[error("it is damaged: {0}; take another copy")]
    Damaged(String),
    /// Sound, but for another key or passphrase.
    #[error("it is sealed to another key or passphrase")]
    WrongKey,
    /// Asks for more scrypt work than stock age would do.
    #[error("it asks for scrypt work 2^{0}; no file of ours does, and 2^{HIGHEST_WORK_FACTOR} is the limit")]
    TooMuchWork(u8),
    /// The recipient is not one.
    #[error("`{0}` is not an age X25519 recipient (`age1...`)")]
    Recipient(String),
    /// Making the file failed.
    #[error("sealing failed: {0}")]
    Seal(String),
}

/// Seals under a passphrase with scrypt at 2^`work_factor`; armored.
pub(crate) fn seal_with_passphrase(
    passphrase: &Secret,
    clear: &[u8],
    work_factor: u8,
) -> Result<String, AgeError> {
    let mut recipient =
        age::scrypt::Recipient::new(SecretString::from(passphrase.danger_reveal().to_owned()));
    recipient.set_work_factor(work_factor.clamp(1, HIGHEST_WORK_FACTOR));
    age::encrypt_and_armor(&recipient, clear).map_err(|e| AgeError::Seal(e.to_string()))
}

/// Seals to an X25519 recipient; armored.
pub(crate) fn seal_to(recipient: &str, clear: &[u8]) -> Result<String, AgeError> {
    let recipient: age::x25519::Recipient =
        recipient.trim().parse().map_err(|_| AgeError::Recipient(recipient.chars().take(80).collect()))?;
    age::encrypt_and_armor(&recipient, clear).map_err(|e| AgeError::Seal(e.to_string()))
}

/// Opens a file under a passphrase, armored or not.
pub(crate) fn open_with_passphrase(file: &[u8], passphrase: &Secret) -> Result<Zeroizing<Vec<u8>>, AgeError> {
    let mut identity = age::scrypt::Identity::new(SecretString::from(passphrase.danger_reveal().to_owned()));
    identity.set_max_work_factor(HIGHEST_WORK_FACTOR);
    open_with(&identity, file)
}

/// Opens a file to an X25519 recipient, armored or not.
pub(crate) fn open_with_identity(
    file: &[u8],
    identity: &age::x25519::Identity,
) -> Result<Zeroizing<Vec<u8>>, AgeError> {
    open_with(identity, file)
}

fn open_with(identity: &impl age::Identity, file: &[u8]) -> Result<Zeroizing<Vec<u8>>, AgeError> {
    let trimmed = file.trim_ascii_start();
    if trimmed.is_empty() {
        return Err(AgeError::NotAge("it is empty"));
    }
    age::decrypt(identity, trimmed).map(Zeroizing::new).map_err(|error| match error {
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed | DecryptError::NoMatchingKeys => {
            AgeError::WrongKey
        }
        DecryptError::ExcessiveWork { required, .. } => AgeError::TooMuchWork(required),
        DecryptError::InvalidHeader if !starts_like_age(trimmed) => {
            AgeError::NotAge("it does not begin with `age-encryption.org/v1` or the age armor")
        }
        DecryptError::InvalidHeader => AgeError::Damaged("its header is not well formed".into()),
        DecryptError::InvalidMac => AgeError::Damaged("its header was altered".into()),
        DecryptError::UnknownFormat => AgeError::NotAge("its version is not `v1`"),
        DecryptError::Io(error) => AgeError::Damaged(match error.kind() {
            std::io::ErrorKind::UnexpectedEof => "it ends too early".into(),
            _ => format!("its body cannot be read ({error})"),
        }),
        _ => AgeError::Damaged("it cannot be read".into()),
    })
}

fn starts_like_age(file: &[u8]) -> bool {
    file.starts_with(b"age-encryption.org/") || file.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----")
}

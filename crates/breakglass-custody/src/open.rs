//! Sealing to a recipient, and opening with a quorum.

use crate::age_file::{self, AgeError};
use crate::establish::passphrase;
use crate::record::{CredentialRecord, RecordError};
use crate::register::Register;
use crate::slip39::{self, CombineError, GroupState, Share, ShareError};
use breakglass_model::Secret;
use zeroize::Zeroizing;

/// Why an envelope did not open. Shares are counted from 1, as they were handed over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The words of a share are not a share.
    #[error("share {position}: {cause}")]
    Share {
        /// Which share, from 1.
        position: usize,
        /// What is wrong with its words.
        cause: ShareError,
    },
    /// A sound share of another generation.
    #[error(
        "{shares} not of generation {generation} of custody: bring the shares whose label says generation {generation}"
    )]
    OtherGeneration {
        /// `share 2 is`, `shares 2, 3 are`.
        shares: String,
        /// Generation of the register.
        generation: u32,
    },
    /// Not enough shares.
    #[error("not enough shares: {complete} of {needed} groups are complete: {}; bring what is missing", .groups.join(", "))]
    TooFew {
        /// Groups that are complete.
        complete: usize,
        /// Groups that must come together.
        needed: u8,
        /// Every group: "group `security-leads`: 1 of 2 shares".
        groups: Vec<String>,
    },
    /// The shares do not belong together.
    #[error("{0}; check each share against its verification code")]
    Combine(CombineError),
    /// The identity file did not open although the shares did combine.
    #[error("the sealed identity does not open: {0}; is it the file of the same generation as the shares?")]
    Identity(AgeError),
    /// The identity file opened, but holds no age identity.
    #[error(
        "the sealed identity opens, but holds no age identity (`AGE-SECRET-KEY-1...`); take another copy"
    )]
    NoIdentity,
    /// The envelope did not open although the identity did.
    #[error("the envelope does not open: {0}")]
    Envelope(AgeError),
    /// The envelope opened, but its content is not a credential.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// Seals a credential to the custody's recipient: an armored age file. Needs no custodian.
///
/// # Errors
/// [`AgeError`] when the recipient is not one.
pub fn seal(recipient: &str, record: &CredentialRecord) -> Result<String, AgeError> {
    let clear = record.to_json().map_err(|e| AgeError::Seal(e.to_string()))?;
    age_file::seal_to(recipient, &clear)
}

/// Opens an envelope with the sealed identity and a quorum of shares, in any order, more than needed allowed. With the
/// register at hand errors name groups and generations; without it everything still opens.
///
/// # Errors
/// [`OpenError`], saying which share is wrong, or what is missing. Nothing of the secret is in it.
pub fn open(
    register: Option<&Register>,
    sealed_identity: &str,
    shares: &[Secret],
    envelope: &str,
) -> Result<CredentialRecord, OpenError> {
    let secret = combine(register, shares)?;
    let identity = open_identity(sealed_identity, &passphrase(&secret))?;
    let clear = age_file::open_with_identity(envelope.as_bytes(), &identity).map_err(OpenError::Envelope)?;
    Ok(CredentialRecord::parse(&clear)?)
}

/// The identity of a sealed identity file.
pub(crate) fn open_identity(
    sealed_identity: &str,
    passphrase: &Secret,
) -> Result<age::x25519::Identity, OpenError> {
    let clear = age_file::open_with_passphrase(sealed_identity.as_bytes(), passphrase)
        .map_err(OpenError::Identity)?;
    let text = std::str::from_utf8(&clear).map_err(|_| OpenError::NoIdentity)?;
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .find_map(|line| line.parse().ok())
        .ok_or(OpenError::NoIdentity)
}

fn combine(register: Option<&Register>, texts: &[Secret]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let mut shares = Vec::with_capacity(texts.len());
    for (text, position) in texts.iter().zip(1..) {
        let share =
            Share::parse(text.danger_reveal()).map_err(|cause| OpenError::Share { position, cause })?;
        shares.push(share);
    }
    if let Some(register) = register {
        let strange: Vec<String> = (1..)
            .zip(&shares)
            .filter(|(_, s)| s.set().identifier != register.identifier)
            .map(|(position, _): (usize, _)| position.to_string())
            .collect();
        let shares = match strange.as_slice() {
            [] => None,
            [one] => Some(format!("share {one} is")),
            several => Some(format!("shares {} are", several.join(", "))),
        };
        if let Some(shares) = shares {
            return Err(OpenError::OtherGeneration { shares, generation: register.generation });
        }
    }
    slip39::combine(&shares, b"").map_err(|error| match error {
        CombineError::TooFew { complete, needed, groups } => OpenError::TooFew {
            complete,
            needed,
            groups: groups.iter().map(|state| group_state(register, state)).collect(),
        },
        CombineError::None => match register {
            Some(register) => OpenError::TooFew {
                complete: 0,
                needed: register.group_threshold,
                groups: (0..)
                    .zip(&register.groups)
                    .map(|(group, _)| group_state(Some(register), &GroupState { group, have: 0, need: None }))
                    .collect(),
            },
            None => OpenError::Combine(CombineError::None),
        },
        other => OpenError::Combine(other),
    })
}

fn group_state(register: Option<&Register>, state: &GroupState) -> String {
    let known = register.and_then(|r| r.group(state.group + 1));
    let name = known.map_or_else(|| (state.group + 1).to_string(), |g| format!("`{}`", g.name));
    match state.need.or(known.map(|g| g.threshold)) {
        Some(need) => format!("group {name}: {} of {need} shares", state.have),
        None => format!("group {name}: no share"),
    }
}

//! Verification codes: a custodian shows that a share is intact without showing the share.
//!
//! The code is the first 20 hexadecimal digits of SHA-256 over the share's words in lower case, one space between them,
//! so that `sha256sum` makes it too. A share holds at least 128 random bits: the code gives nothing of it away.

use crate::register::{Register, RegisterShare};
use crate::slip39::{Share, ShareError};
use breakglass_model::Secret;
use sha2::{Digest as _, Sha256};

/// Why a share is not attested.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttestError {
    /// The words are not a share.
    #[error(transparent)]
    Share(#[from] ShareError),
    /// A sound share of another set.
    #[error(
        "the share is sound but not of generation {generation}: its set is {found}, expected {expected}; destroy it if its generation is retired"
    )]
    OtherSet {
        /// Generation of the register.
        generation: u32,
        /// Identifier of the share.
        found: u16,
        /// Identifier of the register.
        expected: u16,
    },
    /// A place that the register does not know.
    #[error("the register of generation {generation} has no share {member} in group {group}")]
    Unknown {
        /// Generation of the register.
        generation: u32,
        /// Group, from 1.
        group: u8,
        /// Member, from 1.
        member: u8,
    },
    /// The code is another: the share was replaced, or the register was.
    #[error(
        "the share of `{custodian}` has verification code {found}, the register says {expected}: one of them was replaced; compare with the label on the kit"
    )]
    OtherCode {
        /// Holder.
        custodian: String,
        /// Code of the words.
        found: String,
        /// Code in the register.
        expected: String,
    },
}

/// The verification code of a share's words: five groups of four hexadecimal digits.
///
/// # Errors
/// [`ShareError`] when the words are not a share.
pub fn verification_code(words: &Secret) -> Result<String, ShareError> {
    Ok(code_of(&Share::parse(words.danger_reveal())?))
}

pub(crate) fn code_of(share: &Share) -> String {
    let digest = hex::encode(Sha256::digest(share.words().danger_reveal().as_bytes()));
    let digits: Vec<char> = digest.chars().take(20).collect();
    let groups: Vec<String> = digits.chunks(4).map(|four| four.iter().collect()).collect();
    groups.join(" ")
}

/// Finds the share in the register and compares its code. Answers whose share it is.
///
/// # Errors
/// [`AttestError`] when the words are not a share, or not the one that the register knows.
pub fn attest<'a>(register: &'a Register, words: &Secret) -> Result<&'a RegisterShare, AttestError> {
    let share = Share::parse(words.danger_reveal())?;
    let found = share.set().identifier;
    if found != register.identifier {
        return Err(AttestError::OtherSet {
            generation: register.generation,
            found,
            expected: register.identifier,
        });
    }
    let (group, member) = (share.group_index() + 1, share.member_index() + 1);
    let entry = register.share(group, member).ok_or(AttestError::Unknown {
        generation: register.generation,
        group,
        member,
    })?;
    let code = code_of(&share);
    if code != entry.verification_code {
        return Err(AttestError::OtherCode {
            custodian: entry.custodian.clone(),
            found: code,
            expected: entry.verification_code.clone(),
        });
    }
    Ok(entry)
}

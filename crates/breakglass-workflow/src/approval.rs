//! Approvals: statements signed with an approver's own Ed25519 key, so that they work when Entra, mail and chat do not
//!
//!
//! What is signed is the canonical JSON of a [`Statement`]. It names the activation, the digest of exactly what is approved
//! (the request, or one extension) and a time at which it ends, so it cannot be used for anything else or forever.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use breakglass_model::design::ApproverDesign;
use breakglass_model::{Secret, canonical};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The format name inside every statement; it keeps these signatures apart from all others of the same key.
pub const FORMAT: &str = "breakglass-approval/1";

/// Longest time that an approval may hold.
pub const LONGEST_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// How far an approver's clock may run ahead of ours.
pub const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// What the text of a private key begins with.
const PRIVATE: &str = "breakglass-approver-key:";

/// What an approval is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Opening an activation.
    Open,
    /// Extending it, by the extension's number from 1.
    Extend(usize),
    /// Ratifying afterwards what was opened by force.
    Ratify,
}

impl std::fmt::Display for Purpose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Open => f.pad("opening"),
            Self::Extend(number) => f.pad(&format!("extension {number}")),
            Self::Ratify => f.pad("ratification"),
        }
    }
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// It may be done.
    Approve,
    /// It may not.
    Deny,
}

/// What an approver signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Always [`FORMAT`].
    pub format: String,
    /// Id of the activation.
    pub activation: String,
    /// Digest of what is approved: the request for [`Purpose::Open`] and [`Purpose::Ratify`], else the extension.
    pub subject: String,
    /// For what.
    pub purpose: Purpose,
    /// Yes or no.
    pub decision: Decision,
    /// Name of the approver as in the design.
    pub approver: String,
    /// When it was signed, by the approver's clock.
    pub signed_at: Timestamp,
    /// From then on it does not count; at most [`LONGEST_LIFE`] after `signed_at`.
    pub expires_at: Timestamp,
}

/// A signed statement: what travels on a stick, in a chat, or read from a screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// What was signed.
    pub statement: Statement,
    /// Ed25519 signature over the canonical JSON of the statement, 64 bytes in base64.
    pub signature: String,
}

/// Why an approval does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalError {
    /// Not a statement of this kind.
    #[error("the statement has format `{0}`, expected `{FORMAT}`; sign it with this version of the program")]
    Format(String),
    /// Made for another activation, request or extension.
    #[error(
        "the approval of `{approver}` is for something else: {detail}; sign what `breakglass activate show` prints now"
    )]
    SomethingElse {
        /// Who signed.
        approver: String,
        /// What differs.
        detail: String,
    },
    /// Nobody of that name may approve.
    #[error("`{0}` is no approver of this activation; approvers stand in the design as `[[approver]]`")]
    Unknown(String),
    /// The approver's public key cannot be used.
    #[error("the public key of approver `{0}` is no usable Ed25519 key; mend `public_key` in the design")]
    Key(String),
    /// The signature does not fit.
    #[error(
        "the signature does not belong to `{0}` and this statement; one of them was changed, or another key signed"
    )]
    Signature(String),
    /// Its time is over.
    #[error("the approval of `{approver}` ended at {at}; sign it again")]
    Expired {
        /// Who signed.
        approver: String,
        /// When it ended.
        at: Timestamp,
    },
    /// Signed in our future, or for longer than is allowed.
    #[error(
        "the approval of `{approver}` has times that cannot be: {detail}; set the clock and sign it again"
    )]
    Times {
        /// Who signed.
        approver: String,
        /// What is wrong.
        detail: String,
    },
}

/// Why a text is no approver's private key. What stands there is not repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is no approver's key: it reads `{PRIVATE}` and 32 bytes in base64; make one with `breakglass activate key`"
)]
pub struct KeyError;

/// The private half of an approver's key. Whoever has it can give one approval in that person's name
/// (`docs/threat-model.md`, row "approvers' private keys").
pub struct ApproverKey(SigningKey);

impl std::fmt::Debug for ApproverKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ApproverKey({})", self.public_key())
    }
}

impl ApproverKey {
    /// The key of 32 random bytes.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&seed))
    }

    /// Reads what [`ApproverKey::danger_to_text`] wrote.
    ///
    /// # Errors
    /// [`KeyError`] when it is something else.
    pub fn parse(text: &Secret) -> Result<Self, KeyError> {
        let encoded = text.danger_reveal().trim().strip_prefix(PRIVATE).ok_or(KeyError)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| KeyError)?;
        Ok(Self::from_seed(bytes.try_into().map_err(|_| KeyError)?))
    }

    /// The private key as one line of text, for a file that only the approver can read.
    #[must_use]
    pub fn danger_to_text(&self) -> Secret {
        Secret::new(format!("{PRIVATE}{}", STANDARD.encode(self.0.to_bytes())))
    }

    /// The public key for `public_key` in the design: 32 bytes in base64.
    #[must_use]
    pub fn public_key(&self) -> String {
        STANDARD.encode(self.0.verifying_key().to_bytes())
    }

    /// Signs a statement.
    #[must_use]
    pub fn sign(&self, statement: Statement) -> Approval {
        let signature = STANDARD.encode(self.0.sign(&signed_bytes(&statement)).to_bytes());
        Approval { statement, signature }
    }
}

/// The bytes that are signed. A statement holds only text, numbers and times, so it always has a canonical form.
fn signed_bytes(statement: &Statement) -> Vec<u8> {
    canonical::to_string(statement).unwrap_or_default().into_bytes()
}

/// How names of people are compared: without regard to case and surrounding blanks.
pub(crate) fn same_person(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

/// The bytes of an approver's public key, when they are a key under which signatures prove something.
pub(crate) fn key_bytes(approver: &ApproverDesign) -> Option<[u8; 32]> {
    verifying_key(approver).map(|k| k.to_bytes())
}

fn verifying_key(approver: &ApproverDesign) -> Option<VerifyingKey> {
    let bytes: [u8; 32] = STANDARD.decode(approver.public_key.trim()).ok()?.try_into().ok()?;
    VerifyingKey::from_bytes(&bytes).ok().filter(|k| !k.is_weak())
}

/// What a statement must be about to count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About<'a> {
    pub(crate) activation: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) purpose: Purpose,
}

/// Checks form, binding, times and signature, and answers whose it is.
pub(crate) fn verify<'a>(
    approval: &Approval,
    approvers: &'a [ApproverDesign],
    about: About<'_>,
    now: Timestamp,
) -> Result<&'a ApproverDesign, ApprovalError> {
    let said = &approval.statement;
    let who = said.approver.clone();
    if said.format != FORMAT {
        return Err(ApprovalError::Format(said.format.clone()));
    }
    let differs = [
        (
            said.activation != about.activation,
            format!("activation `{}`, not `{}`", said.activation, about.activation),
        ),
        (said.purpose != about.purpose, format!("{}, not {}", said.purpose, about.purpose)),
        (said.subject != about.subject, format!("content `{}`, not `{}`", said.subject, about.subject)),
    ];
    if let Some((_, detail)) = differs.into_iter().find(|(differs, _)| *differs) {
        return Err(ApprovalError::SomethingElse { approver: who, detail });
    }
    let approver = approvers.iter().find(|a| same_person(&a.name, &who));
    let approver = approver.ok_or_else(|| ApprovalError::Unknown(who.clone()))?;
    let key = verifying_key(approver).ok_or_else(|| ApprovalError::Key(approver.name.clone()))?;
    let signature = STANDARD.decode(&approval.signature).ok().and_then(|b| <[u8; 64]>::try_from(b).ok());
    let fits = |s: [u8; 64]| key.verify_strict(&signed_bytes(said), &Signature::from_bytes(&s)).is_ok();
    if !signature.is_some_and(fits) {
        return Err(ApprovalError::Signature(who));
    }
    let life = said.expires_at.duration_since(said.signed_at);
    let ahead = said.signed_at.duration_since(now);
    if life <= SignedDuration::ZERO || life > LONGEST_LIFE {
        let detail =
            format!("it holds from {} to {}, at most 24 hours are allowed", said.signed_at, said.expires_at);
        return Err(ApprovalError::Times { approver: who, detail });
    }
    if ahead > CLOCK_SKEW {
        let detail = format!("it was signed at {}, and it is {now}", said.signed_at);
        return Err(ApprovalError::Times { approver: who, detail });
    }
    if said.expires_at <= now {
        return Err(ApprovalError::Expired { approver: who, at: said.expires_at });
    }
    Ok(approver)
}

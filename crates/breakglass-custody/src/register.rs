//! The custody register: which share is whose, where, since when, last seen when. No secret stands in it; who can
//! change it can hide that a share is lost, which the next attestation by verification code shows.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The format this program writes.
const FORMAT: &str = "breakglass-custody-register/1";

/// One generation of custody: one key, one set of shares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Register {
    /// `breakglass-custody-register/1`.
    pub format: String,
    /// 1, 2, 3 ...; a new one with every new set of shares.
    pub generation: u32,
    /// When the shares were made.
    pub established_at: Timestamp,
    /// The age recipient (public key) that credentials are sealed to.
    pub recipient: String,
    /// SLIP-0039 identifier of the set, 15 bits: tells shares of this generation from all others.
    pub identifier: u16,
    /// How many groups must come together.
    pub group_threshold: u8,
    /// The groups, in the order of the shares' group numbers.
    pub groups: Vec<RegisterGroup>,
    /// The shares.
    pub shares: Vec<RegisterShare>,
    /// When and why this generation was given up; `None` while it is in use.
    pub retired: Option<Retired>,
}

/// One group of the set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterGroup {
    /// Name from the design.
    pub name: String,
    /// How many of its members must come together.
    pub threshold: u8,
}

/// One share, as its label says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterShare {
    /// Who holds it.
    pub custodian: String,
    /// Where it is kept.
    pub site: String,
    /// How to reach the holder without the tenant.
    pub contact: Option<String>,
    /// Name of its group.
    pub group: String,
    /// Number of its group, from 1.
    pub group_number: u8,
    /// Its number in the group, from 1.
    pub member_number: u8,
    /// Proves the share intact without showing it.
    pub verification_code: String,
    /// When its holder last showed that it is intact; at first when it was made.
    pub last_sighted: Timestamp,
}

/// The end of a generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retired {
    /// When.
    pub at: Timestamp,
    /// Why: rotation, a custodian left, exposure ...
    pub reason: String,
}

/// Why a register cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// Not JSON, cut, or a field is missing or of another kind.
    #[error("the custody register cannot be read: {0}; take a copy from the data directory's backup")]
    Malformed(String),
    /// Another format.
    #[error(
        "the custody register has format `{0}`, expected `{FORMAT}`; use the program version that wrote it"
    )]
    Format(String),
    /// Contradicts itself.
    #[error("the custody register contradicts itself: {0}")]
    Contradiction(String),
}

impl Register {
    pub(crate) fn format() -> String {
        FORMAT.into()
    }

    /// Reads a register.
    ///
    /// # Errors
    /// [`RegisterError`] with line and column when it is not one.
    pub fn parse(text: &str) -> Result<Self, RegisterError> {
        let register: Self =
            serde_json::from_str(text).map_err(|e| RegisterError::Malformed(e.to_string()))?;
        if register.format != FORMAT {
            return Err(RegisterError::Format(register.format));
        }
        if register.identifier >= 1 << 15 {
            return Err(RegisterError::Contradiction(format!(
                "`identifier` {} does not fit 15 bits",
                register.identifier
            )));
        }
        for (i, share) in register.shares.iter().enumerate() {
            let group = register.group(share.group_number);
            if group.is_none_or(|g| g.name != share.group) {
                return Err(RegisterError::Contradiction(format!(
                    "`shares[{i}].group_number` {} is not group `{}`",
                    share.group_number, share.group
                )));
            }
        }
        Ok(register)
    }

    /// The register as JSON, indented.
    ///
    /// # Errors
    /// Never for a register that was read or made here.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    /// A group by its number, from 1.
    #[must_use]
    pub fn group(&self, number: u8) -> Option<&RegisterGroup> {
        self.groups.get(usize::from(number).checked_sub(1)?)
    }

    /// How many shares a group has.
    #[must_use]
    pub fn members(&self, group_number: u8) -> usize {
        self.shares.iter().filter(|s| s.group_number == group_number).count()
    }

    /// The share with these numbers, both from 1.
    #[must_use]
    pub fn share(&self, group_number: u8, member_number: u8) -> Option<&RegisterShare> {
        self.shares.iter().find(|s| s.group_number == group_number && s.member_number == member_number)
    }

    /// Notes that a custodian showed the share to be intact. False when there is no such share.
    pub fn sighted(&mut self, group_number: u8, member_number: u8, at: Timestamp) -> bool {
        let found = self
            .shares
            .iter_mut()
            .find(|s| s.group_number == group_number && s.member_number == member_number);
        found.map(|share| share.last_sighted = share.last_sighted.max(at)).is_some()
    }

    /// Marks the generation dead: only after the next one has been proved to open.
    pub fn retire(&mut self, at: Timestamp, reason: impl Into<String>) {
        self.retired = Some(Retired { at, reason: reason.into() });
    }
}

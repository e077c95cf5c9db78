//! The approved design: what `breakglass.toml` says, once it has been found valid.
//!
//! A [`Design`] is only made by `design::parse`, which reports every mistake at once with line and column. Emergency
//! accounts are declared here and never guessed.

mod accounts;
mod custody;
mod forms;
mod parse;
mod problem;
mod reader;
mod write_back;

pub use parse::{SCENARIO_EFFECTS, parse};
pub use problem::{ConfigProblem, report};
pub use write_back::{ObjectIds, set_object_ids};

use crate::ids::{ObjectId, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A commented `breakglass.toml` to begin with; it parses as it stands.
pub const TEMPLATE: &str = include_str!("template.toml");

/// The approved design of one tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Design {
    /// Format version of the file; 1.
    pub version: u32,
    /// Which tenant this is for. Any other tenant is refused.
    pub tenant: TenantDesign,
    /// The emergency accounts, at least one; checks fail below two (F60).
    pub accounts: Vec<AccountDesign>,
    /// The group that carries the exclusions.
    pub exclusion_group: ExclusionGroupDesign,
    /// Failure scenarios that must be survived on top of the built-in ones, by built-in name.
    pub scenarios: Vec<ScenarioDesign>,
    /// How many accounts must be reachable whatever happens; at least 1.
    pub required_accounts: usize,
    /// People who hold shares.
    pub custody: CustodyDesign,
    /// People who may approve an activation.
    pub approvers: Vec<ApproverDesign>,
    /// Where alerts go.
    pub channels: Vec<ChannelDesign>,
    /// Findings that a person has accepted, with reason and expiry.
    pub accepted_risks: Vec<AcceptedRisk>,
    /// Drill settings.
    pub drill: DrillDesign,
    /// Activation settings.
    pub activation: ActivationDesign,
    /// Watch settings.
    pub watch: WatchDesign,
}

impl Design {
    /// The declared account with this name.
    #[must_use]
    pub fn account(&self, name: &str) -> Option<&AccountDesign> {
        self.accounts.iter().find(|a| a.name == name)
    }

    /// Accepted risks whose time has run out: their findings are failures again.
    #[must_use]
    pub fn expired_risks(&self, now: Timestamp) -> Vec<&AcceptedRisk> {
        self.accepted_risks.iter().filter(|r| r.expires <= now).collect()
    }
}

/// `[tenant]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantDesign {
    /// Tenant GUID.
    pub id: TenantId,
    /// `production`, `staging`, `development` ...
    pub name: String,
    /// Where its endpoints are.
    pub cloud: Cloud,
}

/// A Microsoft cloud, or endpoints given one by one (an emulator, a sovereign cloud we do not know).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cloud {
    /// Public cloud.
    Global,
    /// US Government L4.
    UsGov,
    /// US Government L5 (DoD).
    UsGovDod,
    /// China, operated by 21Vianet.
    China,
    /// Base URLs given in the file.
    Custom {
        /// Login endpoint, `https://login.microsoftonline.com` in the public cloud.
        login: String,
        /// Graph endpoint, without version.
        graph: String,
        /// Azure Resource Manager endpoint.
        arm: String,
        /// PEM file of a private certificate authority, if the endpoints use one.
        ca_bundle: Option<String>,
    },
}

impl Cloud {
    /// The word for snapshots and screens.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::UsGov => "usgov",
            Self::UsGovDod => "usgovdod",
            Self::China => "china",
            Self::Custom { .. } => "custom",
        }
    }
}

/// `[[account]]`: one emergency access account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountDesign {
    /// Short name for people and files: `ea-01`.
    pub name: String,
    /// User principal name, on the initial `onmicrosoft.com` domain.
    pub upn: String,
    /// Object id, once it exists; filled in by `apply` or `adopt`.
    pub object_id: Option<ObjectId>,
    /// The body that owns it; not a person.
    pub owner: String,
    /// Which policies it is excluded from.
    pub exclusion_profile: ExclusionProfile,
    /// Why, when the profile is not the default.
    pub exclusion_reason: Option<String>,
    /// What it signs in with.
    pub credentials: Vec<CredentialDesign>,
}

/// Which policies an account is excluded from (REQUIREMENTS 1.1, R-15).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExclusionProfile {
    /// Only policies that would block recovery; ours.
    #[default]
    RecoveryBlocking,
    /// Every policy (CIS, Maester).
    All,
    /// Only policies whose grant is block (Prowler since April 2026).
    BlockOnly,
}

/// One credential of an account: `password`, or a passkey as `fido2:AAGUID:SERIAL@PLACE` (serial and place optional).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialDesign {
    /// A generated password that does not expire.
    Password,
    /// A passkey (FIDO2) on a hardware key.
    Fido2 {
        /// Model of the key; lower case GUID. `None` when any model will do.
        aaguid: Option<String>,
        /// Serial number as printed on the key.
        serial: Option<String>,
        /// Where custody keeps it.
        place: Option<String>,
    },
}

/// `[exclusion_group]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExclusionGroupDesign {
    /// Display name.
    pub name: String,
    /// Object id once it exists.
    pub object_id: Option<ObjectId>,
}

/// `[[scenario]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioDesign {
    /// Name for people.
    pub name: String,
    /// Names of built-in scenarios that happen together, e.g. `["mfa-provider-down", "intune-down"]`.
    pub effects: Vec<String>,
}

/// `[custody]` with `[[custody.group]]` and `[[custodian]]`: SLIP-0039 groups.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustodyDesign {
    /// How many groups must come together.
    pub group_threshold: u8,
    /// The groups.
    pub groups: Vec<CustodyGroup>,
}

/// One group of custodians.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustodyGroup {
    /// `executives`, `security-leads` ...
    pub name: String,
    /// How many of its members must come together.
    pub threshold: u8,
    /// The members, one share each.
    pub custodians: Vec<Custodian>,
}

/// One person who holds a share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Custodian {
    /// Name for people.
    pub name: String,
    /// Where the share is kept.
    pub site: String,
    /// How to reach them without the tenant.
    pub contact: Option<String>,
}

/// `[[approver]]`: may approve an activation; signs with an Ed25519 key that does not need Entra.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApproverDesign {
    /// Name, unique.
    pub name: String,
    /// Ed25519 public key, 32 bytes in base64.
    pub public_key: String,
}

/// `[[channel]]`: where alerts go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelDesign {
    /// Name for people.
    pub name: String,
    /// What it is.
    pub kind: ChannelKind,
}

/// The kinds of channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelKind {
    /// An HTTP POST of JSON, signed with HMAC-SHA-256 when a key file is given.
    Webhook {
        /// Where to.
        url: String,
        /// File that holds the HMAC key.
        key_file: Option<String>,
    },
}

/// `[[accepted_risk]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedRisk {
    /// Finding id, e.g. `BG-F12`.
    pub id: String,
    /// Only this subject (an account's name, a policy's id); every subject when not given.
    #[serde(default)]
    pub subject: Option<String>,
    /// Why.
    pub reason: String,
    /// Who accepted it.
    pub accepted_by: String,
    /// From then on it is a failure again.
    pub expires: Timestamp,
}

/// `[drill]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrillDesign {
    /// Days between drills; at most 90.
    pub every_days: u16,
}

/// `[activation]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivationDesign {
    /// Approvals needed; at least 1, normally 2.
    pub approvals: usize,
    /// Length of the timer in minutes.
    pub minutes: u32,
}

/// `[watch]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchDesign {
    /// Seconds between polls.
    pub poll_seconds: u32,
    /// How far back each poll looks again for late records, in minutes.
    pub look_back_minutes: u32,
}

#[cfg(test)]
mod tests;

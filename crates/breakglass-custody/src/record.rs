//! What lies in an envelope: one credential, as JSON that a person can read without us.

use breakglass_model::{Secret, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

const FORMAT: &str = "breakglass-credential/1";

/// One sealed credential. `Debug` shows no password.
#[derive(Clone, Debug)]
pub struct CredentialRecord {
    /// Account name from the design.
    pub account: String,
    /// User principal name.
    pub upn: String,
    /// The tenant it signs in to.
    pub tenant: TenantId,
    /// 1, 2, 3 ...; a new one with every new password.
    pub generation: u32,
    /// When the password was made.
    pub created_at: Timestamp,
    /// The password.
    pub password: Secret,
}

/// Why the content of an envelope is not a credential. Never repeats the content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Not JSON, or a field is missing or of another kind.
    #[error("the envelope opens, but holds no credential record: {0}")]
    Malformed(String),
    /// Another format.
    #[error("the envelope opens, but its record has format `{0}`, expected `{FORMAT}`")]
    Format(String),
}

#[derive(Serialize)]
struct Written<'a> {
    format: &'static str,
    account: &'a str,
    upn: &'a str,
    tenant: &'a TenantId,
    generation: u32,
    created_at: Timestamp,
    password: &'a str,
}

#[derive(Deserialize)]
struct Read {
    format: String,
    account: String,
    upn: String,
    tenant: TenantId,
    generation: u32,
    created_at: Timestamp,
    password: String,
}

impl Drop for Read {
    fn drop(&mut self) {
        self.password.zeroize();
    }
}

impl CredentialRecord {
    /// The record as JSON, one field a line.
    pub(crate) fn to_json(&self) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
        let written = Written {
            format: FORMAT,
            account: &self.account,
            upn: &self.upn,
            tenant: &self.tenant,
            generation: self.generation,
            created_at: self.created_at,
            password: self.password.danger_reveal(),
        };
        // Room for the whole text, so that no half-filled buffer with the password is left behind by growing.
        let mut out = Zeroizing::new(Vec::with_capacity(4096));
        serde_json::to_writer_pretty(&mut *out, &written)?;
        out.push(b'\n');
        Ok(out)
    }

    pub(crate) fn parse(json: &[u8]) -> Result<Self, RecordError> {
        // serde_json's words can repeat a value of the wrong kind; only place and sort of mistake are passed on.
        let mut read: Read = serde_json::from_slice(json).map_err(|e| {
            RecordError::Malformed(
                format!("{:?} error at line {} column {}", e.classify(), e.line(), e.column()).to_lowercase(),
            )
        })?;
        if read.format != FORMAT {
            return Err(RecordError::Format(read.format.chars().take(80).collect()));
        }
        Ok(Self {
            account: std::mem::take(&mut read.account),
            upn: std::mem::take(&mut read.upn),
            tenant: read.tenant.clone(),
            generation: read.generation,
            created_at: read.created_at,
            password: Secret::new(std::mem::take(&mut read.password)),
        })
    }
}

//! Custody in operation: generations of shares, sealed passwords, attestations and rotation, kept in the vault and the
//! store, each written to the ledger. What may be known of a secret is decided in `breakglass-custody`.
//!
//! Sealed files are in the vault (`identity/GENERATION.age`, `envelopes/ACCOUNT/GENERATION.age`); registers and what became
//! of each envelope are documents, since they change. An envelope is written before its password is sent anywhere, so
//! that no kill loses a password; which of two envelopes is the right one after a kill is settled by setting a new one.

use crate::port::{Change, StoreError, Tenant, TenantError};
use crate::{OpsError, World};
use breakglass_custody::{
    AgeError, AttestError, CredentialRecord, EstablishError, Established, OpenError, PasswordError, Register,
    SealedEnvelope, WORK_FACTOR, attest, establish_with_work_factor, generate_password, open, seal,
};
use breakglass_model::design::{AccountDesign, CustodyDesign};
use breakglass_model::{ObjectId, Secret, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

const REGISTER: &str = "custody-register";
const ENVELOPE: &str = "custody-envelope";
const ROTATION: &str = "custody-rotation";

/// What became of a sealed password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnvelopeState {
    /// Sealed; whether the tenant took it is not known (yet).
    Sealed,
    /// The tenant took it: this is the password.
    Current,
    /// A later one took its place.
    Dead,
}

/// What is known of one envelope. Nothing secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvelopeInfo {
    /// Account name.
    pub account: String,
    /// Generation of the password, from 1.
    pub generation: u32,
    /// Generation of custody it is sealed to.
    pub custody_generation: u32,
    /// When.
    pub sealed_at: Timestamp,
    /// What became of it.
    pub state: EnvelopeState,
}

/// Why custody did not do it.
#[derive(Debug, thiserror::Error)]
pub enum CustodyError {
    /// Nobody holds shares yet.
    #[error(
        "no custody is established, so a password could not be kept; run `breakglass custody kit --out DIR` first"
    )]
    NotEstablished,
    /// Nothing is sealed for that account.
    #[error(
        "nothing is sealed for account `{account}`; `breakglass apply` or `breakglass custody rotate` seals a password"
    )]
    NothingSealed {
        /// Account name.
        account: String,
    },
    /// A stored register or envelope is damaged or missing.
    #[error(
        "custody file `{what}` cannot be used: {detail}; take a copy from a kit's stick or the backup of the data directory"
    )]
    Damaged {
        /// Which one.
        what: String,
        /// What is wrong.
        detail: String,
    },
    /// The account has no object id yet.
    #[error("account `{account}` has no `object_id` in the design; run `breakglass apply` first")]
    NoObjectId {
        /// Account name.
        account: String,
    },
    /// Making a generation failed.
    #[error(transparent)]
    Establish(#[from] EstablishError),
    /// Sealing failed.
    #[error(transparent)]
    Seal(#[from] AgeError),
    /// Generating failed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// Opening failed.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A share was not attested.
    #[error(transparent)]
    Attest(#[from] AttestError),
    /// Tenant, store or ledger.
    #[error(transparent)]
    Ops(#[from] OpsError),
}

impl From<StoreError> for CustodyError {
    fn from(error: StoreError) -> Self {
        Self::Ops(error.into())
    }
}

impl From<TenantError> for CustodyError {
    fn from(error: TenantError) -> Self {
        Self::Ops(error.into())
    }
}

/// Makes a new generation of custody by the design. The shares are in what is answered and nowhere else; print the kits
/// and drop it. The sealed identity and the register are kept.
///
/// # Errors
/// [`CustodyError`]; nothing is kept then.
pub async fn establish(world: &World, design: &CustodyDesign) -> Result<Established, CustodyError> {
    establish_with(world, design, WORK_FACTOR).await
}

/// As [`establish`], with another scrypt work factor, for tests.
///
/// # Errors
/// As [`establish`].
pub async fn establish_with(
    world: &World,
    design: &CustodyDesign,
    work_factor: u8,
) -> Result<Established, CustodyError> {
    let previous = registers(world).await?;
    let known = previous.last().map_or(0, |r| r.generation);
    let generation = next_generation(world, "identity/", known).await?;
    let mut entropy = |buffer: &mut [u8]| world.entropy.fill(buffer);
    let made = establish_with_work_factor(design, generation, &mut entropy, world.now(), work_factor)?;
    world.vault.put(&identity_name(generation), made.sealed_identity.as_bytes()).await?;
    keep_register(world, &made.register, Some(0)).await?;
    for mut old in previous.into_iter().filter(|r| r.retired.is_none()) {
        old.retire(world.now(), format!("generation {generation} took its place"));
        keep_register(world, &old, None).await?;
    }
    let holders: Vec<_> =
        made.register.shares.iter().map(|s| json!({ "custodian": s.custodian, "site": s.site })).collect();
    let data = json!({ "generation": generation, "recipient": made.recipient, "shares": holders });
    world.record("custody.established", &format!("generation {generation}"), data).await?;
    Ok(made)
}

/// All generations, oldest first.
///
/// # Errors
/// When the store fails or a register is damaged.
pub async fn registers(world: &World) -> Result<Vec<Register>, CustodyError> {
    let mut all = Vec::new();
    for (key, value) in world.documents.list(REGISTER).await? {
        let damaged = |detail: String| CustodyError::Damaged { what: format!("{REGISTER}/{key}"), detail };
        all.push(Register::parse(&value.to_string()).map_err(|e| damaged(e.to_string()))?);
    }
    Ok(all)
}

/// The generation in use.
///
/// # Errors
/// [`CustodyError::NotEstablished`] when there is none.
pub async fn current(world: &World) -> Result<Register, CustodyError> {
    registers(world).await?.pop().filter(|r| r.retired.is_none()).ok_or(CustodyError::NotEstablished)
}

/// A new password for an account, sealed to the custodians before anybody is told of it.
///
/// # Errors
/// [`CustodyError::NotEstablished`] when there is nobody to seal it to; store and ledger errors.
pub async fn fresh_password(
    world: &World,
    account: &str,
    upn: &str,
    tenant: &str,
) -> Result<(Secret, u32), CustodyError> {
    current(world).await?;
    let mut entropy = |buffer: &mut [u8]| world.entropy.fill(buffer);
    let password = generate_password(&mut entropy, breakglass_custody::DEFAULT_LENGTH)?;
    let generation = put_envelope(world, account, upn, tenant, &password).await?;
    Ok((password, generation))
}

/// Seals a password that was set elsewhere: what is given is the password from now on.
///
/// # Errors
/// As [`fresh_password`].
pub async fn seal_given(
    world: &World,
    account: &str,
    upn: &str,
    tenant: &str,
    password: Secret,
) -> Result<u32, CustodyError> {
    let generation = put_envelope(world, account, upn, tenant, &password).await?;
    took_effect(world, account, generation).await?;
    Ok(generation)
}

async fn put_envelope(
    world: &World,
    account: &str,
    upn: &str,
    tenant: &str,
    password: &Secret,
) -> Result<u32, CustodyError> {
    let register = current(world).await?;
    let known = envelopes(world, account).await?.last().map_or(0, |e| e.generation);
    let generation = next_generation(world, &format!("envelopes/{account}/"), known).await?;
    let record = CredentialRecord {
        account: account.into(),
        upn: upn.into(),
        tenant: TenantId::new(tenant),
        generation,
        created_at: world.now(),
        password: password.clone(),
    };
    let armored = seal(&register.recipient, &record)?;
    world.vault.put(&envelope_name(account, generation), armored.as_bytes()).await?;
    let info = EnvelopeInfo {
        account: account.into(),
        generation,
        custody_generation: register.generation,
        sealed_at: world.now(),
        state: EnvelopeState::Sealed,
    };
    keep_envelope(world, &info).await?;
    let data = json!({ "generation": generation, "custody_generation": register.generation });
    world.record("custody.sealed", account, data).await?;
    Ok(generation)
}

/// Notes that the tenant took the password of this generation: earlier envelopes are dead.
///
/// # Errors
/// Store and ledger errors.
pub async fn took_effect(world: &World, account: &str, generation: u32) -> Result<(), CustodyError> {
    for mut info in envelopes(world, account).await? {
        let state = match info.generation.cmp(&generation) {
            std::cmp::Ordering::Less => EnvelopeState::Dead,
            std::cmp::Ordering::Equal => EnvelopeState::Current,
            std::cmp::Ordering::Greater => info.state,
        };
        if state != info.state {
            info.state = state;
            keep_envelope(world, &info).await?;
        }
    }
    world.record("custody.took-effect", account, json!({ "generation": generation })).await?;
    Ok(())
}

/// Seals a new password and sets it. The old envelope stays alive until the tenant has taken the new one.
///
/// # Errors
/// [`CustodyError`]. When the tenant's answer is lost nobody knows which of the two passwords holds: both envelopes stay,
/// and running it again settles it.
pub async fn rotate(
    world: &World,
    tenant: &dyn Tenant,
    account: &AccountDesign,
    tenant_id: &str,
) -> Result<u64, CustodyError> {
    let no_id = || CustodyError::NoObjectId { account: account.name.clone() };
    let id: ObjectId = account.object_id.clone().ok_or_else(no_id)?;
    let (password, generation) = fresh_password(world, &account.name, &account.upn, tenant_id).await?;
    world
        .documents
        .put(ROTATION, &account.name, &json!({ "generation": generation, "began": world.now() }), None)
        .await?;
    tenant.write(&Change::SetPassword(id, password)).await?;
    took_effect(world, &account.name, generation).await?;
    world.documents.delete(ROTATION, &account.name).await?;
    world.record("custody.rotated", &account.name, json!({ "generation": generation })).await?;
    Ok(u64::from(generation))
}

/// Accounts whose last rotation was begun and whose end is not known: rotate them again.
///
/// # Errors
/// Store errors.
pub async fn unsettled_rotations(world: &World) -> Result<Vec<String>, CustodyError> {
    Ok(world.documents.list(ROTATION).await?.into_iter().map(|(account, _)| account).collect())
}

/// Envelopes of an account, oldest first.
///
/// # Errors
/// When the store fails or a document is damaged.
pub async fn envelopes(world: &World, account: &str) -> Result<Vec<EnvelopeInfo>, CustodyError> {
    let mut all = all_envelopes(world).await?;
    all.retain(|e| e.account == account);
    Ok(all)
}

/// Every envelope, by account and generation.
///
/// # Errors
/// When the store fails or a document is damaged.
pub async fn all_envelopes(world: &World) -> Result<Vec<EnvelopeInfo>, CustodyError> {
    let mut all = Vec::new();
    for (key, value) in world.documents.list(ENVELOPE).await? {
        let damaged = |e: serde_json::Error| CustodyError::Damaged {
            what: format!("{ENVELOPE}/{key}"),
            detail: e.to_string(),
        };
        all.push(serde_json::from_value(value).map_err(damaged)?);
    }
    all.sort_by(|a: &EnvelopeInfo, b| (&a.account, a.generation).cmp(&(&b.account, b.generation)));
    Ok(all)
}

/// The newest sealed file of every account, for kits and copies.
///
/// # Errors
/// When a file is missing or damaged.
pub async fn sealed_files(world: &World) -> Result<Vec<SealedEnvelope>, CustodyError> {
    let mut newest = std::collections::BTreeMap::new();
    for info in all_envelopes(world).await?.into_iter().filter(|e| e.state != EnvelopeState::Dead) {
        newest.insert(info.account.clone(), info);
    }
    let mut files = Vec::new();
    for info in newest.into_values() {
        let armored = text(world, &envelope_name(&info.account, info.generation)).await?;
        files.push(SealedEnvelope { account: info.account, generation: info.generation, armored });
    }
    Ok(files)
}

/// The sealed identity of a generation of custody.
///
/// # Errors
/// When it is missing or damaged.
pub async fn sealed_identity(world: &World, generation: u32) -> Result<String, CustodyError> {
    text(world, &identity_name(generation)).await
}

/// Opens the newest envelope of an account with a quorum of shares. Opening is itself an event: it goes to the ledger
/// whether it succeeds or not.
///
/// # Errors
/// [`CustodyError::Open`] says which share is wrong or what is missing.
pub async fn danger_open(
    world: &World,
    account: &str,
    shares: &[Secret],
) -> Result<CredentialRecord, CustodyError> {
    let alive = envelopes(world, account).await?.into_iter().filter(|e| e.state != EnvelopeState::Dead);
    let nothing = || CustodyError::NothingSealed { account: account.into() };
    // Current if there is one; else the newest that was sealed.
    let info = alive.max_by_key(|e| (e.state == EnvelopeState::Current, e.generation)).ok_or_else(nothing)?;
    let register = registers(world).await?.into_iter().find(|r| r.generation == info.custody_generation);
    let identity = sealed_identity(world, info.custody_generation).await?;
    let envelope = text(world, &envelope_name(account, info.generation)).await?;
    let opened = open(register.as_ref(), &identity, shares, &envelope);
    let outcome = match &opened {
        Ok(_) => json!({ "opened": true, "generation": info.generation, "shares": shares.len() }),
        Err(error) => {
            json!({ "opened": false, "generation": info.generation, "shares": shares.len(), "why": error.to_string() })
        }
    };
    world.record("custody.opened", account, outcome).await?;
    Ok(opened?)
}

/// A custodian shows that the share is intact; the register notes when. Answers whose it is.
///
/// # Errors
/// [`CustodyError::Attest`] when the words are not the share that the register knows.
pub async fn attested(world: &World, words: &Secret) -> Result<String, CustodyError> {
    let mut register = current(world).await?;
    let share = attest(&register, words)?.clone();
    register.sighted(share.group_number, share.member_number, world.now());
    keep_register(world, &register, None).await?;
    let data = json!({ "generation": register.generation, "group": share.group, "site": share.site });
    world.record("custody.attested", &share.custodian, data).await?;
    Ok(share.custodian)
}

async fn keep_register(
    world: &World,
    register: &Register,
    expected: Option<u64>,
) -> Result<(), CustodyError> {
    let key = format!("{:06}", register.generation);
    world.documents.put(REGISTER, &key, &json!(register), expected).await?;
    Ok(())
}

async fn keep_envelope(world: &World, info: &EnvelopeInfo) -> Result<(), CustodyError> {
    let key = format!("{}/{:06}", info.account, info.generation);
    world.documents.put(ENVELOPE, &key, &json!(info), None).await?;
    Ok(())
}

/// One past everything known, files included that a kill left behind before they were noted: nothing is ever replaced.
async fn next_generation(world: &World, folder: &str, known: u32) -> Result<u32, CustodyError> {
    let names = world.vault.list().await?;
    let numbers =
        names.iter().filter_map(|n| n.strip_prefix(folder)?.strip_suffix(".age")?.parse::<u32>().ok());
    Ok(numbers.max().unwrap_or(0).max(known).saturating_add(1))
}

async fn text(world: &World, name: &str) -> Result<String, CustodyError> {
    let damaged = |detail: &str| CustodyError::Damaged { what: name.into(), detail: detail.into() };
    let bytes = world.vault.get(name).await?.ok_or_else(|| damaged("it is not there"))?;
    String::from_utf8(bytes).map_err(|_| damaged("it is not text"))
}

fn identity_name(generation: u32) -> String {
    format!("identity/{generation:06}.age")
}

fn envelope_name(account: &str, generation: u32) -> String {
    format!("envelopes/{account}/{generation:06}.age")
}

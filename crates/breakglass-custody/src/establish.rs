//! Making one generation of custody: a key, the secret that opens it, and a share of that secret for every custodian.

use crate::age_file::{self, AgeError};
use crate::attest::code_of;
use crate::open::open_identity;
use crate::register::{Register, RegisterGroup, RegisterShare};
use crate::slip39::{self, Layout, SetId, Share, SplitError};
use age::secrecy::ExposeSecret as _;
use breakglass_model::Secret;
use breakglass_model::design::CustodyDesign;
use jiff::Timestamp;
use zeroize::Zeroizing;

/// scrypt work factor of the sealed identity, as a power of two: about a second, and what stock `age` chooses on such
/// machines. The passphrase has 256 random bits, so this defends nothing that counts; it keeps to the custom.
pub const WORK_FACTOR: u8 = 18;
/// Length of the split secret in bytes: shares of 33 words.
const SECRET_LENGTH: usize = 32;

/// One generation of custody, before it is handed out. `Debug` shows no share.
#[derive(Debug)]
pub struct Established {
    /// The age recipient that credentials are sealed to; public.
    pub recipient: String,
    /// The identity behind it: an armored age file under the passphrase that the shares give. A copy goes with every kit.
    pub sealed_identity: String,
    /// The shares, in the order of the design: print them, hand them out, keep none.
    pub shares: Vec<CustodianShare>,
    /// What may be kept in clear.
    pub register: Register,
}

/// One custodian's share with its label. `Debug` shows the label alone.
#[derive(Clone, Debug)]
pub struct CustodianShare {
    /// What is written on the outside.
    pub label: RegisterShare,
    /// 33 words.
    pub words: Secret,
}

/// Why no custody was established. Nothing was made that would have to be destroyed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EstablishError {
    /// The design names no custodians.
    #[error("the design declares no custody group; add `[custody]`, `[[custody.group]]` and `[[custodian]]`")]
    NoGroups,
    /// The design is not one that SLIP-0039 knows.
    #[error("the custody design cannot be split: {0}; change `[custody]` in the design")]
    Design(#[from] SplitError),
    /// Sealing failed.
    #[error("the identity was not sealed: {0}")]
    Age(#[from] AgeError),
    /// The source of randomness repeats itself.
    #[error("the source of randomness gives the same bytes twice; do not go on with this machine")]
    Entropy,
    /// The finished shares did not open the finished identity.
    #[error(
        "the new shares do not open the new identity ({0}); nothing was kept, try again on another machine"
    )]
    Proof(String),
}

/// Establishes custody: draws a secret of 256 bits, splits it by the design, seals a new age identity under it, and
/// proves that the shares open it before anything is answered. `generation` counts from 1; `entropy` fills
/// buffers with random bytes.
///
/// # Errors
/// [`EstablishError`].
pub fn establish(
    design: &CustodyDesign,
    generation: u32,
    entropy: &mut dyn FnMut(&mut [u8]),
    now: Timestamp,
) -> Result<Established, EstablishError> {
    establish_with_work_factor(design, generation, entropy, now, WORK_FACTOR)
}

/// As [`establish`], with another scrypt work factor: for rehearsals and tests that open many times.
///
/// # Errors
/// [`EstablishError`].
pub fn establish_with_work_factor(
    design: &CustodyDesign,
    generation: u32,
    entropy: &mut dyn FnMut(&mut [u8]),
    now: Timestamp,
    work_factor: u8,
) -> Result<Established, EstablishError> {
    if design.groups.is_empty() {
        return Err(EstablishError::NoGroups);
    }
    let count = |n: usize| u8::try_from(n).unwrap_or(u8::MAX);
    let layout = Layout {
        group_threshold: design.group_threshold,
        groups: design.groups.iter().map(|g| (g.threshold, count(g.custodians.len()))).collect(),
    };
    let secret = random_secret(entropy)?;
    let set = SetId { identifier: identifier(generation, entropy), extendable: false, iteration_exponent: 0 };
    let sets = slip39::split(&*secret, b"", set, &layout, entropy)?;

    let identity = age::x25519::Identity::generate();
    let recipient = identity.to_public().to_string();
    let written = identity.to_string();
    let file = Zeroizing::new(format!(
        "# breakglass custody identity, generation {generation}\n# public key: {recipient}\n{}\n",
        written.expose_secret()
    ));
    let sealed_identity =
        age_file::seal_with_passphrase(&passphrase(&*secret), file.as_bytes(), work_factor)?;

    let mut shares = Vec::new();
    for ((number, group), members) in (1u8..).zip(&design.groups).zip(&sets) {
        for ((member, custodian), share) in (1u8..).zip(&group.custodians).zip(members) {
            let label = RegisterShare {
                custodian: custodian.name.clone(),
                site: custodian.site.clone(),
                contact: custodian.contact.clone(),
                group: group.name.clone(),
                group_number: number,
                member_number: member,
                verification_code: code_of(share),
                last_sighted: now,
            };
            shares.push(CustodianShare { label, words: share.words() });
        }
    }
    let register = Register {
        format: Register::format(),
        generation,
        established_at: now,
        recipient: recipient.clone(),
        identifier: set.identifier,
        group_threshold: design.group_threshold,
        groups: design
            .groups
            .iter()
            .map(|g| RegisterGroup { name: g.name.clone(), threshold: g.threshold })
            .collect(),
        shares: shares.iter().map(|s| s.label.clone()).collect(),
        retired: None,
    };
    prove(&shares, &sealed_identity, &recipient)?;
    Ok(Established { recipient, sealed_identity, shares, register })
}

/// Reads every share back from its words, checks all of them against each other, and opens the identity with them.
fn prove(shares: &[CustodianShare], sealed_identity: &str, recipient: &str) -> Result<(), EstablishError> {
    let told = |e: &dyn std::fmt::Display| EstablishError::Proof(e.to_string());
    let read: Result<Vec<Share>, _> = shares.iter().map(|s| Share::parse(s.words.danger_reveal())).collect();
    let secret = slip39::combine(&read.map_err(|e| told(&e))?, b"").map_err(|e| told(&e))?;
    let identity = open_identity(sealed_identity, &passphrase(&secret)).map_err(|e| told(&e))?;
    let same = identity.to_public().to_string() == recipient;
    if same { Ok(()) } else { Err(EstablishError::Proof("it is the identity of another recipient".into())) }
}

/// The form in which a SLIP-39 tool prints the recovered secret, and in which `age` is given it.
pub(crate) fn passphrase(secret: &[u8]) -> Secret {
    Secret::new(hex::encode(secret))
}

fn random_secret(
    entropy: &mut dyn FnMut(&mut [u8]),
) -> Result<Zeroizing<[u8; SECRET_LENGTH]>, EstablishError> {
    let (mut secret, mut again) =
        (Zeroizing::new([0u8; SECRET_LENGTH]), Zeroizing::new([0u8; SECRET_LENGTH]));
    entropy(&mut *secret);
    entropy(&mut *again);
    if secret == again { Err(EstablishError::Entropy) } else { Ok(secret) }
}

/// 15 bits: eleven at random, and the generation's last four, so that neighbouring generations never share one.
fn identifier(generation: u32, entropy: &mut dyn FnMut(&mut [u8])) -> u16 {
    let mut bytes = [0u8; 2];
    entropy(&mut bytes);
    (u16::from_be_bytes(bytes) & 0x07ff) << 4 | (generation & 0xf) as u16
}

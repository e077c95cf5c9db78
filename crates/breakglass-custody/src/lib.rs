//! Split custody: sealing a credential, splitting the key to it, printing kits, opening with a quorum, and finding out
//! who could still open it.
//!
//! The credential record is an age file to an X25519 recipient. The identity behind that recipient is itself an age
//! file under a passphrase, and the passphrase is a 256-bit secret (as 64 lower-case hexadecimal digits) that exists only
//! as SLIP-0039 shares. So any SLIP-39 tool and stock `age` open it without us, and a new password is sealed to the
//! recipient without gathering anybody.
//!
//! Bytes, time and randomness are handed in, with one exception: the age crate draws file keys, nonces and salts from
//! the operating system (`docs/decisions/0005`). Nothing here reads or writes a file, and this crate alone opens a sealed
//! credential.

mod age_file;
mod attest;
mod establish;
mod kit;
mod loss;
mod open;
mod password;
mod record;
mod register;
pub mod slip39;

pub use age_file::AgeError;
pub use attest::{AttestError, attest, verification_code};
pub use establish::{
    CustodianShare, EstablishError, Established, WORK_FACTOR, establish, establish_with_work_factor,
};
pub use kit::{SealedEnvelope, kit, recovery_instructions};
pub use loss::{DesignRisks, GroupLeft, Loss, LossReport, design_risks, simulate_loss};
pub use open::{OpenError, open, seal};
pub use password::{DEFAULT_LENGTH, MINIMUM_LENGTH, PasswordError, generate_password};
pub use record::{CredentialRecord, RecordError};
pub use register::{Register, RegisterError, RegisterGroup, RegisterShare, Retired};

#[cfg(test)]
mod tests;

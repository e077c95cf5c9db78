//! The four-round Feistel network that turns the master secret into the encrypted master secret, the value that is
//! split. It has no integrity of its own: any passphrase decrypts to something.

use super::share::SetId;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

const ROUNDS: [u8; 4] = [0, 1, 2, 3];
const BASE_ITERATIONS: u32 = 10_000;

/// Encrypts a master secret of even length.
pub(super) fn encrypt(secret: &[u8], passphrase: &[u8], set: &SetId) -> Zeroizing<Vec<u8>> {
    feistel(secret, passphrase, set, ROUNDS)
}

/// Decrypts an encrypted master secret of even length.
pub(super) fn decrypt(encrypted: &[u8], passphrase: &[u8], set: &SetId) -> Zeroizing<Vec<u8>> {
    feistel(encrypted, passphrase, set, [3, 2, 1, 0])
}

fn feistel(input: &[u8], passphrase: &[u8], set: &SetId, rounds: [u8; 4]) -> Zeroizing<Vec<u8>> {
    let (left, right) = input.split_at(input.len() / 2);
    let (mut left, mut right) = (Zeroizing::new(left.to_vec()), Zeroizing::new(right.to_vec()));
    for round in rounds {
        let mut next = round_function(round, &right, passphrase, set);
        for (byte, other) in next.iter_mut().zip(left.iter()) {
            *byte ^= other;
        }
        left = right;
        right = next;
    }
    let mut out = Zeroizing::new(Vec::with_capacity(input.len()));
    out.extend_from_slice(&right);
    out.extend_from_slice(&left);
    out
}

fn round_function(round: u8, half: &[u8], passphrase: &[u8], set: &SetId) -> Zeroizing<Vec<u8>> {
    let mut password = Zeroizing::new(vec![round]);
    password.extend_from_slice(passphrase);
    let mut salt = Zeroizing::new(Vec::new());
    if !set.extendable {
        salt.extend_from_slice(b"shamir");
        salt.extend_from_slice(&set.identifier.to_be_bytes());
    }
    salt.extend_from_slice(half);
    let iterations = (BASE_ITERATIONS << set.iteration_exponent) / 4;
    let mut out = Zeroizing::new(vec![0u8; half.len()]);
    pbkdf2::pbkdf2_hmac::<Sha256>(&password, &salt, iterations, &mut out);
    out
}

/// First four bytes of HMAC-SHA-256: the digest that shows whether the shares of a group belong together.
pub(super) fn digest(key: &[u8], message: &[u8]) -> [u8; 4] {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().first_chunk().copied().unwrap_or_default()
}

//! Generated passwords: every character drawn without bias, from those that Entra takes and paper does not blur.

use breakglass_model::Secret;
use zeroize::Zeroizing;

/// Shortest password that is made.
pub const MINIMUM_LENGTH: usize = 16;
/// Longest that Entra takes.
const MAXIMUM_LENGTH: usize = 256;
/// Length when nothing else is asked for: about 240 bits.
pub const DEFAULT_LENGTH: usize = 40;

/// Left out because they look alike or get lost in print: `0 O o`, `1 I l |`, quotes, `. , : ; \` and blanks.
const LOWER: &[u8] = b"abcdefghijkmnpqrstuvwxyz";
const UPPER: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
const DIGITS: &[u8] = b"23456789";
const SYMBOLS: &[u8] = b"@#$%&*+=?!-_";

/// Why no password was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too short or too long.
    #[error(
        "a password of {0} characters was asked for; {MINIMUM_LENGTH} to {MAXIMUM_LENGTH} are allowed, {DEFAULT_LENGTH} is usual"
    )]
    Length(usize),
    /// The randomness handed in repeats itself.
    #[error("the source of randomness gives no usable bytes; do not go on with this machine")]
    Entropy,
}

/// Makes a password with at least one lower-case letter, upper-case letter, digit and symbol.
///
/// # Errors
/// [`PasswordError`].
pub fn generate_password(entropy: &mut dyn FnMut(&mut [u8]), length: usize) -> Result<Secret, PasswordError> {
    if !(MINIMUM_LENGTH..=MAXIMUM_LENGTH).contains(&length) {
        return Err(PasswordError::Length(length));
    }
    let alphabet: Vec<u8> = [LOWER, UPPER, DIGITS, SYMBOLS].concat();
    // Bytes above the last whole multiple are drawn again, so that every character is as likely as any other; whole
    // passwords without all four classes are thrown away for the same reason.
    let fair = 256 - 256 % alphabet.len();
    for _ in 0..64 {
        let mut password = Zeroizing::new(Vec::with_capacity(length));
        for _ in 0..64 {
            let mut bytes = Zeroizing::new([0u8; 64]);
            entropy(&mut *bytes);
            let usable = bytes.iter().filter(|b| usize::from(**b) < fair);
            let drawn = usable.filter_map(|b| alphabet.get(usize::from(*b) % alphabet.len()));
            let missing = length - password.len();
            password.extend(drawn.take(missing));
            if password.len() == length {
                break;
            }
        }
        let whole = password.len() == length
            && [LOWER, UPPER, DIGITS, SYMBOLS].iter().all(|class| password.iter().any(|c| class.contains(c)));
        if whole && let Ok(text) = std::str::from_utf8(&password) {
            return Ok(Secret::new(text));
        }
    }
    Err(PasswordError::Entropy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slip39::test_entropy as entropy;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn every_password_has_its_length_and_all_classes(seed: u64, length in 16usize..=256) {
            let secret = generate_password(&mut entropy(seed), length).unwrap();
            let text = secret.danger_reveal();
            prop_assert_eq!(text.len(), length);
            prop_assert!(text.bytes().all(|b| [LOWER, UPPER, DIGITS, SYMBOLS].concat().contains(&b)));
            prop_assert!([LOWER, UPPER, DIGITS, SYMBOLS].iter().all(|c| text.bytes().any(|b| c.contains(&b))));
        }
    }

    #[test]
    fn characters_are_evenly_likely() {
        let mut counts: BTreeMap<u8, u32> = BTreeMap::new();
        for seed in 0..400 {
            let secret = generate_password(&mut entropy(seed), 256).unwrap();
            secret.danger_reveal().bytes().for_each(|b| *counts.entry(b).or_default() += 1);
        }
        let kinds = LOWER.len() + UPPER.len() + DIGITS.len() + SYMBOLS.len();
        let mean = 400 * 256 / kinds as u32;
        assert_eq!(counts.len(), kinds);
        // Six standard deviations of a binomial around the mean; the seed is fixed.
        let width = 6.0 * f64::from(mean).sqrt();
        assert!(counts.values().all(|n| (f64::from(*n) - f64::from(mean)).abs() < width), "{counts:?}");
    }

    #[test]
    fn bad_lengths_and_broken_randomness_are_refused() {
        for length in [0, 15, 257] {
            assert_eq!(
                generate_password(&mut entropy(1), length).unwrap_err(),
                PasswordError::Length(length)
            );
        }
        for byte in [0u8, 255] {
            let error = generate_password(&mut |b: &mut [u8]| b.fill(byte), 40).unwrap_err();
            assert_eq!(error, PasswordError::Entropy);
        }
    }
}

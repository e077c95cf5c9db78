//! RS1024: the Reed-Solomon code over GF(1024) that guards a share's words. It finds any three wrong words for certain,
//! and lets us say which single word is suspicious.

use super::words;

const GENERATOR: [u32; 10] = [
    0x00e0_e040,
    0x01c1_c080,
    0x0383_8100,
    0x0707_0200,
    0x0e0e_0009,
    0x1c0c_2412,
    0x3808_6c24,
    0x3090_fc48,
    0x21b1_f890,
    0x03f3_f120,
];
/// Words of a checksum.
pub(super) const WORDS: usize = 3;

/// Separates plain shares from extendable ones, so that one is never taken for the other.
fn customization(extendable: bool) -> &'static [u8] {
    if extendable { b"shamir_extendable" } else { b"shamir" }
}

/// The flag as the words state it: it stands in the second word.
fn is_extendable(data: &[u16]) -> bool {
    data.get(1).is_some_and(|word| word >> 4 & 1 == 1)
}

fn absorb(sum: u32, value: u16) -> u32 {
    let top = sum >> 20;
    let shifted = ((sum & 0x000f_ffff) << 10) ^ u32::from(value);
    GENERATOR.iter().enumerate().fold(shifted, |sum, (i, g)| sum ^ (g & ((top >> i) & 1).wrapping_neg()))
}

fn polymod(extendable: bool, data: impl Iterator<Item = u16>) -> u32 {
    customization(extendable).iter().map(|b| u16::from(*b)).chain(data).fold(1, absorb)
}

/// The three words that make a share's words pass.
pub(super) fn create(data: &[u16]) -> [u16; WORDS] {
    let sum = polymod(is_extendable(data), data.iter().copied().chain([0; WORDS])) ^ 1;
    [20, 10, 0].map(|shift| (sum >> shift & 0x3ff) as u16)
}

/// Whether the words, checksum included, pass.
pub(super) fn passes(data: &[u16]) -> bool {
    polymod(is_extendable(data), data.iter().copied()) == 1
}

/// Each place where one other word would make the words pass: position (from 0) and that word. With a single wrong
/// word this is that place and no other, because any two shares of one length differ in at least four words.
pub(super) fn single_repairs(data: &[u16]) -> Vec<(usize, u16)> {
    // The code is linear: changing a word by `delta` changes the sum by what `delta` alone comes to. Only the second
    // word is different, since the flag in it selects the code.
    let syndrome = polymod(is_extendable(data), data.iter().copied()) ^ 1;
    let mut found = Vec::new();
    for (position, original) in data.iter().enumerate() {
        if position == 1 {
            let mut tried = data.to_vec();
            for word in 0..words::COUNT {
                if let Some(slot) = tried.get_mut(position) {
                    *slot = word;
                }
                if word != *original && passes(&tried) {
                    found.push((position, word));
                }
            }
            continue;
        }
        let behind = data.len() - position - 1;
        let bits: Vec<u32> =
            (0..10).map(|bit| (0..behind).fold(1u32 << bit, |sum, _| absorb(sum, 0))).collect();
        let effect = |delta: u16| {
            bits.iter()
                .enumerate()
                .fold(0, |sum, (i, e)| sum ^ (e & u32::from(delta >> i & 1).wrapping_neg()))
        };
        found.extend(
            (1..words::COUNT)
                .filter(|delta| effect(*delta) == syndrome)
                .map(|delta| (position, original ^ delta)),
        );
    }
    found
}

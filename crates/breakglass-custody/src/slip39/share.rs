//! One share: its fields, and its form as words.

use super::{checksum, words};
use breakglass_model::Secret;
use zeroize::{Zeroize as _, Zeroizing};

/// Words before the value: identifier, flags, indices and thresholds.
const HEAD: usize = 4;
/// Words of the shortest share, of a 128-bit secret.
const SHORTEST: usize = 20;

/// What all shares of one splitting have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SetId {
    /// Random number of 15 bits.
    pub identifier: u16,
    /// Whether further sets may be split from the same encrypted secret.
    pub extendable: bool,
    /// Each round stretches the passphrase 2500 x 2^this times; 0 to 15.
    pub iteration_exponent: u8,
}

/// One share of a secret. `Debug` shows everything but the value.
#[derive(Clone)]
pub struct Share {
    pub(super) set: SetId,
    pub(super) group_index: u8,
    pub(super) group_threshold: u8,
    pub(super) group_count: u8,
    pub(super) member_index: u8,
    pub(super) member_threshold: u8,
    pub(super) value: Zeroizing<Vec<u8>>,
}

/// Why words are not a share. The words themselves are never repeated: they are secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShareError {
    /// Too few or too many words.
    #[error("{count} words were given{}; a share has 20 words, or 33 for a 256-bit secret; compare with the sheet", off_by_one(*.count))]
    Length {
        /// How many were given.
        count: usize,
    },
    /// Words that are not in the list; positions from 1.
    #[error("{} not in the SLIP-39 word list; compare with the sheet", positions(.0))]
    UnknownWords(Vec<usize>),
    /// The checksum does not pass.
    #[error("the words do not pass their checksum: {0}; compare with the sheet")]
    Checksum(Suspicion),
    /// Bits that must be zero are not. Only wrong software makes such words: the checksum passes.
    #[error("the words pass their checksum but are not a share: {0}; they were not made by a SLIP-39 tool")]
    Malformed(&'static str),
}

/// What a failed checksum tells about the mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suspicion {
    /// This word, counted from 1, is wrong if only one is.
    Word(usize),
    /// These neighbours, the first counted from 1, look swapped.
    Swapped(usize),
    /// At least two words are wrong.
    Several,
}

impl std::fmt::Display for Suspicion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Word(position) => write!(f, "word {position} looks wrong"),
            Self::Swapped(position) => write!(f, "words {position} and {} look swapped", position + 1),
            Self::Several => f.write_str("two words or more are wrong"),
        }
    }
}

fn off_by_one(count: usize) -> &'static str {
    match count {
        19 | 32 => ", one is missing",
        21 | 34 => ", one is too many",
        _ => "",
    }
}

fn positions(list: &[usize]) -> String {
    let all: Vec<String> = list.iter().map(ToString::to_string).collect();
    match all.as_slice() {
        [one] => format!("word {one} is"),
        [first @ .., last] => format!("words {} and {last} are", first.join(", ")),
        [] => "a word is".into(),
    }
}

impl Share {
    /// Reads the words of a share: any case, any white space, whole words or their first four letters.
    ///
    /// # Errors
    /// [`ShareError`], naming positions and never words.
    pub fn parse(text: &str) -> Result<Self, ShareError> {
        let mut numbers = Zeroizing::new(Vec::with_capacity(64));
        let mut unknown = Vec::new();
        for (i, word) in text.split_whitespace().enumerate() {
            match words::number(word) {
                Some(number) => numbers.push(number),
                None => unknown.push(i + 1),
            }
        }
        let count = numbers.len() + unknown.len();
        if count < SHORTEST || padding(count) > 8 {
            return Err(ShareError::Length { count });
        }
        if !unknown.is_empty() {
            return Err(ShareError::UnknownWords(unknown));
        }
        if !checksum::passes(&numbers) {
            return Err(ShareError::Checksum(suspect(&numbers)));
        }
        Self::from_numbers(&numbers)
    }

    fn from_numbers(numbers: &[u16]) -> Result<Self, ShareError> {
        let mut bits = Bits { numbers, position: 0 };
        let set = SetId {
            identifier: bits.take(15),
            extendable: bits.take(1) == 1,
            iteration_exponent: bits.take_small(4),
        };
        let group_index = bits.take_small(4);
        let group_threshold = bits.take_small(4) + 1;
        let group_count = bits.take_small(4) + 1;
        let member_index = bits.take_small(4);
        let member_threshold = bits.take_small(4) + 1;
        if group_threshold > group_count {
            return Err(ShareError::Malformed("more groups must come together than there are"));
        }
        if group_index >= group_count {
            return Err(ShareError::Malformed("its group is not one of the groups"));
        }
        let pad = padding(numbers.len());
        let value_bits = 10 * (numbers.len() - HEAD - checksum::WORDS) - pad;
        if bits.take(pad) != 0 {
            return Err(ShareError::Malformed("its padding is not zero"));
        }
        let value = Zeroizing::new((0..value_bits / 8).map(|_| bits.take_small(8)).collect());
        Ok(Self { set, group_index, group_threshold, group_count, member_index, member_threshold, value })
    }

    /// The share as words, lower case, one space between them: what is printed, and nothing else is the share.
    #[must_use]
    pub fn words(&self) -> Secret {
        let pad = (10 - self.value.len() * 8 % 10) % 10;
        let mut out = Packer::default();
        out.push(self.set.identifier, 15);
        out.push(u16::from(self.set.extendable), 1);
        out.push(u16::from(self.set.iteration_exponent), 4);
        for field in [
            self.group_index,
            self.group_threshold.saturating_sub(1),
            self.group_count.saturating_sub(1),
            self.member_index,
            self.member_threshold.saturating_sub(1),
        ] {
            out.push(u16::from(field), 4);
        }
        out.push(0, pad);
        for byte in self.value.iter() {
            out.push(u16::from(*byte), 8);
        }
        let mut numbers = Zeroizing::new(std::mem::take(&mut out.numbers));
        let sum = checksum::create(&numbers);
        numbers.extend(sum);
        let mut text = String::with_capacity(numbers.len() * 9);
        for number in numbers.iter() {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(words::word(*number));
        }
        Secret::new(text)
    }

    /// What it has in common with the other shares of its set.
    #[must_use]
    pub fn set(&self) -> SetId {
        self.set
    }

    /// Its group, from 0.
    #[must_use]
    pub fn group_index(&self) -> u8 {
        self.group_index
    }

    /// How many groups must come together.
    #[must_use]
    pub fn group_threshold(&self) -> u8 {
        self.group_threshold
    }

    /// How many groups there are.
    #[must_use]
    pub fn group_count(&self) -> u8 {
        self.group_count
    }

    /// Its place in its group, from 0.
    #[must_use]
    pub fn member_index(&self) -> u8 {
        self.member_index
    }

    /// How many members of its group must come together.
    #[must_use]
    pub fn member_threshold(&self) -> u8 {
        self.member_threshold
    }
}

impl std::fmt::Debug for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Share")
            .field("set", &self.set)
            .field("group", &format_args!("{} of {}", self.group_index, self.group_count))
            .field("member", &self.member_index)
            .finish_non_exhaustive()
    }
}

/// Bits of padding in a share of so many words; more than 8 means that no share has this length.
fn padding(words: usize) -> usize {
    words.saturating_sub(HEAD + checksum::WORDS) * 10 % 16
}

fn suspect(numbers: &[u16]) -> Suspicion {
    if let [(position, _)] = checksum::single_repairs(numbers).as_slice() {
        return Suspicion::Word(position + 1);
    }
    let mut tried = Zeroizing::new(numbers.to_vec());
    let mut swapped = Vec::new();
    for i in 1..tried.len() {
        tried.swap(i - 1, i);
        if checksum::passes(&tried) {
            swapped.push(i);
        }
        tried.swap(i - 1, i);
    }
    match swapped.as_slice() {
        [position] => Suspicion::Swapped(*position),
        _ => Suspicion::Several,
    }
}

/// Reads fields of up to 16 bits from words of 10.
struct Bits<'a> {
    numbers: &'a [u16],
    position: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> u16 {
        let mut out = 0u16;
        for _ in 0..count {
            let word = self.numbers.get(self.position / 10).copied().unwrap_or_default();
            out = out << 1 | (word >> (9 - self.position % 10) & 1);
            self.position += 1;
        }
        out
    }

    /// Up to 8 bits.
    fn take_small(&mut self, count: usize) -> u8 {
        (self.take(count) & 0xff) as u8
    }
}

/// Writes fields into words of 10 bits.
#[derive(Default)]
struct Packer {
    numbers: Vec<u16>,
    pending: u16,
    filled: usize,
}

impl Packer {
    fn push(&mut self, value: u16, count: usize) {
        for i in (0..count).rev() {
            self.pending = self.pending << 1 | (value >> i & 1);
            self.filled += 1;
            if self.filled == 10 {
                self.numbers.push(self.pending);
                (self.pending, self.filled) = (0, 0);
            }
        }
    }
}

impl Drop for Packer {
    fn drop(&mut self) {
        self.numbers.zeroize();
        self.pending.zeroize();
    }
}

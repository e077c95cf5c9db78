//! Sets of small numbers, and products of such sets.

use std::fmt;

const WORD: usize = 64;

/// A set of small numbers. Equal sets are equal values, whatever was put in and taken out.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bits {
    /// Never ends with a zero word.
    words: Vec<u64>,
}

impl Bits {
    /// The empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// `0..n`.
    #[must_use]
    pub fn below(n: usize) -> Self {
        (0..n).collect()
    }

    /// Puts a number in.
    pub fn insert(&mut self, n: usize) {
        let word = n / WORD;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        if let Some(w) = self.words.get_mut(word) {
            *w |= 1 << (n % WORD);
        }
    }

    /// Takes a number out.
    pub fn remove(&mut self, n: usize) {
        if let Some(w) = self.words.get_mut(n / WORD) {
            *w &= !(1 << (n % WORD));
        }
        self.trim();
    }

    fn trim(&mut self) {
        while self.words.last() == Some(&0) {
            self.words.pop();
        }
    }

    /// Whether a number is in.
    #[must_use]
    pub fn contains(&self, n: usize) -> bool {
        self.words.get(n / WORD).is_some_and(|w| w >> (n % WORD) & 1 == 1)
    }

    /// Whether nothing is in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// How many are in.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.iter().map(|w| w.count_ones() as usize).sum()
    }

    /// What is in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut both = Self { words: self.words.iter().zip(&other.words).map(|(a, b)| a & b).collect() };
        both.trim();
        both
    }

    /// What is in either.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        let (long, short) = if self.words.len() >= other.words.len() { (self, other) } else { (other, self) };
        let mut either = long.clone();
        for (a, b) in either.words.iter_mut().zip(&short.words) {
            *a |= b;
        }
        either
    }

    /// What is in this and not in the other.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        let mut rest = self.clone();
        for (a, b) in rest.words.iter_mut().zip(&other.words) {
            *a &= !b;
        }
        rest.trim();
        rest
    }

    /// Whether they have a member in common.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.words.iter().zip(&other.words).any(|(a, b)| a & b != 0)
    }

    /// Whether every member is in the other.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.words.len() <= other.words.len() && self.words.iter().zip(&other.words).all(|(a, b)| a & !b == 0)
    }

    /// The members, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(i, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                (rest != 0).then(|| {
                    let bit = rest.trailing_zeros() as usize;
                    rest &= rest - 1;
                    i * WORD + bit
                })
            })
        })
    }

    /// The smallest member.
    #[must_use]
    pub fn first(&self) -> Option<usize> {
        self.iter().next()
    }
}

impl FromIterator<usize> for Bits {
    fn from_iter<I: IntoIterator<Item = usize>>(items: I) -> Self {
        let mut set = Self::new();
        items.into_iter().for_each(|n| set.insert(n));
        set
    }
}

impl fmt::Debug for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// A box: a product of sets, one for each dimension (CONDITIONAL_ACCESS 3.2). Conditions of one policy are independent
/// conjuncts, so the environments that it matches are such a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    dimensions: Vec<Bits>,
}

impl Region {
    /// A product of sets.
    #[must_use]
    pub fn new(dimensions: Vec<Bits>) -> Self {
        Self { dimensions }
    }

    /// All of a space whose dimensions have these sizes.
    #[must_use]
    pub fn whole(sizes: &[usize]) -> Self {
        Self { dimensions: sizes.iter().map(|n| Bits::below(*n)).collect() }
    }

    /// The sets, in the order of the dimensions.
    #[must_use]
    pub fn dimensions(&self) -> &[Bits] {
        &self.dimensions
    }

    /// The set of one dimension, when there is such a dimension.
    #[must_use]
    pub fn dimension(&self, n: usize) -> Option<&Bits> {
        self.dimensions.get(n)
    }

    /// Whether it holds no point: some dimension is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.dimensions.iter().any(Bits::is_empty)
    }

    /// The points that are in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self { dimensions: self.dimensions.iter().zip(&other.dimensions).map(|(a, b)| a.and(b)).collect() }
    }

    /// Whether they have a point in common.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.dimensions.iter().zip(&other.dimensions).all(|(a, b)| a.meets(b))
    }

    /// Whether a point, given as one class for each dimension, is in.
    #[must_use]
    pub fn contains(&self, point: &[usize]) -> bool {
        point.len() == self.dimensions.len() && self.dimensions.iter().zip(point).all(|(d, p)| d.contains(*p))
    }

    /// How many points it holds.
    #[must_use]
    pub fn size(&self) -> usize {
        self.dimensions.iter().map(Bits::len).fold(1, usize::saturating_mul)
    }
}

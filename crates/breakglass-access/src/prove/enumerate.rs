//! The second opinion: every environment, one by one (CONDITIONAL_ACCESS 3.6 A).
//!
//! Trivial to believe and slow, with nothing in common with the box search but the question. It also counts, so that a
//! person can be told in what share of the environments the account is locked.

use super::bits::Bits;
use super::search::Instance;

/// What full enumeration found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// How many environments there are.
    pub cells: usize,
    /// In how many of them every choice is closed.
    pub locked: usize,
    /// The first of those, as one class for each dimension.
    pub witness: Option<Vec<usize>>,
}

/// Looks at every environment.
#[must_use]
pub fn census(instance: &Instance) -> Census {
    let axes: Vec<Vec<(usize, Bits)>> = instance
        .everywhere
        .dimensions()
        .iter()
        .enumerate()
        .map(|(d, classes)| classes.iter().map(|class| (class, matching(instance, d, class))).collect())
        .collect();
    let mut census = Census::default();
    visit(&axes, &Bits::below(instance.boxes.len()), &mut Vec::new(), &mut |point, matching| {
        census.cells += 1;
        if instance.choices.iter().all(|killers| killers.meets(matching)) {
            census.locked += 1;
            census.witness.get_or_insert_with(|| point.to_vec());
        }
    });
    census
}

/// The killers whose box holds a class of a dimension.
fn matching(instance: &Instance, dimension: usize, class: usize) -> Bits {
    let boxes = instance.boxes.iter().enumerate();
    boxes.filter(|(_, b)| b.dimension(dimension).is_some_and(|d| d.contains(class))).map(|(i, _)| i).collect()
}

fn visit(
    axes: &[Vec<(usize, Bits)>],
    matching: &Bits,
    point: &mut Vec<usize>,
    see: &mut impl FnMut(&[usize], &Bits),
) {
    let Some((axis, rest)) = axes.split_first() else { return see(point, matching) };
    for (class, mask) in axis {
        point.push(*class);
        visit(rest, &matching.and(mask), point, see);
        point.pop();
    }
}

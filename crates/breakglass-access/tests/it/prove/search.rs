//! The box search against brute force over all subsets and all environments, on random small instances. A failure prints
//! its seed and a smallest instance.

use breakglass_access::prove::bits::{Bits, Region};
use breakglass_access::prove::enumerate::census;
use breakglass_access::prove::repair::{Least, Left, least};
use breakglass_access::prove::search::{Instance, Search};
use proptest::prelude::*;
use std::rc::Rc;

fn bits(below: usize) -> impl Strategy<Value = Bits> {
    proptest::collection::vec(any::<bool>(), below)
        .prop_map(|flags| flags.iter().enumerate().filter(|(_, f)| **f).map(|(i, _)| i).collect())
}

fn instance(policies: usize, choices: usize) -> impl Strategy<Value = Instance> {
    (proptest::collection::vec(1usize..=3, 1..=3), 1..=policies, 0..=choices).prop_flat_map(
        |(sizes, policies, choices)| {
            let region = sizes.iter().map(|n| bits(*n)).collect::<Vec<_>>().prop_map(Region::new);
            let boxes = proptest::collection::vec(region, policies);
            let choices = proptest::collection::vec(bits(policies), choices);
            let everywhere = Region::whole(&sizes);
            (boxes, choices).prop_map(move |(boxes, choices)| Instance {
                choices,
                boxes: Rc::new(boxes),
                everywhere: everywhere.clone(),
            })
        },
    )
}

fn points(region: &Region) -> Vec<Vec<usize>> {
    region.dimensions().iter().fold(vec![Vec::new()], |so_far, classes| {
        let extend = |point: &Vec<usize>| {
            let point = point.clone();
            classes.iter().map(move |class| [point.clone(), vec![class]].concat()).collect::<Vec<_>>()
        };
        so_far.iter().flat_map(extend).collect()
    })
}

/// Locked by a set of policies alone: in some environment each choice has one of them as killer.
fn locks(instance: &Instance, set: &Bits) -> bool {
    points(&instance.everywhere).iter().any(|point| {
        instance.choices.iter().all(|k| k.and(set).iter().any(|p| instance.boxes[p].contains(point)))
    })
}

fn subsets(n: usize) -> impl Iterator<Item = Bits> {
    (0u32..1 << n).map(move |mask| (0..n).filter(|i| mask >> i & 1 == 1).collect())
}

fn minimal(mut sets: Vec<Bits>) -> Vec<Bits> {
    let all = sets.clone();
    sets.retain(|s| !all.iter().any(|other| other != s && other.is_within(s)));
    sets.sort();
    sets
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_all_subsets(instance in instance(6, 4), removable in bits(6)) {
        let n = instance.boxes.len();
        let all: Vec<Bits> = subsets(n).filter(|s| locks(&instance, s)).collect();

        // Verdict, and the second opinion.
        let locked = !all.is_empty();
        let found = instance.smallest_lock();
        prop_assert_eq!(matches!(found, Search::Locked(_)), locked);
        let census = census(&instance);
        prop_assert_eq!(census.locked > 0, locked);
        prop_assert_eq!(census.cells, points(&instance.everywhere).len());

        // Every minimal lock, with its whole region.
        let expected = minimal(all);
        let listed = instance.locks(1_000);
        prop_assert!(listed.complete);
        let mut sets: Vec<Bits> = listed.found.iter().map(|l| l.killers.clone()).collect();
        prop_assert!(sets.windows(2).all(|w| w[0].len() <= w[1].len()), "smallest first: {:?}", sets);
        sets.sort();
        prop_assert_eq!(&sets, &expected);
        for lock in &listed.found {
            let here = |p: &Vec<usize>| instance.choices.iter().all(|k| k.meets(&lock.killers))
                && lock.killers.iter().all(|i| instance.boxes[i].contains(p));
            let region: Vec<_> = points(&lock.region);
            let expected: Vec<_> = points(&instance.everywhere).into_iter().filter(here).collect();
            prop_assert_eq!(region, expected);
        }
        if let Search::Locked(lock) = &found {
            prop_assert!(expected.iter().all(|e| lock.killers.len() <= e.len()));
            prop_assert!(census.witness.is_some());
        }

        // Every least repair.
        let removable = removable.and(&Bits::below(n));
        let open: Vec<Bits> = subsets(n)
            .filter(|h| h.is_within(&removable))
            .filter(|h| !locks(&instance.without(h), &Bits::below(n)))
            .collect();
        let fewest = open.iter().map(Bits::len).min();
        let mut best: Vec<Bits> = open.into_iter().filter(|h| Some(h.len()) == fewest).collect();
        best.sort();
        let repaired = least(&removable, Vec::new(), |removed| match instance.without(removed).smallest_lock() {
            Search::Open => Left::Nothing,
            Search::Locked(lock) => Left::Locks(vec![lock.killers]),
            Search::GaveUp => Left::GaveUp,
        });
        match repaired {
            Least::Sets { mut sets, complete } => {
                prop_assert!(complete);
                sets.sort();
                prop_assert_eq!(sets, best);
            }
            Least::Impossible => prop_assert!(best.is_empty()),
            Least::GaveUp => prop_assert!(false, "gave up"),
        }
    }

    #[test]
    fn sets_are_sets(a in bits(130), b in bits(130), n in 0usize..130) {
        let list = |s: &Bits| s.iter().collect::<Vec<_>>();
        let plain = |keep: &dyn Fn(usize) -> bool| (0..130).filter(|i| keep(*i)).collect::<Vec<_>>();
        prop_assert_eq!(list(&a.and(&b)), plain(&|i| a.contains(i) && b.contains(i)));
        prop_assert_eq!(list(&a.or(&b)), plain(&|i| a.contains(i) || b.contains(i)));
        prop_assert_eq!(list(&a.minus(&b)), plain(&|i| a.contains(i) && !b.contains(i)));
        prop_assert_eq!(a.meets(&b), !a.and(&b).is_empty());
        prop_assert_eq!(a.is_within(&b), a.minus(&b).is_empty());
        prop_assert_eq!(a.len(), list(&a).len());
        let (mut with, mut without) = (a.clone(), a.clone());
        with.insert(n);
        without.remove(n);
        with.remove(n);
        prop_assert_eq!(&with, &without, "equal sets are equal values");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Larger than brute force over subsets could follow: the two procedures against each other.
    #[test]
    fn the_second_opinion_is_the_same(instance in instance(40, 12)) {
        let census = census(&instance);
        match instance.smallest_lock() {
            Search::Open => prop_assert_eq!(census.locked, 0),
            Search::Locked(lock) => {
                prop_assert!(census.locked > 0);
                for point in points(&lock.region) {
                    prop_assert!(instance.choices.iter().all(|k| k.iter().any(|p| instance.boxes[p].contains(&point))));
                }
            }
            Search::GaveUp => prop_assert!(false, "gave up"),
        }
    }
}

#[test]
fn no_way_at_all_is_a_lock_without_killers() {
    let instance = Instance { choices: vec![], boxes: Rc::new(vec![]), everywhere: Region::whole(&[2, 3]) };
    let locks = instance.locks(50);
    assert!(locks.complete && locks.found.len() == 1 && locks.found[0].killers.is_empty());
    assert_eq!(locks.found[0].region.size(), 6);
    assert_eq!(least(&Bits::below(9), Vec::new(), |_| Left::Locks(vec![Bits::new()])), Least::Impossible);
}

/// Hostile instances end: the answer may be "gave up", and never "open" unless that was proved.
#[test]
fn a_hostile_instance_ends() {
    // Many choices of two killers each that need not meet the killers of the next.
    let n = 18;
    let region = |p: usize| {
        let sides = (0..5).map(|d| if p % 5 == d { [p % 2].into_iter().collect() } else { Bits::below(2) });
        Region::new(sides.collect())
    };
    let instance = Instance {
        choices: (0..n).map(|c| [2 * c, 2 * c + 1].into_iter().collect()).collect(),
        boxes: Rc::new((0..2 * n).map(region).collect()),
        everywhere: Region::whole(&[2; 5]),
    };
    match instance.smallest_lock() {
        Search::Open => assert_eq!(census(&instance).locked, 0),
        Search::Locked(lock) => assert!(!lock.region.is_empty()),
        Search::GaveUp => {}
    }
}

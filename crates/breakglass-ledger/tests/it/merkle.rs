//! The tree against RFC 6962's definition, proofs against their verifiers, tiles against the tree.

use breakglass_ledger::merkle::{leaf_hash, node_hash, verify_consistency, verify_inclusion};
use breakglass_ledger::tile::{self, Tile};
use breakglass_ledger::{Hash, Tree};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// MTH as the RFC writes it.
fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::EMPTY,
        [leaf] => *leaf,
        _ => {
            let split = (leaves.len() as u64).next_power_of_two() / 2;
            let (left, right) = leaves.split_at(usize::try_from(split).unwrap());
            node_hash(&root(left), &root(right))
        }
    }
}

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|i| leaf_hash(&i.to_be_bytes())).collect()
}

#[test]
fn roots_of_every_size_are_those_of_the_definition() {
    let leaves = leaves(130);
    let tree: Tree = leaves.iter().copied().collect();
    for size in 0..=130 {
        let expected = root(&leaves[..usize::try_from(size).unwrap()]);
        assert_eq!(tree.root_at(size), Some(expected), "size {size}");
    }
    assert_eq!(tree.root_at(131), None);
}

#[test]
fn every_proof_of_small_trees_holds_and_only_for_what_it_is_about() {
    let tree: Tree = leaves(40).into_iter().collect();
    for size in 1..=40 {
        let root = tree.root_at(size).unwrap();
        for index in 0..size {
            let proof = tree.inclusion_proof(index, size).unwrap();
            let leaf = tree.leaf(index).unwrap();
            assert_eq!(verify_inclusion(index, size, &leaf, &proof, &root), Ok(()), "{index} in {size}");
            let other = (index + 1) % size;
            assert!(size == 1 || verify_inclusion(other, size, &leaf, &proof, &root).is_err());
        }
        for from in 1..=size {
            let proof = tree.consistency_proof(from, size).unwrap();
            let old = tree.root_at(from).unwrap();
            assert_eq!(verify_consistency(from, size, &old, &root, &proof), Ok(()), "{from} to {size}");
            let forked = leaf_hash(b"another history");
            assert!(verify_consistency(from, size, &forked, &root, &proof).is_err());
        }
    }
    assert_eq!(tree.inclusion_proof(40, 40), None);
    assert_eq!(tree.consistency_proof(41, 40), None);
    assert_eq!(tree.consistency_proof(1, 41), None);
}

proptest! {
    #[test]
    fn proofs_of_large_trees_hold(size in 1_u64..3000, a in any::<u64>(), b in any::<u64>()) {
        let tree: Tree = leaves(size).into_iter().collect();
        let (index, from) = (a % size, b % size + 1);
        let proof = tree.inclusion_proof(index, size).unwrap();
        prop_assert!(verify_inclusion(index, size, &tree.leaf(index).unwrap(), &proof, &tree.root()).is_ok());
        let proof = tree.consistency_proof(from, size).unwrap();
        prop_assert!(verify_consistency(from, size, &tree.root_at(from).unwrap(), &tree.root(), &proof).is_ok());
    }

    /// What an append writes and removes leaves exactly the files of the new log.
    #[test]
    fn tiles_grow_as_they_are_listed(from in 0_u64..200_000, more in 0_u64..70_000) {
        let to = from + more;
        let paths = |tiles: Vec<Tile>| tiles.iter().map(Tile::path).collect::<BTreeSet<_>>();
        let mut folder = paths(tile::tiles(from));
        folder.extend(paths(tile::new_tiles(from, to)));
        for path in paths(tile::replaced_tiles(from, to)) {
            prop_assert!(folder.remove(&path));
        }
        prop_assert_eq!(folder, paths(tile::tiles(to)));
    }

    #[test]
    fn bundles_are_read_back(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..20)) {
        let bytes = tile::bundle(&entries).unwrap();
        let read: Vec<Vec<u8>> = tile::unbundle(&bytes).unwrap().into_iter().map(<[u8]>::to_vec).collect();
        prop_assert_eq!(read, entries);
    }

    #[test]
    fn anything_can_be_handed_to_the_verifiers(
        a in any::<u64>(), b in any::<u64>(), hashes in prop::collection::vec(any::<[u8; 32]>(), 0..70)
    ) {
        let proof: Vec<Hash> = hashes.into_iter().map(Hash::from_bytes).collect();
        prop_assert!(verify_inclusion(a, b, &Hash::EMPTY, &proof, &Hash::EMPTY).is_err());
        prop_assert!(a == b || verify_consistency(a, b, &Hash::EMPTY, &Hash::EMPTY, &proof).is_err());
    }
}

#[test]
fn paths_are_those_of_the_specification() {
    for (level, index, width, path) in [
        (Some(0), 0, 256, "tile/0/000"),
        (Some(1), 67, 8, "tile/1/067.p/8"),
        (Some(0), 1_234_067, 256, "tile/0/x001/x234/067"),
        (None, 1000, 1, "tile/entries/x001/000.p/1"),
    ] {
        assert_eq!(Tile { level, index, width }.path(), path);
    }
    let paths: Vec<_> = tile::tiles(70_000).iter().map(Tile::path).collect();
    assert_eq!(paths.len(), 274 + 274 + 2 + 1);
    for path in
        ["tile/entries/273.p/112", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]
    {
        assert!(paths.iter().any(|p| p == path), "{path}");
    }
}

/// A client that has the tiles alone, as a `tlog-tiles` reader has, comes to the same root.
#[test]
fn tiles_alone_give_the_root() {
    let entries: Vec<Vec<u8>> = (0..70_000_u32).map(|i| i.to_be_bytes().to_vec()).collect();
    let tree: Tree = entries.iter().map(|e| leaf_hash(e)).collect();
    let files: BTreeMap<String, Vec<u8>> = tile::files(&tree, &entries).unwrap();
    let hashes = |path: &str| -> Vec<Hash> {
        files[path].chunks(32).map(|c| Hash::from_bytes(c.try_into().unwrap())).collect()
    };
    // A full tile hashes to one hash of the level above.
    let above = hashes("tile/1/000");
    for (n, expected) in above.iter().enumerate() {
        assert_eq!(root(&hashes(&format!("tile/0/{n:03}"))), *expected);
    }
    assert_eq!(root(&above), hashes("tile/2/000.p/1")[0]);
    let mut right = hashes("tile/1/001.p/17");
    let last = root(&hashes("tile/0/273.p/112"));
    let left = hashes("tile/2/000.p/1")[0];
    // 70000 = 65536 + 16 * 256 + 256 + 112
    let sixteen = root(&right.drain(..16).collect::<Vec<_>>());
    assert_eq!(node_hash(&left, &node_hash(&sixteen, &node_hash(&right[0], &last))), tree.root());
    assert_eq!(tile::unbundle(&files["tile/entries/273.p/112"]).unwrap().len(), 112);
}

//! One changed byte, anywhere: it is found, and the report names where.

use crate::log::{File, about, entries, key, untar};
use breakglass_ledger::pack::{Contents, VerifyReport, build, verify};
use breakglass_ledger::{Entry, VerifierKey};
use breakglass_model::Tri;
use proptest::prelude::*;
use std::collections::BTreeMap;

struct Small {
    pack: Vec<u8>,
    files: Vec<File>,
    key: VerifierKey,
}

fn small(count: u64) -> Small {
    let key = key(1);
    let entries: Vec<Entry> = entries(count);
    let attachments = BTreeMap::from([("a.txt".to_owned(), b"attached".to_vec())]);
    let pack =
        build(&Contents { key: &key, entries: &entries, about: about(), attachments: &attachments }).unwrap();
    Small { files: untar(&pack), pack, key: key.verifier().clone() }
}

impl Small {
    fn name(&self, at: usize) -> &str {
        self.files.iter().find(|f| f.span.contains(&at)).map_or("end of the pack", |f| &f.name)
    }

    /// Changes one byte and verifies, with the key that the auditor has and without.
    fn check(&self, at: usize, mask: u8, key: Option<&VerifierKey>) -> Result<(), String> {
        let mut pack = self.pack.clone();
        pack[at] ^= mask;
        let report = verify(&pack, key, None);
        let name = self.name(at);
        match report.holds() {
            Tri::No if names(&report, name) => Ok(()),
            _ => Err(format!("byte {at} of `{name}` ^ {mask:#04x}: {:#?}", report.problems)),
        }
    }
}

fn names(report: &VerifyReport, name: &str) -> bool {
    report
        .problems
        .iter()
        .any(|p| p.place.strip_prefix(name).is_some_and(|r| r.is_empty() || r.starts_with(',')))
}

/// Every byte of a small pack, split so that the halves run side by side.
fn every_byte(part: usize) {
    let small = small(3);
    for at in (0..small.pack.len()).skip(part).step_by(2) {
        let mask = 1 << (at / 2 % 8);
        small.check(at, mask, Some(&small.key)).unwrap_or_else(|e| panic!("{e}"));
    }
}

#[test]
fn every_even_byte_of_a_small_pack() {
    every_byte(0);
}

#[test]
fn every_odd_byte_of_a_small_pack() {
    every_byte(1);
}

/// The files whose bytes have a meaning of their own, each byte with all bits set over, and with no key but the pack's.
#[test]
fn every_byte_of_the_signed_files_without_the_key() {
    let small = small(2);
    for file in
        small.files.iter().filter(|f| ["pack.note", "verifier.key", "checkpoint"].contains(&f.name.as_str()))
    {
        for at in file.span.clone().take(512 + file.bytes.len()) {
            for mask in [0xff, 0x20] {
                small.check(at, mask, None).unwrap_or_else(|e| panic!("{e}"));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn any_byte_of_a_larger_pack(count in 0_u64..280, at in any::<prop::sample::Index>(), mask in 1_u8..) {
        let small = small(count);
        if let Err(error) = small.check(at.index(small.pack.len()), mask, Some(&small.key)) {
            prop_assert!(false, "{} entries: {}", count, error);
        }
    }

    /// Bytes put in, taken out, and written over in a row.
    #[test]
    fn any_splice_is_found(
        from in any::<prop::sample::Index>(), length in 0_usize..1500, with in prop::collection::vec(any::<u8>(), 0..1500)
    ) {
        let small = small(3);
        let from = from.index(small.pack.len());
        let mut pack = small.pack.clone();
        pack.splice(from..(from + length).min(small.pack.len()), with);
        prop_assume!(pack != small.pack);
        prop_assert_eq!(verify(&pack, Some(&small.key), None).holds(), Tri::No);
    }
}

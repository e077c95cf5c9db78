//! Every proof of the shared vectors.

use breakglass_ledger::Hash;
use breakglass_ledger::merkle::{leaf_hash, verify_consistency, verify_inclusion};
use serde_json::Value;
use std::path::PathBuf;

fn vectors(name: &str) -> Vec<Value> {
    let shared = std::env::var_os("BREAKGLASS_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let file = shared.join("data/vectors-merkle").join(name);
    let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The consistency vectors also hold "roots" of other lengths, of which only equality is asked: ours have 32 bytes by
/// their type, so those stand for some hash that nothing leads to.
fn any_root(text: &str) -> Hash {
    Hash::parse(text).unwrap_or_else(|| leaf_hash(text.as_bytes()))
}

fn proof(vector: &Value) -> Option<Vec<Hash>> {
    // A hash of another length in a proof cannot even be written in our types: that is a refusal too.
    let items = vector["proof"].as_array().map_or(&[][..], Vec::as_slice);
    items.iter().map(|h| Hash::parse(h.as_str().unwrap())).collect()
}

fn judge(name: &str, verify: impl Fn(&Value, &[Hash]) -> bool) {
    let vectors = vectors(name);
    assert_eq!(vectors.len(), 98);
    for vector in vectors {
        let holds = proof(&vector).is_some_and(|proof| verify(&vector, &proof));
        assert_eq!(holds, !vector["wantErr"].as_bool().unwrap(), "{}: {}", vector["path"], vector["desc"]);
    }
}

#[test]
fn inclusion() {
    judge("inclusion.ndjson", |v, proof| {
        let number = |key: &str| v[key].as_u64().unwrap();
        let [leaf, root] = ["leafHash", "root"].map(|key| Hash::parse(v[key].as_str().unwrap()));
        // A hash of another length cannot be written in our types: refused before any proof is looked at.
        let (Some(leaf), Some(root)) = (leaf, root) else { return false };
        verify_inclusion(number("leafIdx"), number("treeSize"), &leaf, proof, &root).is_ok()
    });
}

#[test]
fn consistency() {
    judge("consistency.ndjson", |v, proof| {
        let number = |key: &str| v[key].as_u64().unwrap();
        let [old, new] = ["root1", "root2"].map(|key| any_root(v[key].as_str().unwrap()));
        verify_consistency(number("size1"), number("size2"), &old, &new, proof).is_ok()
    });
}

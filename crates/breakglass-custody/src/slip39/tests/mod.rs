//! The official vectors, and the laws of sharing.

use super::*;
use proptest::prelude::*;

fn shared(path: &str) -> String {
    let root = std::env::var("BREAKGLASS_SHARED")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").into());
    let path = format!("{root}/{path}");
    std::fs::read_to_string(&path).unwrap_or_else(|e| {
        panic!(
            "test data `{path}` cannot be read ({e}); set BREAKGLASS_SHARED to the folder that holds `data`"
        )
    })
}

fn recover(texts: &[&str], passphrase: &[u8]) -> Result<Vec<u8>, String> {
    let shares: Result<Vec<_>, _> = texts.iter().map(|t| Share::parse(t)).collect();
    let secret = combine(&shares.map_err(|e| e.to_string())?, passphrase).map_err(|e| e.to_string())?;
    Ok(secret.to_vec())
}

#[test]
fn all_official_vectors() {
    type Vector = (String, Vec<String>, String, String);
    let vectors: Vec<Vector> = serde_json::from_str(&shared("data/vectors-slip39/vectors.json")).unwrap();
    assert_eq!(vectors.len(), 45);
    for (name, words, secret, _) in vectors {
        let texts: Vec<&str> = words.iter().map(String::as_str).collect();
        match (recover(&texts, b"TREZOR"), secret.as_str()) {
            (Ok(got), expected) => assert_eq!(hex::encode(got), expected, "{name}"),
            (Err(error), expected) => assert_eq!(expected, "", "{name}: {error}"),
        }
        for text in texts {
            if let Ok(share) = Share::parse(text) {
                assert_eq!(
                    share.words().danger_reveal(),
                    text,
                    "{name}: words are written as they were read"
                );
            }
        }
    }
}

/// Random bytes from a seed: a counter through SHA-256.
pub(crate) fn entropy(seed: u64) -> impl FnMut(&mut [u8]) {
    use sha2::Digest as _;
    let mut counter = 0u64;
    move |buffer: &mut [u8]| {
        for chunk in buffer.chunks_mut(32) {
            counter += 1;
            let block =
                sha2::Sha256::new().chain_update(seed.to_be_bytes()).chain_update(counter.to_be_bytes());
            chunk.copy_from_slice(&block.finalize()[..chunk.len()]);
        }
    }
}

fn layouts() -> impl Strategy<Value = Layout> {
    let group = (1u8..5, 0u8..4).prop_map(|(t, more)| (t, if t == 1 { 1 } else { t + more }));
    prop::collection::vec(group, 1..5)
        .prop_flat_map(|groups| (1..=groups.len() as u8, Just(groups)))
        .prop_map(|(group_threshold, groups)| Layout { group_threshold, groups })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Any quorum gives the secret back, with more shares than needed as well; one share less never does.
    #[test]
    fn a_quorum_recovers_and_less_does_not(
        layout in layouts(), seed: u64, long: bool, extendable: bool, order: prop::sample::Index,
    ) {
        let secret: Vec<u8> = (0..if long { 32 } else { 16 }).map(|i| (seed >> (i % 8 * 8)) as u8 ^ i).collect();
        let set = SetId { identifier: (seed & 0x7fff) as u16, extendable, iteration_exponent: 0 };
        let sets = split(&secret, b"", set, &layout, &mut entropy(seed)).unwrap();
        let everything: Vec<Share> = sets.iter().flatten().cloned().collect();
        prop_assert_eq!(&combine(&everything, b"").unwrap()[..], &secret[..]);

        // The last groups, and the last members of each: not the ones that were made at random.
        let first_group = layout.groups.len() - usize::from(layout.group_threshold);
        let mut quorum: Vec<Share> = sets.iter().zip(&layout.groups).skip(first_group)
            .flat_map(|(members, (t, n))| members[usize::from(n - t)..].iter().cloned()).collect();
        quorum.reverse();
        prop_assert_eq!(&combine(&quorum, b"").unwrap()[..], &secret[..]);

        let lost = quorum.remove(order.index(quorum.len()));
        match combine(&quorum, b"") {
            Err(CombineError::None) => prop_assert!(quorum.is_empty()),
            Err(CombineError::TooFew { needed, groups, .. }) => {
                prop_assert_eq!(needed, layout.group_threshold);
                let state = groups[usize::from(lost.group_index)];
                prop_assert_eq!(state.have + 1, usize::from(lost.member_threshold));
            }
            other => prop_assert!(false, "{other:?}"),
        }
    }

    /// One wrong word is found and its place is named; two swapped ones as well; two wrong ones are never taken.
    #[test]
    fn wrong_words_are_found(seed: u64, at: prop::sample::Index, by in 1u16..1024, second in 1u16..1024) {
        let set = SetId { identifier: (seed & 0x7fff) as u16, extendable: seed & 1 == 1, iteration_exponent: 0 };
        let layout = Layout { group_threshold: 1, groups: vec![(2, 3)] };
        let shares = split(&[7; 32], b"", set, &layout, &mut entropy(seed)).unwrap();
        let text = shares[0][1].words();
        let words: Vec<&str> = text.danger_reveal().split(' ').collect();
        let with = |changes: &[(usize, &'static str)]| {
            let mut words = words.clone();
            for (at, word) in changes { words[*at] = word; }
            Share::parse(&words.join(" ")).map(|_| ())
        };
        let other = |at: usize, by: u16| words::word(words::number(words[at]).unwrap() ^ by);
        let position = at.index(words.len());
        let wrong = other(position, by);
        prop_assert_eq!(with(&[(position, wrong)]), Err(ShareError::Checksum(Suspicion::Word(position + 1))));

        let next = (position + 7) % words.len();
        prop_assert!(matches!(
            with(&[(position, wrong), (next, other(next, second))]),
            Err(ShareError::Checksum(Suspicion::Several | Suspicion::Word(_)))
        ));
        let after = (position + 1).min(words.len() - 1);
        if words[position] != words[after] {
            let mut swapped = words.clone();
            swapped.swap(position, after);
            prop_assert_eq!(
                Share::parse(&swapped.join(" ")).map(|_| ()),
                Err(ShareError::Checksum(Suspicion::Swapped(position + 1)))
            );
        }
    }

    /// A share that passes its checksum but belongs elsewhere is named when there are more shares than needed.
    #[test]
    fn a_foreign_share_is_named(seed: u64, at in 0usize..4) {
        let set = SetId { identifier: 77, extendable: false, iteration_exponent: 0 };
        let layout = Layout { group_threshold: 1, groups: vec![(3, 4)] };
        let mut ours = split(&[1; 16], b"", set, &layout, &mut entropy(seed)).unwrap().remove(0);
        let theirs = split(&[2; 16], b"", set, &layout, &mut entropy(!seed)).unwrap().remove(0);
        ours[at] = theirs[at].clone();
        prop_assert_eq!(combine(&ours, b"").unwrap_err(), CombineError::Digest { group: 0, suspects: vec![at] });
        let three: Vec<Share> = (0..4).filter(|i| *i != (at + 1) % 4).map(|i| ours[i].clone()).collect();
        prop_assert_eq!(combine(&three, b"").unwrap_err(), CombineError::Digest { group: 0, suspects: vec![] });
    }

    #[test]
    fn any_text_is_refused_or_a_share(text in "([a-z]{1,8} ?){0,40}", junk: String) {
        let _ = Share::parse(&text);
        let _ = Share::parse(&junk);
    }
}

#[test]
fn errors_name_places_and_no_words() {
    let set = SetId { identifier: 4711, extendable: false, iteration_exponent: 0 };
    let layout = Layout { group_threshold: 2, groups: vec![(2, 2), (2, 3)] };
    let sets = split(&[9; 16], b"", set, &layout, &mut entropy(1)).unwrap();
    let text = |g: usize, m: usize| sets[g][m].words().danger_reveal().to_owned();
    let other = split(&[9; 16], b"", SetId { identifier: 12, ..set }, &layout, &mut entropy(2)).unwrap();
    let stranger = other[1][0].words().danger_reveal().to_owned();
    let damaged = |change: &dyn Fn(&mut Vec<&str>)| {
        let whole = text(0, 0);
        let mut words: Vec<&str> = whole.split(' ').collect();
        change(&mut words);
        words.join(" ")
    };
    let cases: Vec<(&str, Vec<String>)> = vec![
        ("nothing", vec![]),
        ("empty text", vec![String::new()]),
        (
            "a word missing",
            vec![damaged(&|w| {
                w.pop();
            })],
        ),
        ("a word too many", vec![damaged(&|w| w.push("academic"))]),
        ("half", vec![damaged(&|w| w.truncate(10))]),
        (
            "not in the list",
            vec![damaged(&|w| {
                w[2] = "hunter2";
                w[4] = "pass";
            })],
        ),
        ("one wrong", vec![damaged(&|w| w[6] = if w[6] == "zero" { "yoga" } else { "zero" })]),
        ("two swapped", vec![damaged(&|w| w.swap(11, 12))]),
        ("too few", vec![text(0, 0), text(1, 2), text(1, 0)]),
        ("one group", vec![text(0, 0), text(0, 1)]),
        ("another set", vec![text(0, 0), stranger.clone(), text(0, 1), text(1, 2), text(1, 0)]),
        ("the same twice is fine, but still too few", vec![text(0, 0), text(0, 0)]),
    ];
    let told: Vec<String> = cases
        .iter()
        .map(|(name, texts)| {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            format!("{name}: {}", recover(&texts, b"").unwrap_err())
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn layouts_that_slip_39_does_not_know_are_refused() {
    let set = SetId { identifier: 1, extendable: false, iteration_exponent: 0 };
    let cases: [(&[u8], u8, &[(u8, u8)]); 9] = [
        (&[0; 15], 1, &[(1, 1)]),
        (&[0; 17], 1, &[(1, 1)]),
        (&[0; 16], 0, &[(1, 1)]),
        (&[0; 16], 2, &[(1, 1)]),
        (&[0; 16], 1, &[(1, 1); 17]),
        (&[0; 16], 1, &[(0, 1)]),
        (&[0; 16], 1, &[(3, 2)]),
        (&[0; 16], 1, &[(2, 17)]),
        (&[0; 16], 1, &[(1, 2)]),
    ];
    for (secret, group_threshold, groups) in cases {
        let layout = Layout { group_threshold, groups: groups.to_vec() };
        assert!(split(secret, b"", set, &layout, &mut entropy(1)).is_err(), "{layout:?}");
    }
    let fine = Layout { group_threshold: 1, groups: vec![(1, 1)] };
    assert!(split(&[0; 16], "ä".as_bytes(), set, &fine, &mut entropy(1)).is_err());
    assert!(split(&[0; 16], b"", SetId { identifier: 1 << 15, ..set }, &fine, &mut entropy(1)).is_err());
}

#[test]
fn a_share_does_not_print_its_value() {
    let set = SetId { identifier: 1, extendable: false, iteration_exponent: 0 };
    let layout = Layout { group_threshold: 1, groups: vec![(1, 1)] };
    let share = &split(&[0xab; 16], b"", set, &layout, &mut entropy(1)).unwrap()[0][0];
    assert_eq!(
        format!("{share:?}"),
        "Share { set: SetId { identifier: 1, extendable: false, iteration_exponent: 0 }, group: 0 of 1, member: 0, .. }"
    );
}

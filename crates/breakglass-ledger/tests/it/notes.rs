//! Keys, signed notes, checkpoints and entries: what is read, and what is refused.

use crate::log::{entry, key};
use breakglass_ledger::merkle::leaf_hash;
use breakglass_ledger::note::{self, NoteError};
use breakglass_ledger::{
    Checkpoint, CheckpointError, Entry, EntryError, KeyError, LONGEST_ENTRY, LogKey, VerifierKey,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The key pair, text and signature of the documentation of Go's `sumdb/note`.
#[test]
fn a_note_of_another_implementation_is_opened_and_made() {
    let verifier = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let signer = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    let text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    let signature =
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
    let note = format!("{text}\n\u{2014} PeterNeumann {signature}\n");
    let key = LogKey::parse(signer).unwrap();
    assert_eq!(key.verifier().to_string(), verifier);
    assert_eq!(&*key.danger_reveal(), signer);
    assert_eq!(note::sign(text, &key), note);
    assert_eq!(note::open(&note, &VerifierKey::parse(verifier).unwrap()), Ok(text));
}

#[test]
fn other_signatures_are_passed_over_and_ours_must_be_there() {
    let (ours, witness) = (key(1), LogKey::new("witness.example/1", &[9; 32]).unwrap());
    let text = "a\n\nb\n";
    let note = note::sign(text, &ours);
    let second = note::sign(text, &witness);
    let both = format!("{note}{}", second.lines().last().map(|l| format!("{l}\n")).unwrap());
    assert_eq!(note::open(&both, ours.verifier()), Ok(text));
    assert_eq!(note::open(&both, witness.verifier()), Ok(text));
    assert!(note::open_sole(&note, ours.verifier()).is_ok());
    assert!(note::open_sole(&both, ours.verifier()).is_err());
    let error = note::open(&second, ours.verifier()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "it carries no signature of `breakglass-ledger/test+9eb9fb2b`; it is signed by `witness.example/1+e1d888d9`"
    );
    // The same name with another key is another signer.
    assert!(matches!(note::open(&note, key(2).verifier()), Err(NoteError::NotSigned { .. })));
    assert_eq!(
        note::open(&note.replace("a\n", "A\n"), ours.verifier()),
        Err(NoteError::Forged("breakglass-ledger/test".into()))
    );
}

#[test]
fn what_is_no_key_is_refused_without_showing_it() {
    let good = key(1).verifier().to_string();
    for bad in [
        "".to_owned(),
        "name".to_owned(),
        "name+00000000+AAAA".to_owned(),
        good.replace("breakglass-ledger/test", "breakglass-ledger/tesT"),
        good.replace("+A", "+B"),
        format!("{good}\n"),
        format!("a b{good}"),
        // The neutral element: every signature fits it.
        format!("x+00000000+{}", "AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    ] {
        assert!(VerifierKey::parse(&bad).is_err(), "{bad}");
    }
    let secret = key(1).danger_reveal().to_string();
    for bad in [&secret[1..], &secret[..secret.len() - 4], &secret.replace("test", "tesT")] {
        let error = LogKey::parse(bad).unwrap_err().to_string();
        assert!(!error.contains(&secret[secret.len() - 20..]), "{error}");
    }
    assert_eq!(format!("{:?}", key(1)), "LogKey(breakglass-ledger/test)");
    assert_eq!(LogKey::new("a+b", &[0; 32]).unwrap_err(), KeyError::Name("a+b".into()));
}

#[test]
fn checkpoints_say_three_lines() {
    let key = key(1);
    let note = Checkpoint::sign(3, leaf_hash(b"x"), &key);
    insta::assert_snapshot!(note, @"
    breakglass-ledger/test
    3
    PH6byTDck/AfppmF7yQtn56GHzxTVaokzl70tLinDMs=

    — breakglass-ledger/test nrn7K++e3jWw0aLyRQdMKK4p9128N/iez0o0QURA0LOsdf3DzVcJYqLFwZ0YkhuBzjNijD0lHvrR/fZbvrRv2kY19gI=
    ");
    let checkpoint = Checkpoint::open(&note, key.verifier()).unwrap();
    assert_eq!((checkpoint.size, checkpoint.root), (3, leaf_hash(b"x")));
    for (text, why) in [
        ("breakglass-ledger/test\n03\nPH6byTDck/AfppmF7yQtn56GHzxTVaokzl70tLinDMs=\n", "size"),
        ("breakglass-ledger/test\n3\nKRy2G0VIwNm7\n", "root"),
        ("breakglass-ledger/test\n3\n", "root"),
        ("\n3\nPH6byTDck/AfppmF7yQtn56GHzxTVaokzl70tLinDMs=\n", "origin"),
        ("another\n3\nPH6byTDck/AfppmF7yQtn56GHzxTVaokzl70tLinDMs=\n", "about log `another`"),
    ] {
        let error = Checkpoint::open(&note::sign(text, &key), key.verifier()).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
    let extended = "breakglass-ledger/test\n3\nPH6byTDck/AfppmF7yQtn56GHzxTVaokzl70tLinDMs=\nextension\n";
    assert!(Checkpoint::open(&note::sign(extended, &key), key.verifier()).is_ok());
    assert!(matches!(Checkpoint::open("", key.verifier()), Err(CheckpointError::Note(_))));
}

#[test]
fn an_entry_has_one_way_to_be_written() {
    let entry = entry(1);
    let bytes = entry.to_bytes().unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert_eq!(Entry::parse(&bytes).unwrap(), entry);
    insta::assert_snapshot!(text, @r#"{"at":"2026-11-01T08:01:00Z","data":{"n":1,"share":1.1,"text":"naïve\n"},"format":"breakglass-entry/1","index":1,"kind":"apply.step.begin","subject":"ea-02"}"#);
    for other in [
        text.replace("{\"at", "{ \"at"),
        text.replace("ï", "\\u00ef"),
        text.replace("08:01:00Z", "08:01:00.000Z"),
        text.replace("08:01:00Z", "09:01:00+01:00"),
        text.replace("\"index\":1,", "\"index\":1,\"index\":1,"),
        text.replace("1.1", "1.10"),
        format!("{text}\n"),
    ] {
        assert!(Entry::parse(other.as_bytes()).is_err(), "{other}");
    }
    let error = Entry::parse(text.replace("entry/1", "entry/2").as_bytes()).unwrap_err();
    assert_eq!(error, EntryError::Format("breakglass-entry/2".into()));
    assert!(Entry::parse(text.replace("\"kind\"", "\"more\":1,\"kind\"").as_bytes()).is_err());
}

#[test]
fn an_entry_that_could_not_be_kept_is_refused_when_it_is_made() {
    let mut long = entry(0);
    long.data = json!("x".repeat(LONGEST_ENTRY));
    assert!(matches!(long.to_bytes(), Err(EntryError::TooLong { .. })));
    let mut deep = entry(0);
    deep.data = (0..200).fold(Value::Null, |inner, _| json!([inner]));
    assert!(matches!(deep.to_bytes(), Err(EntryError::Malformed(_))));
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(".{0,6}", inner, 0..6)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn every_value_is_kept_as_it_was(data in value(), kind in ".{0,20}", subject in ".{0,20}", seconds in 0_i64..4_000_000_000) {
        let at = jiff::Timestamp::from_second(seconds).unwrap();
        let entry = Entry::new(7, at, &kind, &subject, data);
        let bytes = entry.to_bytes().unwrap();
        prop_assert!(!bytes.contains(&b'\n'));
        prop_assert_eq!(Entry::parse(&bytes).unwrap(), entry);
    }

    #[test]
    fn anything_can_be_handed_to_the_readers(text in "\\PC{0,200}") {
        let _ = Entry::parse(text.as_bytes());
        let _ = VerifierKey::parse(&text);
        let _ = LogKey::parse(&format!("PRIVATE+KEY+{text}"));
        prop_assert!(note::open(&text, key(1).verifier()).is_err());
        prop_assert!(Checkpoint::open(&text, key(1).verifier()).is_err());
    }
}

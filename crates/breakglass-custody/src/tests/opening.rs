//! Opening: every quorum does, nothing else does, and every error says what is missing.

use super::*;

#[test]
fn every_quorum_opens_and_nothing_less() {
    let custody = established(1);
    let envelope = seal(&custody.recipient, &record("Correct-Horse7")).unwrap();
    for mask in 0u32..32 {
        let there: Vec<usize> = (0..5).filter(|i| mask >> i & 1 == 1).collect();
        let executives = there.iter().filter(|i| **i < 2).count();
        let quorum = executives == 2 && there.len() - executives >= 2;
        let opened =
            open(Some(&custody.register), &custody.sealed_identity, &words(&custody, &there), &envelope);
        match opened {
            Ok(found) => {
                assert!(quorum, "{there:?} is no quorum");
                assert_eq!(found.password.danger_reveal(), "Correct-Horse7");
                let known = record("Correct-Horse7");
                assert_eq!(
                    (found.account, found.upn, found.tenant, found.generation, found.created_at),
                    (known.account, known.upn, known.tenant, known.generation, known.created_at)
                );
            }
            Err(OpenError::TooFew { complete, needed, .. }) => {
                assert!(!quorum && complete < usize::from(needed))
            }
            Err(other) => panic!("{there:?}: {other}"),
        }
    }
}

#[test]
fn a_new_password_needs_no_custodian_and_old_shares_open_it() {
    let custody = established(1);
    let first = seal(&custody.recipient, &record("First-Pass77")).unwrap();
    let second =
        seal(&custody.recipient, &CredentialRecord { generation: 2, ..record("Second-Pass77") }).unwrap();
    for (envelope, password) in [(first, "First-Pass77"), (second, "Second-Pass77")] {
        let found = open(None, &custody.sealed_identity, &words(&custody, &[0, 1, 2, 4]), &envelope).unwrap();
        assert_eq!(found.password.danger_reveal(), password);
    }
}

#[test]
fn errors_say_what_is_missing() {
    let (custody, other) = (established(1), established(2));
    let envelope = seal(&custody.recipient, &record("Correct-Horse7")).unwrap();
    let quorum = words(&custody, &[0, 1, 2, 3]);
    let with = |i: usize, words: Secret| {
        let mut shares = quorum.clone();
        shares[i] = words;
        shares
    };
    let broken = quorum[2].danger_reveal().replacen("academic", "acid", 1);
    let mut damaged: Vec<&str> = quorum[1].danger_reveal().split(' ').collect();
    damaged[9] = if damaged[9] == "yoga" { "zero" } else { "yoga" };
    let damaged = Secret::new(damaged.join(" "));
    assert!(broken.split(' ').count() == 33);
    let not_json =
        age_file::seal_to(&custody.recipient, b"{\"format\": \"breakglass-credential/1\", \"pass").unwrap();
    let half_null = age_file::seal_to(
        &custody.recipient,
        br#"{"format":"breakglass-credential/1","account":null,"password":"hunter2"}"#,
    )
    .unwrap();
    let newer = String::from_utf8(record("x").to_json().unwrap().to_vec())
        .unwrap()
        .replace("credential/1", "credential/2");
    let newer = age_file::seal_to(&custody.recipient, newer.as_bytes()).unwrap();
    let no_identity = {
        let shares: Vec<_> =
            quorum.iter().map(|w| slip39::Share::parse(w.danger_reveal()).unwrap()).collect();
        let secret = establish::passphrase(&slip39::combine(&shares, b"").unwrap());
        age_file::seal_with_passphrase(&secret, b"# nothing here\n", LIGHT).unwrap()
    };
    let identity = custody.sealed_identity.as_str();
    let foreign = seal(&other.recipient, &record("x")).unwrap();
    let cut = |text: &str| text[..text.len() * 2 / 3].to_owned();
    let register = Some(&custody.register);
    let cases: Vec<(&str, Option<&Register>, String, Vec<Secret>, String)> = vec![
        ("no share", register, identity.into(), vec![], envelope.clone()),
        ("no share, no register", None, identity.into(), vec![], envelope.clone()),
        ("too few", register, identity.into(), words(&custody, &[0, 1, 2]), envelope.clone()),
        ("too few, no register", None, identity.into(), words(&custody, &[0, 1, 2]), envelope.clone()),
        ("wrong group", register, identity.into(), words(&custody, &[2, 3, 4]), envelope.clone()),
        ("the same twice", register, identity.into(), words(&custody, &[0, 0, 2, 3]), envelope.clone()),
        ("damaged word", register, identity.into(), with(1, damaged), envelope.clone()),
        ("mixed", register, identity.into(), with(3, other.shares[3].words.clone()), envelope.clone()),
        (
            "mixed, no register",
            None,
            identity.into(),
            with(3, other.shares[3].words.clone()),
            envelope.clone(),
        ),
        ("all of another", register, identity.into(), words(&other, &[0, 1, 2, 3]), envelope.clone()),
        ("identity of another", register, other.sealed_identity.clone(), quorum.clone(), envelope.clone()),
        ("identity cut", register, cut(identity), quorum.clone(), envelope.clone()),
        ("identity empty", register, String::new(), quorum.clone(), envelope.clone()),
        ("identity is another file", register, "{}".into(), quorum.clone(), envelope.clone()),
        ("identity without a key", register, no_identity, quorum.clone(), envelope.clone()),
        ("envelope of another", register, identity.into(), quorum.clone(), foreign),
        ("envelope cut", register, identity.into(), quorum.clone(), cut(&envelope)),
        ("envelope empty", register, identity.into(), quorum.clone(), "\n".into()),
        ("record cut", register, identity.into(), quorum.clone(), not_json),
        ("record half null", register, identity.into(), quorum.clone(), half_null),
        ("record of a newer format", register, identity.into(), quorum.clone(), newer),
    ];
    let told: Vec<String> = cases
        .iter()
        .map(|(name, register, identity, shares, envelope)| {
            let error = open(*register, identity, shares, envelope).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
            // Where an envelope breaks depends on its random bytes; that the age crate says how is enough.
            let (before, how) = error.split_once("(invalid armor (").unwrap_or((&error, ""));
            let after = how.split_once("))").map_or("", |(_, after)| after);
            if how.is_empty() {
                return format!("{name}: {error}");
            }
            format!("{name}: {before}(invalid armor (...)){after}")
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
    assert_eq!(
        seal("age1nonsense", &record("x")).unwrap_err().to_string(),
        "`age1nonsense` is not an age X25519 recipient (`age1...`)"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// One changed byte of an envelope is noticed wherever it is, unless armor gives it no meaning.
    #[test]
    fn an_altered_envelope_never_gives_another_password(at: prop::sample::Index, bit in 0u8..7) {
        let custody = established(4);
        let mut envelope = seal(&custody.recipient, &record("Correct-Horse7")).unwrap().into_bytes();
        let at = at.index(envelope.len());
        envelope[at] ^= 1 << bit;
        let envelope = String::from_utf8(envelope).unwrap();
        if let Ok(found) = open(None, &custody.sealed_identity, &words(&custody, &[0, 1, 2, 3]), &envelope) {
            prop_assert_eq!(found.password.danger_reveal(), "Correct-Horse7");
        }
    }
}

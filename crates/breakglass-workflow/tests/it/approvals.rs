//! Which statements count, and for what.

use crate::people::{approve, at, key, opened, request, requested, rules, signed};
use breakglass_model::Secret;
use breakglass_model::design::ApproverDesign;
use breakglass_workflow::activation::{Activation, Event, Phase, Refusal};
use breakglass_workflow::approval::{Approval, ApprovalError, ApproverKey, Decision, Purpose};
use jiff::SignedDuration;

fn refused(activation: &Activation, approval: Approval) -> String {
    let before = activation.clone();
    let mut next = activation.clone();
    let refusal = next.take(Event::Said(approval), at(5)).unwrap_err();
    assert_eq!(next, before, "a refused event changes nothing");
    refusal.to_string()
}

#[test]
fn an_approval_counts_for_one_person_one_request_and_a_while() {
    let activation = requested(2);
    let good = signed(&activation, "Amara Okafor", Decision::Approve, at(4));
    let mut other_request = request("Ines Moreau");
    other_request.reason = "another reason".into();
    let other = Activation::request_checked(other_request, rules(2), at(0)).unwrap().0;
    let resigned = |change: &dyn Fn(&mut breakglass_workflow::approval::Statement)| {
        let mut statement = good.statement.clone();
        change(&mut statement);
        key("Amara Okafor").sign(statement)
    };
    let report = [
        ("another key", key("Jonas Lind").sign(good.statement.clone())),
        ("another request", signed(&other, "Amara Okafor", Decision::Approve, at(4))),
        ("another activation", resigned(&|s| s.activation = "act-2".into())),
        ("another purpose", resigned(&|s| s.purpose = Purpose::Ratify)),
        ("another format", resigned(&|s| s.format = "breakglass-approval/2".into())),
        (
            "a changed decision",
            Approval {
                statement: breakglass_workflow::approval::Statement {
                    decision: Decision::Deny,
                    ..good.statement.clone()
                },
                ..good.clone()
            },
        ),
        ("no approver", resigned(&|s| s.approver = "Mallory".into())),
        ("no signature", Approval { signature: "AAAA".into(), ..good.clone() }),
        ("too long", resigned(&|s| s.expires_at = s.signed_at + SignedDuration::from_hours(25))),
        ("ends before it begins", resigned(&|s| s.expires_at = s.signed_at)),
        ("from the future", resigned(&|s| s.signed_at = at(11))),
        ("over", resigned(&|s| s.expires_at = at(5))),
    ]
    .map(|(what, approval)| format!("{what}: {}", refused(&activation, approval)))
    .join("\n");
    insta::assert_snapshot!(report);
}

#[test]
fn the_same_person_counts_once_and_the_requester_never() {
    let mut activation = requested(2);
    approve(&mut activation, "Amara Okafor", at(1)).unwrap();
    assert_eq!(
        approve(&mut activation, "amara okafor ", at(2)).unwrap_err(),
        Refusal::Approval(ApprovalError::Signature("amara okafor".into()))
    );
    let again = signed(&activation, "Amara Okafor", Decision::Approve, at(2));
    assert_eq!(
        activation.take(Event::Said(again), at(2)).unwrap_err(),
        Refusal::AlreadySaid("Amara Okafor".into())
    );
    assert_eq!(activation.phase(), Phase::Requested);
    assert_eq!(
        activation.take(Event::Open { by: "Ines Moreau".into() }, at(3)).unwrap_err(),
        Refusal::TooFewApprovals { have: 1, needed: 2 }
    );

    let mut own = Activation::request_checked(request(" jonas LIND"), rules(2), at(0)).unwrap().0;
    assert_eq!(approve(&mut own, "Jonas Lind", at(1)).unwrap_err(), Refusal::OwnRequest("Jonas Lind".into()));
}

#[test]
fn one_key_under_two_names_is_one_person() {
    let mut rules = rules(2);
    rules
        .approvers
        .push(ApproverDesign { name: "Second Self".into(), public_key: key("Amara Okafor").public_key() });
    let mut activation = Activation::request_checked(request("Ines Moreau"), rules.clone(), at(0)).unwrap().0;
    approve(&mut activation, "Amara Okafor", at(1)).unwrap();
    let statement =
        activation.statement("Second Self", Decision::Approve, at(1), SignedDuration::from_hours(1)).unwrap();
    let twin = key("Amara Okafor").sign(statement);
    assert_eq!(
        activation.take(Event::Said(twin.clone()), at(1)).unwrap_err(),
        Refusal::AlreadySaid("Second Self (as Amara Okafor)".into())
    );
    // And the requester's key is the requester, whatever it calls itself.
    let mut own = Activation::request_checked(request("Amara Okafor"), rules, at(0)).unwrap().0;
    let statement =
        own.statement("Second Self", Decision::Approve, at(1), SignedDuration::from_hours(1)).unwrap();
    let refusal = own.take(Event::Said(key("Amara Okafor").sign(statement)), at(1)).unwrap_err();
    assert_eq!(refusal, Refusal::OwnRequest("Second Self".into()));
}

#[test]
fn approvals_run_out_before_opening_and_can_be_given_again() {
    let mut activation = requested(2);
    approve(&mut activation, "Amara Okafor", at(1)).unwrap();
    approve(&mut activation, "Jonas Lind", at(120)).unwrap();
    assert_eq!(activation.phase(), Phase::Approved);
    let open = Event::Open { by: "Ines Moreau".into() };
    let after_the_first_ended = at(8 * 60 + 2);
    assert_eq!(
        activation.take(open.clone(), after_the_first_ended).unwrap_err(),
        Refusal::TooFewApprovals { have: 1, needed: 2 }
    );
    approve(&mut activation, "Amara Okafor", after_the_first_ended).unwrap();
    activation.take(open, after_the_first_ended).unwrap();
    assert_eq!(activation.phase(), Phase::Open);
}

#[test]
fn denials_end_it_when_the_rest_is_too_few_and_the_newest_word_counts() {
    let mut activation = requested(2);
    let old = signed(&activation, "Amara Okafor", Decision::Approve, at(1));
    let deny = signed(&activation, "Amara Okafor", Decision::Deny, at(2));
    activation.take(Event::Said(deny), at(2)).unwrap();
    assert_eq!(activation.take(Event::Said(old), at(3)).unwrap_err(), Refusal::Older("Amara Okafor".into()));
    // Two are left and two are needed.
    assert_eq!(activation.phase(), Phase::Requested);
    let mut overruled = activation.clone();
    approve(&mut overruled, "Amara Okafor", at(4)).unwrap();
    assert_eq!(overruled.approvals(at(4)), (1, 2));
    let deny = signed(&activation, "Mei Tanaka", Decision::Deny, at(3));
    activation.take(Event::Said(deny), at(3)).unwrap();
    assert_eq!(activation.phase(), Phase::Denied);
    assert_eq!(
        activation.statement("Jonas Lind", Decision::Approve, at(4), SignedDuration::from_hours(1)),
        None
    );
}

#[test]
fn an_approval_of_one_extension_is_no_approval_of_the_next() {
    let mut activation = opened();
    let ask =
        |reason: &str| Event::AskExtension { by: "Ines Moreau".into(), minutes: 30, reason: reason.into() };
    activation.take(ask("the restore takes longer"), at(30)).unwrap();
    let first = signed(&activation, "Amara Okafor", Decision::Approve, at(31));
    activation.take(Event::Said(first.clone()), at(31)).unwrap();
    assert_eq!(activation.take(ask("more"), at(31)).unwrap_err(), Refusal::ExtensionOpen(1));
    approve(&mut activation, "Mei Tanaka", at(32)).unwrap();
    assert_eq!(activation.window(), Some((at(2), at(92))));
    activation.take(ask("and longer"), at(40)).unwrap();
    let refusal = activation.take(Event::Said(first), at(41)).unwrap_err();
    assert!(matches!(refusal, Refusal::Approval(ApprovalError::SomethingElse { .. })), "{refusal}");
    approve(&mut activation, "Amara Okafor", at(41)).unwrap();
    let late = signed(&activation, "Jonas Lind", Decision::Approve, at(91));
    assert!(matches!(activation.take(Event::Said(late), at(92)).unwrap_err(), Refusal::TooLate { .. }));
    assert_eq!(activation.window(), Some((at(2), at(92))), "not extended");
}

#[test]
fn a_private_key_reads_back_and_does_not_print() {
    let key = key("Amara Okafor");
    let text = key.danger_to_text();
    let read = ApproverKey::parse(&text).unwrap();
    assert_eq!(read.public_key(), key.public_key());
    assert!(!format!("{key:?}").contains(text.danger_reveal().rsplit(':').next().unwrap()));
    for bad in ["", "breakglass-approver-key:AAAA", "breakglass-approver-key:§", &key.public_key()] {
        let error = ApproverKey::parse(&Secret::new(bad)).unwrap_err().to_string();
        assert!(bad.len() < 30 || !error.contains(bad), "{error}");
    }
}

//! People, keys and times that the tests share.

use breakglass_model::ObjectId;
use breakglass_model::design::ApproverDesign;
use breakglass_workflow::activation::{Activation, Event, Refusal, Request, Rules, Taken};
use breakglass_workflow::approval::{Approval, ApproverKey, Decision};
use jiff::{SignedDuration, Timestamp};

/// Three approvers with a key each, as in the design.
pub(crate) const APPROVERS: [&str; 3] = ["Amara Okafor", "Jonas Lind", "Mei Tanaka"];

pub(crate) fn key(name: &str) -> ApproverKey {
    let mut seed = [7u8; 32];
    for (slot, byte) in seed.iter_mut().zip(name.bytes()) {
        *slot = byte;
    }
    ApproverKey::from_seed(seed)
}

pub(crate) fn rules(approvals: usize) -> Rules {
    let approver =
        |name: &&str| ApproverDesign { name: (*name).to_owned(), public_key: key(name).public_key() };
    Rules { approvals, approvers: APPROVERS.iter().map(approver).collect(), minutes: 60 }
}

pub(crate) fn at(minutes: i64) -> Timestamp {
    let zero: Timestamp = "2026-03-02T08:00:00Z".parse().unwrap();
    zero + SignedDuration::from_mins(minutes)
}

pub(crate) fn request(requester: &str) -> Request {
    Request {
        id: "act-1".into(),
        tenant: "11111111-2222-4333-8444-555555555555".into(),
        account: "ea-01".into(),
        object_id: ObjectId::new("aaaaaaaa-0000-4000-8000-000000000001"),
        requester: requester.into(),
        reason: "a policy locks every administrator out".into(),
        ticket: "INC-4711".into(),
        minutes: 60,
        planned: vec!["exclude the administrators from the policy".into()],
        requested_at: at(0),
    }
}

pub(crate) fn requested(approvals: usize) -> Activation {
    Activation::request_checked(request("Ines Moreau"), rules(approvals), at(0)).unwrap().0
}

/// What the approver would sign now, signed.
pub(crate) fn signed(
    activation: &Activation,
    approver: &str,
    decision: Decision,
    now: Timestamp,
) -> Approval {
    let statement = activation.statement(approver, decision, now, SignedDuration::from_hours(8)).unwrap();
    key(approver).sign(statement)
}

pub(crate) fn approve(activation: &mut Activation, approver: &str, now: Timestamp) -> Result<Taken, Refusal> {
    let approval = signed(activation, approver, Decision::Approve, now);
    activation.take(Event::Said(approval), now)
}

/// Open since minute 2, on two approvals.
pub(crate) fn opened() -> Activation {
    let mut activation = requested(2);
    approve(&mut activation, "Amara Okafor", at(1)).unwrap();
    approve(&mut activation, "Jonas Lind", at(2)).unwrap();
    activation.take(Event::Open { by: "Ines Moreau".into() }, at(2)).unwrap();
    activation
}

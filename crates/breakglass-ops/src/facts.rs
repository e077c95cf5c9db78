//! What the checks may look at, gathered: the proof, what drills showed, what custody holds. Then every check is asked.

use crate::custody::{self, CustodyError, EnvelopeState};
use crate::{OpsError, World, assess, drill};
use breakglass_access::prove::{self, Proof};
use breakglass_model::design::Design;
use breakglass_model::snapshot::Snapshot;
use breakglass_model::{PolicyId, Tri};
use breakglass_posture::{
    BlockingFact, CounterexampleFact, CustodyFact, DrillFact, Facts, ProofFact, Proven, Report,
};
use breakglass_workflow::drill::What;
use std::collections::BTreeMap;

/// Asks every check about a snapshot, with everything that the data directory knows beside it.
///
/// # Errors
/// When the store fails or holds something damaged: a check on half of the facts would be no answer.
pub async fn assess(world: &World, design: &Design, snapshot: &Snapshot) -> Result<Report, CustodyError> {
    let now = world.now();
    let question = assess::question(design, snapshot);
    let proof = proof_fact(&prove::prove(snapshot, &question, now));
    let blocking: Vec<BlockingFact> = assess::blocking(design, snapshot, now)
        .into_iter()
        .map(|b| BlockingFact { policy: b.policy, name: b.name, because: b.because })
        .collect();
    let drills = drills(world).await?;
    let custody = custody_facts(world).await?;
    let facts = Facts {
        snapshot,
        design,
        proof: Some(&proof),
        blocking: Some(&blocking),
        drills: Some(&drills),
        custody: Some(&custody),
        now,
    };
    Ok(breakglass_posture::assess(&facts))
}

fn proof_fact(proof: &Proof) -> ProofFact {
    let proven = |tri: Tri| match tri {
        Tri::Yes => Proven::Safe,
        Tri::No => Proven::Locked,
        Tri::Unknown => Proven::Unknown,
    };
    ProofFact {
        accounts: proof.accounts.iter().map(|(name, a)| (name.clone(), proven(a.verdict.holds()))).collect(),
        counterexamples: proof
            .counterexamples
            .iter()
            .map(|c| CounterexampleFact {
                account: c.account.clone(),
                scenario: c.scenario.clone(),
                policies: c
                    .policies
                    .iter()
                    .map(|id| (PolicyId::new(id), c.policy_names.get(id).unwrap_or(id).clone()))
                    .collect(),
                context: c.context.clone(),
            })
            .collect(),
        facts_needed: proof.facts_needed.clone(),
    }
}

/// The last drill of each account that came to an end.
async fn drills(world: &World) -> Result<BTreeMap<String, DrillFact>, OpsError> {
    let mut last: BTreeMap<String, DrillFact> = BTreeMap::new();
    for (_, record) in drill::stored(world).await? {
        let record = record?;
        let (Some(at), report) = (record.ended_at, record.report.as_ref()) else { continue };
        let seen = |what| report.is_some_and(|r| r.seen(what));
        let fact = DrillFact {
            at,
            passed: report.is_some_and(breakglass_workflow::drill::DrillReport::is_complete),
            key: record.drill.key.clone(),
            wrote: seen(What::Write) && seen(What::WriteUndone),
            elevated: seen(What::Elevated) && seen(What::Subscriptions) && seen(What::ElevationRemoved),
        };
        let newer = last.get(&record.drill.account).is_none_or(|known| known.at < at);
        if newer {
            last.insert(record.drill.account, fact);
        }
    }
    Ok(last)
}

/// What is sealed for each account, and when each custodian last showed an intact share.
async fn custody_facts(world: &World) -> Result<BTreeMap<String, CustodyFact>, CustodyError> {
    let mut facts = BTreeMap::new();
    let registers = custody::registers(world).await?;
    for envelope in
        custody::all_envelopes(world).await?.into_iter().filter(|e| e.state == EnvelopeState::Current)
    {
        let register = registers.iter().find(|r| r.generation == envelope.custody_generation);
        let shares = register.map(|r| r.shares.as_slice()).unwrap_or_default();
        let established = register.map(|r| r.established_at);
        // Making a share is not showing it: only what came after counts as an attestation.
        let attested = shares.iter().filter(|s| Some(s.last_sighted) != established);
        let attested = attested.map(|s| (s.custodian.clone(), s.last_sighted)).collect();
        facts.insert(envelope.account.clone(), CustodyFact { sealed_at: envelope.sealed_at, attested });
    }
    Ok(facts)
}

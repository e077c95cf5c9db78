//! The acts after the stage is set, in the order of the story.

use super::stage::{APPROVERS, Stage};
use super::teller::{Teller, run, run_refused};
use crate::commands::snapshots_of;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::files;
use crate::{output, secrets};
use breakglass_authenticator::{ScriptedBrowser, SoftwareKeyRing};
use breakglass_entra::AuthorizationCodeFlow;
use breakglass_model::Secret;
use breakglass_ops::port::{BrowserError, Credential, KeyRing as _, SecurityKey, SignInFlow as _};
use breakglass_ops::{activate, assess, custody};
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

/// Tells all of them; the first that fails ends the story.
pub async fn all(stage: &Stage, teller: &mut Teller) -> Result<(), Failure> {
    teller
        .act("assess", "read it, and ask whether we could get in", async |p| assess_tenant(stage, p).await)
        .await?;
    teller
        .act("provision", "split custody first, then plan, look, apply", async |p| provision(stage, p).await)
        .await?;
    teller
        .act("prove", "no context and no single failure locks us out; a bad change is refused", async |p| {
            prove(stage, p).await
        })
        .await?;
    teller
        .act("custody", "less than a quorum opens nothing, a quorum does", async |p| {
            open_envelope(stage, p).await
        })
        .await?;
    teller.act("watch", "a stranger tries the account", async |p| stranger(stage, p).await).await?;
    teller
        .act("drill", "sign in with a passkey, do what recovery needs, undo it", async |p| {
            drill(stage, p).await
        })
        .await?;
    teller
        .act("activate", "two approvals, a timer, a close and a review", async |p| activation(stage, p).await)
        .await?;
    teller
        .act("evidence", "everything above, for somebody who trusts nobody", async |p| {
            evidence(stage, p).await
        })
        .await?;
    Ok(())
}

async fn assess_tenant(stage: &Stage, proof: &mut Vec<String>) -> Result<(), Failure> {
    let context = &stage.context;
    run(context, &["collect"], Exit::Holds).await?;
    run(context, &["check", "--fail-on", "high"], Exit::DoesNotHold).await?;
    let snapshot = snapshots_of(context).await?;
    let design = context.design()?;
    let policies = snapshot.get("conditionalAccessPolicies").unwrap_or_default().len();
    proof.push(format!(
        "{policies} policies read; {}",
        assess::headline(&assess::prove(&design, &snapshot, context.clock.now()))
    ));
    Ok(())
}

async fn provision(stage: &Stage, proof: &mut Vec<String>) -> Result<(), Failure> {
    let context = &stage.context;
    let (kits, plan, keys) = (stage.path("kits"), stage.path("plan.json"), stage.path("keys"));
    run(context, &["custody", "kit", "--out", &kits], Exit::Holds).await?;
    run(context, &["plan", "--out", &plan], Exit::Holds).await?;
    let apply = ["apply", &plan, "--danger-software-keys", &keys, "--wait-for-logs", "60"];
    run(context, &apply, Exit::Holds).await?;
    let planned: breakglass_ops::provision::Plan =
        serde_json::from_str(&files::read_text(&PathBuf::from(&plan))?)?;
    let excluded = planned
        .steps
        .iter()
        .filter(|s| matches!(s.action, breakglass_ops::provision::Action::ExcludeFromPolicy { .. }))
        .count();
    proof.push(format!(
        "{} steps; excluded from {excluded} policies and no others; proved safe when read again",
        planned.steps.len()
    ));
    // The tenant is as the design says now, so there is nothing left to do.
    run(context, &["plan"], Exit::Holds).await?;
    // Nobody announced these changes, and they are about emergency accounts: the watch must cry out about every one.
    run(context, &["watch", "--once"], Exit::DoesNotHold).await?;
    proof.push(format!(
        "{} alerts about our own changes were acknowledged at the webhook",
        stage.receiver.received().len()
    ));
    Ok(())
}

async fn prove(stage: &Stage, proof: &mut Vec<String>) -> Result<(), Failure> {
    let context = &stage.context;
    run(context, &["prove"], Exit::Holds).await?;
    let snapshot = snapshots_of(context).await?;
    let design = context.design()?;
    proof.push(assess::headline(&assess::prove(&design, &snapshot, context.clock.now())));
    let change = json!({
        "displayName": "Require a compliant device for all users",
        "state": "enabled",
        "conditions": {
            "users": { "includeUsers": ["All"] },
            "applications": { "includeApplications": ["All"] },
            "clientAppTypes": ["all"],
        },
        "grantControls": { "operator": "OR", "builtInControls": ["compliantDevice"] },
    });
    let file = stage.path("require-compliant-device.json");
    files::write(&PathBuf::from(&file), (serde_json::to_string_pretty(&change)? + "\n").as_bytes())?;
    run(context, &["prove", "--change", &file], Exit::DoesNotHold).await?;
    let judged = assess::judge_change(&design, &snapshot, &change, context.clock.now())?;
    proof.push(format!("the proposed change is refused: {}", assess::headline(&judged.after)));
    Ok(())
}

/// The kits that the custodians hold, in the order of the design.
fn all_kits(stage: &Stage) -> Result<Vec<PathBuf>, Failure> {
    let mut files: Vec<_> = std::fs::read_dir(stage.home.join("kits"))?.flatten().map(|e| e.path()).collect();
    files.sort();
    Ok(files)
}

/// Two executives and two security leads.
fn quorum(stage: &Stage) -> Result<Vec<PathBuf>, Failure> {
    let name = |p: &PathBuf| p.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let wanted = ["1-1-", "1-3-", "2-1-", "2-3-"];
    Ok(all_kits(stage)?.into_iter().filter(|p| wanted.iter().any(|w| name(p).starts_with(w))).collect())
}

async fn open_envelope(stage: &Stage, proof: &mut Vec<String>) -> Result<(), Failure> {
    let context = &stage.context;
    for kit in all_kits(stage)? {
        run(context, &["custody", "attest", "--share", &kit.display().to_string()], Exit::Holds).await?;
    }
    let quorum = quorum(stage)?;
    let some: Vec<String> = quorum.iter().take(3).map(|p| p.display().to_string()).collect();
    let mut line = vec!["custody", "open", "ea-01", "--share"];
    line.extend(some.iter().map(String::as_str));
    let why = run_refused(context, &line).await?;
    let short = why.split(':').next().unwrap_or_default();
    proof.push(format!("three of four shares: {short}"));
    let world = context.world().await?;
    let record = custody::danger_open(&world, "ea-01", &secrets::shares(&quorum)?).await?;
    proof.push(format!(
        "two executives and two security leads open `{}`, password generation {} ({} characters, not shown)",
        record.account,
        record.generation,
        record.password.danger_reveal().chars().count()
    ));
    let copies = stage.path("copies");
    run(context, &["custody", "copies", "--out", &copies], Exit::Holds).await?;
    run(
        context,
        &["custody", "simulate-loss", "--custodian", "Jonas Lind", "--site", "data centre south"],
        Exit::Holds,
    )
    .await
}

/// The ways in which people sign in at the emulator's login, in the story.
struct Login<'a> {
    stage: &'a Stage,
    flow: AuthorizationCodeFlow,
}

impl<'a> Login<'a> {
    fn new(stage: &'a Stage) -> Result<Self, Failure> {
        Ok(Self { stage, flow: AuthorizationCodeFlow::new(stage.context.client()?) })
    }

    fn upn(&self, account: &str) -> Result<String, Failure> {
        let missing = || {
            Failure::new(
                format!("the design has no account `{account}`"),
                "this is a mistake of the story: report it",
            )
        };
        Ok(self.stage.context.design()?.account(account).ok_or_else(missing)?.upn.clone())
    }

    async fn sign_in(
        &self,
        account: &str,
        credential: Credential,
    ) -> Result<Result<(), BrowserError>, Failure> {
        let browser = ScriptedBrowser::new(Some(&self.stage.emulator.ready.ca_bundle), credential)?;
        Ok(self.flow.sign_in(&self.upn(account)?, &browser).await.map(|_| ()))
    }
}

fn refusal(result: Result<(), BrowserError>, expected: &str) -> Result<String, Failure> {
    match result {
        Err(refused @ BrowserError::Refused { .. }) => Ok(refused.to_string()),
        Err(other) => Err(other.into()),
        Ok(()) => Err(Failure::new(
            format!("{expected} signed in, and must not"),
            "this is a mistake of the emulator: report it",
        )),
    }
}

async fn stranger(stage: &Stage, proof: &mut Vec<String>) -> Result<(), Failure> {
    let login = Login::new(stage)?;
    let before = stage.receiver.received().len();
    let refused = refusal(
        login.sign_in("ea-01", Credential::Password(Secret::new("Summer2026!"))).await?,
        "a stranger",
    )?;
    output::talk(format!("  a stranger: {refused}"));
    run(&stage.context, &["watch", "--until-alert", "30"], Exit::DoesNotHold).await?;
    let received = stage.receiver.received();
    let count = received.len().saturating_sub(before);
    if count == 0 {
        return Err(Failure::new(
            "no alert reached the receiver",
            "look at the outbox with `breakglass evidence log --kind watch.`",
        ));
    }
    let titles: Vec<_> = received.iter().skip(before).map(|r| r.alert.title.clone()).collect();
    let last = titles.last().cloned().unwrap_or_default();
    proof.push(format!("acknowledged at the webhook: {last}"));
    let world = stage.context.world().await?;
    let times = breakglass_ops::watch::alert_times(&world, jiff::Timestamp::UNIX_EPOCH).await?;
    if let Some(t) = times.iter().max_by_key(|t| t.event_at) {
        let after = |to: Option<jiff::Timestamp>| {
            to.map_or("unknown".into(), |to| format!("{:.1} s", to.duration_since(t.event_at).as_secs_f64()))
        };
        proof.push(format!(
            "seen {}, sent {}, acknowledged {} after the event",
            after(Some(t.seen_at)),
            after(t.sent_at),
            after(t.acknowledged_at)
        ));
    }
    Ok(())
}

async fn drill(stage: &Stage, proof: &mut Vec<String>) -> Result<(), Failure> {
    let keys = stage.path("keys");
    let line = [
        "drill",
        "run",
        "ea-01",
        "--by",
        "Pavel Dvorak",
        "--danger-software-keys",
        &keys,
        "--wait-for-logs",
        "60",
    ];
    run(&stage.context, &line, Exit::Holds).await?;
    proof.push(
        "`ea-01` signed in with a passkey, wrote, elevated, undid it: every item by a record of the logs"
            .into(),
    );
    // The other account has not been drilled, and the schedule says so.
    run(&stage.context, &["drill", "schedule"], Exit::DoesNotHold).await
}

async fn activation(stage: &Stage, proof: &mut Vec<String>) -> Result<(), Failure> {
    let context = &stage.context;
    let [first, second, _] = APPROVERS;
    run(
        context,
        &[
            "activate",
            "request",
            "ea-02",
            "--by",
            "Pavel Dvorak",
            "--reason",
            "administrators cannot sign in",
            "--ticket",
            "INC-4711",
            "--plan",
            "exclude the policy that blocks them",
        ],
        Exit::Holds,
    )
    .await?;
    let world = context.world().await?;
    let id = activate::stored(&world).await?.into_iter().map(|(id, _)| id).next_back().unwrap_or_default();
    let early = run_refused(context, &["activate", "open", &id, "--by", "Pavel Dvorak"]).await?;
    proof.push(format!("without approvals: {}", early.split(';').next().unwrap_or_default()));
    for approver in [first, second] {
        let key = stage.approver_key(approver);
        run(context, &["activate", "approve", &id, "--approver", approver, "--key", &key], Exit::Holds)
            .await?;
    }
    run(context, &["activate", "open", &id, "--by", "Pavel Dvorak"], Exit::Holds).await?;
    let record = custody::danger_open(&world, "ea-02", &secrets::shares(&quorum(stage)?)?).await?;
    let login = Login::new(stage)?;
    let key = key_of(context, stage, "ea-02")?;
    login.sign_in("ea-02", Credential::PasswordAndPasskey(record.password.clone(), key)).await??;
    output::talk("  signed in with the password from the envelope and a passkey");
    run(context, &["watch", "--once"], Exit::Holds).await?;
    run(
        context,
        &["activate", "close", &id, "--by", "Pavel Dvorak", "--did", "excluded the policy, then put it back"],
        Exit::Holds,
    )
    .await?;
    refusal(login.sign_in("ea-02", Credential::Password(record.password)).await?, "the old password")?;
    proof.push("closed: sessions revoked, a new password sealed and set; the old one is refused".into());
    let own = run_refused(
        context,
        &[
            "activate",
            "review",
            &id,
            "--by",
            "Pavel Dvorak",
            "--classification",
            "drill",
            "--cause",
            "rehearsal",
            "--actions",
            "as planned",
        ],
    )
    .await?;
    proof.push(format!("reviewed by another person: {}", own.split(';').next().unwrap_or_default()));
    run(
        context,
        &[
            "activate",
            "review",
            &id,
            "--by",
            "Ines Moreau",
            "--classification",
            "drill",
            "--cause",
            "rehearsal",
            "--actions",
            "as planned",
        ],
        Exit::Holds,
    )
    .await
}

fn key_of(context: &Context, stage: &Stage, account: &str) -> Result<Arc<dyn SecurityKey>, Failure> {
    let ring = SoftwareKeyRing::danger_open(stage.home.join("keys"), &context.design()?)?;
    let first = ring.keys(account).into_iter().next();
    first.ok_or_else(|| {
        Failure::new(format!("`{account}` has no key"), "this is a mistake of the story: report it")
    })
}

async fn evidence(stage: &Stage, proof: &mut Vec<String>) -> Result<(), Failure> {
    let context = &stage.context;
    let (pack, anchor) = (stage.path("evidence.tar"), stage.path("checkpoint"));
    let key = context.data.join("ledger/verifier.key").display().to_string();
    run(context, &["evidence", "anchor", "--out", &anchor], Exit::Holds).await?;
    run(
        context,
        &["evidence", "pack", "--out", &pack, "--title", "emergency access of the emulated tenant"],
        Exit::Holds,
    )
    .await?;
    run(context, &["evidence", "verify", &pack, "--key", &key, "--earlier", &anchor], Exit::Holds).await?;
    let mut bytes = files::read(&PathBuf::from(&pack))?;
    proof.push(format!("{} kB verify offline, and continue the checkpoint kept before", bytes.len() / 1000));
    let at = bytes.len() / 3;
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1;
    }
    let forged = stage.path("forged.tar");
    files::write(&PathBuf::from(&forged), &bytes)?;
    run(context, &["evidence", "verify", &forged, "--key", &key], Exit::DoesNotHold).await?;
    let expected = breakglass_ledger::VerifierKey::parse(files::read_text(&PathBuf::from(&key))?.trim())?;
    let found = breakglass_ledger::pack::verify(&bytes, Some(&expected), None);
    let named = found.problems.first().map(|p| p.place.clone()).unwrap_or_default();
    proof.push(format!("byte {at} changed: found, and named `{named}`"));
    Ok(())
}

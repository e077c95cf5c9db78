//! One function a step. Each looks first, so that taking it twice does no harm, and waits for what it made to be seen.

use super::apply::{ApplyError, Hands, read_policy, with_ids};
use super::journal::Journal;
use super::plan::Step;
use super::project::exclude;
use crate::collect::text;
use crate::port::{Change, NewUser, Query, TenantError};
use crate::{OpsError, custody, watch};
use breakglass_model::design::{Cloud, Design};
use breakglass_model::{ObjectId, PolicyId, ids::GLOBAL_ADMINISTRATOR};
use serde_json::{Value, json};

type Done = Result<Value, ApplyError>;

/// Creates the account. The password is sealed before the request leaves, so that no kill loses it. If an earlier run
/// may have created the user, nobody knows which sealed password it got: a new one is sealed and set.
pub(super) async fn create_account(
    hands: &Hands<'_>,
    journal: &mut Journal,
    step: &Step,
    account: &str,
    upn: &str,
    resumed: bool,
) -> Done {
    let world = hands.world;
    let found = hands.tenant.read(&Query::User(upn.into())).await.map_err(OpsError::from)?;
    let known = journal.account(account);
    let existing = found.first().and_then(|u| text(u, "id")).map(ObjectId::new).or(known);
    // Without the note that nobody had this name, an earlier run was stopped before it could have made the user.
    if existing.is_some() && !(resumed && journal.was_absent(step)) {
        return Err(ApplyError::NotOurs { what: format!("user `{upn}`") });
    }
    journal.remember(world, step, json!({ "absent": true })).await?;
    let (password, generation) = custody::fresh_password(world, account, upn, &journal.plan.tenant).await?;
    let mut id = existing;
    if id.is_none() {
        let nickname = upn.split('@').next().unwrap_or(account);
        let user = NewUser { upn: upn.into(), display_name: account.into(), mail_nickname: nickname.into() };
        match hands.tenant.write(&Change::CreateUser(user, password.clone())).await {
            Ok(user) => {
                let new = text(&user, "id").map(ObjectId::new);
                let new = new.ok_or_else(|| malformed("POST /users", "the created user has no `id`"))?;
                remember_id(hands, journal, &format!("account/{account}"), &new).await?;
                custody::took_effect(world, account, generation).await?;
                wait_for_user(hands, &new).await?;
                return Ok(json!({ "object_id": new, "password_generation": generation }));
            }
            // An earlier request did take effect and was not readable yet.
            Err(TenantError::Conflict { .. }) if resumed => {}
            Err(error) => return Err(OpsError::from(error).into()),
        }
        let by_name = Query::User(upn.into());
        let found = world
            .eventually(&format!("user `{upn}`"), hands.patience.replication, || async {
                let found = hands.tenant.read(&by_name).await?;
                Ok(found.first().and_then(|u| text(u, "id")).map(ObjectId::new))
            })
            .await?;
        id = Some(found);
    }
    let id = id.ok_or_else(|| malformed("GET /users", "no id"))?;
    remember_id(hands, journal, &format!("account/{account}"), &id).await?;
    patiently(hands, &format!("user `{id}`"), &Change::SetPassword(id.clone(), password)).await?;
    custody::took_effect(world, account, generation).await?;
    Ok(json!({ "object_id": id, "password_generation": generation, "resumed": true }))
}

/// Writes, and waits while the replica that is asked does not know the object yet: one that was seen a moment ago may be
/// unknown to the next replica. A 404 has no effect, so the same request may be sent again.
async fn patiently(hands: &Hands<'_>, what: &str, change: &Change) -> Result<Value, OpsError> {
    let write = || async { Ok(Some(hands.tenant.write(change).await?)) };
    hands.world.eventually(what, hands.patience.replication, write).await
}

/// Something that an earlier run may have made: it is waited for a while, since making it twice would be accepted.
async fn of_an_earlier_run<T>(
    hands: &Hands<'_>,
    what: &str,
    look: impl AsyncFn() -> Result<Option<T>, OpsError>,
) -> Result<Option<T>, OpsError> {
    let wait = hands.patience.replication.min(std::time::Duration::from_secs(10));
    match hands.world.eventually(what, wait, || look()).await {
        Ok(found) => Ok(Some(found)),
        Err(OpsError::Late { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

async fn wait_for_user(hands: &Hands<'_>, id: &ObjectId) -> Result<(), ApplyError> {
    let query = Query::User(id.to_string());
    let seen = || async {
        let found = hands.tenant.read(&query).await?;
        Ok((!found.is_empty()).then_some(()))
    };
    Ok(hands.world.eventually(&format!("user `{id}`"), hands.patience.replication, seen).await?)
}

/// Registers one passkey: creation options, the key, and the method itself, in one go (the challenge lives 5 minutes).
pub(super) async fn register_passkey(
    hands: &Hands<'_>,
    design: &Design,
    journal: &mut Journal,
    step: &Step,
    account: &str,
    key: usize,
    resumed: bool,
) -> Done {
    let id = account_id(journal, design, account)?;
    let keys = hands.keys.keys(account);
    let no_key = || ApplyError::NoKey { account: account.into(), key, have: keys.len() };
    let device = keys.get(key.saturating_sub(1)).ok_or_else(no_key)?;
    let methods_query = Query::AuthenticationMethods(id.clone());
    let registered = |methods: Vec<Value>| {
        methods.into_iter().find(|m| {
            text(m, "@odata.type").is_some_and(|t| t.ends_with("fido2AuthenticationMethod"))
                && text(m, "displayName") == Some(device.name().as_str())
        })
    };
    let looked = async || Ok(registered(hands.tenant.read(&methods_query).await?));
    let mut method = match looked().await {
        Ok(method) => method,
        Err(OpsError::Tenant(TenantError::NotFound { .. })) => None,
        Err(error) => return Err(error.into()),
    };
    if method.is_none() && resumed && journal.was_absent(step) {
        method = of_an_earlier_run(hands, "the passkey of an earlier run", looked).await?;
    }
    if method.is_none() {
        // What `undo` looks for when the answer with the method's id is lost.
        journal.remember(hands.world, step, json!({ "absent": true, "key": device.name() })).await?;
    }
    let method = match method {
        Some(method) => method,
        None => {
            let options_query = Query::PasskeyCreationOptions(id.clone());
            let options = hands
                .world
                .eventually(
                    &format!("creation options for `{account}`"),
                    hands.patience.replication,
                    || async { Ok(hands.tenant.read(&options_query).await?.into_iter().next()) },
                )
                .await?;
            let public_key = options
                .get("publicKey")
                .ok_or_else(|| malformed("GET fido2Methods/creationOptions", "`publicKey` is missing"))?;
            let creation = device.create(public_key, &passkey_origin(&design.tenant.cloud)).await?;
            patiently(hands, &format!("user `{id}`"), &Change::RegisterPasskey(id.clone(), creation)).await?;
            hands
                .world
                .eventually(&format!("passkey `{}`", device.name()), hands.patience.replication, || async {
                    Ok(registered(hands.tenant.read(&methods_query).await?))
                })
                .await?
        }
    };
    let method_id =
        text(&method, "id").ok_or_else(|| malformed("GET authentication/methods", "a method has no `id`"))?;
    remember_id(hands, journal, &format!("passkey/{account}/{key}"), &ObjectId::new(method_id)).await?;
    // Method ids are case-sensitive (base64url), so the exact text is kept beside the id.
    journal.ids.insert(format!("passkey/{account}/{key}"), method_id.to_owned());
    journal.save(hands.world).await?;
    Ok(json!({ "method": method_id, "model": device.aaguid(), "key": device.name() }))
}

/// The origin that the browser would report on the login page.
fn passkey_origin(cloud: &Cloud) -> String {
    match cloud {
        Cloud::Global => "https://login.microsoft.com".into(),
        Cloud::UsGov | Cloud::UsGovDod => "https://login.microsoftonline.us".into(),
        Cloud::China => "https://login.partner.microsoftonline.cn".into(),
        Cloud::Custom { login, .. } => login.trim_end_matches('/').into(),
    }
}

/// Puts the account on the watch list and waits for its own trace: monitoring that has seen nothing is no monitoring.
pub(super) async fn watch(hands: &Hands<'_>, design: &Design, journal: &mut Journal, account: &str) -> Done {
    let id = account_id(journal, design, account)?;
    let upn = design.accounts.iter().find(|a| a.name == account).map(|a| a.upn.clone()).unwrap_or_default();
    watch::add(hands.world, account, &id, &upn).await?;
    let began = journal.steps.values().map(|e| e.began).min().unwrap_or_else(|| hands.world.now());
    let since = began - jiff::SignedDuration::from_mins(5);
    let trace = hands
        .world
        .eventually(&format!("a trace of `{account}` in the audit log"), hands.patience.logs, || async {
            let audits = hands.tenant.read(&Query::DirectoryAudits { since }).await?;
            Ok(audits.into_iter().find(|a| watch::targets(a, &id)))
        })
        .await?;
    Ok(json!({ "audit": trace.get("id"), "activity": trace.get("activityDisplayName") }))
}

/// Creates the exclusion group.
pub(super) async fn create_group(
    hands: &Hands<'_>,
    journal: &mut Journal,
    step: &Step,
    name: &str,
    resumed: bool,
) -> Done {
    let named = Query::GroupsNamed(name.into());
    let found = hands.tenant.read(&named).await.map_err(OpsError::from)?;
    let mut id = journal.group().or_else(|| found.first().and_then(|g| text(g, "id")).map(ObjectId::new));
    let ours = resumed && journal.was_absent(step);
    if id.is_some() && !ours {
        return Err(ApplyError::NotOurs { what: format!("group `{name}`") });
    }
    if id.is_none() && ours {
        let look = async || {
            Ok(hands.tenant.read(&named).await?.first().and_then(|g| text(g, "id")).map(ObjectId::new))
        };
        id = of_an_earlier_run(hands, "the group of an earlier run", look).await?;
    }
    journal.remember(hands.world, step, json!({ "absent": true })).await?;
    let id = match id {
        Some(id) => id,
        None => {
            let change = Change::CreateGroup {
                name: name.into(),
                description:
                    "Emergency access accounts: excluded from the policies that would block recovery".into(),
                role_assignable: true,
            };
            let group = hands.tenant.write(&change).await.map_err(OpsError::from)?;
            let id = text(&group, "id")
                .ok_or_else(|| malformed("POST /groups", "the created group has no `id`"))?;
            ObjectId::new(id)
        }
    };
    remember_id(hands, journal, "group", &id).await?;
    let query = Query::Group(id.clone());
    let seen = || async { Ok(hands.tenant.read(&query).await?.into_iter().next()) };
    hands.world.eventually(&format!("group `{name}`"), hands.patience.replication, seen).await?;
    Ok(json!({ "object_id": id }))
}

/// Adds the account to the exclusion group.
pub(super) async fn add_to_group(
    hands: &Hands<'_>,
    journal: &Journal,
    design: &Design,
    account: &str,
) -> Done {
    let design = with_ids(design, journal);
    let member = account_id(journal, &design, account)?;
    let group = design.exclusion_group.object_id.clone();
    let group = group
        .ok_or_else(|| ApplyError::Unbound("the exclusion group has no id in journal or design".into()))?;
    let query = Query::GroupMembers(group.clone());
    let is_member = || async {
        let members = hands.tenant.read(&query).await?;
        Ok(members.iter().any(|m| text(m, "id").is_some_and(|x| ObjectId::new(x) == member)).then_some(()))
    };
    let change = Change::AddGroupMember { group: group.clone(), member: member.clone() };
    let add = || async {
        if is_member().await?.is_some() {
            return Ok(Some(()));
        }
        match hands.tenant.write(&change).await {
            Ok(_) | Err(TenantError::Conflict { .. }) => Ok(Some(())),
            Err(error) => Err(error.into()),
        }
    };
    hands.world.eventually(&format!("group `{group}`"), hands.patience.replication, add).await?;
    hands
        .world
        .eventually(&format!("`{account}` in its group"), hands.patience.replication, is_member)
        .await?;
    Ok(json!({ "group": group, "member": member }))
}

/// Read, add the group and the accounts to the exclusions, write: nothing else of the policy is changed.
pub(super) async fn exclude_from_policy(
    hands: &Hands<'_>,
    design: &Design,
    journal: &mut Journal,
    step: &Step,
    policy: &PolicyId,
) -> Done {
    let design = with_ids(design, journal);
    let accounts: Vec<ObjectId> =
        design.accounts.iter().map(|a| account_id(journal, &design, &a.name)).collect::<Result<_, _>>()?;
    let group = design.exclusion_group.object_id.clone();
    let group = group
        .ok_or_else(|| ApplyError::Unbound("the exclusion group has no id in journal or design".into()))?;
    let mut body = read_policy(hands, policy).await?;
    let before = body.pointer("/conditions/users").cloned().unwrap_or_default();
    journal
        .remember(hands.world, step, json!({ "users": before, "group": group, "accounts": accounts }))
        .await?;
    if !exclude(&mut body, &group, &accounts) {
        return Ok(json!({ "policy": policy, "already": true }));
    }
    let conditions = body.get("conditions").cloned().unwrap_or_default();
    let fragment = json!({ "conditions": conditions });
    hands.tenant.write(&Change::UpdatePolicy(policy.clone(), fragment)).await.map_err(OpsError::from)?;
    Ok(json!({ "policy": policy, "group": group, "accounts": accounts }))
}

/// Grants Global Administrator, active and permanent, at tenant scope.
pub(super) async fn assign_role(
    hands: &Hands<'_>,
    journal: &mut Journal,
    design: &Design,
    account: &str,
) -> Done {
    let principal = account_id(journal, design, account)?;
    let role = ObjectId::new(GLOBAL_ADMINISTRATOR);
    let query = Query::RoleAssignments(Some(role.clone()));
    let held = || async {
        let all = hands.tenant.read(&query).await?;
        let mine = all.into_iter().find(|a| {
            text(a, "principalId").is_some_and(|p| ObjectId::new(p) == principal)
                && text(a, "directoryScopeId") == Some("/")
        });
        Ok(mine.and_then(|a| text(&a, "id").map(str::to_owned)))
    };
    if held().await?.is_none() {
        let change = Change::AssignRole { role: role.clone(), principal: principal.clone() };
        let assign = || async {
            match hands.tenant.write(&change).await {
                Ok(_) | Err(TenantError::Conflict { .. }) => Ok(Some(())),
                Err(error) => Err(error.into()),
            }
        };
        hands
            .world
            .eventually(&format!("`{account}` as a principal"), hands.patience.replication, assign)
            .await?;
    }
    let id =
        hands.world.eventually(&format!("the role of `{account}`"), hands.patience.replication, held).await?;
    // Assignment ids are case-sensitive.
    journal.ids.insert(format!("role/{account}"), id.clone());
    journal.save(hands.world).await?;
    Ok(json!({ "assignment": id, "principal": principal }))
}

fn account_id(journal: &Journal, design: &Design, account: &str) -> Result<ObjectId, ApplyError> {
    let declared = || design.accounts.iter().find(|a| a.name == account).and_then(|a| a.object_id.clone());
    journal.account(account).or_else(declared).ok_or_else(|| {
        ApplyError::Unbound(format!("account `{account}` has no object id in journal or design"))
    })
}

async fn remember_id(
    hands: &Hands<'_>,
    journal: &mut Journal,
    key: &str,
    id: &ObjectId,
) -> Result<(), ApplyError> {
    journal.ids.insert(key.into(), id.to_string());
    Ok(journal.save(hands.world).await?)
}

fn malformed(what: &str, detail: &str) -> ApplyError {
    OpsError::from(TenantError::Malformed { what: what.into(), detail: detail.into() }).into()
}

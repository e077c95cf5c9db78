//! BG-F18: methods were cleaned up, or added: what is registered is not what was approved.

use super::words;
use crate::read::{self, Method};
use crate::{Answer, Check, Facts};
use breakglass_model::Severity;
use breakglass_model::design::{AccountDesign, CredentialDesign};
use breakglass_model::snapshot::collections as c;

pub(super) const CHECK: Check = Check {
    id: "BG-F18",
    severity: Severity::High,
    question: "Has every emergency account exactly the sign-in methods of the design?",
    controls: &["CIS M365 v7.0 1.1.2", "NIST 800-53 r5 CM-2", "NIST 800-53 r5 IA-5"],
    run,
};

fn run(facts: &Facts<'_>) -> Vec<Answer> {
    read::for_each_account(facts, |account, _, id| {
        let (subject, name) = (account.subject(), &account.design.name);
        let methods = match read::methods_of(facts.snapshot, id) {
            Ok(methods) => methods,
            Err(why) => return read::unread(subject, why),
        };
        if let Some((key, _)) = read::keys(&methods).iter().find(|(_, model)| model.is_none())
            && keys(account.design).iter().any(Option::is_some)
        {
            return read::unread(subject, format!("the model of key `{key}` of `{name}` was not read"));
        }
        let (missing, extra) = compare(account.design, &methods);
        let all: Vec<String> = methods.iter().map(Method::words).collect();
        let answer = if !missing.is_empty() {
            let message = format!("`{name}` lacks {} that the design has", missing.join(", "));
            Answer::fail(subject, message, words::register_key(&account.design.upn))
        } else if !extra.is_empty() {
            let message = format!("`{name}` has {} that the design does not have", extra.join(", "));
            let remedy = format!(
                "find out who added it (Audit logs, activity `User registered security info`); then remove it (Entra admin \
                 center > Users > `{}` > Authentication methods); a key that is meant to be there is declared in `credentials` of `{name}`",
                account.design.upn
            );
            Answer::fail(subject, message, remedy)
        } else {
            Answer::pass(subject, format!("the methods of `{name}` are those of the design"))
        };
        answer
            .evidence(format!("{}/{id}: {}", c::AUTHENTICATION_METHODS, if all.is_empty() { "none".into() } else { all.join(", ") }))
            .evidence(format!("design: {} declared for `{name}`", read::count(keys(account.design).len(), "key")))
    })
}

/// Declared keys, each by its model where the design says one.
fn keys(design: &AccountDesign) -> Vec<Option<&str>> {
    let mut keys = Vec::new();
    for credential in &design.credentials {
        if let CredentialDesign::Fido2 { aaguid, .. } = credential {
            keys.push(aaguid.as_deref());
        }
    }
    keys
}

/// What is declared and not registered, and what is registered and not declared. Every account has a password, so that
/// is neither.
fn compare(design: &AccountDesign, methods: &[Method]) -> (Vec<String>, Vec<String>) {
    let mut registered = read::keys(methods);
    let mut missing = Vec::new();
    let declared = keys(design);
    for model in declared.iter().flatten() {
        match registered.iter().position(|(_, found)| found.is_some_and(|f| read::same(f, model))) {
            Some(at) => {
                registered.remove(at);
            }
            None => missing.push(format!("a key of model `{model}`")),
        }
    }
    let any = declared.iter().filter(|m| m.is_none()).count();
    if registered.len() < any {
        missing.push(read::count(any - registered.len(), "key"));
    }
    let mut extra: Vec<String> = registered.iter().skip(any).map(|(name, _)| format!("passkey `{name}`")).collect();
    extra.extend(methods.iter().filter(|m| !matches!(m, Method::Password | Method::Fido2 { .. })).map(Method::words));
    (missing, extra)
}

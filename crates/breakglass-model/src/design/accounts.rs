//! `[[account]]` and `[exclusion_group]`: what emergency access is made of, and that no two of it are the same.

use super::reader::{At, Problems, Reader};
use super::{AccountDesign, CredentialDesign, ExclusionGroupDesign, ExclusionProfile};
use std::collections::BTreeSet;

/// Keeps what was seen under a name, and reports the second use.
#[derive(Default)]
pub(super) struct Unique(BTreeSet<String>);

impl Unique {
    pub(super) fn check(&mut self, problems: &Problems<'_>, what: &str, text: &At<String>) {
        if !self.0.insert(text.value.to_lowercase()) {
            problems.add(&text.span, format!("{what} `{}` is used twice", text.value), "give each its own");
        }
    }
}

pub(super) fn accounts(root: &Reader<'_, '_, '_>) -> Vec<AccountDesign> {
    let readers = root.tables("account");
    if readers.is_empty() {
        root.problems().missing(
            &root.place("account"),
            "no emergency account is declared",
            "add two `[[account]]` tables with `name`, `upn`, `owner` and `credentials`",
        );
    }
    let (mut names, mut upns, mut ids, mut serials) =
        (Unique::default(), Unique::default(), Unique::default(), Unique::default());
    let mut accounts = Vec::new();
    for reader in readers {
        let reader = reader.named("account");
        let problems = reader.problems();
        let name = reader.required("name", "\"ea-01\"");
        if let Some(name) = &name {
            names.check(problems, "account name", name);
            file_safe(problems, "account name", name);
        }
        let upn = reader
            .required("upn", "\"<name>@<tenant>.onmicrosoft.com\"")
            .and_then(|u| super::forms::upn(problems, &format!("`upn` of {}", reader.name()), u));
        upn.iter().for_each(|u| upns.check(problems, "user principal name", u));
        let object_id = reader.text("object_id");
        object_id.iter().for_each(|id| ids.check(problems, "object id", id));
        let object_id = object_id
            .and_then(|id| super::forms::guid(problems, &format!("`object_id` of {}", reader.name()), &id));
        let owner = reader.required("owner", "\"Identity Operations\"");
        let profile = reader.word("exclusion_profile", &["recovery-blocking", "all", "block-only"]);
        let exclusion_profile = match profile.as_ref().map(|p| p.value) {
            Some("all") => ExclusionProfile::All,
            Some("block-only") => ExclusionProfile::BlockOnly,
            _ => ExclusionProfile::RecoveryBlocking,
        };
        let exclusion_reason = reader.text("exclusion_reason").map(|t| t.value);
        if let (Some(profile), None) = (profile.filter(|p| p.value != "recovery-blocking"), &exclusion_reason)
        {
            problems.missing(
                &profile.span,
                format!("{} has exclusion profile `{}` without a reason", reader.name(), profile.value),
                "add `exclusion_reason = \"...\"`: whoever reviews this must know why",
            );
        }
        let credentials = super::forms::credentials(&reader);
        for credential in &credentials {
            if let CredentialDesign::Fido2 { serial: Some(serial), .. } = credential {
                serials.check(
                    problems,
                    "security key serial",
                    &At { value: serial.clone(), span: reader.place("credentials") },
                );
            }
        }
        reader.finish();
        if let (Some(name), Some(upn), Some(owner)) = (name, upn, owner) {
            accounts.push(AccountDesign {
                name: name.value,
                upn: upn.value,
                object_id,
                owner: owner.value,
                exclusion_profile,
                exclusion_reason,
                credentials,
            });
        }
    }
    accounts
}

/// Names become file names in custody, so they stay plain.
fn file_safe(problems: &Problems<'_>, what: &str, name: &At<String>) {
    let plain = name.value.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        && !name.value.starts_with('.');
    if !plain || name.value.len() > 64 {
        problems.add(
            &name.span,
            format!("{what} `{}` cannot be a file name", name.value),
            "use up to 64 letters, digits, `-`, `_` and `.`",
        );
    }
}

pub(super) fn exclusion_group(root: &Reader<'_, '_, '_>) -> Option<ExclusionGroupDesign> {
    let Some(reader) = root.table("exclusion_group") else {
        if root.place("exclusion_group") == (0..0) {
            root.problems().missing(
                &(0..0),
                "no exclusion group is declared",
                "add `[exclusion_group]` with `name`",
            );
        }
        return None;
    };
    let name = reader.required("name", "\"Emergency access\"");
    let object_id = reader
        .text("object_id")
        .and_then(|id| super::forms::guid(reader.problems(), "`object_id` of [exclusion_group]", &id));
    reader.finish();
    Some(ExclusionGroupDesign { name: name?.value, object_id })
}

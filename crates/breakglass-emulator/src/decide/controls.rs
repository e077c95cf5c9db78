//! What a policy demands, and whether somebody can give it (section 1.7).

use super::{Attempt, Device, Holds, Settings, list, same, says_something};
use crate::state::{Directory, text};
use jiff::Timestamp;
use serde_json::Value;

/// What a policy demands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grant {
    /// All of the controls, or one.
    pub(crate) all: bool,
    /// `block`, `mfa`, `compliantDevice` ...; `authenticationStrength:<id>`, `termsOfUse:<id>`, `custom:<id>`; something
    /// that is not known begins with `?`.
    pub(crate) controls: Vec<String>,
}

/// What somebody has shown, or could show. A flag that is not set is not given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proofs {
    /// By the names of Graph's `authenticationMethodModes`.
    pub(crate) methods: Vec<String>,
    pub(crate) aaguids: Vec<String>,
    pub(crate) x509: Option<Value>,
    pub(crate) external_mfa: bool,
    pub(crate) custom: Vec<String>,
    pub(crate) mfa_registered: bool,
    pub(crate) can_change_password: bool,
    pub(crate) terms: bool,
}

/// The first demand that is not met, for the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unmet {
    Blocked,
    /// More authentication would help.
    Authentication,
    CompliantDevice,
    DomainJoinedDevice,
    App,
    Other,
}

impl Grant {
    pub(super) fn read(controls: Option<&Value>, settings: &Settings) -> Self {
        let Some(grant) = controls.filter(|g| says_something(g)) else { return Self::default() };
        let all = !text(grant, "operator").is_some_and(|o| same(o, "OR"));
        let mut found: Vec<String> = list(grant, "builtInControls").into_iter().map(known).collect();
        // G-11: retired, as if it had not been selected.
        if retired(settings.as_of) {
            found.retain(|c| c != "approvedApplication");
        }
        let strength = grant.get("authenticationStrength").filter(|s| says_something(s));
        let id = |s: &Value| {
            text(s, "id")
                .map_or_else(|| "?authenticationStrength".into(), |id| format!("authenticationStrength:{id}"))
        };
        found.extend(strength.map(id));
        found.extend(list(grant, "termsOfUse").iter().map(|t| format!("termsOfUse:{t}")));
        found.extend(list(grant, "customAuthenticationFactors").iter().map(|c| format!("custom:{c}")));
        Self { all, controls: found }
    }

    pub(crate) fn blocks(&self) -> bool {
        self.controls.iter().any(|c| c == "block")
    }

    /// Whether these proofs meet it. A demand that is not understood is not met for sure.
    pub(crate) fn met(&self, directory: &Directory, attempt: &Attempt, proofs: &Proofs) -> Holds {
        if self.blocks() {
            return Holds::No;
        }
        if self.controls.is_empty() {
            return Holds::Yes;
        }
        let each = self.controls.iter().map(|c| control(directory, attempt, proofs, c));
        if self.all { Holds::all(each) } else { Holds::any(each) }
    }

    /// What to say when it is not met. Of several controls one of which is enough, authentication is what a person can still
    /// give; where all are needed, it is no help while another is missing.
    pub(crate) fn unmet(&self, directory: &Directory, attempt: &Attempt, proofs: &Proofs) -> Unmet {
        if self.blocks() {
            return Unmet::Blocked;
        }
        let failing = self.controls.iter().filter(|c| control(directory, attempt, proofs, c) != Holds::Yes);
        let mut kinds = failing.map(|c| match c.as_str() {
            "compliantDevice" => Unmet::CompliantDevice,
            "domainJoinedDevice" => Unmet::DomainJoinedDevice,
            "approvedApplication" | "compliantApplication" => Unmet::App,
            "mfa" | "riskRemediation" => Unmet::Authentication,
            other if other.starts_with("authenticationStrength:") => Unmet::Authentication,
            _ => Unmet::Other,
        });
        let helps = |kind: &Unmet| (*kind == Unmet::Authentication) != self.all;
        let first = kinds.next().unwrap_or(Unmet::Other);
        if helps(&first) { first } else { kinds.find(helps).unwrap_or(first) }
    }
}

fn known(control: &str) -> String {
    const KNOWN: &[&str] = &[
        "block",
        "mfa",
        "compliantDevice",
        "domainJoinedDevice",
        "approvedApplication",
        "compliantApplication",
        "passwordChange",
        "riskRemediation",
    ];
    if KNOWN.contains(&control) { control.to_owned() } else { format!("?{control}") }
}

fn retired(as_of: Timestamp) -> bool {
    "2026-04-01T00:00:00Z".parse::<Timestamp>().is_ok_and(|end| as_of >= end)
}

fn control(directory: &Directory, attempt: &Attempt, proofs: &Proofs, control: &str) -> Holds {
    // C-2: legacy clients can answer nothing.
    let legacy = attempt
        .client_app
        .as_deref()
        .is_some_and(|c| ["other", "exchangeActiveSync", "easSupported"].contains(&c));
    if legacy {
        return Holds::No;
    }
    if let Some(id) = control.strip_prefix("authenticationStrength:") {
        return strength(directory, proofs, id);
    }
    if let Some(id) = control.strip_prefix("custom:") {
        return proofs.custom.iter().any(|c| c == id).into();
    }
    if control.starts_with("termsOfUse:") {
        return if proofs.terms { Holds::Yes } else { Holds::Unknown };
    }
    match control {
        "mfa" => mfa(proofs),
        "compliantDevice" => device(attempt, "isCompliant", &|v| v == &Value::Bool(true)),
        "domainJoinedDevice" => {
            device(attempt, "trustType", &|v| v.as_str().is_some_and(|t| same(t, "ServerAD")))
        }
        // G-13: no portal in a browser and no command line has an app protection policy.
        "approvedApplication" | "compliantApplication" => match attempt.client_app.as_deref() {
            Some("browser") => Holds::No,
            _ => Holds::Unknown,
        },
        "passwordChange" => (proofs.mfa_registered && proofs.can_change_password).into(),
        _ => Holds::Unknown,
    }
}

/// G-2.
fn mfa(proofs: &Proofs) -> Holds {
    (proofs.external_mfa || MFA.iter().any(|combination| has_all(proofs, combination))).into()
}

fn has_all(proofs: &Proofs, combination: &str) -> bool {
    combination.split(',').all(|method| proofs.methods.iter().any(|m| same(m, method.trim())))
}

/// G-9, G-10: a registered device, and no device code.
fn device(attempt: &Attempt, property: &str, good: &dyn Fn(&Value) -> bool) -> Holds {
    if attempt.flow.as_deref().is_some_and(|f| same(f, "deviceCodeFlow")) {
        return Holds::No;
    }
    match &attempt.device {
        Device::Unregistered => Holds::No,
        Device::Unknown => Holds::Unknown,
        Device::Registered(properties) => match properties.get(property) {
            Some(value) => good(value).into(),
            None => Holds::Unknown,
        },
    }
}

/// G-3, G-5.
fn strength(directory: &Directory, proofs: &Proofs, id: &str) -> Holds {
    let tenant = directory.authentication_strengths.get(id);
    let combinations: Vec<&str> = match (tenant, id) {
        (Some(strength), _) => list(strength, "allowedCombinations"),
        (None, "00000000-0000-0000-0000-000000000002") => MFA.to_vec(),
        (None, "00000000-0000-0000-0000-000000000003") => PASSWORDLESS.to_vec(),
        (None, "00000000-0000-0000-0000-000000000004") => PHISHING_RESISTANT.to_vec(),
        _ => return Holds::Unknown,
    };
    let restrictions: Vec<&Value> = tenant
        .and_then(|t| t.get("combinationConfigurations"))
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .collect();
    Holds::any(combinations.into_iter().filter(|c| has_all(proofs, c)).map(|combination| {
        let about = restrictions
            .iter()
            .filter(|r| list(r, "appliesToCombinations").iter().any(|c| same(c, combination)));
        Holds::all(about.map(|r| restriction(r, proofs)))
    }))
}

fn restriction(restriction: &Value, proofs: &Proofs) -> Holds {
    match text(restriction, "@odata.type") {
        Some("#microsoft.graph.fido2CombinationConfiguration") => {
            let allowed = list(restriction, "allowedAAGUIDs");
            proofs.aaguids.iter().any(|mine| allowed.iter().any(|a| same(a, mine))).into()
        }
        Some("#microsoft.graph.x509CertificateCombinationConfiguration") => {
            let Some(certificate) = &proofs.x509 else { return Holds::Unknown };
            let issuers = list(restriction, "allowedIssuerSkis");
            let oids = list(restriction, "allowedPolicyOIDs");
            let issuer =
                text(certificate, "issuerSki").is_some_and(|ski| issuers.iter().any(|i| same(i, ski)));
            let oid = list(certificate, "policyOids").iter().take(5).any(|o| oids.contains(o));
            ((issuers.is_empty() || issuer) && (oids.is_empty() || oid)).into()
        }
        _ => Holds::Unknown,
    }
}

/// G-4, as published.
const MFA: &[&str] = &[
    "windowsHelloForBusiness",
    "fido2",
    "x509CertificateMultiFactor",
    "deviceBasedPush",
    "temporaryAccessPassOneTime",
    "temporaryAccessPassMultiUse",
    "password,microsoftAuthenticatorPush",
    "password,softwareOath",
    "password,hardwareOath",
    "password,sms",
    "password,voice",
    "password,x509CertificateSingleFactor",
    "password,x509CertificateMultiFactor",
    "federatedMultiFactor",
    "federatedSingleFactor,microsoftAuthenticatorPush",
    "federatedSingleFactor,softwareOath",
    "federatedSingleFactor,hardwareOath",
    "federatedSingleFactor,sms",
    "federatedSingleFactor,voice",
];
const PASSWORDLESS: &[&str] =
    &["windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor", "deviceBasedPush"];
const PHISHING_RESISTANT: &[&str] = &["windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor"];

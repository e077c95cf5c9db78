//! Tenants to begin with: the presets, a snapshot of a real tenant, or a folder of what Graph answered.
//!
//! A preset is a short file under `data/`: names instead of ids, what differs instead of everything. [`build`] makes Graph's
//! objects of it. The same preset gives the same ids every time.

mod build;
mod builtin;
mod forms;
mod import;
mod large;
mod people;
mod policies;

use crate::state::{State, text};
use forms::Form;
use serde_json::json;
use std::path::{Path, PathBuf};

/// A tenant to serve.
#[derive(Clone, Debug)]
pub(crate) enum Tenant {
    /// A preset, by name.
    Preset(&'static str),
    /// A snapshot file, or a folder of Graph JSON.
    Import(PathBuf),
}

/// The presets by name.
const PRESETS: &[(&str, &str)] = &[
    ("demo", include_str!("../../data/demo.json")),
    ("empty", include_str!("../../data/empty.json")),
    ("healthy", include_str!("../../data/healthy.json")),
    ("hostile", include_str!("../../data/hostile.json")),
    ("large", include_str!("../../data/healthy.json")),
];

impl Tenant {
    /// A preset by name, or a snapshot file, or a folder of Graph JSON.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn find(name: &str) -> Result<Self, String> {
        if let Some((known, _)) = PRESETS.iter().find(|(known, _)| *known == name) {
            return Ok(Self::Preset(known));
        }
        if Path::new(name).exists() {
            return Ok(Self::Import(PathBuf::from(name)));
        }
        let names: Vec<&str> = PRESETS.iter().map(|(name, _)| *name).collect();
        Err(format!("there is no such preset, file or folder; the presets are {}", names.join(", ")))
    }

    /// Fills an empty tenant.
    ///
    /// # Errors
    /// When its objects cannot be understood.
    pub(crate) fn fill(&self, state: &mut State) -> Result<(), String> {
        match self {
            Self::Preset(name) => {
                build::fill(state, &form(name)?)?;
                if *name == "large" {
                    large::grow(state);
                }
                Ok(())
            }
            Self::Import(path) => import::fill(state, path),
        }
    }
}

/// A preset's form, with what it builds upon.
fn form(name: &str) -> Result<Form, String> {
    let (_, text) =
        PRESETS.iter().find(|(known, _)| *known == name).ok_or_else(|| format!("no preset `{name}`"))?;
    let form: Form = serde_json::from_str(text).map_err(|e| format!("preset `{name}`: {e}"))?;
    match form.extends.clone() {
        Some(base) => Ok(form.upon(self::form(&base)?)),
        None => Ok(form),
    }
}

/// Where a preset says which Azure role the automation application has at root.
const AUTOMATION_ROLE: &str = "emulator/automationAzureRole";

/// Gives the automation application, which is registered after the tenant was filled, the Azure role at root that the preset
/// means it to have: without one it cannot read the tenant's activity log. Doing it twice does no harm.
pub(crate) fn grant_automation(state: &mut State) {
    let role = state
        .directory
        .singletons
        .get(AUTOMATION_ROLE)
        .and_then(serde_json::Value::as_str)
        .map(str::to_owned);
    let client = state.automation.client_id.clone();
    let principal = state.directory.service_principals.find("appId", &client).and_then(|sp| text(sp, "id"));
    let (Some(role), Some(principal)) = (role, principal.map(str::to_owned)) else { return };
    let Some(definition) =
        state.azure.role_definitions.iter().find(|d| d.pointer("/properties/roleName") == Some(&json!(role)))
    else {
        return;
    };
    let definition = text(definition, "name").unwrap_or_default().to_owned();
    builtin::assign_at_root(state, &definition, &principal, "ServicePrincipal");
}

#[cfg(test)]
mod tests;

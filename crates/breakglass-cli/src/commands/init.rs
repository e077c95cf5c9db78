//! `breakglass init`: a first `breakglass.toml`, with what can be read of the tenant filled in.

use crate::connect::Connect;
use crate::context::Context;
use crate::failure::{Exit, Failure, Outcome};
use crate::files;
use crate::output::{self, BOLD, paint};
use breakglass_model::design::{self, Cloud, TEMPLATE, TenantDesign};
use breakglass_model::{TenantId, ids::is_guid};
use breakglass_ops::port::Query;
use serde_json::Value;

#[derive(clap::Args)]
pub struct Args {
    /// Tenant GUID; with a credential its initial domain is read and written into the file
    #[arg(long, value_name = "GUID")]
    pub tenant: Option<String>,
    /// Name of the environment
    #[arg(long, default_value = "production", value_name = "NAME")]
    pub name: String,
}

pub async fn run(context: &Context, args: Args) -> Outcome {
    if context.config.exists() {
        return Err(Failure::new(
            format!("`{}` is there already; nothing was written", context.config.display()),
            "give another `--config FILE`, or edit the one that is there",
        ));
    }
    let mut text = TEMPLATE.replace("name = \"production\"", &format!("name = {:?}", args.name));
    if let Some(tenant) = &args.tenant {
        if !is_guid(tenant) {
            return Err(Failure::new(
                format!("`{tenant}` is not a GUID"),
                "take it from the Entra admin center, Overview, Tenant ID",
            ));
        }
        text = text.replace("11111111-2222-4333-8444-555555555555", &tenant.to_ascii_lowercase());
        if let Some(domain) = initial_domain(context, tenant, &args.name).await? {
            text = text.replace("contoso.onmicrosoft.com", &domain);
            output::talk(format!("the initial domain is `{domain}`"));
        }
    }
    let shown = context.config.display().to_string();
    design::parse(&text, &shown).map_err(|p| {
        Failure::new(
            p.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            "give another `--name`",
        )
    })?;
    files::write(&context.config, text.as_bytes())?;
    output::talk(format!(
        "{} read `{shown}`, name the accounts, custodians and approvers, then run `breakglass collect` and `breakglass check`",
        paint(BOLD, "next:")
    ));
    output::data(shown);
    Ok(Exit::Holds)
}

/// Reads the tenant's initial domain where a credential was given.
async fn initial_domain(context: &Context, tenant: &str, name: &str) -> Result<Option<String>, Failure> {
    let Connect { client_id: Some(_), .. } = &context.connect else { return Ok(None) };
    let design = TenantDesign { id: TenantId::new(tenant), name: name.into(), cloud: Cloud::Global };
    output::talk(format!("about to: read the domains of tenant {} (global cloud, read-only)", design.id));
    let domains = context.tenant_of(&design)?.read(&Query::Domains).await?;
    let initial = domains.iter().find(|d| d.get("isInitial").and_then(Value::as_bool) == Some(true));
    Ok(initial.and_then(|d| d.get("id")).and_then(Value::as_str).map(str::to_owned))
}

//! Which tenant, with which credential: said before anything is touched.

use crate::context::Context;
use crate::failure::Failure;
use crate::output::{self, BOLD, paint};
use breakglass_ops::provision::plan::Impact;
use std::path::PathBuf;

/// How to reach the tenant.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Connect {
    /// Application (client) id of the app registration to act as
    #[arg(long, env = "BREAKGLASS_CLIENT_ID", global = true, value_name = "ID", help_heading = "Tenant")]
    pub client_id: Option<String>,
    /// File that holds the client secret (never given on the command line or in the environment)
    #[arg(
        long,
        env = "BREAKGLASS_CLIENT_SECRET_FILE",
        global = true,
        value_name = "FILE",
        help_heading = "Tenant"
    )]
    pub client_secret_file: Option<PathBuf>,
    /// PEM file with the certificate and its RSA private key
    #[arg(
        long,
        env = "BREAKGLASS_CLIENT_CERTIFICATE",
        global = true,
        value_name = "FILE",
        help_heading = "Tenant"
    )]
    pub client_certificate: Option<PathBuf>,
}

/// States what is about to be touched and, for a step that changes something, asks.
///
/// DESIGN section 5: tenant, cloud, environment and the kind of step, on stderr.
pub fn state_and_ask(context: &Context, touches: &str, impact: Impact, what: &str) -> Result<(), Failure> {
    let design = context.design()?;
    output::talk(format!(
        "{} {what}\n  tenant      {} ({})\n  cloud       {}\n  reached as  {touches}\n  kind        {}",
        paint(BOLD, "about to:"),
        design.tenant.id,
        design.tenant.name,
        design.tenant.cloud.name(),
        match impact {
            Impact::ReadOnly => "read-only",
            Impact::Mutating => "mutating",
            Impact::SecurityImpacting => "mutating, security-impacting",
        }
    ));
    if impact == Impact::ReadOnly || context.yes {
        return Ok(());
    }
    ask("go on?")
}

/// Asks a person; anything but `yes` is a no, and so is a stdin that is not a terminal.
pub fn ask(question: &str) -> Result<(), Failure> {
    use std::io::IsTerminal as _;
    let refused = || {
        Failure::new(
            "nothing was done: not confirmed",
            "answer `yes`, or give `--yes` where nobody can answer",
        )
    };
    if !std::io::stdin().is_terminal() {
        return Err(refused());
    }
    output::talk(format!("{} [yes/no]", paint(BOLD, question)));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    if answer.trim() == "yes" { Ok(()) } else { Err(refused()) }
}

//! What the story stands on: an emulated tenant, a design for it, people with keys, and a place where alerts arrive.

use crate::connect::Connect;
use crate::context::{Context, make_private_dir};
use crate::failure::Failure;
use crate::files;
use breakglass_alert::Receiver;
use breakglass_emulator::{Emulator, Options, Running};
use breakglass_model::Secret;
use breakglass_workflow::approval::ApproverKey;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The approvers of the story; each has a key of their own, which does not need Entra.
pub const APPROVERS: [&str; 3] = ["Amara Okafor", "Jonas Lind", "Mei Tanaka"];

/// Everything that runs and lies about while the story is told.
pub struct Stage {
    /// The context that every command of the story is given.
    pub context: Context,
    /// Everything is below this directory.
    pub home: PathBuf,
    /// The emulated tenant.
    pub emulator: Running,
    /// Where alerts arrive.
    pub receiver: Receiver,
}

impl Stage {
    /// Starts the emulated tenant and the receiver, and writes design and keys below `home`.
    pub async fn set(context: &Context, home: &Path) -> Result<Self, Failure> {
        make_private_dir(home)?;
        let listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let emulator = Emulator::start(Options::preset("demo", listen, home.join("emulator"))?).await?;
        let hmac_key = random_key();
        files::write_private(&home.join("soc.key"), hmac_key.danger_reveal().as_bytes())?;
        let receiver = Receiver::start(listen, Some(hmac_key), context.clock.clone()).await?;
        files::write_private(&home.join("client-secret"), emulator.ready.client_secret.as_bytes())?;
        let approvers = approver_keys(&home.join("approvers"))?;
        let design = design(&emulator, &receiver.url(), &approvers);
        let config = home.join("breakglass.toml");
        files::write(&config, design.as_bytes())?;
        let connect = Connect {
            client_id: Some(emulator.ready.client_id.clone()),
            client_secret_file: Some(home.join("client-secret")),
            client_certificate: None,
        };
        // Nobody sits there to say yes, and nothing but the emulator is changed.
        let mut context = context.elsewhere(config, home.join("data"), connect);
        context.yes = true;
        Ok(Self { context, home: home.to_path_buf(), emulator, receiver })
    }

    /// A path below the story's home, as text for a command line.
    pub fn path(&self, name: &str) -> String {
        self.home.join(name).display().to_string()
    }

    /// File name of an approver's private key.
    pub fn approver_key(&self, name: &str) -> String {
        self.path(&format!("approvers/{}", key_file(name)))
    }
}

fn key_file(name: &str) -> String {
    format!("{}.key", name.to_lowercase().replace(' ', "-"))
}

/// 32 random bytes as text.
fn random_key() -> Secret {
    let mut bytes = [0u8; 32];
    breakglass_ops::port::Entropy::fill(&breakglass_entra::SystemEntropy, &mut bytes);
    Secret::new(bytes.iter().fold(String::with_capacity(64), |mut text, b| {
        let _ = write!(text, "{b:02x}");
        text
    }))
}

/// One key pair for each approver; name and public key.
fn approver_keys(folder: &Path) -> Result<Vec<(String, String)>, Failure> {
    make_private_dir(folder)?;
    let mut keys = Vec::new();
    for name in APPROVERS {
        let mut seed = [0u8; 32];
        breakglass_ops::port::Entropy::fill(&breakglass_entra::SystemEntropy, &mut seed);
        let key = ApproverKey::from_seed(seed);
        files::write_private(&folder.join(key_file(name)), key.danger_to_text().danger_reveal().as_bytes())?;
        keys.push((name.to_owned(), key.public_key()));
    }
    Ok(keys)
}

/// The approved design of the story. Every key is explained in `docs/configuration.md`.
fn design(emulator: &Running, receiver: &str, approvers: &[(String, String)]) -> String {
    let ready = &emulator.ready;
    let mut text = format!(
        r#"# The approved design of the emulated tenant. Every key is explained in docs/configuration.md.
version = 1
required_accounts = 1

[tenant]
id = "{}"
name = "emulated"
cloud = "custom"

[tenant.endpoints]
login = "{}"
graph = "{}"
arm = "{}"
ca_bundle = "{}"

[[account]]
name = "ea-01"
upn = "q7m2-kestrel@contoso.onmicrosoft.com"
owner = "Identity Operations"
credentials = ["password", "fido2:b8b1a3c0-57b4-4c4e-9d4e-2f1d7c6e0a11@safe-north", "fido2:d2c07f5e-0e1b-4f5f-8a39-6c1f4b9e7a22@safe-south"]

[[account]]
name = "ea-02"
upn = "t4x9-heron@contoso.onmicrosoft.com"
owner = "Identity Operations"
credentials = ["password", "fido2:b8b1a3c0-57b4-4c4e-9d4e-2f1d7c6e0a11@safe-north", "fido2:d2c07f5e-0e1b-4f5f-8a39-6c1f4b9e7a22@safe-south"]

[exclusion_group]
name = "Emergency access"

[[scenario]]
name = "Intune and the MFA provider down together"
effects = ["intune-down", "mfa-provider-down"]

[custody]
group_threshold = 2

[[custody.group]]
name = "executives"
threshold = 2

[[custody.group]]
name = "security-leads"
threshold = 2

[[channel]]
name = "soc"
kind = "webhook"
url = "{receiver}"
key_file = "soc.key"

[drill]
every_days = 90

[activation]
approvals = 2
minutes = 60

[watch]
poll_seconds = 30
look_back_minutes = 30
"#,
        ready.tenant_id,
        ready.login,
        ready.graph,
        ready.arm,
        ready.ca_bundle.display(),
    );
    for (name, group, site) in [
        ("Amara Okafor", "executives", "head office safe"),
        ("Jonas Lind", "executives", "bank deposit box"),
        ("Rosa Ferreira", "executives", "notary"),
        ("Mei Tanaka", "security-leads", "data centre north"),
        ("Pavel Dvorak", "security-leads", "data centre south"),
        ("Ines Moreau", "security-leads", "branch office safe"),
    ] {
        let _ = write!(text, "\n[[custodian]]\nname = \"{name}\"\ngroup = \"{group}\"\nsite = \"{site}\"\n");
    }
    for (name, key) in approvers {
        let _ = write!(text, "\n[[approver]]\nname = \"{name}\"\npublic_key = \"{key}\"\n");
    }
    text
}

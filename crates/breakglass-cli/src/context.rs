//! What every command is given: the design, the data directory, the world, and a way to the tenant.

use crate::connect::Connect;
use crate::failure::Failure;
use crate::files;
use crate::output::Format;
use breakglass_entra::{
    ClientCertificate, ClientSecret, EntraClient, EntraTenant, SystemClock, SystemEntropy, TokenSource,
};
use breakglass_model::Secret;
use breakglass_model::design::{self, Design, TenantDesign};
use breakglass_ops::World;
use breakglass_ops::port::{Clock, Entropy, Tenant};
use breakglass_store::ledger_dir::LedgerDir;
use breakglass_store::{FileVault, SqliteDocuments};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Paths and choices, before anything has been opened.
#[derive(Clone)]
pub struct Context {
    /// `breakglass.toml`.
    pub config: PathBuf,
    /// The data directory.
    pub data: PathBuf,
    /// How answers are printed.
    pub format: Format,
    /// Do not ask.
    pub yes: bool,
    /// How to reach the tenant.
    pub connect: Connect,
    /// Time; a simulation hands in its own.
    pub clock: Arc<dyn Clock>,
    shared: Arc<Mutex<Option<(TenantDesign, Arc<EntraClient>)>>>,
}

impl Context {
    /// With the system's clock.
    pub fn new(
        config: PathBuf,
        data: Option<PathBuf>,
        format: Format,
        yes: bool,
        connect: Connect,
    ) -> Result<Self, Failure> {
        let data = match data {
            Some(data) => data,
            None => default_data_dir()?,
        };
        Ok(Self { config, data, format, yes, connect, clock: Arc::new(SystemClock), shared: Arc::default() })
    }

    /// The same clock, format and answers for another design and data directory.
    pub fn elsewhere(&self, config: PathBuf, data: PathBuf, connect: Connect) -> Self {
        Self { config, data, connect, shared: Arc::default(), ..self.clone() }
    }

    /// The approved design; every mistake in the file is reported at once.
    pub fn design(&self) -> Result<Design, Failure> {
        let text = files::read_text(&self.config).map_err(|f| match self.config.exists() {
            true => f,
            false => Failure {
                next: Some(
                    "give the design with `--config FILE`; `breakglass init` writes a first one".into(),
                ),
                ..f
            },
        })?;
        design::parse(&text, &self.config.display().to_string()).map_err(|problems| {
            let count = problems.len();
            let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
            Failure::new(
                format!(
                    "the design has {count} mistake{}\n{}",
                    if count == 1 { "" } else { "s" },
                    lines.join("\n")
                ),
                format!("mend `{}`; every key is described in docs/configuration.md", self.config.display()),
            )
        })
    }

    /// Opens store, vault and ledger in the data directory, making it if it is not there (0700).
    pub async fn world(&self) -> Result<World, Failure> {
        make_private_dir(&self.data)?;
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let ledger = self.ledger()?;
        Ok(World {
            clock: self.clock.clone(),
            entropy,
            documents: Arc::new(SqliteDocuments::open(&self.data.join("store.sqlite")).await?),
            vault: Arc::new(FileVault::open(self.data.join("custody"))?),
            evidence: Arc::new(ledger),
        })
    }

    /// The ledger in the data directory; every signature and hash of it is checked first.
    pub fn ledger(&self) -> Result<LedgerDir, Failure> {
        make_private_dir(&self.data)?;
        Ok(LedgerDir::open(self.data.join("ledger"), self.clock.clone(), &SystemEntropy)?)
    }

    /// The connection to the tenant of the design; one for the whole process, since the limits are the tenant's.
    pub fn client(&self) -> Result<Arc<EntraClient>, Failure> {
        self.client_of(&self.design()?.tenant)
    }

    fn client_of(&self, design: &TenantDesign) -> Result<Arc<EntraClient>, Failure> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((tenant, client)) = &*shared
            && tenant == design
        {
            return Ok(client.clone());
        }
        let client = EntraClient::new(design, self.clock.clone(), Arc::new(SystemEntropy))?;
        *shared = Some((design.clone(), client.clone()));
        Ok(client)
    }

    /// The tenant of the design, with the credential given.
    pub fn tenant(&self) -> Result<Arc<dyn Tenant>, Failure> {
        self.tenant_of(&self.design()?.tenant)
    }

    /// A tenant for which there is no design yet, with the credential given.
    pub fn tenant_of(&self, design: &TenantDesign) -> Result<Arc<dyn Tenant>, Failure> {
        let client = self.client_of(design)?;
        let client_id = self.connect.client_id.clone().ok_or_else(|| {
            Failure::new(
                "no credential for the tenant was given",
                "give `--client-id` with `--client-secret-file` or `--client-certificate`",
            )
        })?;
        let source: Arc<dyn TokenSource> =
            match (&self.connect.client_certificate, &self.connect.client_secret_file) {
                (Some(pem), _) => Arc::new(ClientCertificate::read(client.clone(), &client_id, pem)?),
                (None, Some(file)) => {
                    let secret = Secret::new(files::read_text(file)?);
                    Arc::new(ClientSecret::new(client.clone(), &client_id, &secret))
                }
                (None, None) => {
                    return Err(Failure::new(
                        format!("no secret and no certificate for application `{client_id}`"),
                        "give `--client-secret-file FILE` or `--client-certificate FILE`",
                    ));
                }
            };
        Ok(Arc::new(EntraTenant::new(client, source)))
    }
}

/// `$XDG_DATA_HOME/breakglass` or `~/.local/share/breakglass`.
fn default_data_dir() -> Result<PathBuf, Failure> {
    let home = std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|h| PathBuf::from(h).join(".local/share")));
    home.map(|h| h.join("breakglass"))
        .ok_or_else(|| Failure::new("there is no home directory to keep data in", "give `--data DIR`"))
}

/// A directory that only its owner can enter.
pub fn make_private_dir(path: &Path) -> Result<(), Failure> {
    let fail = |e: std::io::Error| {
        Failure::new(format!("`{}` cannot be made: {e}", path.display()), "give `--data DIR`")
    };
    std::fs::create_dir_all(path).map_err(fail)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).map_err(fail)?;
    }
    Ok(())
}

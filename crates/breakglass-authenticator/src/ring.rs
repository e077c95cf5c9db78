//! The software keys of a design, one file a key.

use crate::software::{SOFTWARE_AAGUID, SoftwareKey};
use breakglass_model::design::{CredentialDesign, Design};
use breakglass_ops::port::{KeyRing, SecurityKey, SecurityKeyError};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Software keys in a directory, for every passkey that the design declares.
#[derive(Debug)]
pub struct SoftwareKeyRing {
    keys: BTreeMap<String, Vec<Arc<SoftwareKey>>>,
}

/// Why there is no key ring.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// The directory cannot be used.
    #[error("`{}` cannot hold software keys: {cause}; give a directory that only you can read", .path.display())]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// One of the keys cannot be used.
    #[error(transparent)]
    Key(#[from] SecurityKeyError),
}

impl SoftwareKeyRing {
    /// Opens, or makes, the software keys of a design. Their private keys lie in `dir`: whoever reads it can sign in as
    /// the accounts, so this is for rehearsals on emulated tenants alone.
    ///
    /// # Errors
    /// [`KeyRingError`].
    pub fn danger_open(dir: PathBuf, design: &Design) -> Result<Self, KeyRingError> {
        let directory = |cause| KeyRingError::Directory { path: dir.clone(), cause };
        std::fs::create_dir_all(&dir).map_err(directory)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o700)).map_err(directory)?;
        }
        let mut keys = BTreeMap::new();
        for account in &design.accounts {
            let models = account.credentials.iter().filter_map(|c| match c {
                CredentialDesign::Fido2 { aaguid, .. } => Some(aaguid.as_deref().unwrap_or(SOFTWARE_AAGUID)),
                CredentialDesign::Password => None,
            });
            let mut own = Vec::new();
            for (number, aaguid) in (1..).zip(models) {
                let path = dir.join(format!("{}-key-{number}.json", account.name));
                let name = format!("{} key {number}", account.name);
                own.push(Arc::new(SoftwareKey::danger_open(&path, &name, aaguid)?));
            }
            keys.insert(account.name.clone(), own);
        }
        Ok(Self { keys })
    }
}

impl KeyRing for SoftwareKeyRing {
    fn keys(&self, account: &str) -> Vec<Arc<dyn SecurityKey>> {
        let own = self.keys.get(account).map(Vec::as_slice).unwrap_or_default();
        own.iter().map(|k| k.clone() as Arc<dyn SecurityKey>).collect()
    }
}

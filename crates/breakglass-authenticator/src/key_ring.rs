//! Software keys for every account of a design, in one private folder.

use crate::files;
use crate::software_key::SoftwareKey;
use breakglass_model::design::{CredentialDesign, Design};
use breakglass_ops::port::{KeyRing, SecurityKey, SecurityKeyError};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Why the folder of software keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// The folder cannot be made or looked at.
    #[error("the folder of software keys `{folder}` cannot be used: {cause}")]
    Folder {
        /// Which folder.
        folder: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Others could take keys out of it.
    #[error(
        "`{0}` can be entered by others than its owner, and software keys are secrets; run `chmod 700` on it, or name a folder of its own"
    )]
    Exposed(String),
    /// One of the keys.
    #[error(transparent)]
    Key(#[from] SecurityKeyError),
}

/// A software key for each passkey that the design declares: `ea-01 key 1` in `ea-01-key-1.json`. Its model is the one
/// that the design declares for it, else [`crate::SOFTWARE_AAGUID`].
#[derive(Debug)]
pub struct SoftwareKeyRing {
    keys: BTreeMap<String, Vec<Arc<SoftwareKey>>>,
}

impl SoftwareKeyRing {
    /// Opens the folder, making it (0700) if it is not there. **Danger**: see [`SoftwareKey`]; for rehearsals only.
    ///
    /// # Errors
    /// When the folder or a key in it is open to others, unreadable, or belongs to another design.
    pub fn danger_open(folder: PathBuf, design: &Design) -> Result<Self, KeyRingError> {
        let private = files::private_folder(&folder)
            .map_err(|cause| KeyRingError::Folder { folder: folder.display().to_string(), cause })?;
        if !private {
            return Err(KeyRingError::Exposed(folder.display().to_string()));
        }
        let mut keys = BTreeMap::new();
        for account in &design.accounts {
            let mut own = Vec::new();
            for credential in &account.credentials {
                let CredentialDesign::Fido2 { aaguid, .. } = credential else { continue };
                let number = own.len() + 1;
                let file = folder.join(format!("{}-key-{number}.json", account.name));
                let name = format!("{} key {number}", account.name);
                let model = aaguid.as_deref().unwrap_or(crate::SOFTWARE_AAGUID);
                own.push(Arc::new(SoftwareKey::danger_open(&file, &name, model)?));
            }
            keys.insert(account.name.clone(), own);
        }
        Ok(Self { keys })
    }
}

impl KeyRing for SoftwareKeyRing {
    fn keys(&self, account: &str) -> Vec<Arc<dyn SecurityKey>> {
        let own = self.keys.get(account).map_or(&[][..], Vec::as_slice);
        own.iter().map(|key| key.clone() as Arc<dyn SecurityKey>).collect()
    }
}

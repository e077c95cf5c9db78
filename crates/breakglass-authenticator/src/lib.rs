//! FIDO2 authenticators behind one trait, and the browser that carries them through a login.
//!
//! What is here today is for rehearsals: software keys, whose private keys lie on disk, and a browser that fills in the
//! login's own forms. Hardware keys over CTAP come behind the same trait, [`breakglass_ops::port::SecurityKey`].

mod browser;
mod forms;
mod ring;
mod software;

pub use browser::{BrowserSetupError, ScriptedBrowser};
pub use ring::{KeyRingError, SoftwareKeyRing};
pub use software::{SOFTWARE_AAGUID, SoftwareKey};

//! FIDO2 authenticators behind one trait, and the browser that carries them through a login.
//!
//! [`SoftwareKey`] makes and uses passkeys as a hardware key does, with two differences that matter: its private keys lie
//! in a file, and nobody has to touch it. It is for rehearsals against an emulated tenant; `danger` is in its name, and
//! what somebody with the file can do is in `docs/threat-model.md` (row "software keys"). Hardware keys over USB would be
//! another implementation of the same trait.
//!
//! [`ScriptedBrowser`] fills in the login's own HTML forms. It is no general browser: it knows the steps of a sign-in,
//! and stops at everything else.

mod browser;
mod files;
mod key_ring;
mod options;
mod origin;
mod software_key;
mod webauthn;

pub use browser::{BrowserSetupError, ScriptedBrowser};
pub use key_ring::{KeyRingError, SoftwareKeyRing};
pub use software_key::SoftwareKey;

/// The model (AAGUID) of our software keys where the design declares none: drawn at random once, registered with nobody.
/// No metadata service knows it, so a tenant that restricts or attests keys refuses it, as it should.
pub const SOFTWARE_AAGUID: &str = "6f1d9a52-3c0b-4e57-9d0e-b7c41a68f2d3";

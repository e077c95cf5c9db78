//! What no API shows: passwords, keys, tokens, and sign-ins under way.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The side tables.
#[derive(Default)]
pub(crate) struct Hidden {
    /// By user id, lower case.
    pub(crate) passwords: BTreeMap<String, Password>,
    pub(crate) passkeys: Vec<Passkey>,
    /// Applications that can ask for tokens, by application id (lower case).
    pub(crate) clients: BTreeMap<String, Client>,
    pub(crate) refresh_tokens: BTreeMap<String, RefreshGrant>,
    /// Refresh tokens issued before this are worth nothing; by user id, lower case.
    pub(crate) sessions_valid_from: BTreeMap<String, Timestamp>,
    pub(crate) creation_challenges: Vec<CreationChallenge>,
    /// Sign-ins under way, by the secret that their forms carry.
    pub(crate) sign_ins: BTreeMap<String, crate::login::Pending>,
    pub(crate) codes: BTreeMap<String, CodeGrant>,
    pub(crate) device_codes: BTreeMap<String, DeviceGrant>,
    /// Wrong passwords in a row; by user id, lower case.
    pub(crate) lockouts: BTreeMap<String, Lockout>,
}

/// A password, in the clear.
#[derive(Clone)]
pub(crate) struct Password {
    pub(crate) clear: String,
    pub(crate) changed_at: Timestamp,
    /// `forceChangePasswordNextSignIn`.
    pub(crate) must_change: bool,
}

/// A registered passkey.
#[derive(Clone, Debug)]
pub(crate) struct Passkey {
    /// User id, lower case.
    pub(crate) user: String,
    pub(crate) credential_id: Vec<u8>,
    /// Uncompressed P-256 point.
    pub(crate) public_key: Vec<u8>,
    pub(crate) counter: u32,
    /// Lower-case GUID.
    pub(crate) aaguid: String,
}

impl Passkey {
    /// The `id` of its `fido2AuthenticationMethod`: the credential id in base64url.
    pub(crate) fn method_id(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.credential_id)
    }
}

/// An application that can ask for tokens.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) app_id: String,
    pub(crate) name: String,
    /// Object id of its service principal in this tenant, where it matters.
    pub(crate) service_principal: Option<String>,
    pub(crate) secrets: Vec<String>,
    pub(crate) certificates: Vec<Certificate>,
    /// Without a secret of its own: a native or single-page client.
    pub(crate) public: bool,
    /// It runs in a browser, for the policies.
    pub(crate) browser: bool,
    /// Graph application permissions.
    pub(crate) roles: Vec<String>,
    /// Graph delegated permissions.
    pub(crate) scopes: Vec<String>,
}

/// The public half of a client certificate.
#[derive(Clone)]
pub(crate) struct Certificate {
    pub(crate) sha1: Vec<u8>,
    pub(crate) sha256: Vec<u8>,
    /// PKCS #1 DER.
    pub(crate) public_key: Vec<u8>,
}

/// What a finished sign-in leaves behind: enough for a token.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// User id as the directory writes it.
    pub(crate) user: String,
    pub(crate) client_id: String,
    /// Methods by the names of `authenticationMethodModes`, in the order in which they were used.
    pub(crate) methods: Vec<String>,
    pub(crate) aaguid: Option<String>,
    /// Session id, in the log and in tokens.
    pub(crate) id: String,
    pub(crate) signed_in_at: Timestamp,
    /// `none` or `deviceCodeFlow`: sessions stay tracked.
    pub(crate) flow: &'static str,
}

/// A refresh token's meaning.
#[derive(Clone, Debug)]
pub(crate) struct RefreshGrant {
    pub(crate) user: String,
    pub(crate) session: Session,
    pub(crate) issued_at: Timestamp,
}

/// An authorization code's meaning.
#[derive(Clone, Debug)]
pub(crate) struct CodeGrant {
    pub(crate) session: Session,
    pub(crate) redirect_uri: String,
    pub(crate) scope: String,
    pub(crate) challenge: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) expires_at: Timestamp,
}

/// A device code's meaning.
#[derive(Clone, Debug)]
pub(crate) struct DeviceGrant {
    pub(crate) user_code: String,
    pub(crate) client_id: String,
    pub(crate) scope: String,
    pub(crate) expires_at: Timestamp,
    /// Once somebody has signed in.
    pub(crate) session: Option<Session>,
}

/// A challenge for the registration of a passkey.
#[derive(Clone, Debug)]
pub(crate) struct CreationChallenge {
    /// User id, lower case.
    pub(crate) user: String,
    pub(crate) challenge: Vec<u8>,
    pub(crate) expires_at: Timestamp,
}

/// Smart lockout of one user.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lockout {
    pub(crate) wrong: u32,
    pub(crate) until: Option<Timestamp>,
}

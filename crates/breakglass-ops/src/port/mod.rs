//! The seams: what ops asks of the world. Adapters implement these, tests replace them.

mod tenant;
mod world;

pub use tenant::{ActivityFilter, Change, NewUser, PasskeyCreation, Query, Tenant, TenantError};
pub use world::{
    Alert, AlertSink, Browser, BrowserError, Channel, ChannelError, Clock, Credential, Delivery, Documents,
    Entropy, Evidence, EvidenceError, KeyRing, LedgerLine, PasskeyAssertion, SecurityKey, SecurityKeyError,
    SignInFlow, StoreError, UserSession, Vault,
};

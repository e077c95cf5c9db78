//! Ids as types, so that a group is not handed over where a policy is meant.
//!
//! Entra compares ids without regard to case, so every id is held in lower case.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes an id as written anywhere and holds it in lower case, without surrounding blanks.
            pub fn new(id: impl AsRef<str>) -> Self {
                Self(id.as_ref().trim().to_ascii_lowercase())
            }

            /// The id in lower case.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Whether this has the form of a GUID: 8-4-4-4-12 hexadecimal digits.
            #[must_use]
            pub fn is_guid(&self) -> bool {
                is_guid(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d).map(Self::new)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self::new(id)
            }
        }
    };
}

id! {
    /// The id of a directory object: a user, a group, a service principal, a role definition or a location.
    ObjectId
}
id! {
    /// The id of a Conditional Access policy.
    PolicyId
}
id! {
    /// The id of a tenant (directory).
    TenantId
}

/// Whether a text has the form of a GUID: 8-4-4-4-12 hexadecimal digits.
#[must_use]
pub fn is_guid(text: &str) -> bool {
    let mut parts = text.split('-');
    [8, 4, 4, 4, 12]
        .iter()
        .all(|len| parts.next().is_some_and(|p| p.len() == *len && p.bytes().all(|b| b.is_ascii_hexdigit())))
        && parts.next().is_none()
}

/// The role template id of Global Administrator.
pub const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_ignore_case_and_know_a_guid() {
        assert_eq!(ObjectId::new(" ABC "), ObjectId::new("abc"));
        assert!(ObjectId::new(GLOBAL_ADMINISTRATOR).is_guid());
        for bad in [
            "",
            "<EmergencyAccessAccountsGroup>",
            "62e90394-69f5-4237-9190-012177145e1",
            "62e9039469f542379190012177145e10",
        ] {
            assert!(!is_guid(bad), "{bad}");
        }
    }
}

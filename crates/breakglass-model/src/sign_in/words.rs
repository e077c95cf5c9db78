//! The closed vocabularies of Conditional Access, read without regard to case.

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$item_doc:meta])* $item:ident = $text:literal $(| $alias:literal)*,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$item_doc])* $item,)+ }

        impl $name {
            /// All of them, in the order of Graph's metadata.
            pub const ALL: &'static [Self] = &[$(Self::$item),+];

            /// The word as Graph writes it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$item => $text,)+ }
            }

            /// Reads a word without regard to case; `None` when it is not in the vocabulary.
            #[must_use]
            pub fn read(text: &str) -> Option<Self> {
                let text = text.trim();
                $(if [$text $(, $alias)*].iter().any(|w| w.eq_ignore_ascii_case(text)) { return Some(Self::$item); })+
                None
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

words! {
    /// `conditionalAccessDevicePlatform`, as seen by Entra (CONDITIONAL_ACCESS C-3).
    Platform {
        /// Android.
        Android = "android",
        /// iOS and iPadOS.
        Ios = "iOS",
        /// Windows.
        Windows = "windows",
        /// Windows Phone, retired.
        WindowsPhone = "windowsPhone",
        /// macOS.
        MacOs = "macOS",
        /// Linux.
        Linux = "linux",
        /// A platform that Entra does not recognise: matched by `all` and by no named one.
        Unrecognised = "unknown" | "chromeOS",
    }
}
words! {
    /// `conditionalAccessClientApp` of a request (C-1).
    ClientApp {
        /// A browser.
        Browser = "browser",
        /// A modern native client or command line.
        MobileAppsAndDesktop = "mobileAppsAndDesktopClients",
        /// Exchange ActiveSync.
        ExchangeActiveSync = "exchangeActiveSync",
        /// Exchange ActiveSync on a supported platform.
        EasSupported = "easSupported",
        /// Other legacy clients.
        Other = "other",
    }
}
words! {
    /// `riskLevel` of a sign-in or user (C-10).
    RiskLevel {
        /// Low.
        Low = "low",
        /// Medium.
        Medium = "medium",
        /// High.
        High = "high",
        /// Not shown for want of a licence.
        Hidden = "hidden",
        /// None.
        None = "none",
    }
}
words! {
    /// `insiderRiskLevel` (C-11).
    InsiderRisk {
        /// None.
        None = "none",
        /// Minor.
        Minor = "minor",
        /// Moderate.
        Moderate = "moderate",
        /// Elevated.
        Elevated = "elevated",
    }
}
words! {
    /// How a sign-in is carried from one device to another (C-12).
    Transfer {
        /// It is not.
        None = "none",
        /// Device code flow.
        DeviceCode = "deviceCodeFlow",
        /// Authentication transfer.
        AuthenticationTransfer = "authenticationTransfer",
    }
}
words! {
    /// External user types (U-7); `None` is an internal member.
    ExternalKind {
        /// An internal member.
        None = "none",
        /// An internal guest.
        InternalGuest = "internalGuest",
        /// B2B collaboration guest.
        B2bGuest = "b2bCollaborationGuest",
        /// B2B collaboration member, whose `userType` is Member.
        B2bMember = "b2bCollaborationMember",
        /// B2B direct connect.
        B2bDirect = "b2bDirectConnectUser",
        /// Any other external user.
        Other = "otherExternalUser",
        /// A service provider (GDAP).
        ServiceProvider = "serviceProvider",
    }
}
words! {
    /// User actions; policies and What If spell them differently (T-10).
    UserAction {
        /// Registering security information.
        RegisterSecurityInfo = "registerSecurityInformation" | "urn:user:registersecurityinfo",
        /// Registering or joining a device.
        RegisterDevice = "registerOrJoinDevices" | "urn:user:registerdevice",
    }
}
words! {
    /// What is asked for beyond the baseline (T-15).
    Scopes {
        /// Anything else than baseline scopes.
        Other = "other",
        /// Baseline scopes only.
        BaselineOnly = "baselineOnly",
        /// OpenID Connect scopes only.
        OidcOnly = "oidcOnly",
    }
}
words! {
    /// What kind of client asks.
    ClientKind {
        /// A public client.
        Public = "public",
        /// A confidential client.
        Confidential = "confidential",
    }
}
words! {
    /// How a device is known to the directory (F-10: named differently in policies and requests).
    Trust {
        /// Microsoft Entra joined.
        EntraJoined = "AzureAD" | "EntraID" | "Microsoft Entra joined" | "Azure AD joined",
        /// Hybrid joined.
        Hybrid = "ServerAD" | "EntraHybrid" | "Microsoft Entra hybrid joined" | "Hybrid Azure AD joined",
        /// Registered.
        Registered = "Workplace" | "EntraRegistered" | "Microsoft Entra registered" | "Azure AD registered",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_ignore_case_and_know_their_aliases() {
        assert_eq!(Platform::read("MACOS"), Some(Platform::MacOs));
        assert_eq!(Platform::read("plan9"), None);
        assert_eq!(UserAction::read("urn:user:registerDevice"), UserAction::read("registerOrJoinDevices"));
        assert_eq!(Trust::read("EntraID"), Some(Trust::EntraJoined));
        for risk in RiskLevel::ALL {
            assert_eq!(RiskLevel::read(risk.as_str()), Some(*risk));
        }
    }
}

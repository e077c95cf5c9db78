//! Names of authentication methods as strengths and capabilities use them (`authenticationMethodModes`).

/// Every mode that this program knows.
pub const MODES: &[&str] = &[
    "password",
    "voice",
    "hardwareOath",
    "softwareOath",
    "sms",
    "fido2",
    "windowsHelloForBusiness",
    "microsoftAuthenticatorPush",
    "deviceBasedPush",
    "temporaryAccessPassOneTime",
    "temporaryAccessPassMultiUse",
    "email",
    "x509CertificateSingleFactor",
    "x509CertificateMultiFactor",
    "federatedSingleFactor",
    "federatedMultiFactor",
    "qrCodePin",
];

/// The name as this program writes it; a mode that it does not know stays as it is.
#[must_use]
pub fn canonical(mode: &str) -> String {
    let mode = mode.trim();
    MODES.iter().find(|m| m.eq_ignore_ascii_case(mode)).map_or_else(|| mode.to_owned(), |m| (*m).to_owned())
}

/// Whether the program knows the mode at all.
#[must_use]
pub fn is_known(mode: &str) -> bool {
    MODES.contains(&mode)
}

//! Words for the AADSTS numbers that an emergency account meets.
//!
//! The numbers are Microsoft's, the words are ours: what it means for this account, short enough for a telephone.

/// What a number means; `None` for numbers that are not in the list.
#[must_use]
pub fn words(code: u32) -> Option<&'static str> {
    Some(match code {
        0 => "no error",
        16000 | 16001 | 16003 => "another account must be chosen, or this one is not known in the tenant",
        40008 => "the federated identity provider answered with an error",
        50011 => "the redirect address is not registered for the application",
        50017 => "the certificate could not be validated: its chain or its revocation list",
        50020 => "the account belongs to another tenant",
        50034 | 51004 => "there is no such account in this tenant",
        50053 => "the account is locked by smart lockout, or the address is known for attacks",
        50055 => "the password has expired",
        50056 => "the account has no usable password",
        50057 => "the account is disabled",
        50058 => "there was no session to sign in with silently",
        50059 => "the tenant could not be determined",
        50072 | 50079 | 50203 => "a second factor must be registered first",
        50074 | 50076 => "a second factor is asked for",
        50078 => "the second factor has expired and is asked for again",
        70043 | 70044 | 700082 => "the session or refresh token has expired",
        50064 => "the password could not be validated",
        50089 => "the sign-in took too long",
        50097 => "the device must authenticate",
        50105 => "the account is not assigned to the application",
        50125 => "interrupted by a password reset or by registration of security info",
        50126 => "wrong user name or password",
        50127 => "a broker app must be installed",
        50129 => "the device is not registered with the tenant",
        50128 | 90002 => "there is no such tenant",
        50131 => "refused by Conditional Access or by the device's state",
        50132 | 50133 | 50173 => "the session was revoked, or the password was changed",
        50135 => "the password must be changed because of risk",
        50140 => "the question whether to stay signed in was shown",
        50142 => "the password must be changed, by a Conditional Access policy",
        50144 => "the on-premises password has expired",
        50155 => "the device could not authenticate",
        50158 => "a control outside of Entra is asked for",
        50192 => "no certificate was sent, or something on the way removed it",
        50196 => "the client signs in again and again in a loop",
        50199 => "a confirmation was asked for",
        53000 => "the device is not compliant",
        53001 => "the device is not joined to a domain",
        53002 => "the application is not an approved one",
        53003 => "blocked by Conditional Access",
        53004 => "security info must be registered before this access, and the session does not look safe",
        53009 => "the application must be protected by Intune",
        53010 => "security info cannot be registered from this place or device",
        53011 => "blocked because of risk",
        65001 => "consent to the application is missing",
        65004 => "consent to the application was declined",
        70008 => "the code or refresh token has expired",
        70016 | 70019 => "the device code waits for the person, or has expired",
        90072 => "the account of another tenant is not a guest in this one",
        90095 => "an administrator must consent to the application",
        130_004 | 135_010 => "the passkey or key is not registered with the account",
        130_005 => "the signature of the passkey or key is wrong",
        130_006 => "the device holds no key to carry the credential",
        130_007 => "the device of the passkey or key is disabled",
        130_008 => "the device of the passkey or key is not known",
        500_121 => "the second factor failed, was refused, or was not answered in time",
        500_173 | 220_501 | 2_205_011..=2_205_019 => "the certificate revocation list could not be used",
        500_183 => "the certificate has been revoked",
        500_133 => "the assertion is outside of its time",
        501_481 => "the code verifier does not fit the code challenge",
        530_002 => "the device must be managed",
        530_003 => "the device must be managed and registered",
        530_035 => "blocked by security defaults",
        530_032 => "blocked by a security policy of the tenant",
        700_016 => "there is no such application in this tenant",
        700_027 => "the client's certificate was not accepted",
        7_000_112 => "the application is disabled",
        7_000_215 => "the client secret is wrong",
        7_000_222 => "the client secret has expired",
        _ => return None,
    })
}

/// Whether a number says that the sign-in waits for something, and neither failed nor succeeded yet.
#[must_use]
pub fn is_interrupt(code: u32) -> bool {
    matches!(
        code,
        16000
            | 16001
            | 16003
            | 50055
            | 50058
            | 50072
            | 50074
            | 50076
            | 50078
            | 50079
            | 50097
            | 50125
            | 50127
            | 50129
            | 50140
            | 50142
            | 50144
            | 50158
            | 50199
            | 50203
            | 65001
            | 70016
    )
}

/// What whoever is to sign in can do about it, for the errors where there is something.
#[must_use]
pub fn remedy(code: u32) -> Option<&'static str> {
    Some(match code {
        50053 => {
            "try the passkey: smart lockout is about passwords; else wait for its end, and find out who tries"
        }
        50055 | 50135 | 50142 => {
            "set a new password and mark it as never expiring; find out which policy demands the change"
        }
        50057 => "enable the account with another administrator, and find out who disabled it",
        50034 | 51004 => "look for the account among the deleted users: it can be restored for 30 days",
        50072 | 50079 | 50203 | 53004 | 53010 => "register a passkey for the account by an administrator",
        53000 | 53001 | 53002 | 53003 | 53009 | 53011 | 530_002 | 530_003 | 530_032 => {
            "exclude the account or its group from the policy; `breakglass prove` names the policy"
        }
        130_004 | 135_010 => {
            "use the other key of the account, and look who removed this one (`breakglass check`)"
        }
        530_035 => {
            "turn security defaults off once Conditional Access protects the tenant: they exclude nobody"
        }
        500_173 | 220_501 | 2_205_011..=2_205_019 => {
            "make the revocation list reachable, or sign in with a passkey"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_the_requirements_have_words() {
        // REQUIREMENTS section 6.
        for code in [50126, 50053, 50057, 50074, 500_121, 53003, 53000, 50055] {
            assert!(words(code).is_some(), "{code}");
        }
        assert_eq!(words(1), None);
        assert!(is_interrupt(50074) && !is_interrupt(50126) && !is_interrupt(0));
    }

    #[test]
    fn words_can_follow_a_colon() {
        for code in 0..8_000_000 {
            let Some(text) = words(code) else { continue };
            assert!(!text.ends_with('.') && text.len() < 110, "{code}: {text}");
            assert!(text.chars().next().is_some_and(char::is_lowercase), "{code}: {text}");
        }
    }
}

//! Secrets that do not print and are wiped when dropped.

use zeroize::{Zeroize, ZeroizeOnDrop};

/// A password, passphrase, token or share. `Debug` shows nothing, there is no `Display` and no `Serialize`; the bytes
/// are wiped on drop. [`Secret::danger_reveal`] is the one way in, and it is meant to be counted in reviews.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    /// Takes ownership of the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The clear text. Never log it, print it, or put it in an error, an argument or the environment.
    #[must_use]
    pub fn danger_reveal(&self) -> &str {
        &self.0
    }

    /// Compares without stopping at the first difference.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        let (a, b) = (self.0.as_bytes(), other.0.as_bytes());
        a.len() == b.len() && a.iter().zip(b).fold(0u8, |diff, (x, y)| diff | (x ^ y)) == 0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn a_secret_does_not_print() {
        let secret = Secret::new("hunter2");
        assert!(!format!("{secret:?}").contains("hunter2"));
        assert!(secret.matches(&Secret::new("hunter2")) && !secret.matches(&Secret::new("hunter3")));
    }
}

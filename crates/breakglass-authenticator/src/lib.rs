//! FIDO2 authenticators behind one trait: software keys for rehearsals.

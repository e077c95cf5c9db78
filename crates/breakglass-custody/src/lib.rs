//! Sealing, shares, kits and rotation of emergency credentials: bytes, time and randomness are handed in.

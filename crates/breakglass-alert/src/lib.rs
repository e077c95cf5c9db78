//! Channels that carry an alert out of the building, with acknowledgement.

//! Web pages over the same state the commands read.

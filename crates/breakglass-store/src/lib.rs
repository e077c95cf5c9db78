//! Durable state on one machine: SQLite behind the traits of breakglass-ops, and the ledger's files.

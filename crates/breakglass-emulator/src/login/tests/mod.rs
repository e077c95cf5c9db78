//! The login over TLS: tokens for applications, pages for people, and what the log says afterwards.

mod applications;
mod people;
mod policies;

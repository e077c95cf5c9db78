//! Channels that carry an alert out of the building, with acknowledgement.
//!
//! * [`Outbox`] keeps an alert until every channel has taken it, through kills, failing channels and full nights.
//! * [`WebhookChannel`] posts it as JSON, signed when there is a key, and reads the acknowledgement from the answer.
//! * [`Receiver`] is the other end on this machine, for rehearsals and tests.
//! * [`stages`] says how long each stage took, since no log path promises three minutes: it has to be measured.
//! * [`heartbeat`] says when a log has been silent for too long.
//!
//! Nothing here decides what is an alert, and nothing here knows a tenant. What an attacker gains who can change the
//! outbox is in `docs/threat-model.md`, row "store": silence, which is why a second channel and the receiver's own
//! dead-man check matter.

pub mod backoff;
pub mod heartbeat;
mod http;
mod outbox;
mod receiver;
pub mod signature;
pub mod stages;
mod webhook;

pub use backoff::Backoff;
pub use outbox::{ChannelState, Closed, Entry, Failure, OUTBOX, Outbox, Round};
pub use receiver::{Received, Receiver, ReceiverError};
pub use stages::StageClock;
pub use webhook::{WebhookChannel, WebhookError, WebhookSettings, channels};

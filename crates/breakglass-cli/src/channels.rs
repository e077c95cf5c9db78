//! The way out of the building: the design's channels behind the outbox of the data directory.

use crate::context::Context;
use crate::failure::Failure;
use breakglass_alert::{Outbox, channels};
use breakglass_entra::SystemEntropy;
use breakglass_model::design::Design;
use breakglass_ops::World;
use std::path::Path;
use std::sync::Arc;

/// The outbox with every channel of the design. Key files are found from the folder of the design.
pub fn outbox(context: &Context, design: &Design, world: &World) -> Result<Outbox, Failure> {
    let base = context.config.parent().unwrap_or_else(|| Path::new(""));
    let channels = channels(design, base, None, &context.clock)?;
    Ok(Outbox::new(world.documents.clone(), channels, Arc::new(SystemEntropy)))
}

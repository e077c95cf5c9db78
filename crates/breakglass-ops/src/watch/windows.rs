//! Which uses of an account are expected: the windows of drills and activations.

use crate::activate;
use crate::drill::{self, DrillRecord};
use crate::{OpsError, World};
use breakglass_detect::{Window, WindowKind};
use breakglass_model::Unread;
use jiff::SignedDuration;

/// The longest time that a drill excuses the use of an account when its end was never noted (the run was killed).
const LONGEST_DRILL: SignedDuration = SignedDuration::from_hours(1);

/// Entra's clock and ours may differ by this much at both ends of a drill, which takes minutes. Activations have their
/// own, longer times and get none.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(30);

/// The windows, and what could not be read of them. A damaged activation explains nothing: uses stay unexplained.
#[derive(Clone, Debug, Default)]
pub struct Correlation {
    /// Windows of drills and activations, ended ones included.
    pub windows: Vec<Window>,
    /// Records that are damaged.
    pub unread: Vec<Unread>,
}

/// Reads the windows from the store.
///
/// # Errors
/// When the store fails.
pub async fn correlation(world: &World) -> Result<Correlation, OpsError> {
    let mut found = Correlation::default();
    for (key, drill) in drill::stored(world).await? {
        match drill {
            Ok(record) => found.windows.push(of_drill(&record)),
            Err(error) => found.unread.push(Unread { what: format!("drill/{key}"), why: error.to_string() }),
        }
    }
    for (key, activation) in activate::stored(world).await? {
        match activation {
            Ok(activation) => {
                if let Some((from, until)) = activation.window() {
                    let request = activation.request();
                    let (id, account) = (request.id.clone(), request.object_id.clone());
                    // Records carry whole seconds: what happened right after the opening must not seem to be before it.
                    let from = from.saturating_sub(SignedDuration::from_secs(1)).unwrap_or(from);
                    found.windows.push(Window { kind: WindowKind::Activation, id, account, from, until });
                }
            }
            Err(error) => {
                found.unread.push(Unread { what: format!("activation/{key}"), why: error.to_string() })
            }
        }
    }
    Ok(found)
}

fn of_drill(record: &DrillRecord) -> Window {
    let drill = &record.drill;
    let limit = drill.began.saturating_add(LONGEST_DRILL).unwrap_or(drill.began);
    let end = record.ended_at.map_or(limit, |e| e.saturating_add(CLOCK_SKEW).unwrap_or(e).min(limit));
    Window {
        kind: WindowKind::Drill,
        id: drill.id.clone(),
        account: drill.object_id.clone(),
        from: drill.began.saturating_sub(CLOCK_SKEW).unwrap_or(drill.began),
        until: end,
    }
}

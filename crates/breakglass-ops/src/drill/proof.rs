//! Waiting for what the logs say. Logs are minutes late; a log that cannot be read leaves its items unknown.

use super::Drilling;
use crate::{OpsError, watch};
use breakglass_workflow::drill::{Drill, DrillReport, Log, judge};
use jiff::SignedDuration;

/// Judges until the report is complete or patience is at its end; the last report is answered.
pub(super) async fn wait(drilling: &Drilling<'_>, drill: &mut Drill) -> Result<DrillReport, OpsError> {
    let world = drilling.world;
    let since = drill.began.saturating_sub(SignedDuration::from_mins(1)).unwrap_or(drill.began);
    let patience = SignedDuration::try_from(drilling.patience).unwrap_or(SignedDuration::MAX);
    let deadline = world.now().saturating_add(patience).unwrap_or(jiff::Timestamp::MAX);
    let mut pause = std::time::Duration::from_secs(2);
    loop {
        // Nothing is in a log at once, and whoever watches needs the reports budget first: the alert is part of the proof.
        world.clock.sleep(pause).await;
        // The reader's eyes, not the drilled account's: its sessions are revoked, and it holds no Azure role any more.
        let (events, unread) = watch::trail(drilling.reader, &drill.object_id, since).await;
        drill.told.unread = unread
            .into_iter()
            .filter_map(|(name, why)| match name.as_str() {
                "sign-ins" => Some((Log::SignIns, why)),
                "audits" => Some((Log::Audits, why)),
                "activity" => Some((Log::Activity, why)),
                _ => None,
            })
            .collect();
        let report = judge(drill, &events, &watch::alert_times(world, since).await?);
        if report.is_complete() || world.now() >= deadline {
            return Ok(report);
        }
        pause = (pause * 2).min(std::time::Duration::from_secs(10));
    }
}

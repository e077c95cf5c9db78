//! `breakglass watch`: follow the logs and alert on any use, measured stage by stage.

use crate::channels;
use crate::connect::state_and_ask;
use crate::context::Context;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, BAD, BOLD, DIM, Format, UNKNOWN, paint};
use breakglass_alert::Outbox;
use breakglass_model::Severity;
use breakglass_model::design::Design;
use breakglass_ops::World;
use breakglass_ops::port::{Alert, Tenant};
use breakglass_ops::provision::plan::Impact;
use breakglass_ops::watch::{self, Polled};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(clap::Args)]
pub struct Args {
    /// Look once, send what there is, and end
    #[arg(long)]
    pub once: bool,
    /// Look again and again until at least one alert has been sent, but no longer than so many seconds
    #[arg(long, value_name = "SECONDS", conflicts_with = "once")]
    pub until_alert: Option<u64>,
}

pub async fn run(context: &Context, args: Args) -> Outcome {
    let design = context.design()?;
    let world = context.world().await?;
    let tenant = context.tenant()?;
    let outbox = channels::outbox(context, &design, &world)?;
    if design.channels.is_empty() {
        output::talk(format!(
            "{} the design declares no `[[channel]]`: alerts are kept here and go nowhere",
            paint(BAD, "warning:")
        ));
    }
    state_and_ask(
        context,
        &tenant.describe(),
        Impact::ReadOnly,
        "follow the sign-in, audit and activity logs",
    )?;
    let (mut exit, mut waited) = (Exit::Holds, 0);
    loop {
        let polled = look(&world, &*tenant, &design, &outbox).await?;
        show(context, &world, &polled).await?;
        exit = exit.and(exit_of(&polled));
        let enough = args.until_alert.is_some_and(|limit| !polled.alerts.is_empty() || waited >= limit);
        if args.once || enough {
            return Ok(exit);
        }
        let pause = if args.until_alert.is_some() { 1 } else { u64::from(design.watch.poll_seconds) };
        waited += pause;
        tokio::select! {
            () = world.clock.sleep(Duration::from_secs(pause)) => {}
            _ = tokio::signal::ctrl_c() => return Ok(exit),
        }
    }
}

/// One look at the logs. What waits in the outbox leaves while the look goes on, and once more when it is over.
pub async fn look(
    world: &World,
    tenant: &dyn Tenant,
    design: &Design,
    outbox: &Outbox,
) -> Result<Polled, Failure> {
    let sending = async {
        loop {
            world.clock.sleep(Duration::from_millis(250)).await;
            if let Err(error) = outbox.deliver_due(world.now()).await {
                return error;
            }
        }
    };
    let polled = tokio::select! {
        polled = watch::poll(world, tenant, design, outbox) => polled?,
        error = sending => return Err(error.into()),
    };
    outbox.deliver_due(world.now()).await?;
    Ok(polled)
}

/// Looks again and again, for as long as something else goes on.
pub async fn follow(world: &World, tenant: &dyn Tenant, design: &Design, outbox: &Outbox) -> Failure {
    // Looking costs a good part of the five report requests in ten seconds, and whoever waits needs some of them.
    let mut pause = Duration::from_secs(1);
    loop {
        world.clock.sleep(pause).await;
        if let Err(failure) = look(world, tenant, design, outbox).await {
            return failure;
        }
        pause = Duration::from_secs(10);
    }
}

/// A use without a drill or an activation does not hold; what was not seen cannot be told.
fn exit_of(polled: &Polled) -> Exit {
    if polled.alerts.iter().any(|a| a.severity >= Severity::High) {
        Exit::DoesNotHold
    } else if polled.sees_everything() {
        Exit::Holds
    } else {
        Exit::CannotTell
    }
}

async fn show(context: &Context, world: &World, polled: &Polled) -> Result<(), Failure> {
    if context.format == Format::Json {
        output::json_line(&json!({ "polled": polled, "stages": stages(world, &polled.alerts).await? }));
        return Ok(());
    }
    let stages = stages(world, &polled.alerts).await?;
    for alert in &polled.alerts {
        let style = if alert.severity >= Severity::High { BAD } else { BOLD };
        output::data(format!(
            "{} {}",
            paint(style, format!("{}:", alert.severity)),
            paint(BOLD, &alert.title)
        ));
        for (key, label) in [("actor", "who"), ("ip", "ip"), ("app", "app"), ("next_step", "next")] {
            if let Some(value) =
                alert.details.get(key).and_then(serde_json::Value::as_str).filter(|v| !v.is_empty())
            {
                output::data(format!("  {label:<7} {value}"));
            }
        }
        if let Some(line) = stages.get(&alert.id) {
            output::data(paint(DIM, format!("  stages  {line}")));
        }
    }
    for unread in &polled.blind {
        output::data(format!("{} {}: {}", paint(UNKNOWN, "blind:"), unread.what, unread.why));
    }
    if polled.alerts.is_empty() {
        output::talk(paint(
            DIM,
            format!(
                "{} {} records, {} new, nothing to report",
                polled.at.strftime("%H:%M:%S"),
                polled.records,
                polled.fresh
            ),
        ));
    }
    Ok(())
}

/// The stage clock of each alert, by its id: event, seen, sent, acknowledged.
async fn stages(world: &World, alerts: &[Alert]) -> Result<BTreeMap<String, String>, Failure> {
    let Some(since) = alerts.iter().map(|a| a.event_at).min() else { return Ok(BTreeMap::new()) };
    let times = watch::alert_times(world, since).await?;
    let seconds = |from: jiff::Timestamp, to: Option<jiff::Timestamp>| {
        to.map_or_else(|| "not yet".to_owned(), |t| format!("+{:.1} s", t.duration_since(from).as_secs_f64()))
    };
    let mine = times.into_iter().filter(|t| alerts.iter().any(|a| a.id == t.id));
    Ok(mine
        .map(|t| {
            let line = format!(
                "event {}, seen {}, sent {}, acknowledged {}",
                t.event_at.strftime("%H:%M:%S"),
                seconds(t.event_at, Some(t.seen_at)),
                seconds(t.event_at, t.sent_at),
                seconds(t.event_at, t.acknowledged_at)
            );
            (t.id, line)
        })
        .collect())
}

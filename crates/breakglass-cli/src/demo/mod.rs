//! The whole story: an emulated tenant without emergency access becomes one with a proven, sealed, watched and drilled
//! pair of accounts. Every act is told by the subcommands that a real tenant would get, on their own arguments.

mod acts;
mod stage;
mod teller;

use crate::context::Context;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, BOLD, DIM, Format, GOOD, paint};
use crate::{commands, files};
use serde_json::json;
use stage::Stage;
use std::path::PathBuf;
use std::time::Instant;
use teller::Teller;

/// What the story is told with.
pub struct Telling {
    /// Tell it unattended and end.
    pub once: bool,
    /// Keep the page as a file.
    pub save_page: Option<PathBuf>,
    /// Where the page is served.
    pub listen: std::net::SocketAddr,
}

/// Tells the story.
pub async fn tell(context: &Context, telling: Telling) -> Outcome {
    let began = Instant::now();
    let home = context.data.join("demo").join(context.clock.now().strftime("%Y%m%d-%H%M%S").to_string());
    output::talk(format!(
        "{} an emulated tenant on loopback, which is not Microsoft Entra; nothing outside this machine is touched\n{}",
        paint(BOLD, "breakglass demo:"),
        paint(DIM, format!("everything it makes is below {}", home.display()))
    ));
    let mut teller = Teller::new();
    let stage = teller.act("tenant", "a tenant with real policies and no emergency access", async |proof| {
        let stage = Stage::set(context, &home).await?;
        proof.push(format!("{} answers over TLS with its own CA", stage.emulator.ready.graph));
        Ok(stage)
    });
    let stage = stage.await?;
    let (listener, address) = commands::serve::listen(telling.listen).await?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let page = tokio::spawn(commands::serve::serve(stage.context.clone(), listener, async {
        let _ = stopped.await;
    }));
    output::talk(format!("{} http://{address}/ follows the story", paint(BOLD, "page:")));

    let told = acts::all(&stage, &mut teller).await;

    if let (Ok(()), Some(path)) = (&told, &telling.save_page) {
        let overview =
            commands::serve::overview(&stage.context).await.map_err(|e| Failure { what: e, next: None })?;
        files::write(path, breakglass_server::render(&overview)?.as_bytes())?;
    }
    let total = began.elapsed();
    match context.format {
        Format::Json => {
            output::json(&json!({ "steps": teller.rows(), "seconds": total.as_secs_f64(), "home": home }))
        }
        _ => output::data(format!("\n{}", teller.table(total))),
    }
    told?;
    output::talk(format!(
        "\n{} from nothing to a pair of accounts that is proved, sealed, watched and drilled",
        paint(GOOD, "done:")
    ));
    if !telling.once {
        output::talk(format!("{} http://{address}/ until you press Ctrl-C", paint(BOLD, "look at it:")));
        tokio::signal::ctrl_c().await?;
    }
    let _ = stop.send(());
    let _ = page.await;
    stage.emulator.stop().await;
    Ok(Exit::Holds)
}

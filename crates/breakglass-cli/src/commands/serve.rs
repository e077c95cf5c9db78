//! `breakglass serve`: web pages over the state in the data directory. Reads only; it never talks to the tenant.

use crate::context::Context;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, BOLD, paint};
use crate::snapshots;
use breakglass_server::{Overview, Source};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;

#[derive(clap::Args)]
pub struct Args {
    /// Where to listen. Anybody who can reach it can read the pages: keep it on loopback or behind something that asks
    #[arg(long, default_value = "127.0.0.1:8620", value_name = "ADDR")]
    pub listen: SocketAddr,
    /// Listen on an address that other machines can reach
    #[arg(long)]
    pub danger_listen_beyond_loopback: bool,
}

pub async fn run(context: &Context, args: Args) -> Outcome {
    if !args.listen.ip().is_loopback() && !args.danger_listen_beyond_loopback {
        return Err(Failure::new(
            format!(
                "{} can be reached by other machines, and the pages ask nobody who they are",
                args.listen
            ),
            "listen on 127.0.0.1, or give `--danger-listen-beyond-loopback` where something in front asks",
        ));
    }
    // Mistakes in the design are said now and not on a page.
    context.design()?;
    let (listener, address) = listen(args.listen).await?;
    output::talk(format!("{} http://{address}/ (read-only; stop with Ctrl-C)", paint(BOLD, "serving")));
    serve(context.clone(), listener, async {
        let _ = tokio::signal::ctrl_c().await;
    })
    .await?;
    Ok(Exit::Holds)
}

/// A listener and the address it has.
pub async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Failure> {
    let busy = |e: std::io::Error| {
        Failure::new(format!("cannot listen on {address}: {e}"), "give another `--listen ADDR`")
    };
    let listener = TcpListener::bind(address).await.map_err(busy)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Serves the pages until `stop` resolves.
pub async fn serve(
    context: Context,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Failure> {
    let source: Source = Arc::new(move || {
        let context = context.clone();
        Box::pin(async move { overview(&context).await })
    });
    Ok(breakglass_server::serve(listener, source, stop).await?)
}

/// The page's contents, from the design, the last snapshot and the ledger.
pub async fn overview(context: &Context) -> Result<Overview, String> {
    let said = |failure: Failure| failure.what;
    let design = context.design().map_err(said)?;
    let world = context.world().await.map_err(said)?;
    let snapshot = snapshots::last(&world).await.map_err(said)?;
    breakglass_server::overview(&world, &design, snapshot.as_ref()).await.map_err(|e| e.to_string())
}

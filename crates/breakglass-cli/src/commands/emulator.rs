//! `breakglass emulator`: an emulated Entra tenant on loopback, for tests, training and rehearsals. It is not Entra.

use crate::context::Context;
use crate::failure::{Exit, Outcome};
use crate::{files, output};
use breakglass_emulator::{Emulator, Options};
use std::net::SocketAddr;
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Args {
    /// The tenant to serve: `demo`, `empty` or `healthy`
    #[arg(long, default_value = "demo", value_name = "PRESET")]
    pub tenant: String,
    /// Loopback address; port 0 takes free ports (login, Graph and ARM take one each)
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR")]
    pub listen: SocketAddr,
    /// Written, as JSON, when everything listens
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
}

pub async fn run(context: &Context, args: Args) -> Outcome {
    // The ready file names files in it, and is read from other directories than this one.
    let directory = std::path::absolute(context.data.join("emulator"))?;
    crate::context::make_private_dir(&directory)?;
    let options = Options::preset(&args.tenant, args.listen, directory)?;
    let running = Emulator::start(options).await?;
    output::talk("this is an emulated tenant on loopback, not Microsoft Entra; stop it with Ctrl-C");
    if let Some(file) = &args.ready_file {
        files::write_private(file, serde_json::to_string_pretty(&running.ready)?.as_bytes())?;
    } else {
        output::json(&running.ready);
    }
    tokio::signal::ctrl_c().await?;
    running.stop().await;
    Ok(Exit::Holds)
}

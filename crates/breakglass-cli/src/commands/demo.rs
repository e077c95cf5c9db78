//! `breakglass demo`: the whole story on an emulated tenant, in the terminal and on a local web page.

use crate::context::Context;
use crate::demo::{Telling, tell};
use crate::failure::Outcome;
use std::net::SocketAddr;
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Args {
    /// Tell it unattended, print the summary and exit
    #[arg(long)]
    pub once: bool,
    /// Keep the web page of the finished story as a file
    #[arg(long, value_name = "FILE")]
    pub save_page: Option<PathBuf>,
    /// Where the web page is served; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR")]
    pub listen: SocketAddr,
}

pub async fn run(context: &Context, args: Args) -> Outcome {
    tell(context, Telling { once: args.once, save_page: args.save_page, listen: args.listen }).await
}

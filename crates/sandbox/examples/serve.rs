//! Runs the sandbox alone until Ctrl-C: `cargo run -p membrane-sandbox --example serve [STATE_FILE]`.
#![allow(clippy::print_stdout, reason = "it is a program")]

use membrane_sandbox::{Sandbox, SandboxConfig};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let state_file = std::env::args_os().nth(1).map(Into::into);
    let running = Sandbox::start(SandboxConfig { state_file, ..SandboxConfig::default() }).await?;
    println!("{}", running.origin());
    tokio::signal::ctrl_c().await?;
    running.stop().await;
    Ok(())
}

//! The `kfleet` command: parse, call the app, exit.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = kfleet::cli::Cli::parse();
    match kfleet::app::run(&cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            kfleet::render::tell(&error.text);
            ExitCode::from(error.exit_code())
        }
    }
}

//! The `kfleet` command: parse, call the app, exit.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(kfleet::app::run(&kfleet::cli::Cli::parse()))
}

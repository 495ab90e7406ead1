//! The `kfleet` command: parse, call the app, exit.

use clap::Parser;
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = kfleet::cli::Cli::parse();
    match kfleet::app::run(&cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{}", error.text); // nobody is left to tell that this failed
            ExitCode::from(error.exit_code())
        }
    }
}

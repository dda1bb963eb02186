//! `make test` ends with it: fails when a secret of the run is in what the run left behind.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

/// Looks for secrets where none may be
#[derive(Parser)]
struct Arguments {
    /// What a test run has left behind
    #[arg(default_value = "target/leaks")]
    folder: PathBuf,
}

fn main() -> ExitCode {
    match testkit::leaks::report(&Arguments::parse().folder) {
        Ok(report) => {
            eprintln!("leaks: {report}");
            ExitCode::from(u8::from(!report.leaks.is_empty()))
        }
        Err(error) => {
            eprintln!("leaks: {error}");
            ExitCode::FAILURE
        }
    }
}

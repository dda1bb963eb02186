//! `make conformance`: writes `docs/conformance.md`, or fails when it is not what the last test run says.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

/// Where `make test` leaves its report.
const REPORT: &str = "target/nextest/full/junit.xml";

/// Tells which test proves which statement of the contract.
#[derive(Parser)]
struct Arguments {
    /// Writes nothing: fails when the committed table differs
    #[arg(long)]
    check: bool,
    /// The `JUnit` report of a whole test run
    #[arg(long, default_value = REPORT)]
    report: PathBuf,
    /// The repository's root
    #[arg(long, default_value = ".")]
    root: PathBuf,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("conformance: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Writes or compares the table; then says what no test proves. Errors: in words for a person.
fn run(arguments: &Arguments) -> Result<(), String> {
    let docs = arguments.root.join("docs");
    let committed = docs.join("conformance.md");
    let report = read(&arguments.root.join(&arguments.report))
        .map_err(|problem| format!("{problem}; `make test` writes it, with cargo-nextest"))?;
    let contract = read(&docs.join("contract.md"))?;
    let exceptions = read(&docs.join("conformance-exceptions.toml"))?;
    let made = testkit::conformance::conformance(&contract, &report, &exceptions)
        .map_err(|error| error.to_string())?;
    if !arguments.check {
        std::fs::write(&committed, &made.document)
            .map_err(|error| format!("{}: {error}", committed.display()))?;
    }
    if !made.missing.is_empty() {
        let missing = made.missing.trim_end();
        return Err(format!(
            "neither a passing test nor an exception for\n{missing}"
        ));
    }
    if arguments.check && read(&committed)? != made.document {
        let committed = committed.display();
        return Err(format!(
            "{committed} is not what the tests say; run `make conformance`"
        ));
    }
    Ok(())
}

/// The file's text. Errors: which file, and why not.
fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

//! `hookyard openapi`.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::output::say;

/// What may be said of it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Version of the OpenAPI specification; 3.0 is for older generators
    #[arg(long, value_enum, default_value_t = Edition::V31)]
    version: Edition,
    /// Write hookyard.json (3.1) and hookyard-3.0.json into this directory instead
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
}

/// A version of the specification.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Edition {
    /// With webhooks.
    #[value(name = "3.1")]
    V31,
    /// Without webhooks.
    #[value(name = "3.0")]
    V30,
}

/// Prints or writes the document.
///
/// Errors: a file cannot be written.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Some(directory) = &arguments.write else {
        say(document(arguments.version).trim_end());
        return Ok(());
    };
    std::fs::create_dir_all(directory).with_context(|| format!("make {}", directory.display()))?;
    for (name, edition) in [
        ("hookyard.json", Edition::V31),
        ("hookyard-3.0.json", Edition::V30),
    ] {
        let path = directory.join(name);
        std::fs::write(&path, document(edition))
            .with_context(|| format!("write {}", path.display()))?;
    }
    Ok(())
}

fn document(edition: Edition) -> String {
    admin::spec(match edition {
        Edition::V31 => admin::Version::V3_1,
        Edition::V30 => admin::Version::V3_0,
    })
}

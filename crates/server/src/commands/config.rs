//! `hookyard config`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::config::{Flags, Settings, Values, default_toml, effective_toml, reference};
use crate::output::say;

/// What may be said of it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Write the two documents made from the settings into this repository
    #[arg(long, hide = true, value_name = "DIR")]
    write: Option<PathBuf>,
}

/// Prints the settings in force, or writes their documents.
///
/// Errors: a setting is wrong; a document cannot be written.
pub(crate) fn run(flags: &Flags, arguments: &Arguments) -> anyhow::Result<()> {
    if let Some(root) = &arguments.write {
        write(&root.join("config.default.toml"), &default_toml())?;
        return write(&root.join("docs/settings.md"), &reference());
    }
    let values = Values::load(flags)?;
    Settings::from_values(&values)?;
    say(effective_toml(&values).trim());
    Ok(())
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("write {}", path.display()))
}

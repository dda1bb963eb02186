//! `hookyard roles`.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::output::say;

/// What may be said of it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Write the page to this file instead
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

/// Prints or writes who may do what.
///
/// Errors: the file cannot be written.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let page = admin::roles_page();
    let Some(path) = &arguments.write else {
        say(page.trim_end());
        return Ok(());
    };
    std::fs::write(path, page).with_context(|| format!("write {}", path.display()))
}

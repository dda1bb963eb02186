//! `hookyard verify-audit-log`.

use std::fmt::Write as _;

use anyhow::{Context as _, bail};
use domain::tenancy::PlatformScope;

use super::beside;
use crate::config::{Flags, Settings};
use crate::first_admin::system_rng;
use crate::output::say;

/// Walks the chain of the audit log from its first entry to its last. Works while a server runs on the same database.
///
/// Errors: the chain is broken; a setting is wrong; the database cannot be reached.
pub(crate) async fn run(flags: &Flags) -> anyhow::Result<()> {
    let settings = Settings::load(flags)?;
    let (storage, _lock) = beside::open(&settings, &mut system_rng()).await?;
    let walked = storage.verify_audit_log(PlatformScope::proven()).await;
    match walked.context("read the audit log")? {
        Err(broken) => bail!("the audit log has been tampered with: {broken}"),
        Ok(chain) => {
            let mut head = String::new();
            for byte in chain.head {
                write!(head, "{byte:02x}").context("write the hash")?;
            }
            say(format_args!(
                "The audit log is whole: {} entries, the last with the hash {head}.",
                chain.length
            ));
            Ok(())
        }
    }
}

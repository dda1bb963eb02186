//! How the process ends. Source of the numbers: `sysexits.h`.

use std::process::ExitCode;

use crate::commands::create_admin::Exists;
use crate::config::ConfigError;
use crate::embedded::InUse;

/// What was to be made is there already.
const EXISTS: u8 = 3;
/// Another process has what we need: try again later.
const TEMPORARY: u8 = 75;
/// The settings are wrong: nothing helps but changing them.
const CONFIGURATION: u8 = 78;

/// Tells what went wrong on standard error, once, and gives it its number.
pub(crate) fn code(result: anyhow::Result<()>) -> ExitCode {
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    eprintln!("hookyard: {error:#}");
    let wrong_key = matches!(error.downcast_ref(), Some(storage::Error::WrongKey));
    if wrong_key || error.downcast_ref::<ConfigError>().is_some() {
        ExitCode::from(CONFIGURATION)
    } else if error.downcast_ref::<Exists>().is_some() {
        ExitCode::from(EXISTS)
    } else if error.downcast_ref::<InUse>().is_some() {
        ExitCode::from(TEMPORARY)
    } else {
        ExitCode::FAILURE
    }
}

//! Lines for people, on standard output. Logs go to standard error.

use std::io::Write as _;

/// Prints a line. A reader that has gone away is no error.
pub(crate) fn say(line: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).ok();
}

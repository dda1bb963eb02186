//! The table, as Markdown.

use std::collections::BTreeMap;

use super::Proofs;
use super::contract::{self, Statement};
use super::report::MODES;

/// What stands where a statement has neither a test nor an exception.
const NOTHING: &str = "**nothing yet**";

/// The whole document: a head with the counts, and one row a statement.
pub(super) fn document(
    statements: &BTreeMap<u16, Statement>,
    proofs: &BTreeMap<u16, Proofs>,
    exceptions: &BTreeMap<u16, String>,
) -> String {
    let head = format!(
        "# Conformance\n\n\
         Each statement of [the contract](contract.md) and the tests that prove it. Of {} statements, tests prove {}; {} \
         can be proved by no test, and the reason stands here instead.\n\n\
         Written by `make conformance` from the report of `make test`. Only tests that passed are here; the words in \
         brackets are the ways a case runs.\n\n\
         | | Statement | Proved by |\n|--:|---|---|\n",
        statements.len(),
        proofs.len(),
        exceptions.len(),
    );
    let rows = statements.iter().map(|(number, statement)| {
        let proof = match (proofs.get(number), exceptions.get(number)) {
            (Some(tests), _) => cell(tests),
            (None, Some(reason)) => format!("No test: {}", reason.replace('|', "\\|")),
            (None, None) => NOTHING.to_owned(),
        };
        let text = contract::short(&statement.text);
        format!("| {number} | {text} | {proof} |\n")
    });
    head + &rows.collect::<String>()
}

/// The tests of one statement, a line each.
fn cell(tests: &Proofs) -> String {
    let lines = tests.iter().map(|(test, modes)| {
        let name = format!("`{} {}`", test.binary, test.path);
        if modes.is_empty() {
            return name;
        }
        let modes: Vec<&str> = modes.iter().map(|place| MODES[*place]).collect();
        format!("{name} ({})", modes.join(", "))
    });
    lines.collect::<Vec<_>>().join("<br>")
}

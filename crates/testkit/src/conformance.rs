//! `make conformance`: which test proves which statement of `docs/contract.md`.
//!
//! A test names the statements it proves (`contract_011_012_the_body_…`, or a module of such a name). What a test run
//! reports as passed is put beside the contract; a statement that no test can prove has its reason in
//! `docs/conformance-exceptions.toml`. Text in, text out: the same report always gives the same table.

use std::collections::{BTreeMap, BTreeSet};

use self::contract::Statement;
use self::report::Test;

mod contract;
mod exceptions;
mod report;
mod table;

/// What a test run says of the contract.
#[derive(Debug)]
pub struct Conformance {
    /// The whole of `docs/conformance.md`.
    pub document: String,
    /// The statements with neither a passing test nor an exception, in words, a line a section. Empty when none is
    /// missing.
    pub missing: String,
}

/// Why a table cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `docs/contract.md` is not numbered 1, 2, 3 and so on.
    #[error("the contract: {0}")]
    Contract(String),
    /// The report is no `JUnit` XML.
    #[error("the test report: {0}")]
    Report(String),
    /// A test's name promises what cannot be.
    #[error("test {test}: {problem}")]
    Name {
        /// Its path in its binary.
        test: String,
        /// What is wrong.
        problem: String,
    },
    /// The exceptions cannot be read, are too many, or are none.
    #[error("the exceptions: {0}")]
    Exceptions(String),
}

/// The tests that prove one statement: their path without the mode, and the modes each passed in.
type Proofs = BTreeMap<Test, BTreeSet<usize>>;

/// Puts `contract` (Markdown), `report` (`JUnit` XML) and `exceptions` (TOML) together.
pub fn conformance(contract: &str, report: &str, exceptions: &str) -> Result<Conformance, Error> {
    let statements = contract::statements(contract)?;
    let mut proofs: BTreeMap<u16, Proofs> = BTreeMap::new();
    for name in report::passed(report)? {
        for number in name.numbers()? {
            if !statements.contains_key(&number) {
                return Err(name.problem(format!("there is no statement {number}")));
            }
            let (test, mode) = name.fold();
            let modes = proofs.entry(number).or_default().entry(test).or_default();
            modes.extend(mode);
        }
    }
    let exceptions = exceptions::parse(exceptions)?;
    for number in exceptions.keys() {
        if !statements.contains_key(number) {
            let problem = format!("there is no statement {number}");
            return Err(Error::Exceptions(problem));
        }
        if proofs.contains_key(number) {
            let problem = format!("a test proves {number}: it needs no exception");
            return Err(Error::Exceptions(problem));
        }
    }
    let missing = statements
        .iter()
        .filter(|(number, _)| !proofs.contains_key(number) && !exceptions.contains_key(number));
    Ok(Conformance {
        document: table::document(&statements, &proofs, &exceptions),
        missing: grouped(missing),
    })
}

/// The numbers as ranges, a line a section: `  E3 Identity: 36-40, 42`.
fn grouped<'a>(missing: impl Iterator<Item = (&'a u16, &'a Statement)>) -> String {
    let mut ranges: Vec<(&str, u16, u16)> = Vec::new();
    for (&number, statement) in missing {
        match ranges.last_mut() {
            Some((section, _, last)) if *section == statement.section && *last + 1 == number => {
                *last = number;
            }
            _ => ranges.push((&statement.section, number, number)),
        }
    }
    let line = |section: &[(&str, u16, u16)]| {
        let spelled = section.iter().map(|(_, first, last)| match last - first {
            0 => first.to_string(),
            _ => format!("{first}-{last}"),
        });
        let spelled: Vec<String> = spelled.collect();
        format!("  {}: {}\n", section[0].0, spelled.join(", "))
    };
    ranges
        .chunk_by(|one, next| one.0 == next.0)
        .map(line)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTRACT: &str =
        "# Title\n\n## E1 First\n1. One.\n2. Two.\n3. Three.\n\n## E2 Second\n4. Four. 5. Five.\n";

    fn junit(tests: &[&str]) -> String {
        let case = |name: &&str| format!("<testcase name=\"{name}\" classname=\"server::it\"/>");
        let cases = tests.iter().map(case).collect::<Vec<_>>().concat();
        format!("<testsuites><testsuite name=\"server::it\">{cases}</testsuite></testsuites>")
    }

    fn exception(number: u16) -> String {
        format!("[[exception]]\nnumber = {number}\nreason = \"It cannot be seen.\"\n")
    }

    #[test]
    fn what_is_missing_is_told_by_section_in_ranges() {
        let report = junit(&["e2e::contract_002_x", "other"]);
        let made = conformance(CONTRACT, &report, "").unwrap();
        assert_eq!(made.missing, "  E1 First: 1, 3\n  E2 Second: 4-5\n");
        let exceptions = exception(1) + &exception(3);
        let report = junit(&["e2e::contract_002_x", "contract_004::a", "contract_004_005"]);
        let made = conformance(CONTRACT, &report, &exceptions).unwrap();
        assert_eq!(made.missing, "");
    }

    #[test]
    fn modes_of_one_case_share_a_line_in_the_order_we_name_them() {
        let report = junit(&[
            "e2e::b::embedded::contract_001_x",
            "e2e::a::contract_001_y",
            "e2e::b::cluster::contract_001_x",
        ]);
        let made = conformance(CONTRACT, &report, "").unwrap();
        let line = "| 1 | One. | `server::it e2e::a::contract_001_y`<br>\
                    `server::it e2e::b::contract_001_x` (embedded, cluster) |\n";
        assert!(made.document.contains(line), "{}", made.document);
    }

    #[test]
    fn the_order_of_the_report_changes_nothing() {
        let mut tests = ["b::contract_001", "a::contract_001_002", "a::contract_003"];
        let one = conformance(CONTRACT, &junit(&tests), "").unwrap();
        tests.reverse();
        let other = conformance(CONTRACT, &junit(&tests), "").unwrap();
        assert_eq!(one.document, other.document);
    }

    #[test]
    fn a_number_outside_the_contract_is_refused() {
        let refused = conformance(CONTRACT, &junit(&["e2e::contract_002_006_x"]), "");
        let told = refused.unwrap_err().to_string();
        assert_eq!(
            told,
            "test e2e::contract_002_006_x: there is no statement 6"
        );
        let refused = conformance(CONTRACT, &junit(&[]), &exception(6));
        assert!(matches!(refused, Err(Error::Exceptions(_))));
    }

    #[test]
    fn an_exception_that_a_test_proves_is_refused() {
        let refused = conformance(CONTRACT, &junit(&["contract_002_x"]), &exception(2));
        let told = refused.unwrap_err().to_string();
        assert!(told.contains("a test proves 2"), "{told}");
    }
}

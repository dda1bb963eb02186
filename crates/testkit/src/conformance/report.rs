//! The tests that passed, from nextest's report, and what their names say.

use std::collections::BTreeSet;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::Error;

/// Modules that run a case in one of several ways. Cases that differ in nothing else are one line of the table.
pub(super) const MODES: [&str; 4] = ["embedded", "cluster", "sqlite", "postgres"];

/// What a name that proves something begins with.
const CONTRACT: &str = "contract";

/// A test, as a line of the table names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Test {
    /// The binary, such as `server::it`; a crate's own name for the tests inside its files.
    pub(super) binary: String,
    /// The path in it.
    pub(super) path: String,
}

/// All tests that passed, in the report's order. Errors: no `JUnit` XML.
pub(super) fn passed(report: &str) -> Result<Vec<Test>, Error> {
    let failed = |problem: &dyn std::fmt::Display| Error::Report(problem.to_string());
    let name = |tag: &BytesStart<'_>| -> Result<String, Error> {
        let name = tag
            .try_get_attribute("name")
            .map_err(|error| failed(&error))?;
        let name = name.ok_or_else(|| failed(&"a test has no name"))?;
        let name = name.unescape_value().map_err(|error| failed(&error))?;
        Ok(name.into_owned())
    };
    let mut reader = Reader::from_str(report);
    let (mut tests, mut binary, mut open, mut suites) = (Vec::new(), String::new(), None, false);
    loop {
        match reader.read_event().map_err(|error| failed(&error))? {
            Event::Eof => break,
            Event::Start(tag) => match tag.name().as_ref() {
                b"testsuites" => suites = true,
                b"testsuite" => binary = name(&tag)?,
                b"testcase" => open = Some(name(&tag)?),
                b"failure" | b"error" | b"skipped" => open = None,
                _ => {}
            },
            Event::Empty(tag) => match tag.name().as_ref() {
                b"testcase" => tests.push(Test {
                    binary: binary.clone(),
                    path: name(&tag)?,
                }),
                b"failure" | b"error" | b"skipped" => open = None,
                _ => {}
            },
            Event::End(tag) if tag.name().as_ref() == b"testcase" => {
                let path = open.take();
                tests.extend(path.map(|path| Test {
                    binary: binary.clone(),
                    path,
                }));
            }
            _ => {}
        }
    }
    if suites {
        Ok(tests)
    } else {
        Err(failed(&"it holds no test suites"))
    }
}

impl Test {
    /// The statements that the names of the test and its modules say it proves: the groups of three digits after
    /// `contract`. Errors: a name begins so, but no number follows.
    pub(super) fn numbers(&self) -> Result<BTreeSet<u16>, Error> {
        let mut numbers = BTreeSet::new();
        for segment in self.path.split("::") {
            let mut words = segment.split('_');
            if !words.any(|word| word == CONTRACT) {
                continue;
            }
            let before = numbers.len();
            let three_digits = |word: &str| (word.len() == 3).then(|| word.parse().ok())?;
            let found: Vec<u16> = words.map_while(three_digits).collect();
            numbers.extend(found);
            if numbers.len() == before && segment.starts_with("contract_") {
                return Err(self.problem("no number of three digits follows".to_owned()));
            }
        }
        Ok(numbers)
    }

    /// The test without the module that names its mode, and the mode's place in [`MODES`].
    pub(super) fn fold(&self) -> (Self, Option<usize>) {
        let segments: Vec<&str> = self.path.split("::").collect();
        if let [modules @ .., mode, case] = segments.as_slice()
            && let Some(place) = MODES.iter().position(|known| known == mode)
        {
            let path = [modules, &[case]].concat().join("::");
            let binary = self.binary.clone();
            return (Self { binary, path }, Some(place));
        }
        (self.clone(), None)
    }

    /// What is wrong with the test's name, as an error.
    pub(super) fn problem(&self, problem: String) -> Error {
        Error::Name {
            test: self.path.clone(),
            problem,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(path: &str) -> Test {
        Test {
            binary: "server::it".to_owned(),
            path: path.to_owned(),
        }
    }

    fn numbers(path: &str) -> Vec<u16> {
        test(path).numbers().unwrap().into_iter().collect()
    }

    #[test]
    fn a_name_may_hold_several_numbers_and_so_may_its_modules() {
        assert_eq!(numbers("e2e::contract_011_012_013_the_body"), [11, 12, 13]);
        assert_eq!(numbers("contract_055::cluster::every_activity"), [55]);
        assert_eq!(numbers("contract_054::contract_055_x"), [54, 55]);
        assert_eq!(numbers("serial_contract_093_timers_are_never_late"), [93]);
        assert_eq!(numbers("contract_022_1_5_and_15_minutes"), [22]);
    }

    #[test]
    fn other_names_hold_none() {
        assert!(numbers("e2e::the_contract_is_kept").is_empty());
        assert!(numbers("subcontract_055_x").is_empty());
        assert!(numbers("answers_200_after_017").is_empty());
        for name in ["contract_55_x", "contract_holds", "contract_0055_x"] {
            assert!(test(name).numbers().is_err(), "{name}");
        }
    }

    #[test]
    fn the_module_of_a_mode_is_taken_out_of_the_path() {
        let folded = test("e2e::retries::cluster::contract_025_x").fold();
        assert_eq!(folded, (test("e2e::retries::contract_025_x"), Some(1)));
        for path in ["embedded::suite::case", "cluster", "e2e::case"] {
            assert_eq!(test(path).fold(), (test(path), None));
        }
    }

    #[test]
    fn only_tests_that_passed_are_read() {
        let report = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="nextest-run" tests="5" failures="1">
    <testsuite name="domain" tests="1"><testcase name="a::b" classname="domain" time="0.1"/></testsuite>
    <testsuite name="server::it" tests="4">
        <testcase name="good &amp; loud" classname="server::it">
            <system-out>&lt;failure/&gt;</system-out>
        </testcase>
        <testcase name="bad" classname="server::it"><failure type="x">&lt;testcase name="no"/&gt;</failure></testcase>
        <testcase name="broken"><error/></testcase>
        <testcase name="left out"><skipped/></testcase>
    </testsuite>
</testsuites>"#;
        let found = passed(report).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|test| (&*test.binary, &*test.path))
            .collect();
        assert_eq!(found, [("domain", "a::b"), ("server::it", "good & loud")]);
    }

    #[test]
    fn what_is_no_report_is_refused() {
        for report in [
            "",
            "text",
            "<html></html>",
            "<testsuites><testcase/></testsuites>",
            "<testsuites></a>",
        ] {
            assert!(passed(report).is_err(), "{report}");
        }
    }
}

//! `make test` ends with a search: is any secret of the test run in what the run left behind?
//!
//! While tests run, [`evidence`] keeps every secret that they make or see, and every line of the servers' logs, every
//! attempt, audit entry, metric and problem. Afterwards [`report`] looks for each secret, as it is and as logs and
//! URLs would spell it, in all of that. Answers that show a secret once, as they are meant to, are no part of it.

pub mod evidence;
mod forms;

use std::collections::BTreeSet;
use std::fmt::{self, Display};
use std::path::Path;

use aho_corasick::AhoCorasick;

/// Characters of a line that are shown before a secret, and after.
const SHOWN: usize = 200;

/// Why a search says nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("{0}")]
    File(String),
    /// Something that every run leaves behind is missing: the search would find nothing anyway.
    #[error("the run left no {0} behind: run `make test`")]
    Nothing(&'static str),
    /// Too many secrets for a search.
    #[error("{0}")]
    Search(String),
}

/// A secret where none may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// File and line.
    pub place: String,
    /// The line, the secret itself replaced.
    pub line: String,
}

/// What a search looked through and found.
#[derive(Debug, Default)]
pub struct Report {
    /// Secrets looked for.
    pub secrets: usize,
    /// Lines looked through, by what they are.
    pub lines: Vec<(&'static str, usize)>,
    /// Where there is one.
    pub leaks: Vec<Leak>,
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self
            .lines
            .iter()
            .map(|(kind, count)| format!("{count} of {kind}"));
        let lines = lines.collect::<Vec<_>>().join(", ");
        write!(
            f,
            "{} secrets, lines: {lines}; {} leaks",
            self.secrets,
            self.leaks.len()
        )?;
        for Leak { place, line } in &self.leaks {
            write!(f, "\n{place}: {line}")?;
        }
        Ok(())
    }
}

/// Looks for all secrets kept in `folder` in all else that is kept there.
///
/// Errors: nothing of some kind was kept, or a file cannot be read.
pub fn report(folder: &Path) -> Result<Report, Error> {
    let mut secrets = BTreeSet::new();
    for (_, text) in kept(folder, evidence::SECRETS)? {
        secrets.extend(
            text.lines()
                .filter_map(|line| serde_json::from_str::<String>(line).ok()),
        );
    }
    if secrets.is_empty() {
        return Err(Error::Nothing(evidence::SECRETS));
    }
    let forms: BTreeSet<String> = secrets.iter().flat_map(|one| forms::of(one)).collect();
    let search = AhoCorasick::new(forms).map_err(|error| Error::Search(error.to_string()))?;
    let mut report = Report {
        secrets: secrets.len(),
        ..Report::default()
    };
    for kind in evidence::KINDS {
        let mut lines = 0;
        for (file, text) in kept(folder, kind)? {
            lines += text.lines().filter(|line| !line.is_empty()).count();
            report.leaks.extend(leaks(&search, &file, &text));
        }
        if lines == 0 {
            return Err(Error::Nothing(kind));
        }
        report.lines.push((kind, lines));
    }
    Ok(report)
}

/// Name and text of each file of a kind.
fn kept(folder: &Path, kind: &str) -> Result<Vec<(String, String)>, Error> {
    let error = |error: std::io::Error| Error::File(format!("{}: {error}", folder.display()));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(error)? {
        let entry = entry.map_err(error)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.split('-').next() == Some(kind) {
            let bytes = std::fs::read(entry.path()).map_err(error)?;
            files.push((name, String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    files.sort();
    Ok(files)
}

fn leaks(search: &AhoCorasick, file: &str, text: &str) -> Vec<Leak> {
    let found = text.lines().enumerate().filter_map(|(number, line)| {
        let found = search.find(line)?;
        let before = &line[..found.start()];
        let before: String = match before.char_indices().nth_back(SHOWN - 1) {
            Some((at, _)) => before[at..].to_owned(),
            None => before.to_owned(),
        };
        let after: String = line[found.end()..].chars().take(SHOWN).collect();
        Some(Leak {
            place: format!("{file}:{}", number + 1),
            line: format!("{before}[a secret]{after}"),
        })
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a \"secret\" that nobody may see";

    /// A folder in which everything was kept, with this line in the log.
    fn run_with(line: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let secret = serde_json::to_string(SECRET).expect("JSON");
        std::fs::write(folder.path().join("secrets-1"), format!("{secret}\n")).expect("a file");
        for kind in evidence::KINDS {
            let second = if kind == "log" { line } else { "" };
            let text = format!("a line of {kind}\n{second}\n");
            std::fs::write(folder.path().join(format!("{kind}-1")), text).expect("a file");
        }
        folder
    }

    #[test]
    fn a_planted_secret_is_found_however_it_is_spelled_and_not_told_again() {
        for planted in forms::of(SECRET) {
            let folder = run_with(&format!("before {planted} after"));
            let leaks = report(folder.path()).expect("a report").leaks;
            let leak = Leak {
                place: "log-1:2".to_owned(),
                line: "before [a secret] after".to_owned(),
            };
            assert_eq!(leaks, [leak], "{planted}");
        }
    }

    #[test]
    fn a_run_without_a_leak_has_none() {
        let folder = run_with("nothing to see");
        let report = report(folder.path()).expect("a report");
        assert_eq!((report.secrets, report.leaks), (1, Vec::new()));
    }

    #[test]
    fn a_run_that_kept_nothing_is_no_proof() {
        for kind in ["secrets", "log", "attempts"] {
            let folder = run_with("nothing to see");
            std::fs::remove_file(folder.path().join(format!("{kind}-1"))).expect("a file");
            assert!(matches!(report(folder.path()), Err(Error::Nothing(of)) if of == kind));
        }
    }
}

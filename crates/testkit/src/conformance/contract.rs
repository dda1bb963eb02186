//! The numbered statements of the contract.

use std::collections::BTreeMap;

use super::Error;

/// Characters of a statement in the table. A hundred say which one is meant.
const SHORT: usize = 100;

/// One statement of the contract.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Statement {
    /// Its section's heading, such as `E3 Identity`.
    pub(super) section: String,
    /// Its Markdown, on one line.
    pub(super) text: String,
}

/// All statements by number. A line may hold several, the next beginning after a full stop, and one may go on in the
/// lines that follow. Errors: a number is left out, repeated or out of order, or there are none.
pub(super) fn statements(document: &str) -> Result<BTreeMap<u16, Statement>, Error> {
    let mut found: BTreeMap<u16, Statement> = BTreeMap::new();
    let (mut section, mut next, mut open) = ("", 1, false);
    for line in document.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            section = line.strip_prefix("## ").unwrap_or(section);
            open = false;
        } else if let Some((number, text)) = numbered(line) {
            if number != next {
                let problem = format!("{number} stands where {next} should");
                return Err(Error::Contract(problem));
            }
            let mut rest = Some(text);
            while let Some(line) = rest {
                let (text, more) = split_before(line, next + 1);
                found.insert(next, Statement::new(section, text));
                next += 1;
                rest = more;
            }
            open = true;
        } else if open && let Some(mut last) = found.last_entry() {
            let text = &mut last.get_mut().text;
            text.push(' ');
            text.push_str(line);
        }
    }
    if found.is_empty() {
        return Err(Error::Contract("no statement is numbered".to_owned()));
    }
    Ok(found)
}

impl Statement {
    fn new(section: &str, text: &str) -> Self {
        Self {
            section: section.to_owned(),
            text: text.to_owned(),
        }
    }
}

/// `12. Text` as 12 and `Text`.
fn numbered(line: &str) -> Option<(u16, &str)> {
    let (number, text) = line.split_once(". ")?;
    Some((number.parse().ok()?, text))
}

/// What stands before statement `number` on the same line, and its text when it is there.
fn split_before(text: &str, number: u16) -> (&str, Option<&str>) {
    match text.split_once(&format!(". {number}. ")) {
        // With its full stop.
        Some((before, after)) => (&text[..=before.len()], Some(after)),
        None => (text, None),
    }
}

/// The statement's beginning, cut between words, safe in a cell of a Markdown table.
pub(super) fn short(text: &str) -> String {
    let mut kept = text;
    if let Some((end, _)) = text.char_indices().nth(SHORT) {
        let room = &text[..end];
        kept = room.rsplit_once(' ').map_or(room, |(before, _)| before);
        // No code span stays open.
        if kept.matches('`').count() % 2 == 1 {
            kept = kept.rsplit_once('`').map_or(kept, |(before, _)| before);
        }
        // Nor does the mark of a remark stand alone.
        kept = ["[R", "[X"]
            .iter()
            .fold(kept, |kept, mark| kept.strip_suffix(mark).unwrap_or(kept));
        kept = kept.trim_end_matches([' ', ',', ';', ':', '(', '[']);
    }
    let more = if kept.len() < text.len() { " …" } else { "" };
    format!("{}{more}", kept.replace('|', "\\|").replace('<', "\\<"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_has_163_statements() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/contract.md");
        let document = std::fs::read_to_string(path).unwrap();
        let found = statements(&document).unwrap();
        assert_eq!(found.len(), 163);
        assert!(found[&109].text.ends_with("timestamp, event."));
        assert!(found[&110].text.starts_with("contact_unsubscribed: "));
        assert_eq!(found[&163].section, "E10 Across dialects");
    }

    #[test]
    fn a_statement_may_go_on_in_the_next_line_and_ends_at_a_gap() {
        let found = statements("## A\n1. One,\n   more.\n\nNot of it.\n2. Two.\n").unwrap();
        assert_eq!(found[&1].text, "One, more.");
        assert_eq!(found[&2].text, "Two.");
    }

    #[test]
    fn a_gap_in_the_numbers_is_refused() {
        for document in [
            "1. One.\n3. Three.\n",
            "2. Two.\n",
            "1. One.\n1. One.\n",
            "None.\n",
        ] {
            assert!(statements(document).is_err(), "{document}");
        }
    }

    #[test]
    fn a_long_statement_is_cut_between_words_outside_code() {
        let long = "word ".repeat(30);
        let cut = short(&long);
        assert_eq!(cut, format!("{} …", "word ".repeat(20).trim_end()));
        let code = format!("{} `a b {}`", "x".repeat(90), "c".repeat(20));
        assert_eq!(short(&code), format!("{} …", "x".repeat(90)));
        let remark = format!("{} [R more]", "x".repeat(95));
        assert_eq!(short(&remark), format!("{} …", "x".repeat(95)));
        assert_eq!(short("a | <b>"), "a \\| \\<b>");
    }
}

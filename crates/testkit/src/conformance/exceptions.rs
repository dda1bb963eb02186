//! What no test can prove, and why.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Error;

/// Most exceptions there may be: with more, the contract is not one that tests prove.
const MOST: usize = 8;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    exception: Vec<Exception>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    number: u16,
    reason: String,
}

/// The reasons by number. Errors: no such TOML, a number twice, an empty reason, more than [`MOST`].
pub(super) fn parse(document: &str) -> Result<BTreeMap<u16, String>, Error> {
    let file: File =
        toml::from_str(document).map_err(|error| Error::Exceptions(error.to_string()))?;
    let count = file.exception.len();
    if count > MOST {
        return Err(Error::Exceptions(format!("{count} are more than {MOST}")));
    }
    let mut reasons = BTreeMap::new();
    for Exception { number, reason } in file.exception {
        // One line, as the cell of a table is.
        let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
        if reason.is_empty() {
            return Err(Error::Exceptions(format!("{number} has no reason")));
        }
        if reasons.insert(number, reason).is_some() {
            return Err(Error::Exceptions(format!("{number} is there twice")));
        }
    }
    Ok(reasons)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exception(number: usize, reason: &str) -> String {
        format!("[[exception]]\nnumber = {number}\nreason = \"{reason}\"\n")
    }

    #[test]
    fn each_number_has_its_reason() {
        let both = exception(53, "Nobody  sees it.") + &exception(7, "Nor this.");
        let found = parse(&both).unwrap();
        assert_eq!(found[&53], "Nobody sees it.");
        assert_eq!(found.len(), 2);
        assert!(parse("# none\n").unwrap().is_empty());
    }

    #[test]
    fn a_ninth_a_second_of_one_number_and_an_empty_reason_are_refused() {
        let eight: String = (1..=8).map(|number| exception(number, "Why.")).collect();
        assert_eq!(parse(&eight).unwrap().len(), 8);
        assert!(parse(&(eight + &exception(9, "Why."))).is_err());
        assert!(parse(&exception(1, "Why.").repeat(2)).is_err());
        assert!(parse(&exception(1, " ")).is_err());
        assert!(parse("[[exception]]\nnumber = 1\nreasons = \"\"\n").is_err());
    }
}

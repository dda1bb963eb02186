//! Which known name was meant by a misspelt one.

/// How alike two names must be, from 0 to 1, for the one to be what the other meant.
const ALIKE: f64 = 0.7;

/// The known name that is most like the given one, if any is alike enough. A part of a name means the whole.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (likeness(name, given), name))
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .filter(|(alike, _)| *alike >= ALIKE)
        .map(|(_, name)| name)
}

fn likeness(known: &str, given: &str) -> f64 {
    if given.len() > 2 && known.contains(given) {
        return 1.0;
    }
    strsim::jaro_winkler(known, given)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_finds_its_like_and_nonsense_finds_nothing() {
        let known = ["status", "endpoint_id", "limit"];
        assert_eq!(nearest("stauts", known), Some("status"));
        assert_eq!(nearest("endpoint", known), Some("endpoint_id"));
        assert_eq!(nearest("xyzzy", known), None);
        assert_eq!(nearest("x", []), None);
    }
}

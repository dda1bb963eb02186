//! Writes JSON from parts that are JSON already.

/// What is unknown.
pub(super) const NULL: &str = "null";

/// An object; the names need no escaping.
pub(super) fn object<const N: usize>(members: [(&str, String); N]) -> String {
    let size: usize = members
        .iter()
        .map(|(name, value)| name.len() + value.len() + 4)
        .sum();
    let mut text = String::with_capacity(size + 2);
    for (place, (name, value)) in members.into_iter().enumerate() {
        text.push(if place == 0 { '{' } else { ',' });
        text.push('"');
        text.push_str(name);
        text.push_str("\":");
        text.push_str(&value);
    }
    text.push('}');
    text
}

/// A list.
pub(super) fn list(elements: impl IntoIterator<Item = String>) -> String {
    let elements: Vec<_> = elements.into_iter().collect();
    format!("[{}]", elements.join(","))
}

/// Text.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Text, or null.
pub(super) fn nullable(text: Option<&str>) -> String {
    text.map_or_else(|| NULL.to_owned(), quoted)
}

/// What is JSON already, or null.
pub(super) fn or_null(json: Option<impl Into<String>>) -> String {
    json.map_or_else(|| NULL.to_owned(), Into::into)
}

/// An id as a number if it spells one of at most 64 bits, otherwise as text.
pub(super) fn whole(id: &str) -> String {
    let number = id
        .parse::<u64>()
        .is_ok_and(|number| number.to_string() == id);
    if number { id.to_owned() } else { quoted(id) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contract_061_an_id_is_a_number_only_if_no_digit_is_lost() {
        for (id, json) in [
            ("9945414435106", "9945414435106"),
            ("18446744073709551615", "18446744073709551615"),
            ("18446744073709551616", r#""18446744073709551616""#),
            ("0", "0"),
            ("0042", r#""0042""#),
            ("+1", r#""+1""#),
            ("gid://shopify/Product/1", r#""gid://shopify/Product/1""#),
        ] {
            assert_eq!(whole(id), json);
        }
    }

    #[test]
    fn text_is_escaped() {
        assert_eq!(quoted("a\"b\\\n\u{1}é"), r#""a\"b\\\n\u0001é""#);
    }
}

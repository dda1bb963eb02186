//! What logs leave out. The bytes that are stored, signed and sent stay what they are: only what people are shown
//! is redacted.

/// What stands in the place of a query.
const REDACTED: &str = "[redacted]";

/// A URL for who need not know its query, which may hold a token.
pub fn without_query(url: &str) -> String {
    match url.split_once('?') {
        Some((place, _)) => format!("{place}?****"),
        None => url.to_owned(),
    }
}

/// The JSON text with the query of every URL in it left out: `https://shop.example/?email=…` may carry personal
/// data. What is no URL stays.
pub fn redact_queries(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(start) = after_scheme(rest) {
        let (before, url) = rest.split_at(start);
        let end = url.find(ends_url).unwrap_or(url.len());
        // The backslash belongs to the quotation mark behind it.
        let end = end - usize::from(url[..end].ends_with('\\'));
        let (url, after) = url.split_at(end);
        shown.push_str(before);
        match url.split_once('?') {
            Some((path, query)) if !query.is_empty() => {
                shown.push_str(path);
                shown.push('?');
                shown.push_str(REDACTED);
            }
            _ => shown.push_str(url),
        }
        rest = after;
    }
    shown.push_str(rest);
    shown
}

/// Where the part after the next `://` begins, its slashes escaped or not.
fn after_scheme(text: &str) -> Option<usize> {
    ["://", ":\\/\\/"]
        .into_iter()
        .filter_map(|mark| text.find(mark).map(|at| at + mark.len()))
        .min()
}

/// Whether a URL in a JSON string cannot go on with this letter.
fn ends_url(letter: char) -> bool {
    letter == '"' || letter.is_whitespace() || letter == '<' || letter == '>'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contract_124_the_query_of_a_page_is_left_out_of_what_is_shown() {
        let json = r#"{"page_url":"https://example.com/?email=name@email.com","page_title":"why?","utm":null}"#;
        assert_eq!(
            redact_queries(json),
            r#"{"page_url":"https://example.com/?[redacted]","page_title":"why?","utm":null}"#
        );
    }

    #[test]
    fn every_url_is_redacted_and_nothing_else() {
        let json = r#"["http:\/\/a.example\/x?y=1\"z","https://b.example/p?","see https://c.example/?q=1 and ?q=2", "x?y"]"#;
        assert_eq!(
            redact_queries(json),
            r#"["http:\/\/a.example\/x?[redacted]\"z","https://b.example/p?","see https://c.example/?[redacted] and ?q=2", "x?y"]"#
        );
    }
}

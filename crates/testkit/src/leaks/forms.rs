//! How a secret may be spelled: as it is, escaped, in base64, in hexadecimal.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use url::form_urlencoded::byte_serialize;

/// Shortest form that is looked for: a shorter one would be found by chance.
const SHORTEST: usize = 12;
/// Longest: of a longer form its end is looked for. That of a token is its signature, which no other token has.
const LONGEST: usize = 48;

/// What of a secret is looked for.
pub(super) fn of(secret: &str) -> BTreeSet<String> {
    // Exactly the two marks that JSON puts around it: the secret may end in one of its own.
    let quoted = serde_json::to_string(secret).unwrap_or_default();
    let escaped = quoted.get(1..quoted.len() - 1).unwrap_or(secret);
    let query: String = byte_serialize(secret.as_bytes()).collect();
    let mut forms = vec![
        secret.to_owned(),
        escaped.to_owned(),
        query.replace('+', "%20"),
        query,
    ];
    forms.extend(encoded(secret.as_bytes()));
    let key = secret.strip_prefix("whsec_").unwrap_or(secret);
    forms.push(key.to_owned());
    // A key is as good as the text that spells it.
    if let Ok(bytes) = STANDARD.decode(key)
        && bytes.len() >= 16
    {
        forms.extend(encoded(&bytes));
    }
    let long_enough = forms.iter().filter(|form| form.len() >= SHORTEST);
    long_enough.map(|form| end_of(form).to_owned()).collect()
}

/// Hexadecimal, and base64 wherever in a text of base64 it may begin.
fn encoded(bytes: &[u8]) -> Vec<String> {
    let digits = |byte: &u8| [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16));
    let hex: String = bytes.iter().flat_map(digits).flatten().collect();
    let mut forms = vec![hex.to_uppercase(), hex];
    for before in 0..3 {
        let text = STANDARD_NO_PAD.encode([&[0; 3][..before], bytes].concat());
        // What its neighbours have a part in goes.
        let from = [0, 2, 3][before];
        let to = text.len() - usize::from(!(before + bytes.len()).is_multiple_of(3));
        let text = text.get(from..to).unwrap_or_default().to_owned();
        forms.push(text.replace('+', "-").replace('/', "_"));
        forms.push(text);
    }
    forms
}

fn end_of(form: &str) -> &str {
    &form[form.ceil_char_boundary(form.len().saturating_sub(LONGEST))..]
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE;

    use super::*;

    #[test]
    fn a_secret_is_found_however_it_is_spelled() {
        let secret = "a \"secret\" & that > nobody ? may see";
        let forms = of(secret);
        let found = |text: &str| forms.iter().any(|form| text.contains(form));
        assert!(found(secret));
        assert!(found(&serde_json::json!({ "a": secret }).to_string()));
        assert!(found(
            "a=1&p=a+%22secret%22+%26+that+%3E+nobody+%3F+may+see"
        ));
        for before in ["", "a", "ab", "abc", "user:"] {
            let text = format!("{before}{secret}{before}");
            assert!(found(&STANDARD.encode(&text)), "{text}");
            assert!(found(&URL_SAFE.encode(&text)), "{text}");
        }
        assert!(!found("a \"secret\" that anybody may see"));
    }

    #[test]
    fn the_key_in_a_signing_secret_is_one_as_well() {
        let key = [7, 1, 2, 3, 4, 5, 6, 0].repeat(3);
        let forms = of(&format!("whsec_{}", STANDARD.encode(&key)));
        assert!(forms.contains("070102030405060007010203040506000701020304050600"));
        assert!(forms.contains(&STANDARD.encode(&key)));
    }
}

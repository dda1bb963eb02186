//! Money, and other decimal numbers that others wrote: exact arithmetic, never a float.
//!
//! An amount read here is below [`LIMIT`] either way, so that sums and products over a whole order stay far from
//! the end of what a [`Decimal`] holds: its operators cannot overflow.

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::value::RawValue;

/// Amounts reach from -10^12 to 10^12, neither included: more than any order in any currency.
pub const LIMIT: i64 = 1_000_000_000_000;
/// Most characters of a number: a double printed to the last digit has 24.
const LENGTH_MAX: usize = 40;

/// A JSON number, or text that spells one without an exponent. `None` when it is neither, or beyond [`LIMIT`].
pub fn read(raw: &RawValue) -> Option<Decimal> {
    let text = raw.get();
    match text.strip_prefix('"') {
        Some(quoted) => parse(quoted.strip_suffix('"').filter(|text| is_plain(text))?),
        None => parse(text),
    }
}

/// The number that this text spells.
fn parse(text: &str) -> Option<Decimal> {
    if text.len() > LENGTH_MAX {
        return None;
    }
    let number = if text.contains(['e', 'E']) {
        Decimal::from_scientific(text).ok()?
    } else {
        text.parse().ok()?
    };
    (number.abs() < Decimal::from(LIMIT)).then_some(number)
}

/// Whether the text is a JSON number without an exponent.
fn is_plain(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = text
        .split_once('.')
        .map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    digits(whole) && (whole == "0" || !whole.starts_with('0')) && fraction.is_none_or(digits)
}

/// The digits as they were spelled; only an exponent is written out.
pub fn digits(raw: &RawValue) -> Option<String> {
    let number = read(raw)?;
    let text = raw.get().trim_matches('"');
    Some(if text.contains(['e', 'E']) {
        spelled(number)
    } else {
        text.to_owned()
    })
}

/// Without zeros at its end: `247.5`, `1`.
pub fn spelled(amount: Decimal) -> String {
    amount.normalize().to_string()
}

/// To two decimals, half up: 0.225 is 0.23. Source: contract 152.
pub fn round(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// With exactly two decimals, half up: `35.00`.
pub fn two_decimals(amount: Decimal) -> String {
    format!("{:.2}", round(amount))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn contract_152_rounding_is_half_up() {
        for (given, rounded) in [
            ("0.225", "0.23"),
            ("0.224999", "0.22"),
            ("4.392", "4.39"),
            ("2.005", "2.01"),
            ("-0.225", "-0.23"),
            ("7", "7.00"),
        ] {
            assert_eq!(two_decimals(read(&raw(given)).unwrap()), rounded, "{given}");
        }
        assert_eq!(spelled(read(&raw("247.500")).unwrap()), "247.5");
        assert_eq!(spelled(read(&raw("10.0")).unwrap()), "10");
    }

    #[test]
    fn numbers_and_decimal_text_are_read_and_keep_their_digits() {
        for (given, kept) in [
            ("189", "189"),
            ("2.50", "2.50"),
            (r#""35.00""#, "35.00"),
            (r#""-0.5""#, "-0.5"),
            ("1.5E2", "150"),
            ("5e-2", "0.05"),
            ("0.30000000000000004", "0.30000000000000004"),
            ("999999999999.99", "999999999999.99"),
        ] {
            assert_eq!(digits(&raw(given)).as_deref(), Some(kept), "{given}");
        }
        for refused in [
            "null",
            "true",
            "{}",
            "[1]",
            r#""""#,
            r#"" 1""#,
            r#""1e2""#,
            r#""1,5""#,
            r#"".5""#,
            r#""1.""#,
            r#""01""#,
            r#""+1""#,
            r#""\u0031""#,
            "1000000000000",
            "1e400",
            "-1e12",
        ] {
            assert_eq!(digits(&raw(refused)), None, "{refused}");
        }
    }
}

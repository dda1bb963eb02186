//! The members of an object as they were spelled: what a number or an id looks like is never lost.

use std::borrow::Cow;
use std::fmt;

use rust_decimal::Decimal;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::trigger::activity::Activity;
use crate::trigger::money;

/// Most of one thing that a cart holds.
pub(super) const COUNT_MAX: u64 = 1_000_000;

/// An object's members in the order they stand. A null is as good as absent; what has another type than asked for
/// is not found either: whatever data are stored, reading them cannot fail.
#[derive(Debug, Clone, Default)]
pub(crate) struct View<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> View<'a> {
    /// The `data` of an activity.
    pub(crate) fn of(activity: &'a Activity) -> Self {
        serde_json::from_slice(&activity.data).unwrap_or_default()
    }

    /// An object; anything else has no members.
    pub(crate) fn read(raw: &'a RawValue) -> Self {
        serde_json::from_str(raw.get()).unwrap_or_default()
    }

    /// All members, nulls and repeated names included.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(name, raw)| (name.as_ref(), *raw))
    }

    /// A member that is not null.
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        let found = self.0.iter().rfind(|(known, _)| known == name);
        found.map(|(_, raw)| *raw).filter(|raw| raw.get() != "null")
    }

    /// Text, as JSON. An escape may stand for half a character only: that is no text.
    pub(crate) fn text_json(&self, name: &str) -> Option<&'a str> {
        let raw = self.get(name)?.get();
        let whole = || !raw.contains(r"\u") || serde_json::from_str::<String>(raw).is_ok();
        (raw.starts_with('"') && whole()).then_some(raw)
    }

    /// Text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.text_json(name)?).ok()
    }

    /// An id, without quotes.
    pub(crate) fn id(&self, name: &str) -> Option<String> {
        id(self.get(name)?)
    }

    /// True or false.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }

    /// How many.
    pub(crate) fn count(&self, name: &str) -> Option<u64> {
        count(self.get(name)?)
    }

    /// An amount.
    pub(crate) fn amount(&self, name: &str) -> Option<Decimal> {
        money::read(self.get(name)?)
    }

    /// An amount's digits as they were spelled.
    pub(crate) fn digits(&self, name: &str) -> Option<String> {
        money::digits(self.get(name)?)
    }

    /// An object, as JSON.
    pub(crate) fn object_json(&self, name: &str) -> Option<&'a str> {
        let raw = self.get(name)?.get();
        raw.starts_with('{').then_some(raw)
    }

    /// An object; without members when there is none.
    pub(crate) fn object(&self, name: &str) -> Self {
        self.get(name).map(Self::read).unwrap_or_default()
    }

    /// The elements of a list, if there is one.
    pub(crate) fn elements(&self, name: &str) -> Option<Vec<&'a RawValue>> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }

    /// A list of objects, if there is one.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<Self>> {
        let elements = self.elements(name)?;
        Some(elements.into_iter().map(Self::read).collect())
    }

    /// Takes over what a later object says: its members replace those of the same name, its nulls nothing.
    pub(crate) fn learn(&mut self, later: &Self) {
        for (name, raw) in &later.0 {
            if raw.get() == "null" {
                continue;
            }
            match self.0.iter_mut().find(|(known, _)| known == name) {
                Some((_, mine)) => *mine = raw,
                None => self.0.push((name.clone(), raw)),
            }
        }
    }
}

/// An id without quotes: the digits of a whole number, or text that is not empty.
pub(crate) fn id(raw: &RawValue) -> Option<String> {
    let text = raw.get();
    if text.starts_with('"') {
        let text: String = serde_json::from_str(text).ok()?;
        return (!text.is_empty()).then_some(text);
    }
    text.bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| text.to_owned())
}

/// How many of a thing: a whole number up to [`COUNT_MAX`].
pub(super) fn count(raw: &RawValue) -> Option<u64> {
    let count: u64 = serde_json::from_str(raw.get()).ok()?;
    (count <= COUNT_MAX).then_some(count)
}

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = View<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<View<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some((Name(name), raw)) = map.next_entry()? {
            members.push((name, raw));
        }
        Ok(View(members))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for View<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_another_type_is_not_found() {
        let view: View<'_> = serde_json::from_str(
            r#"{"n":7,"t":"a\u0062","s":"\ud800","o":{"x":null},"l":[{"i":1},2],"z":null,"b":false}"#,
        )
        .unwrap();
        assert_eq!(view.text("t").as_deref(), Some("ab"));
        assert_eq!(view.text_json("t"), Some(r#""a\u0062""#));
        assert_eq!(view.text_json("s"), None);
        assert_eq!(
            (view.text("n"), view.text("s"), view.text("z")),
            (None, None, None)
        );
        assert_eq!((view.id("n").as_deref(), view.id("b")), (Some("7"), None));
        assert_eq!((view.flag("b"), view.flag("n")), (Some(false), None));
        assert_eq!(view.list("l").unwrap().len(), 2);
        assert_eq!(view.list("l").unwrap()[0].count("i"), Some(1));
        assert!(view.list("o").is_none() && view.object("n").get("x").is_none());
    }

    #[test]
    fn contract_061_a_64_bit_id_keeps_every_digit() {
        let view: View<'_> =
            serde_json::from_str(r#"{"a":18446744073709551615,"b":"0042"}"#).unwrap();
        assert_eq!(view.id("a").as_deref(), Some("18446744073709551615"));
        assert_eq!(view.id("b").as_deref(), Some("0042"));
    }

    #[test]
    fn later_members_replace_earlier_ones_and_nulls_do_not() {
        let mut known: View<'_> = serde_json::from_str(r#"{"a":1,"b":2}"#).unwrap();
        known.learn(&serde_json::from_str(r#"{"b":3,"a":null,"c":4}"#).unwrap());
        assert_eq!(
            ["a", "b", "c"].map(|name| known.count(name)),
            [Some(1), Some(3), Some(4)]
        );
    }
}

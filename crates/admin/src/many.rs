//! A field that takes one value or a list of them, as a parameter of a query does.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type};
use serde::de::value::{StrDeserializer, U64Deserializer};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde_json::Value;

/// The values; none when the field is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Many<T>(pub(crate) Vec<T>);

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

struct Reader<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or a list of values")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vec<T>, E> {
        T::deserialize(StrDeserializer::new(text)).map(|value| vec![value])
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Vec<T>, E> {
        T::deserialize(U64Deserializer::new(number)).map(|value| vec![value])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(values)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader(PhantomData)).map(Self)
    }
}

impl<T: Type> Type for Many<T> {
    const IS_REQUIRED: bool = false;
    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        format!("many_{}", T::name()).into()
    }

    fn schema_ref() -> MetaSchemaRef {
        let list = MetaSchema {
            items: Some(Box::new(T::schema_ref())),
            ..MetaSchema::new("array")
        };
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            any_of: vec![T::schema_ref(), MetaSchemaRef::Inline(Box::new(list))],
            ..MetaSchema::ANY
        }))
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl<T: ParseFromJSON> ParseFromJSON for Many<T> {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        let values = match value {
            Some(Value::Array(values)) => values,
            None | Some(Value::Null) => Vec::new(),
            Some(one) => vec![one],
        };
        let read = |value| T::parse_from_json(Some(value)).map_err(ParseError::propagate);
        values
            .into_iter()
            .map(read)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl<T: ToJSON> ToJSON for Many<T> {
    fn to_json(&self) -> Option<Value> {
        Some(self.0.iter().filter_map(ToJSON::to_json).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_is_a_list_of_one() {
        let read = |json: &str| serde_json::from_str::<Many<u16>>(json).map(|many| many.0);
        assert_eq!(read("500").unwrap(), [500]);
        assert_eq!(read("[500, 503]").unwrap(), [500, 503]);
        assert_eq!(read("[]").unwrap(), [0_u16; 0]);
        for wrong in ["null", "\"500\"", "70000", "[null]", "{}", "5.5"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let words = serde_json::from_str::<Many<String>>("\"a\"").unwrap();
        assert_eq!(words.0, ["a"]);
    }
}

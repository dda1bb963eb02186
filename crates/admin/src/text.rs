//! Values that JSON spells as strings: ids, times, durations, words. One wrapper gives each of them its
//! schema, its reading from bodies, paths and queries, and its spelling.

use std::borrow::Cow;
use std::time::Duration;

use domain::attempt::{BodyState, Outcome, Trigger};
use domain::clock::Micros;
use domain::delivery::{SkipReason, Status};
use domain::dialect::Dialect;
use domain::endpoint::DisabledReason;
use domain::error::FieldError;
use domain::id::{Id, Kind};
use domain::merchant::{AcrClock, SchemaMode};
use domain::pause::PauseScope;
use domain::retry_job::RetryJobStatus;
use domain::stats::Range;
use domain::trigger::activity::ActivityKind;
use domain::trigger::checkout::{CheckoutKind, CheckoutState, Step};
use domain::trigger::session::SessionState;
use domain::trigger::timeline::EntryKind;
use gateway::endpoint_checks::Step as CallStep;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::{
    ParseError, ParseFromJSON, ParseFromParameter, ParseResult, ToJSON, Type,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use storage::api_keys::Environment;
use storage::search::{EndpointState, Search};
use storage::users::{MerchantRole, PlatformRole};

use crate::auth::scope::Scope;

/// A value that has one spelling as a string.
pub(crate) trait Spelled: Sized + Send + Sync + 'static {
    /// Its name among the document's components: generated clients then have one type for it. `None`
    /// writes the schema where it is used.
    const NAME: Option<&'static str> = None;

    /// Its schema, with an example.
    fn schema() -> MetaSchema;
    /// Its spelling.
    fn spell(&self) -> Cow<'_, str>;
    /// Reads it.
    ///
    /// Errors: what would be right.
    fn read(text: &str) -> Result<Self, String>;
}

/// A value as its string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Text<T>(pub(crate) T);

impl<T> From<T> for Text<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Spelled> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.spell())
    }
}

impl<'de, T: Spelled> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        T::read(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

impl<T: Spelled> Type for Text<T> {
    const IS_REQUIRED: bool = true;
    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "string".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        match T::NAME {
            Some(name) => MetaSchemaRef::Reference(name.to_owned()),
            None => MetaSchemaRef::Inline(Box::new(T::schema())),
        }
    }

    fn register(registry: &mut Registry) {
        if let Some(name) = T::NAME {
            let schemas = &mut registry.schemas;
            schemas.entry(name.to_owned()).or_insert_with(T::schema);
        }
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl<T: Spelled> ParseFromJSON for Text<T> {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        match value {
            Some(Value::String(text)) => T::read(&text).map(Self).map_err(ParseError::custom),
            other => Err(ParseError::expected_type(other.unwrap_or_default())),
        }
    }
}

impl<T: Spelled> ParseFromParameter for Text<T> {
    fn parse_from_parameter(value: &str) -> ParseResult<Self> {
        T::read(value).map(Self).map_err(ParseError::custom)
    }
}

impl<T: Spelled> ToJSON for Text<T> {
    fn to_json(&self) -> Option<Value> {
        Some(Value::String(self.0.spell().into_owned()))
    }
}

/// What is wrong with a text that has control characters: they serve nobody, and PostgreSQL stores no NUL.
pub(crate) fn plain_fault(pointer: &str, text: &str) -> Option<FieldError> {
    text.contains(char::is_control)
        .then(|| FieldError::new(pointer, "text", "must have no control characters"))
}

/// The schema of an enumeration.
fn words_schema(description: &'static str, words: Vec<Value>) -> MetaSchema {
    MetaSchema {
        description: Some(description),
        example: words.first().cloned(),
        enum_items: words,
        ..MetaSchema::new("string")
    }
}

/// A string schema with a format and an example.
fn text_schema(format: Option<&'static str>, example: String) -> MetaSchema {
    MetaSchema {
        format,
        example: Some(Value::String(example)),
        ..MetaSchema::new("string")
    }
}

impl<K: Kind> Spelled for Id<K> {
    const NAME: Option<&'static str> = Some(K::NAME);

    fn schema() -> MetaSchema {
        let example = format!("{}_01h455vb4pex5vsknk084sn02q", K::PREFIX);
        MetaSchema {
            description: Some(K::DESCRIPTION),
            pattern: Some(format!("^{}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$", K::PREFIX)),
            ..text_schema(None, example)
        }
    }

    fn spell(&self) -> Cow<'_, str> {
        self.to_string().into()
    }

    fn read(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|error: domain::id::InvalidId| error.to_string())
    }
}

impl Spelled for Micros {
    fn schema() -> MetaSchema {
        text_schema(Some("date-time"), "2026-05-07T10:00:00.123Z".to_owned())
    }

    fn spell(&self) -> Cow<'_, str> {
        self.rfc3339().into()
    }

    fn read(text: &str) -> Result<Self, String> {
        Self::parse_rfc3339(text).map_err(|_| {
            "must be an RFC 3339 time with an offset, as 2026-05-07T10:00:00Z".to_owned()
        })
    }
}

/// Longest text that is searched for, in characters.
const SEARCH_MAX: usize = 100;

impl Spelled for Search {
    fn schema() -> MetaSchema {
        MetaSchema {
            min_length: Some(1),
            max_length: Some(SEARCH_MAX),
            ..text_schema(None, "blue door".to_owned())
        }
    }

    fn spell(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.0)
    }

    fn read(text: &str) -> Result<Self, String> {
        let length = text.chars().count();
        if (1..=SEARCH_MAX).contains(&length) {
            // No name has control characters, and not every database takes them.
            Ok(Self(text.chars().filter(|one| !one.is_control()).collect()))
        } else {
            Err(format!("must have 1 to {SEARCH_MAX} characters"))
        }
    }
}

impl Spelled for Duration {
    fn schema() -> MetaSchema {
        MetaSchema {
            pattern: Some("^(0|[0-9]+ *[A-Za-z]+( *[0-9]+ *[A-Za-z]+)*)$".to_owned()),
            ..text_schema(None, "15m".to_owned())
        }
    }

    fn spell(&self) -> Cow<'_, str> {
        humantime::format_duration(*self)
            .to_string()
            .replace(' ', "")
            .into()
    }

    fn read(text: &str) -> Result<Self, String> {
        humantime::parse_duration(text)
            .map_err(|_| "must be a duration such as 250ms, 90s, 15m or 2h".to_owned())
    }
}

/// Gives an enumeration with `ALL` and `as_str` its name, its description and its spelling: twenty same
/// lines for each otherwise.
macro_rules! words {
    ($($name:literal, $description:literal, $word:ty: $all:expr;)*) => {$(
        impl Spelled for $word {
            const NAME: Option<&'static str> = Some($name);

            fn schema() -> MetaSchema {
                let all = $all;
                let words = all.iter().map(|word| Value::String(word.spell().into_owned()));
                words_schema($description, words.collect())
            }

            fn spell(&self) -> Cow<'_, str> {
                self.as_str().into()
            }

            fn read(text: &str) -> Result<Self, String> {
                $all.into_iter().find(|word| word.spell() == text).ok_or_else(|| {
                    let words: Vec<_> = $all.iter().map(|word| word.as_str()).collect();
                    format!("must be one of {}", words.join(", "))
                })
            }
        }
    )*};
}

words! {
    "Dialect", "A wire format.", Dialect: Dialect::ALL;
    "DeliveryStatus", "Where a delivery stands.", Status: Status::ALL;
    "Outcome", "How an attempt ended.", Outcome: Outcome::ALL;
    "Trigger", "Why an attempt was made.", Trigger:
        [Trigger::Schedule, Trigger::Manual, Trigger::Test];
    "BodyState", "How much of a response's body is kept.", BodyState:
        [BodyState::None, BodyState::Complete, BodyState::Truncated, BodyState::Incomplete];
    "SkipReason", "Why a delivery was never sent.", SkipReason: [SkipReason::EndpointDisabled];
    "DisabledReason", "Why an endpoint receives nothing.", DisabledReason:
        [DisabledReason::Manual, DisabledReason::Failing, DisabledReason::Gone];
    "RetryJobStatus", "Where a bulk retry stands. `estimated` is only counted, by a dry run.", RetryJobStatus:
        RetryJobStatus::ALL;
    "EndpointState", "Where an endpoint stands: `working` and `failing` ones are on.", EndpointState: EndpointState::ALL;
    "Environment", "What an API key is made for.", Environment: Environment::ALL;
    "PlatformRole", "What a person may do on the whole platform.", PlatformRole: PlatformRole::ALL;
    "MerchantRole", "What a person may do in one merchant.", MerchantRole: MerchantRole::ALL;
    "Scope", "What an API key may do.", Scope: Scope::all();
    "ActivityType", "What a shopper did.", ActivityKind: ActivityKind::ALL;
    "SessionState", "Where a session stands. All but `active` are final.", SessionState: SessionState::ALL;
    "CheckoutState", "Where a checkout stands. All but `open` are final.", CheckoutState: CheckoutState::ALL;
    "CheckoutKind", "Of a store, or of a funnel.", CheckoutKind: [CheckoutKind::Store, CheckoutKind::Funnel];
    "CheckoutStep", "How far a store's checkout has come.", Step: Step::ALL;
    "StatsRange", "A span of time that ends now.", Range: Range::ALL;
    "PauseScope", "What kind of thing is held back.", PauseScope: PauseScope::ALL;
    "CheckStepName", "What a call goes through.", CallStep: CallStep::ALL;
    "TimelineKind", "What an entry of a timeline tells of.", EntryKind: EntryKind::ALL;
}

impl Spelled for AcrClock {
    const NAME: Option<&'static str> = Some("AcrClock");

    fn schema() -> MetaSchema {
        let words = vec!["open".into(), "activity".into()];
        words_schema("From when a checkout counts as abandoned.", words)
    }

    fn spell(&self) -> Cow<'_, str> {
        match self {
            Self::Open => "open".into(),
            Self::Activity => "activity".into(),
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        [Self::Open, Self::Activity]
            .into_iter()
            .find(|clock| clock.spell() == text)
            .ok_or_else(|| "must be one of open, activity".to_owned())
    }
}

impl Spelled for SchemaMode {
    const NAME: Option<&'static str> = Some("SchemaMode");

    fn schema() -> MetaSchema {
        let words = vec!["strict".into(), "warn".into()];
        words_schema(
            "What happens to payloads that break their type's schema.",
            words,
        )
    }

    fn spell(&self) -> Cow<'_, str> {
        match self {
            Self::Strict => "strict".into(),
            Self::Warn => "warn".into(),
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        [Self::Strict, Self::Warn]
            .into_iter()
            .find(|mode| mode.spell() == text)
            .ok_or_else(|| "must be one of strict, warn".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_spelled_without_spaces() {
        for text in ["250ms", "90s", "15m", "2h"] {
            let read = Duration::read(text).unwrap();
            assert_eq!(Duration::read(&read.spell()).unwrap(), read, "{text}");
            assert!(!read.spell().contains(' '));
        }
        assert_eq!(Duration::from_mins(15).spell(), "15m");
        assert!(Duration::read("15").is_err());
    }

    #[test]
    fn a_wrong_word_names_the_right_ones() {
        let error = Dialect::read("flexy").unwrap_err();
        assert!(error.contains("flexype"), "{error}");
    }
}

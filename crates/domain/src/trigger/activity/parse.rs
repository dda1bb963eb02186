//! Reads an activity as a platform sends it. What is right is read in one pass; what is not is looked at again,
//! slowly, so that all that is wrong is told at once.

use std::borrow::Cow;
use std::sync::LazyLock;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Activity, ActivityKind, ClientMeta, Identity, VisitorIds};
use crate::clock::Micros;
use crate::error::FieldError;
use crate::id::ActivityId;
use crate::objects;
use crate::trigger::data::{self, Field, Type, View};

/// Most characters of an id that a platform gives.
const ID_MAX: usize = 128;
/// Most characters of an email address. Source: RFC 5321, 4.5.3.1.
const EMAIL_MAX: usize = 320;
/// Most digits of a phone number: more than any has.
const PHONE_MAX: usize = 20;
/// Most digits of a dial code.
const DIAL_CODE_MAX: usize = 6;
/// Most characters of a name.
const NAME_MAX: usize = 200;
/// Most characters of what a browser says.
const CLIENT_MAX: usize = 2_048;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given<'a> {
    id: Option<String>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    occurred_at: Option<String>,
    visitor: GivenVisitor,
    identity: Option<GivenIdentity>,
    client: Option<GivenClient>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[expect(
    clippy::struct_field_names,
    reason = "the names of the wire all end in `id`"
)]
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenVisitor {
    device_id: String,
    session_id: Option<String>,
    checkout_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenIdentity {
    email: Option<String>,
    phone: Option<String>,
    dial_code: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    contact_id: Option<String>,
    source: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenClient {
    ip: Option<String>,
    referer: Option<String>,
    user_agent: Option<String>,
}

/// What a text must be.
struct Rule {
    name: &'static str,
    fits: fn(&str) -> bool,
    words: &'static str,
}

const fn rule(name: &'static str, fits: fn(&str) -> bool, words: &'static str) -> Rule {
    Rule { name, fits, words }
}

const ID_WORDS: &str = "must be 1 to 128 characters, none of them a control character";
const NAME_WORDS: &str = "must be at most 200 characters, none of them a control character";
const CLIENT_WORDS: &str = "must be at most 2,048 characters, none of them a control character";

const ACTIVITY_RULES: &[Rule] = &[
    rule("id", is_id, ID_WORDS),
    rule(
        "occurred_at",
        is_time,
        "must be an RFC 3339 time with an offset, as 2026-05-07T10:00:00Z",
    ),
];
const VISITOR_RULES: &[Rule] = &[
    rule("device_id", is_id, ID_WORDS),
    rule("session_id", is_id, ID_WORDS),
    rule("checkout_id", is_id, ID_WORDS),
];
const IDENTITY_RULES: &[Rule] = &[
    rule(
        "email",
        is_email,
        "must have one @ with something on either side, and at most 320 characters",
    ),
    rule(
        "phone",
        is_phone,
        "must be 1 to 20 digits, perhaps after a +",
    ),
    rule(
        "dial_code",
        is_dial_code,
        "must be 1 to 6 digits, perhaps after a +",
    ),
    rule("first_name", is_name, NAME_WORDS),
    rule("last_name", is_name, NAME_WORDS),
    rule(
        "contact_id",
        is_contact_id,
        "must be 32 hex digits in lower case",
    ),
    rule("source", is_source, "must be FlexyPass or FlexyPePass"),
];
const CLIENT_RULES: &[Rule] = &[
    rule("ip", is_client, CLIENT_WORDS),
    rule("referer", is_client, CLIENT_WORDS),
    rule("user_agent", is_client, CLIENT_WORDS),
];

/// The names of the types of activities.
const KINDS: [&str; ActivityKind::ALL.len()] = {
    let mut names = [""; ActivityKind::ALL.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = ActivityKind::ALL[at].as_str();
        at += 1;
    }
    names
};

const fn field(name: &'static str, holds: Type, required: bool) -> Field {
    Field {
        name,
        holds,
        required,
    }
}

const ENVELOPE: &[Field] = &[
    field("id", Type::Url, false),
    field("type", Type::OneOf(&KINDS), true),
    field("occurred_at", Type::Url, false),
    field(
        "visitor",
        Type::Object(&[
            field("device_id", Type::Url, true),
            field("session_id", Type::Url, false),
            field("checkout_id", Type::Url, false),
        ]),
        true,
    ),
    field(
        "identity",
        Type::Object(&[
            field("email", Type::Url, false),
            field("phone", Type::Url, false),
            field("dial_code", Type::Url, false),
            field("first_name", Type::Url, false),
            field("last_name", Type::Url, false),
            field("contact_id", Type::Url, false),
            field("source", Type::Url, false),
        ]),
        false,
    ),
    field(
        "client",
        Type::Object(&[
            field("ip", Type::Url, false),
            field("referer", Type::Url, false),
            field("user_agent", Type::Url, false),
        ]),
        false,
    ),
    field("data", Type::Free, false),
];

/// What stands for data that are not there.
static NO_DATA: LazyLock<Box<RawValue>> = LazyLock::new(|| {
    RawValue::from_string("{}".to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
});

impl Activity {
    /// Reads an activity that came in, and when it says it happened. Its id and time are for the caller to give.
    /// `body` is JSON.
    ///
    /// Errors: everything that is wrong, at JSON pointers below `pointer`.
    pub fn parse(body: &Bytes, pointer: &str) -> Result<(Option<Micros>, Self), Vec<FieldError>> {
        let given = objects::from_slice::<Given<'_>>(body).ok();
        if let Some(read) = given.and_then(|given| given.accept(body)) {
            return Ok(read);
        }
        let errors = match serde_json::from_slice::<&RawValue>(body) {
            Ok(raw) => errors(raw, pointer),
            Err(_) => Vec::new(),
        };
        if errors.is_empty() {
            return Err(vec![FieldError::new(
                pointer,
                "type",
                "must be an activity",
            )]);
        }
        Err(errors)
    }
}

impl Given<'_> {
    /// The activity if everything about it is right.
    fn accept(self, body: &Bytes) -> Option<(Option<Micros>, Activity)> {
        let kind = ActivityKind::from_name(&self.kind)?;
        let data = self.data.unwrap_or(&NO_DATA);
        let at = match &self.occurred_at {
            Some(text) => Some(Micros::parse_rfc3339(text).ok()?),
            None => None,
        };
        let may = |text: &Option<String>, fits: fn(&str) -> bool| text.as_deref().is_none_or(fits);
        let fits = may(&self.id, is_id)
            && self.visitor.fits(kind)
            && self.identity.as_ref().is_none_or(GivenIdentity::fits)
            && self.client.as_ref().is_none_or(|client| {
                [&client.ip, &client.referer, &client.user_agent]
                    .into_iter()
                    .all(|text| may(text, is_client))
            })
            && data::check(kind, data, "").is_empty();
        fits.then(|| {
            let activity = Activity {
                id: ActivityId::from_uuid(uuid::Uuid::nil()),
                client_id: self.id,
                kind,
                at: at.unwrap_or_default(),
                visitor: self.visitor.into(),
                identity: self.identity.map(Into::into),
                client: self.client.map(Into::into),
                data: match self.data {
                    Some(data) => body.slice_ref(data.get().as_bytes()),
                    None => Bytes::from_static(b"{}"),
                },
                body: body.clone(),
            };
            (at, activity)
        })
    }
}

impl GivenVisitor {
    fn fits(&self, kind: ActivityKind) -> bool {
        is_id(&self.device_id)
            && self.session_id.as_deref().is_none_or(is_id)
            && match &self.checkout_id {
                Some(id) => is_id(id),
                None => !kind.needs_checkout(),
            }
    }
}

impl GivenIdentity {
    fn fits(&self) -> bool {
        self.email.as_deref().is_none_or(is_email)
            && self.phone.as_deref().is_none_or(is_phone)
            && self.dial_code.as_deref().is_none_or(is_dial_code)
            && self.first_name.as_deref().is_none_or(is_name)
            && self.last_name.as_deref().is_none_or(is_name)
            && self.contact_id.as_deref().is_none_or(is_contact_id)
            && self.source.as_deref().is_none_or(is_source)
    }
}

impl From<GivenVisitor> for VisitorIds {
    fn from(given: GivenVisitor) -> Self {
        Self {
            device_id: given.device_id,
            session_id: given.session_id,
            checkout_id: given.checkout_id,
        }
    }
}

impl From<GivenIdentity> for Identity {
    fn from(given: GivenIdentity) -> Self {
        Self {
            email: given.email,
            phone: given.phone,
            dial_code: given.dial_code,
            first_name: given.first_name,
            last_name: given.last_name,
            contact_id: given.contact_id,
        }
    }
}

impl From<GivenClient> for ClientMeta {
    fn from(given: GivenClient) -> Self {
        Self {
            ip: given.ip,
            referer: given.referer,
            user_agent: given.user_agent,
        }
    }
}

fn is_plain(text: &str, most: usize) -> bool {
    let short = text.len() <= most || text.chars().count() <= most;
    short && !text.contains(char::is_control)
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && is_plain(text, ID_MAX)
}

fn is_name(text: &str) -> bool {
    is_plain(text, NAME_MAX)
}

fn is_client(text: &str) -> bool {
    is_plain(text, CLIENT_MAX)
}

fn is_time(text: &str) -> bool {
    Micros::parse_rfc3339(text).is_ok()
}

fn is_email(text: &str) -> bool {
    let sides = text.split_once('@');
    let whole = |part: &str| !part.trim().is_empty() && !part.contains('@');
    is_plain(text, EMAIL_MAX) && sides.is_some_and(|(user, host)| whole(user) && whole(host))
}

fn is_phone(text: &str) -> bool {
    is_digits(text, PHONE_MAX)
}

fn is_dial_code(text: &str) -> bool {
    is_digits(text, DIAL_CODE_MAX)
}

fn is_digits(text: &str, most: usize) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    (1..=most).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_contact_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The identity service has two names, which mean the same.
fn is_source(text: &str) -> bool {
    matches!(text, "FlexyPass" | "FlexyPePass")
}

/// Everything that is wrong with an activity.
fn errors(raw: &RawValue, pointer: &str) -> Vec<FieldError> {
    let view = View::read(raw);
    // The data have a table of their own, which depends on the type.
    let shape = rewritten(&view, |name, raw| {
        let known = name == "data" && raw.get().starts_with('{');
        Some(if known { "{}" } else { raw.get() })
    });
    let shape = match RawValue::from_string(shape) {
        Ok(shape) if raw.get().starts_with('{') => shape,
        _ => raw.to_owned(),
    };
    let mut errors = data::check_object(ENVELOPE, &shape, pointer);
    let visitor = view.object("visitor");
    for (part, view, rules) in [
        ("", &view, ACTIVITY_RULES),
        ("/visitor", &visitor, VISITOR_RULES),
        ("/identity", &view.object("identity"), IDENTITY_RULES),
        ("/client", &view.object("client"), CLIENT_RULES),
    ] {
        check_texts(view, rules, &format!("{pointer}{part}"), &mut errors);
    }
    let kind = view
        .text("type")
        .and_then(|name| ActivityKind::from_name(&name));
    if let Some(kind) = kind {
        if kind.needs_checkout() && visitor.get("checkout_id").is_none() {
            errors.push(FieldError::new(
                format!("{pointer}/visitor/checkout_id"),
                "required",
                format!("must be given with {}", kind.as_str()),
            ));
        }
        let data = view.get("data").unwrap_or(&NO_DATA);
        if data.get().starts_with('{') {
            errors.extend(data::check(kind, data, &format!("{pointer}/data")));
        }
    }
    errors
}

fn check_texts(view: &View<'_>, rules: &[Rule], pointer: &str, errors: &mut Vec<FieldError>) {
    for Rule { name, fits, words } in rules {
        let at = format!("{pointer}/{name}");
        let told = errors.iter().any(|error| error.pointer == at);
        if !told && view.text(name).is_some_and(|text| !fits(&text)) {
            errors.push(FieldError::new(at, "invalid", *words));
        }
    }
}

/// An object as JSON again, each member as `write` says; without those it says nothing of.
pub(crate) fn rewritten<'a>(
    view: &View<'a>,
    write: impl Fn(&str, &'a RawValue) -> Option<&'a str>,
) -> String {
    let members: Vec<String> = view
        .members()
        .filter_map(|(name, raw)| {
            let value = write(name, raw)?;
            Some(format!("{}:{value}", serde_json::Value::from(name)))
        })
        .collect();
    format!("{{{}}}", members.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Result<(Option<Micros>, Activity), Vec<FieldError>> {
        Activity::parse(&Bytes::copy_from_slice(body.as_bytes()), "/activities/3")
    }

    fn refused(body: &str) -> Vec<(String, &'static str)> {
        let errors = parse(body).unwrap_err();
        let short = |error: FieldError| {
            let pointer = error.pointer.strip_prefix("/activities/3").unwrap();
            (pointer.to_owned(), error.code)
        };
        errors.into_iter().map(short).collect()
    }

    #[test]
    fn an_activity_keeps_its_spelling() {
        let data = r#"{"product_id":12345678901234567890, "title":"\u00e9"}"#;
        let body = format!(
            r#"{{"id":"a-1","type":"product_viewed","occurred_at":"2026-05-07T12:00:00+02:00","visitor":{{"device_id":"d1","session_id":null}},"identity":{{"email":"jane@example.com"}},"client":null,"data":{data}}}"#
        );
        let (at, activity) = parse(&body).unwrap();
        assert_eq!(at.unwrap().rfc3339(), "2026-05-07T10:00:00.000Z");
        assert_eq!(activity.data, data.as_bytes());
        assert_eq!(activity.body, body.as_bytes());
        assert_eq!(activity.client_id.as_deref(), Some("a-1"));
        let stored = Activity::read(
            activity.id,
            activity.kind,
            activity.at,
            activity.body.clone(),
        );
        assert_eq!(stored.unwrap(), activity);
    }

    #[test]
    fn data_may_be_left_out_where_nothing_in_it_must_be_given() {
        let (at, activity) =
            parse(r#"{"type":"page_viewed","visitor":{"device_id":"d1"}}"#).unwrap();
        assert_eq!((at, &activity.data[..]), (None, &b"{}"[..]));
        let missing = r#"{"type":"product_viewed","visitor":{"device_id":"d1"},"data":null}"#;
        assert_eq!(
            refused(missing),
            [("/data/product_id".to_owned(), "required")]
        );
    }

    #[test]
    fn an_array_of_its_fields_is_no_part_of_an_activity() {
        let visitor = r#"{"type":"page_viewed","visitor":["d1",null,null]}"#;
        assert_eq!(refused(visitor), [("/visitor".to_owned(), "type")]);
        assert!(parse(r#"[null,"page_viewed",null,{"device_id":"d1"},null,null,null]"#).is_err());
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let body = r#"{"id":"","type":"checkout_step","occured_at":"x","occurred_at":"yesterday",
            "visitor":{"device_id":7},"identity":{"email":"a@b@c","phone":"call me","contact_id":"XYZ","age":3},
            "client":{"ip":"\u0000"},"data":{"state":"LOST","total":true}}"#;
        let wrong: Vec<String> = refused(body).into_iter().map(|(at, _)| at).collect();
        assert_eq!(
            wrong,
            [
                "/occured_at",
                "/visitor/device_id",
                "/identity/age",
                "/id",
                "/occurred_at",
                "/identity/email",
                "/identity/phone",
                "/identity/contact_id",
                "/client/ip",
                "/visitor/checkout_id",
                "/data/state",
                "/data/total",
            ]
        );
    }

    #[test]
    fn what_is_no_activity_at_all_is_told_as_such() {
        assert_eq!(refused("7"), [(String::new(), "type")]);
        assert_eq!(
            refused("{}"),
            [
                ("/type".to_owned(), "required"),
                ("/visitor".to_owned(), "required")
            ]
        );
        assert_eq!(
            refused(r#"{"type":"page_viewed","type":"page_viewed","visitor":{"device_id":"d"}}"#),
            [("/type".to_owned(), "repeated")]
        );
    }

    #[test]
    fn an_id_is_1_to_128_characters_of_any_script() {
        let with =
            |id: &str| format!(r#"{{"type":"page_viewed","visitor":{{"device_id":"{id}"}}}}"#);
        assert!(parse(&with(&"é".repeat(128))).is_ok());
        for bad in ["", "\\u0007", &"é".repeat(129)] {
            let expected = [("/visitor/device_id".to_owned(), "invalid")];
            assert_eq!(refused(&with(bad)), expected, "{bad}");
        }
    }

    #[test]
    fn contract_044_both_names_of_the_identity_service_mean_the_same() {
        let with = |source: &str| {
            format!(
                r#"{{"type":"identified","visitor":{{"device_id":"d"}},"identity":{{"email":"jane@example.com","source":"{source}"}}}}"#
            )
        };
        let identity = |source| parse(&with(source)).map(|(_, activity)| activity.identity);
        let known = identity("FlexyPass").unwrap();
        assert!(known.as_ref().is_some_and(Identity::identifies));
        assert_eq!(identity("FlexyPePass").unwrap(), known);
        assert_eq!(refused(&with("Flexy")).len(), 1);
    }

    #[test]
    fn an_identity_has_forms() {
        let with = |identity: &str| {
            format!(
                r#"{{"type":"identified","visitor":{{"device_id":"d"}},"identity":{identity}}}"#
            )
        };
        for good in [
            r#"{"email":"jane@example.com","first_name":"Jane","last_name":"שלום"}"#,
            r#"{"phone":"9876543210","dial_code":"+91"}"#,
            r#"{"contact_id":"c3b0b4e1eb2128776a06e7e5b9ae630e","phone":null}"#,
        ] {
            assert!(parse(&with(good)).is_ok(), "{good}");
        }
        for bad in [
            r#"{"email":"jane"}"#,
            r#"{"email":"@example.com"}"#,
            r#"{"phone":"+"}"#,
            r#"{"dial_code":"1234567"}"#,
            r#"{"contact_id":"C3B0B4E1EB2128776A06E7E5B9AE630E"}"#,
        ] {
            assert_eq!(refused(&with(bad)).len(), 1, "{bad}");
        }
    }
}

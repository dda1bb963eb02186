//! Request bodies. They are parsed straight into our own structs: a repeated key, an unknown field or a
//! wrong type is refused by name, which a parse by way of a JSON value would not notice. Only what is refused is
//! parsed again, by way of such a value, to name everything that is wrong: `faults`.

mod faults;

use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use domain::objects::{self, Objects};
use poem::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use poem::{FromRequest, Request, RequestBody};
use poem_openapi::registry::{MetaMediaType, MetaRequest, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use sha2::{Digest as _, Sha256};

use crate::app::App;
use crate::problem::{ApiError, Slug};

/// Bytes of an ordinary body.
const BODY_MAX: usize = 1024 * 1024;

/// How a body is sent.
pub(crate) trait Media: Send + Sync {
    /// The media types that are taken; the first is the usual one.
    const TYPES: &'static [&'static str];
    /// Whether there must be a body.
    const REQUIRED: bool;
}

/// A JSON body that must be there.
pub(crate) struct Required;
/// A JSON body that may be left out.
pub(crate) struct Optional;
/// A JSON merge patch. Source: RFC 7396.
pub(crate) struct Patch;

impl Media for Required {
    const TYPES: &'static [&'static str] = &["application/json"];
    const REQUIRED: bool = true;
}
impl Media for Optional {
    const TYPES: &'static [&'static str] = &["application/json"];
    const REQUIRED: bool = false;
}
impl Media for Patch {
    const TYPES: &'static [&'static str] = &["application/json", "application/merge-patch+json"];
    const REQUIRED: bool = true;
}

/// A parsed body, and the hash by which a repeat is known.
pub(crate) struct Body<T, M = Required> {
    /// What it says.
    pub(crate) value: T,
    /// SHA-256 of its bytes.
    pub(crate) hash: [u8; 32],
    media: PhantomData<M>,
}

/// The bytes of a body that the document describes as a `T`, up to `MAX` of them: for what is passed on
/// byte for byte.
pub(crate) struct RawBody<T, const MAX: usize> {
    /// The bytes.
    pub(crate) bytes: Bytes,
    described_as: PhantomData<T>,
}

/// No body, or `{}`: what actions take.
pub(crate) struct NoBody;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl<'a, T: Type + DeserializeOwned, M: Media> ApiExtractor<'a> for Body<T, M> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        Some(meta::<T, M>())
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let mut bytes = read::<M>(request, body, BODY_MAX).await?;
        if bytes.is_empty() && !M::REQUIRED {
            bytes = Bytes::from_static(b"{}");
        }
        let hash = Sha256::digest(&bytes).into();
        Ok(Self {
            value: parse_described::<T, T>(&bytes)?,
            hash,
            media: PhantomData,
        })
    }
}

impl<'a, T: Type, const MAX: usize> ApiExtractor<'a> for RawBody<T, MAX> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        Some(meta::<T, Required>())
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let bytes = read::<Required>(request, body, MAX).await?;
        Ok(Self {
            bytes,
            described_as: PhantomData,
        })
    }
}

impl<'a> FromRequest<'a> for NoBody {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        let bytes = read::<Optional>(request, body, BODY_MAX).await?;
        if !bytes.is_empty() {
            parse::<Nothing>(&bytes)?;
        }
        Ok(Self)
    }
}

fn meta<T: Type, M: Media>() -> MetaRequest {
    // Python clients break on two media types with one schema: the usual one is documented.
    let content = M::TYPES
        .iter()
        .take(1)
        .map(|content_type| MetaMediaType {
            content_type,
            schema: T::schema_ref(),
        })
        .collect();
    MetaRequest {
        description: None,
        content,
        required: M::REQUIRED,
    }
}

/// Reads a body of a wanted type within its time and size.
async fn read<M: Media>(
    request: &Request,
    body: &mut RequestBody,
    max: usize,
) -> Result<Bytes, ApiError> {
    let too_large = || {
        ApiError::new(
            Slug::PayloadTooLarge,
            format!("The body may have {max} bytes at most."),
        )
    };
    let announced = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > max) {
        return Err(too_large());
    }
    check_encoding(request)?;
    let body = body.take().map_err(ApiError::internal)?;
    let app: &Arc<App> = request
        .data()
        .ok_or_else(|| ApiError::internal("no App in the request"))?;
    let bytes = tokio::time::timeout(app.limits.body_timeout(), body.into_bytes_limit(max))
        .await
        .map_err(|_| ApiError::of(Slug::RequestTimeout))?
        .map_err(|error| match error {
            poem::error::ReadBodyError::PayloadTooLarge => too_large(),
            _ => ApiError::new(Slug::MalformedRequest, "The body broke off."),
        })?;
    if !bytes.is_empty() {
        check_type::<M>(request)?;
    }
    Ok(bytes)
}

fn check_encoding(request: &Request) -> Result<(), ApiError> {
    match request.headers().get(CONTENT_ENCODING) {
        Some(encoding) if encoding != "identity" => Err(ApiError::new(
            Slug::UnsupportedMediaType,
            "The body must not be compressed.",
        )),
        _ => Ok(()),
    }
}

fn check_type<M: Media>(request: &Request) -> Result<(), ApiError> {
    let given = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let mut parts = given.unwrap_or_default().split(';').map(str::trim);
    let media = parts.next().unwrap_or_default();
    let known = M::TYPES
        .iter()
        .any(|known| known.eq_ignore_ascii_case(media));
    let utf8 = parts.all(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        !name.eq_ignore_ascii_case("charset")
            || value.trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    if known && utf8 {
        return Ok(());
    }
    Err(ApiError::new(
        Slug::UnsupportedMediaType,
        format!("The body must be {} in UTF-8.", M::TYPES.join(" or ")),
    ))
}

/// Parses JSON that must be one `T`.
///
/// Errors: 400 for what is no JSON or repeats a key, 422 for wrong fields: the first, named.
pub(crate) fn parse<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, ApiError> {
    objects::from_slice(bytes).map_err(|error| first_fault::<T>(bytes, &error))
}

/// The same, of a body that the document describes as a `D`: all wrong fields are named.
///
/// Errors: as [`parse`].
pub(crate) fn parse_described<'de, D: Type, T: Deserialize<'de>>(
    bytes: &'de [u8],
) -> Result<T, ApiError> {
    parse(bytes).map_err(|error| {
        if error.slug == Slug::ValidationFailed {
            ApiError::fields(error.slug, faults::all::<D>(bytes, error.errors))
        } else {
            error
        }
    })
}

/// Parses again, slowly, to learn where the trouble is.
fn first_fault<'de, T: Deserialize<'de>>(bytes: &'de [u8], error: &serde_json::Error) -> ApiError {
    if error.classify() != Category::Data {
        return ApiError::new(
            Slug::MalformedRequest,
            format!("The body is no JSON: {error}."),
        );
    }
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize::<_, T>(Objects(&mut parser));
    let (at, message) = match parsed {
        Ok(_) => (String::new(), error.to_string()),
        Err(located) => (pointer(located.path()), located.inner().to_string()),
    };
    let message = message
        .rsplit_once(" at line ")
        .map_or(message.as_str(), |(text, _)| text);
    match named(message) {
        Some(("duplicate field", name)) => ApiError::new(
            Slug::MalformedRequest,
            format!("The key `{name}` comes twice."),
        ),
        Some(("missing field", name)) => {
            ApiError::field(format!("{at}/{name}"), "required", "must be given")
        }
        Some(("unknown field", name)) => {
            let parent = at.strip_suffix(&format!("/{name}")).unwrap_or(&at);
            ApiError::field(
                format!("{parent}/{name}"),
                "unknown_field",
                "there is no such field",
            )
        }
        _ if message.starts_with("invalid type") => ApiError::field(at, "type", shortened(message)),
        _ => ApiError::field(at, "invalid", shortened(message)),
    }
}

/// The kind and the field of serde's messages that name one in backticks. It has no other way to tell.
fn named(message: &str) -> Option<(&str, &str)> {
    let (kind, rest) = message.split_once(" `")?;
    Some((kind, rest.split_once('`')?.0))
}

fn shortened(message: &str) -> String {
    message.chars().take(160).collect()
}

/// A serde path as a JSON pointer.
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", escaped(key)),
            Segment::Enum { .. } | Segment::Unknown => String::new(),
        })
        .collect()
}

/// A name as a part of a JSON pointer. Source: RFC 6901.
pub(crate) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only parsed")]
        n: u8,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only parsed")]
        name: String,
        #[expect(dead_code, reason = "only parsed")]
        list: Vec<Inner>,
    }

    fn refused(text: &str) -> (Slug, Option<(String, &'static str)>) {
        let error = parse::<Outer>(text.as_bytes()).unwrap_err();
        (
            error.slug,
            error
                .errors
                .first()
                .map(|field| (field.pointer.clone(), field.code)),
        )
    }

    #[test]
    fn a_wrong_field_is_named() {
        let field =
            |pointer: &str, code| (Slug::ValidationFailed, Some((pointer.to_owned(), code)));
        assert_eq!(refused(r#"{"list":[]}"#), field("/name", "required"));
        assert_eq!(refused(r#"{"name":1,"list":[]}"#), field("/name", "type"));
        assert_eq!(
            refused(r#"{"name":"","list":[],"nmae":1}"#),
            field("/nmae", "unknown_field")
        );
        assert_eq!(
            refused(r#"{"name":"","list":[{"n":1},{"n":1,"m":2}]}"#),
            field("/list/1/m", "unknown_field")
        );
        assert_eq!(
            refused(r#"{"name":"","list":[{"n":300}]}"#),
            field("/list/0/n", "invalid")
        );
    }

    #[test]
    fn an_array_of_its_fields_is_no_object_anywhere() {
        let kind = |pointer: &str| (Slug::ValidationFailed, Some((pointer.to_owned(), "type")));
        assert_eq!(refused(r#"["a",[]]"#), kind(""));
        assert_eq!(
            refused(r#"{"name":"a","list":[{"n":1},[2]]}"#),
            kind("/list/1")
        );
        assert!(parse::<Outer>(br#"{"name":"a","list":[{"n":1}]}"#).is_ok());
    }

    #[test]
    fn a_repeated_key_and_broken_json_are_malformed() {
        for text in [
            r#"{"name":"a","name":"b","list":[]}"#,
            "",
            "{",
            r#"{"name":"\ud800","list":[]}"#,
            r#"{"name":"","list":[]} {}"#,
        ] {
            assert_eq!(refused(text).0, Slug::MalformedRequest, "{text}");
        }
        assert_eq!(
            parse::<Outer>(b"{\"name\":\"\xff\"}").unwrap_err().slug,
            Slug::MalformedRequest
        );
    }
}

//! What handlers answer with: JSON written straight from our structs, with its status and headers.

use std::marker::PhantomData;

use bytes::Bytes;
use poem::http::header::{LOCATION, SET_COOKIE};
use poem::http::{HeaderName, HeaderValue, StatusCode};
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{
    MetaHeader, MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry,
};
use poem_openapi::types::Type;
use serde::Serialize;

use gateway::ingest::How;

use crate::problem::ApiError;

const JSON: &str = "application/json";
/// Tells that an answer was given before.
static REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// 200 with a body.
pub(crate) struct Json<T>(pub(crate) T);

/// 200 with a body, and a cookie for browsers.
pub(crate) struct WithCookie<T> {
    /// The body.
    pub(crate) body: T,
    /// `Set-Cookie`, where a browser asked.
    pub(crate) cookie: Option<HeaderValue>,
}

/// 204, and a cookie for browsers.
pub(crate) struct NoContentWithCookie(pub(crate) Option<HeaderValue>);

/// 202 with a body.
pub(crate) struct Accepted<T>(pub(crate) T);

/// 204.
pub(crate) struct NoContent;

/// 201 with a body and where to find what was made.
pub(crate) struct Created<T> {
    /// Path of what was made.
    pub(crate) location: String,
    /// The body, as JSON.
    pub(crate) body: Bytes,
    /// Whether this answer was given before.
    pub(crate) replayed: bool,
    pub(crate) shows: PhantomData<T>,
}

/// What putting answers: 201 with where it is, or 200 when it was there already.
pub(crate) struct Placed<T> {
    /// The body.
    pub(crate) body: T,
    /// Path of what was made, if it was.
    pub(crate) created_at: Option<String>,
}

/// What a request for long work answers: 202 with where to follow it, or 200 for a dry run.
pub(crate) enum Started<T> {
    /// It is made, and its work begins.
    Begun(Created<T>),
    /// What it would be.
    Dry(T),
}

/// What publishing answers: 202, or 200 when the event was there already.
pub(crate) struct Published<T> {
    /// The body.
    pub(crate) body: T,
    /// Whether something new was stored.
    pub(crate) how: How,
}

impl<T: Serialize> Created<T> {
    /// A first answer.
    ///
    /// Errors: the body cannot be written.
    pub(crate) fn new(location: String, body: &T) -> Result<Self, ApiError> {
        let body = serde_json::to_vec(body).map_err(ApiError::internal)?.into();
        Ok(Self {
            location,
            body,
            replayed: false,
            shows: PhantomData,
        })
    }
}

fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => Response::builder()
            .status(status)
            .content_type(JSON)
            .body(bytes),
        Err(error) => poem::Error::from(ApiError::internal(error)).into_response(),
    }
}

impl<T: Serialize + Send> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        json(StatusCode::OK, &self.0)
    }
}

fn set_cookie(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

impl<T: Serialize + Send> IntoResponse for WithCookie<T> {
    fn into_response(self) -> Response {
        set_cookie(json(StatusCode::OK, &self.body), self.cookie)
    }
}

impl IntoResponse for NoContentWithCookie {
    fn into_response(self) -> Response {
        set_cookie(NoContent.into_response(), self.0)
    }
}

impl<T: Serialize + Send> IntoResponse for Accepted<T> {
    fn into_response(self) -> Response {
        json(StatusCode::ACCEPTED, &self.0)
    }
}

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into()
    }
}

impl<T: Send> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let mut response = Response::builder()
            .status(StatusCode::CREATED)
            .content_type(JSON)
            .body(self.body);
        if let Ok(location) = HeaderValue::from_str(&self.location) {
            response.headers_mut().insert(LOCATION, location);
        }
        if self.replayed {
            response
                .headers_mut()
                .insert(&REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

impl<T: Serialize + Send> IntoResponse for Placed<T> {
    fn into_response(self) -> Response {
        let Some(place) = self.created_at else {
            return json(StatusCode::OK, &self.body);
        };
        let mut response = json(StatusCode::CREATED, &self.body);
        if let Ok(place) = HeaderValue::from_str(&place) {
            response.headers_mut().insert(LOCATION, place);
        }
        response
    }
}

impl<T: Serialize + Send> IntoResponse for Started<T> {
    fn into_response(self) -> Response {
        match self {
            Self::Begun(created) => {
                let mut response = created.into_response();
                response.set_status(StatusCode::ACCEPTED);
                response
            }
            Self::Dry(body) => json(StatusCode::OK, &body),
        }
    }
}

impl<T: Serialize + Send> IntoResponse for Published<T> {
    fn into_response(self) -> Response {
        let status = match self.how {
            How::RepeatOfEventId => StatusCode::OK,
            How::Stored | How::RepeatOfKey => StatusCode::ACCEPTED,
        };
        let mut response = json(status, &self.body);
        if self.how == How::RepeatOfKey {
            response
                .headers_mut()
                .insert(&REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

fn meta<T: Type>(status: u16, description: &'static str, headers: &[(&str, &str)]) -> MetaResponse {
    MetaResponse {
        description,
        status: Some(status),
        status_range: None,
        content: vec![MetaMediaType {
            content_type: JSON,
            schema: T::schema_ref(),
        }],
        headers: headers
            .iter()
            .map(|(name, description)| MetaHeader {
                name: (*name).to_owned(),
                description: Some((*description).to_owned()),
                required: false,
                deprecated: false,
                schema: MetaSchemaRef::Inline(Box::new(MetaSchema::new("string"))),
            })
            .collect(),
    }
}

const REPLAYED_DOC: (&str, &str) = (
    "Idempotency-Replayed",
    "`true` when this is the answer of an earlier request with the same key.",
);

impl<T: Type> ApiResponse for Json<T> {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: vec![meta::<T>(200, "Done.", &[])],
        }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

const COOKIE_DOC: (&str, &str) = (
    "Set-Cookie",
    "The refresh token, for browsers that asked for it.",
);

impl<T: Type> ApiResponse for WithCookie<T> {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: vec![meta::<T>(200, "Done.", &[COOKIE_DOC])],
        }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl ApiResponse for NoContentWithCookie {
    fn meta() -> MetaResponses {
        NoContent::meta()
    }

    fn register(_: &mut Registry) {}
}

impl<T: Type> ApiResponse for Accepted<T> {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: vec![meta::<T>(202, "Accepted; it will be done.", &[])],
        }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl ApiResponse for NoContent {
    fn meta() -> MetaResponses {
        let response = MetaResponse {
            description: "Done; there is nothing to show.",
            status: Some(204),
            status_range: None,
            content: Vec::new(),
            headers: Vec::new(),
        };
        MetaResponses {
            responses: vec![response],
        }
    }

    fn register(_: &mut Registry) {}
}

impl<T: Type> ApiResponse for Created<T> {
    fn meta() -> MetaResponses {
        let headers = [("Location", "The path of what was made."), REPLAYED_DOC];
        MetaResponses {
            responses: vec![meta::<T>(201, "Made.", &headers)],
        }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Type> ApiResponse for Placed<T> {
    fn meta() -> MetaResponses {
        let headers = [("Location", "The path of what was made.")];
        MetaResponses {
            responses: vec![
                meta::<T>(201, "Made.", &headers),
                meta::<T>(200, "It was there already.", &[]),
            ],
        }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Type> ApiResponse for Started<T> {
    fn meta() -> MetaResponses {
        let headers = [("Location", "Where to follow it."), REPLAYED_DOC];
        MetaResponses {
            responses: vec![
                meta::<T>(202, "Made; its work begins.", &headers),
                meta::<T>(200, "A dry run: nothing is stored.", &[]),
            ],
        }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Type> ApiResponse for Published<T> {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: vec![
                meta::<T>(
                    202,
                    "Stored; the deliveries are on their way.",
                    &[REPLAYED_DOC],
                ),
                meta::<T>(
                    200,
                    "These events were published before; this is the first answer.",
                    &[],
                ),
            ],
        }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

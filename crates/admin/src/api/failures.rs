//! Endpoints that fail: who looks after them. For ops.

use std::sync::Arc;

use domain::error::FieldError;
use domain::id::EndpointId;
use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use storage::acknowledgements::Acknowledged;

use super::Tag;
use super::stats::AcknowledgementOut;
use crate::answers::{Json, NoContent};
use crate::app::App;
use crate::auth::Bearer;
use crate::body::{Body, Optional};
use crate::problem::{ApiError, Slug};
use crate::text::{Text, plain_fault};

/// Longest note, in characters.
const NOTE_MAX: usize = 500;

pub(crate) struct FailuresApi;

/// What to say about a failing endpoint.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct Acknowledge {
    /// For other people, such as a ticket.
    #[oai(validator(max_length = 500))]
    note: Option<String>,
}

impl Acknowledge {
    /// The note, without spaces around it.
    ///
    /// Errors: it is too long, or has control characters.
    fn note(&self) -> Result<String, ApiError> {
        let note = self.note.as_deref().unwrap_or_default().trim();
        let mut faults = Vec::new();
        if note.chars().count() > NOTE_MAX {
            let detail = format!("must have {NOTE_MAX} characters at most");
            faults.push(FieldError::new("/note", "length", detail));
        }
        faults.extend(plain_fault("/note", note));
        ApiError::of_fields(faults)?;
        Ok(note.to_owned())
    }
}

#[OpenApi(tag = "Tag::Stats")]
impl FailuresApi {
    /// Acknowledge a failing endpoint
    ///
    /// Tells other operators that somebody looks after it. It stands until the endpoint works again, or is enabled;
    /// what is said replaces what was said before. An endpoint that does not fail answers 409.
    #[oai(
        path = "/endpoints/:endpoint_id/acknowledgement",
        method = "put",
        operation_id = "acknowledgeFailure"
    )]
    async fn acknowledge(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The endpoint, a merchant's or an app's.
        endpoint_id: Path<Text<EndpointId>>,
        body: Body<Acknowledge, Optional>,
    ) -> Result<Json<AcknowledgementOut>, ApiError> {
        let scope = caller.platform()?;
        let note = body.value.note()?;
        let done = app
            .storage
            .acknowledge(scope, endpoint_id.0.0, note, &caller.actor)
            .await?;
        match done {
            Acknowledged::Done(new) => Ok(Json(new.into())),
            Acknowledged::Works => {
                Err(ApiError::new(Slug::Conflict, "The endpoint does not fail."))
            }
            Acknowledged::NotFound => Err(ApiError::of(Slug::NotFound)),
        }
    }

    /// Withdraw an acknowledgement
    ///
    /// The endpoint counts as nobody's again.
    #[oai(
        path = "/endpoints/:endpoint_id/acknowledgement",
        method = "delete",
        operation_id = "withdrawAcknowledgement"
    )]
    async fn withdraw(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The endpoint.
        endpoint_id: Path<Text<EndpointId>>,
    ) -> Result<NoContent, ApiError> {
        let scope = caller.platform()?;
        let gone = app
            .storage
            .withdraw_acknowledgement(scope, endpoint_id.0.0)
            .await?;
        if gone {
            Ok(NoContent)
        } else {
            Err(ApiError::of(Slug::NotFound))
        }
    }
}

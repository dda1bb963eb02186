//! The audit log: who did what to what.

use std::sync::Arc;

use domain::audit::Entry;
use domain::clock::Micros;
use domain::id::{AppId, AuditEntryId, MerchantId};
use domain::tenancy::PlatformScope;
use futures::{Stream, stream};
use poem::web::Data;
use poem::{Body, IntoResponse, Response};
use poem_openapi::param::{Path, Query};
use poem_openapi::registry::{
    MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry,
};
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Serialize;
use storage::audit::AuditFilter;
use storage::{PageRequest, Storage};
use uuid::Uuid;

use super::Tag;
use super::deliveries::check_range;
use crate::answers::Json;
use crate::app::App;
use crate::auth::Bearer;
use crate::page::{List, ListOf};
use crate::problem::ApiError;
use crate::raw_json::RawJson;
use crate::text::Text;

/// What an export is sent as: one JSON object a line.
const NDJSON: &str = "application/x-ndjson";
/// Entries read at once for an export.
const CHUNK: u64 = 500;

pub(crate) struct AuditLogApi;

/// An entry of the audit log. Entries are never changed or deleted.
#[derive(Serialize, Object)]
#[oai(rename = "AuditEntry")]
struct AuditEntryOut {
    /// Its id.
    id: Text<AuditEntryId>,
    /// Its place in the chain of all entries.
    number: i64,
    /// When it happened.
    at: Text<Micros>,
    /// A user's or an API key's id, that of a login through a portal link, or `system`.
    actor_id: String,
    /// A user's email, an API key's name or a portal link's label at that time.
    actor_name: String,
    /// The operation, by its `operationId`.
    action: String,
    /// The id of what it was done to.
    target: String,
    /// The merchant whose it is.
    merchant_id: Option<Text<MerchantId>>,
    /// The app whose it is.
    app_id: Option<Text<AppId>>,
    /// The address the request came from.
    ip: Option<String>,
    /// The request, as `X-Request-Id` names it.
    request_id: Option<String>,
    /// What was changed, as it was before. Secrets are masked.
    before: Option<RawJson>,
    /// What was changed, as it was afterwards.
    after: Option<RawJson>,
}

impl From<Entry> for AuditEntryOut {
    fn from(entry: Entry) -> Self {
        Self {
            id: Text(entry.id),
            number: entry.number,
            at: Text(entry.at),
            actor_id: entry.actor.id,
            actor_name: entry.actor.name,
            action: entry.action,
            target: entry.target,
            merchant_id: entry.merchant_id.map(Text),
            app_id: entry.app_id.map(Text),
            ip: entry.ip,
            request_id: entry.request_id,
            before: entry.before.as_deref().map(RawJson::new),
            after: entry.after.as_deref().map(RawJson::new),
        }
    }
}

/// Entries, one JSON object a line.
struct Lines(Body);

impl IntoResponse for Lines {
    fn into_response(self) -> Response {
        Response::builder().content_type(NDJSON).body(self.0)
    }
}

impl ApiResponse for Lines {
    fn meta() -> MetaResponses {
        let lines = MetaMediaType {
            content_type: NDJSON,
            schema: MetaSchemaRef::Inline(Box::new(MetaSchema::new("string"))),
        };
        MetaResponses {
            responses: vec![MetaResponse {
                description: "The entries, newest first, one JSON object a line.",
                status: Some(200),
                status_range: None,
                content: vec![lines],
                headers: Vec::new(),
            }],
        }
    }

    fn register(_: &mut Registry) {}
}

/// The entries that match, read as the client takes them. A failure cuts the stream off, so that half an export
/// does not look whole.
fn lines(
    storage: Arc<Storage>,
    scope: PlatformScope,
    filter: AuditFilter,
) -> impl Stream<Item = Result<Vec<u8>, std::io::Error>> + Send {
    let start: Option<Option<Uuid>> = Some(None);
    stream::try_unfold(
        (storage, filter, start),
        move |(storage, filter, place)| async move {
            let Some(before) = place else { return Ok(None) };
            let page = PageRequest {
                limit: CHUNK,
                before,
            };
            let found = storage.audit_log(scope, &filter, page);
            let found = found.await.map_err(std::io::Error::other)?;
            let mut text = Vec::new();
            for entry in found.rows {
                serde_json::to_writer(&mut text, &AuditEntryOut::from(entry))?;
                text.push(b'\n');
            }
            let next = found.next.map(Some);
            Ok(Some((text, (storage, filter, next))))
        },
    )
}

#[OpenApi(tag = "Tag::AuditLog")]
impl AuditLogApi {
    /// List the audit log
    ///
    /// Who did what to what, newest first. Different filters must all hold.
    #[oai(path = "/audit-log", method = "get", operation_id = "listAuditLog")]
    #[expect(
        clippy::too_many_arguments,
        reason = "each filter is a parameter of the document"
    )]
    async fn list(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        list: ListOf,
        /// By this user or API key.
        actor_id: Query<Option<String>>,
        /// This operation; repeated, any of them.
        action: Query<Vec<String>>,
        /// Done to this.
        target: Query<Option<String>>,
        /// In this merchant.
        merchant_id: Query<Option<Text<MerchantId>>>,
        /// At or after, at most 90 days before `to` where both are given.
        from: Query<Option<Text<Micros>>>,
        /// Before.
        to: Query<Option<Text<Micros>>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows of the page, 1 to 250.
        limit: Query<Option<u64>>,
    ) -> Result<Json<List<AuditEntryOut>>, ApiError> {
        let scope = caller.platform()?;
        let page = list.page(cursor.0.as_deref(), limit.0)?;
        let (from, to) = check_range(from.0, to.0)?;
        let filter = AuditFilter {
            actor_id: actor_id.0,
            actions: action.0,
            target: target.0,
            merchant_id: merchant_id.0.map(|id| id.0),
            from,
            to,
        };
        let found = app.storage.audit_log(scope, &filter, page).await?;
        Ok(Json(list.answer(found, AuditEntryOut::from)))
    }

    /// Export the audit log
    ///
    /// Everything that matches, newest first, as NDJSON.
    #[oai(
        path = "/audit-log/export",
        method = "get",
        operation_id = "exportAuditLog"
    )]
    #[expect(
        clippy::too_many_arguments,
        reason = "each filter is a parameter of the document"
    )]
    #[expect(clippy::unused_async, reason = "handlers are asynchronous")]
    async fn export(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// By this user or API key.
        actor_id: Query<Option<String>>,
        /// This operation; repeated, any of them.
        action: Query<Vec<String>>,
        /// Done to this.
        target: Query<Option<String>>,
        /// In this merchant.
        merchant_id: Query<Option<Text<MerchantId>>>,
        /// At or after, at most 90 days before `to` where both are given.
        from: Query<Option<Text<Micros>>>,
        /// Before.
        to: Query<Option<Text<Micros>>>,
    ) -> Result<Lines, ApiError> {
        let scope = caller.platform()?;
        let (from, to) = check_range(from.0, to.0)?;
        let filter = AuditFilter {
            actor_id: actor_id.0,
            actions: action.0,
            target: target.0,
            merchant_id: merchant_id.0.map(|id| id.0),
            from,
            to,
        };
        let storage = Arc::clone(&app.storage);
        Ok(Lines(Body::from_bytes_stream(lines(
            storage, scope, filter,
        ))))
    }

    /// List a merchant's audit log
    ///
    /// Who did what in this merchant, its own people and the platform's, newest first.
    #[oai(
        path = "/merchants/:merchant_id/audit-log",
        method = "get",
        operation_id = "listMerchantAuditLog"
    )]
    #[expect(
        clippy::too_many_arguments,
        reason = "each filter is a parameter of the document"
    )]
    async fn list_of_merchant(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        list: ListOf,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        /// By this user or API key.
        actor_id: Query<Option<String>>,
        /// This operation; repeated, any of them.
        action: Query<Vec<String>>,
        /// Done to this.
        target: Query<Option<String>>,
        /// At or after, at most 90 days before `to` where both are given.
        from: Query<Option<Text<Micros>>>,
        /// Before.
        to: Query<Option<Text<Micros>>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Rows of the page, 1 to 250.
        limit: Query<Option<u64>>,
    ) -> Result<Json<List<AuditEntryOut>>, ApiError> {
        let scope = app.scope(&caller, merchant_id.0.0).await?;
        let page = list.page(cursor.0.as_deref(), limit.0)?;
        let (from, to) = check_range(from.0, to.0)?;
        let filter = AuditFilter {
            actor_id: actor_id.0,
            actions: action.0,
            target: target.0,
            merchant_id: None,
            from,
            to,
        };
        let found = app.storage.audit_log(scope, &filter, page).await?;
        Ok(Json(list.answer(found, AuditEntryOut::from)))
    }
}
